"""Totals: the slots of one site added up, by UTC day and over a period. What verdicts, boards and a month's close are drawn from.

A site-day is made once from its slots and holds all that a later question needs of them, so that nothing reads a month of slots.
Its digest is over the canonical rows of the day: two site-days with one digest are of the same slots.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sankofa_observe.slo.slot import Slot, SlotKey, SlotState
from sankofa_observe.units import Period

DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The slots of one site and one stretch of time, added up."""

    states: Mapping[SlotState, int] = field(default_factory=dict)
    good: int = 0
    bad: int = 0
    hidden: int = 0
    blind: int = 0
    samples: int = 0  # raw samples that they were counted from
    busiest: int = 0  # the most events in one slot of which every source was seen


@dataclass(frozen=True, kw_only=True)
class Edges:
    """What stands at the two ends of a stretch of slots and may belong to either side of it."""

    over_good: int = 0  # counted in the stretch, and may belong before its start
    over_bad: int = 0
    settled: int = 0  # good events counted in the stretch whose valid ones may stand before its start
    after_good: int = 0  # counted after the stretch, and may belong to it
    after_bad: int = 0
    after_hidden: int = 0
    settling: int = 0  # valid events of the stretch that may become good after its end


@dataclass(frozen=True, kw_only=True)
class SiteDay:
    """One UTC day of a site under an SLO, or the part of it that was counted; `revision` counts up when it is made anew."""

    slo: str
    site: str
    day: int  # days since the epoch
    slots: int  # how many slots it was made of
    totals: Totals
    first: Slot  # its first and last slot, without proof: what stands at the edges
    last: Slot
    longest_bad: int  # slots of the longest run of BAD ones,
    head_bad: int  # and of those at its two ends: a run may go on in the next day
    tail_bad: int
    digest: str
    revision: int = 1


@dataclass(frozen=True, kw_only=True)
class SiteSpan:
    """Days of one site that follow each other or not, added up: all that a period needs of its whole days."""

    slots: int
    totals: Totals
    first: Slot  # of the first day
    last: Slot  # of the last one
    lines: str  # `start:digest` of each day, which name the very slots


def span(days: Sequence[SiteDay]) -> SiteSpan:
    """The days of one site, oldest first: the specification of what a store does in columns."""
    return SiteSpan(
        slots=sum(day.slots for day in days),
        totals=add([day.totals for day in days]),
        first=days[0].first,
        last=days[-1].last,
        lines="\n".join(f"{day.day * DAY_SECONDS}:{day.digest}" for day in days),
    )


def total(slots: Iterable[Slot]) -> Totals:
    """The sums of slots."""
    slots = list(slots)
    return Totals(
        states=dict(Counter(slot.state for slot in slots)),
        good=sum(slot.good for slot in slots),
        bad=sum(slot.bad for slot in slots),
        hidden=sum(slot.hidden for slot in slots),
        blind=sum(slot.blind for slot in slots),
        samples=sum(slot.samples for slot in slots),
        busiest=max([0, *(slot.good + slot.bad for slot in slots if not slot.hidden and not slot.blind)]),
    )


def add(parts: Sequence[Totals]) -> Totals:
    """The totals of several stretches of one site, as of one."""
    states: Counter[SlotState] = Counter()
    for one in parts:
        states.update(one.states)
    return Totals(
        states=dict(states),
        good=sum(one.good for one in parts),
        bad=sum(one.bad for one in parts),
        hidden=sum(one.hidden for one in parts),
        blind=sum(one.blind for one in parts),
        samples=sum(one.samples for one in parts),
        busiest=max((one.busiest for one in parts), default=0),
    )


def unrecorded(key: SlotKey, count: int) -> Totals:
    """Slots of which nothing was ever recorded, as totals."""
    if count <= 0:
        return Totals()
    return Totals(states={SlotState.UNKNOWN: count}, blind=count * key.unknown(0).blind)


def edges(first: Slot | None, before: Slot | None, last: Slot | None, after: Slot | None) -> Edges:
    """The edges of a stretch from its first and last slot and their neighbours outside."""
    return Edges(
        over_good=first.over_good if first else 0,
        over_bad=first.over_bad if first else 0,
        settled=before.settling if before else 0,
        after_good=after.over_good if after else 0,
        after_bad=after.over_bad if after else 0,
        after_hidden=after.over_hidden if after else 0,
        settling=last.settling if last else 0,
    )


def site_days(slots: Iterable[Slot]) -> list[SiteDay]:
    """The days of slots that are sorted by SLO, site and time: the specification of what a store does in columns."""
    days = groupby(slots, key=lambda slot: (slot.slo, slot.site, slot.starts_at // DAY_SECONDS))
    return [_site_day(day, list(own)) for (_, _, day), own in days]


def _site_day(day: int, slots: Sequence[Slot]) -> SiteDay:
    bad = [slot.state is SlotState.BAD for slot in slots]
    runs = [len(list(run)) for state, run in groupby(bad) if state]
    return SiteDay(
        slo=slots[0].slo,
        site=slots[0].site,
        day=day,
        slots=len(slots),
        totals=total(slots),
        first=bare(slots[0]),
        last=bare(slots[-1]),
        longest_bad=max(runs, default=0),
        head_bad=runs[0] if bad[0] else 0,
        tail_bad=runs[-1] if bad[-1] else 0,
        digest=digest_of(row_text(slot) for slot in slots),
    )


def bare(slot: Slot) -> Slot:
    """What edges need of a slot."""
    return Slot(
        slo=slot.slo, site=slot.site, starts_at=slot.starts_at, over_good=slot.over_good, over_bad=slot.over_bad,
        over_hidden=slot.over_hidden, settling=slot.settling,
    )  # fmt: skip


ROW_COUNTS = ("good", "bad", "hidden", "blind", "over_good", "over_bad", "over_hidden", "settling", "expected", "seen")


def row_text(slot: Slot) -> str:
    """A slot in one line: its start, its counts, its state."""
    # Written out, and four times as fast for it: a month of evidence has 43,200 of them.
    return (
        f"{slot.starts_at},{slot.good},{slot.bad},{slot.hidden},{slot.blind},{slot.over_good},{slot.over_bad},"
        f"{slot.over_hidden},{slot.settling},{slot.expected},{slot.seen},{slot.state.value}"
    )


def digest_of(rows: Iterable[str]) -> str:
    """SHA-256 over lines, as 0x-hex."""
    return "0x" + hashlib.sha256("".join(f"{row}\n" for row in rows).encode()).hexdigest()


def whole_days(period: Period) -> range:
    """The UTC days, counted from the epoch, that lie wholly inside the period."""
    return range(-(-period.starts_at // DAY_SECONDS), period.ends_at // DAY_SECONDS)
