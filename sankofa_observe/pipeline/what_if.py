"""what-if: what sites attained in past periods, from the totals of their days, and what that costs as it is and as it might have been.

Slots are read only of days that an exclusion or the edge of a period cuts, and of those that are not sealed yet. Nothing is written.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

from sankofa_observe.ports import SlotTable
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.what_if import Change, Judgeable, Outcome, outcome
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.slot import SlotKey, whole_slots
from sankofa_observe.slo.totals import DAY_SECONDS, Edges, SiteSpan, add, edges, unrecorded
from sankofa_observe.slo.verdict import Attainment, attain
from sankofa_observe.slo.window import periods_between
from sankofa_observe.units import Period, rfc3339, without


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One promise in one period: as it is, and as it might have been."""

    actual: Judgeable
    changed: Judgeable
    was: Outcome
    would_be: Outcome

    @property
    def differs(self) -> bool:
        return (self.was, self.actual.attained) != (self.would_be, self.changed.attained)


@dataclass(frozen=True, kw_only=True)
class NotPriced:
    """A promise of which nothing can be said in a period, and why: it is in no sum."""

    agreement: str
    slo: str
    site: str
    period: Period
    problem: str

    def __str__(self) -> str:
        return f"{self.slo} at {self.site}, {self.period}: not priced: {self.problem}"


def past_periods(agreement: Agreement, table: SlotTable, last: int) -> list[Period]:
    """Up to so many periods of a version that are over by the newest slot of its SLOs, oldest first."""
    names = sorted({promise.slo.counted_as for promise in agreement.promises})
    newest = max((at for name in names for at in table.watermarks(name).values()), default=0)
    newest = newest if agreement.ends_at is None else min(newest, agreement.ends_at)
    if newest <= agreement.starts_at:
        return []
    return list(deque(periods_between(agreement.window, agreement.starts_at, newest), maxlen=last))


def compare(
    agreements: Sequence[Agreement], change: Change, exclusions: Sequence[Period], *, table: SlotTable, last: int
) -> Iterator[Compared | NotPriced]:
    """Every promise of every agreement in its last periods, each by the version that held; what several lean on is read once."""
    asked = _asked(agreements, table, last)
    sites: dict[tuple[str, tuple[Period, ...]], set[str]] = defaultdict(set)
    for agreement, periods in asked:
        for promise in agreement.promises:
            sites[promise.slo.counted_as, periods].add(promise.site)
    slos = {promise.slo.counted_as: promise.slo for agreement, _ in asked for promise in agreement.promises}
    found: dict[tuple[str, str, Period, bool], Attainment | str] = {}
    for (name, periods), own in sites.items():
        for excluding in (False, True):
            some = [one for one in periods if not excluding or any(map(one.overlaps, exclusions))]
            drawn = attained(slos[name], sorted(own), some, exclusions if excluding else (), table)
            found |= {(name, site, period, excluding): what for (site, period), what in drawn.items()}
    for agreement, periods in asked:
        for period in periods:
            for promise in agreement.promises:
                was = found[promise.slo.counted_as, promise.site, period, False]
                would_be = found.get((promise.slo.counted_as, promise.site, period, True), was)
                if isinstance(was, str) or isinstance(would_be, str):
                    problem = was if isinstance(was, str) else str(would_be)
                    told = {"slo": promise.slo.name, "site": promise.site, "period": period}
                    yield NotPriced(agreement=agreement.name, problem=problem, **told)  # type: ignore[arg-type]
                    continue
                actual = Judgeable(agreement=agreement, promise=promise, period=period, attained=was)
                other = Judgeable(agreement=agreement, promise=promise, period=period, attained=would_be)
                yield Compared(
                    actual=actual,
                    changed=other,
                    was=outcome(agreement, promise, was),
                    would_be=outcome(agreement, change.of(promise), would_be),
                )


def _asked(agreements: Sequence[Agreement], table: SlotTable, last: int) -> list[tuple[Agreement, tuple[Period, ...]]]:
    """Each version with its past periods, of all versions of an agreement together the last ones."""
    left: dict[str, int] = defaultdict(lambda: last)
    found: dict[str, tuple[Period, ...]] = {}
    for one in sorted(agreements, key=lambda one: one.version, reverse=True):
        found[one.on_chain_id] = tuple(past_periods(one, table, left[one.id]))
        left[one.id] -= len(found[one.on_chain_id])
    return [(one, found[one.on_chain_id]) for one in agreements]


# ------------------------------------------------------------------------------------------------------------- attained


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A stretch of whole slots, and the period that is judged by it: none where it is excluded, or only stands beside one."""

    stretch: Period
    of: Period | None


def attained(
    slo: Slo, sites: Sequence[str], periods: Sequence[Period], exclusions: Sequence[Period], table: SlotTable
) -> Mapping[tuple[str, Period], Attainment | str]:
    """What each site attained in each period of those that follow each other, without the slots that lie wholly inside an exclusion.

    What cannot be said is why. Of what stands at an edge of an exclusion the later side takes off what may be the earlier one's, and the
    earlier side takes it as possible, as at the edges of a period.
    """
    if not periods:
        return {}
    parts = list(_parts(slo, periods, exclusions))
    lost = _lost(parts, table)
    read = table.cut(slo.counted_as, sites, [one.stretch for one in parts])
    keys = {site: SlotKey(slo=slo.counted_as, site=site, rule=slo.slot) for site in sites}
    return {
        (site, period): lost.get(period)
        or _attained(slo, period, parts, [read.get((site, one.stretch)) for one in parts], keys[site])
        for period in periods
        for site in sites
    }


def _lost(parts: Sequence[_Part], table: SlotTable) -> Mapping[Period, str]:
    """The periods that need slots of a day of which only totals are left, and which day that is."""
    found = {}
    for part in parts:
        for at in (part.stretch.starts_at, part.stretch.ends_at):
            day = at // DAY_SECONDS * DAY_SECONDS
            if part.of and at % DAY_SECONDS and table.forgotten(Period(starts_at=day, ends_at=day + DAY_SECONDS)):
                found[part.of] = (
                    f"slots of {rfc3339(day)[:10]} are no longer kept, and only a part of that day is asked for"
                )
    return found


def _attained(
    slo: Slo, period: Period, parts: Sequence[_Part], read: Sequence[SiteSpan | None], key: SlotKey
) -> Attainment | str:
    step = slo.slot.seconds
    own = [place for place, part in enumerate(parts) if part.of == period]
    if not own:
        return "every slot of it is excluded, so nothing is promised of it"
    slots = sum(parts[place].stretch.seconds // step for place in own)
    spans = [span for place in own if (span := read[place])]
    counted = sum(span.slots for span in spans)
    if counted > slots:
        return (
            f"{counted} slots are recorded where its slot length gives {slots}: it was counted with another one as well"
        )
    totals = add([unrecorded(key, slots - counted), *(span.totals for span in spans)])
    if slo.budgeting is Budgeting.TIMESLICES:
        return attain(slo, totals)
    return attain(slo, totals, _sum([_edges(parts, read, place, step) for place in own]))


def _edges(parts: Sequence[_Part], read: Sequence[SiteSpan | None], place: int, step: int) -> Edges:
    """What stands at both ends of a part: of its neighbours only the slot that touches it."""
    stretch = parts[place].stretch
    at = {
        slot.starts_at: slot for span in read[max(place - 1, 0) : place + 2] if span for slot in (span.first, span.last)
    }
    start, end = stretch.starts_at, stretch.ends_at
    return edges(at.get(start), at.get(start - step), at.get(end - step), at.get(end))


def _sum(every: Sequence[Edges]) -> Edges:
    return Edges(**{one.name: sum(getattr(each, one.name) for each in every) for one in fields(Edges)})


def _parts(slo: Slo, periods: Sequence[Period], exclusions: Sequence[Period]) -> Iterator[_Part]:
    """All that is read, in order, without overlap: judged parts, and where events are counted what stands beside them."""
    step = slo.slot.seconds
    excluded = [inside for one in exclusions if (inside := whole_slots(one, step))]  # one that is half inside stays
    judged = [
        _Part(stretch=piece, of=period)
        for period in periods
        if (whole := whole_slots(period, step))
        for piece in without(whole, excluded)
    ]
    if slo.budgeting is Budgeting.TIMESLICES or not judged:
        yield from judged
        return
    first, last = judged[0].stretch.starts_at, judged[-1].stretch.ends_at
    yield _Part(stretch=Period(starts_at=(first - 1) // DAY_SECONDS * DAY_SECONDS, ends_at=first), of=None)
    for part, following in pairwise([*judged, None]):
        assert part is not None  # noqa: S101  only the last one is none
        yield part
        if following and part.stretch.ends_at < following.stretch.starts_at:
            yield _Part(stretch=Period(starts_at=part.stretch.ends_at, ends_at=following.stretch.starts_at), of=None)
    yield _Part(stretch=Period(starts_at=last, ends_at=(last // DAY_SECONDS + 1) * DAY_SECONDS), of=None)
