"""Plain slots of events: sums of differences, source by source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.plain.slots import (
    BAD,
    GOOD,
    NO_TRAFFIC,
    Counts,
    GrownParcels,
    Places,
    PlainSlots,
    away_from,
    by_slot,
    stretches,
)
from sankofa_observe.slo.samples import MAX_EXACT, Instants, Samples
from sankofa_observe.slo.slot import SlotKey, slot_starts
from sankofa_observe.slo.source import Selected
from sankofa_observe.units import PPM, Period

MOST_COUNTERS = 2**62 // MAX_EXACT  # of one source, so that they can be added up in 64 bits
MOST_EVENTS = 2**62 // PPM  # of one slot, so that its share can be compared in 64 bits


def plain_events(
    key: SlotKey, period: Period, reach: Period, sources: Sequence[Selected], *, counts_bad: bool = False
) -> PlainEvents:
    """The plain slots of the period, and the stretches of the others.

    `reach` is what was read. Where it is less than a slot leans on, nothing before it may be in doubt, and either every slot is
    plain or none is.
    """
    rule = key.rule
    starts = np.array(slot_starts(period, rule.seconds), np.int64)
    if not len(starts):
        return PlainEvents()
    tracks = None if rule.settles_seconds or not sources else _tracks(rule, reach, sources)
    if tracks is None:
        return PlainEvents(others=[period])
    unusual = [one for track in tracks for one in track.unusual]
    missed = [one for track in tracks for one in track.missed]
    if reach.starts_at > period.starts_at - rule.lean_before_seconds:
        sure = plain = np.full(len(starts), not unusual and not missed)
    else:
        sure = away_from(unusual, starts, rule, before=rule.lean_before_seconds, after=rule.lean_after_seconds)
        plain = sure & away_from(missed, starts, rule, before=0, after=0)
    counted = _sums(rule, starts, tracks)
    valid = counted.good + counted.bad
    brief = sure & ~plain & (valid <= MOST_EVENTS)
    plain &= (counted.scrapes > 0) & (valid <= MOST_EVENTS)
    return PlainEvents(
        plain=_chosen(key, starts, plain, counted, tracks, counts_bad=counts_bad) if plain.any() else None,
        others=stretches(starts[~plain & ~brief], rule),
        brief=[(one, _around(rule, one, missed)) for one in stretches(starts[brief], rule)],
    )


def _around(rule: SlotRule, stretch: Period, missed: Sequence[tuple[int, int]]) -> Period:
    """A stretch of slots with the holes that reach into it, and some scrapes on both sides."""
    holes = [one for one in missed if one[0] < stretch.ends_at * 1000 and one[1] >= stretch.starts_at * 1000]
    starts_at = min([stretch.starts_at, *(first // 1000 for first, _ in holes)])
    ends_at = max([stretch.ends_at, *(last // 1000 for _, last in holes)])
    return Period(starts_at=starts_at - rule.quiet_before_seconds, ends_at=ends_at + rule.quiet_before_seconds)


@dataclass(frozen=True, kw_only=True)
class PlainEvents:
    """What columns make of a period: its plain slots, and the stretches of the others.

    The slots of `brief` follow from what lies in them and right around them, which is the second period of each pair; those of
    `others` from all that slots lean on.
    """

    plain: PlainSlots | None = None
    others: Sequence[Period] = ()
    brief: Sequence[tuple[Period, Period]] = ()


# ------------------------------------------------------------------------------------------------------------------- one source


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """One source: its scrapes, the sums of its counters at each, and every stretch in which something unusual was seen.

    Those of `missed` are holes over which its counters went on, and nothing but the slots they touch follows from them.
    """

    name: str
    at: Instants
    good: Counts
    valid: Counts
    samples: Instants
    unusual: list[tuple[int, int]]
    missed: list[tuple[int, int]]


def _tracks(rule: SlotRule, reach: Period, sources: Sequence[Selected]) -> list[_Columns] | None:
    """None where a source is nothing that columns can follow."""
    found = []
    for one in sources:
        columns = _columns(rule, reach, one)
        if columns is None:
            return None
        found.append(columns)
    return found


def _columns(rule: SlotRule, reach: Period, one: Selected) -> _Columns | None:
    if len(one.started) > 1 or not one.valid or not (one.good or one.one_metric) or not one.is_simple:
        return None
    good, valid = ([Samples.of(samples) for _, samples in series] for series in (one.good, one.valid))
    counters = [*good, *valid]
    if len(counters) > MOST_COUNTERS:
        return None
    up = Samples.of(one.up[0][1]) if one.up else None
    failed = _spoiled(counters)
    if up is not None:
        failed = np.union1d(failed, up.at[up.values != 1])
    at = _scrapes(counters, up, failed)
    if not len(at):
        return None
    unusual = _Unusual(rule=rule, reach=reach, at=at, listed=one.listed)
    unusual.holes()
    sums = []
    for every in (good, valid):
        total, standing = np.zeros(len(at), np.int64), np.zeros(len(at), np.bool_)
        for counter in every:
            values, there = unusual.counter(counter)
            total += values
            standing |= there
        if every is valid or not one.one_metric:
            unusual.at_instants(at[~standing])
        sums.append(total)
    unusual.steps(np.diff(sums[0]) > np.diff(sums[1]))
    if one.started:
        started = Samples.of(one.started[0][1])
        unusual.steps(np.diff(started.values) != 0, started.at)  # the process is another than at the scrape before
    missed, broken = _bridged(rule, at, sums[1])
    unusual.found += broken
    inside = np.zeros(len(failed), np.bool_)
    for first, last in missed:
        inside |= (failed > first) & (failed < last)
    unusual.at_instants(failed[~inside])
    samples = np.sort(np.concatenate([counter.at for counter in counters]))
    return _Columns(
        name=one.name, at=at, good=sums[0], valid=sums[1], samples=samples, unusual=unusual.found, missed=missed
    )


def _bridged(rule: SlotRule, at: Instants, valid: Counts) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The holes that are short enough for a counter to be followed: those after which it cannot be a fresh one, and the others.

    A fresh one shows no more than the busiest scrapes might have held.
    """
    scrape, length, grown = rule.scrape_seconds * 1000, np.diff(at), np.diff(valid)
    holes = np.flatnonzero((2 * length >= 3 * scrape) & (length <= rule.longest_gap_seconds * 1000))
    busiest = float(np.max(grown * (scrape / np.minimum(length, scrape)), initial=1.0))
    most = 2.0 * rule.burst_factor * (length[holes] / scrape + 1) * (busiest + 1)  # twice, for all that is rounded
    gone_on = (grown[holes] >= 0) & (valid[holes + 1] > most)
    stretches = [(int(at[n]), int(at[n + 1])) for n in holes.tolist()]
    return (
        [one for one, sure in zip(stretches, gone_on, strict=True) if sure],
        [one for one, sure in zip(stretches, gone_on, strict=True) if not sure],
    )


def _spoiled(counters: Sequence[Samples]) -> Instants:
    """Instants of what is no count."""
    return np.concatenate([np.zeros(0, np.int64), *(one.at[~one.counts] for one in counters)])


def _scrapes(counters: Sequence[Samples], up: Samples | None, failed: Instants) -> Instants:
    """Where the source answered, and all that it showed was a count."""
    every = [*(one.at for one in counters), *([up.at] if up is not None else [])]
    first = every[0]
    at = first if all(np.array_equal(first, one) for one in every[1:]) else np.unique(np.concatenate(every))
    return np.setdiff1d(at, failed) if len(failed) else at


@dataclass(kw_only=True)
class _Unusual:
    """Stretches of a source, in milliseconds with both ends, in which something is not plain."""

    rule: SlotRule
    reach: Period
    at: Instants
    listed: bool
    found: list[tuple[int, int]] = field(default_factory=list)

    def at_instants(self, instants: Instants) -> None:
        self.found += [(one, one) for one in instants.tolist()]

    def steps(self, which: Places, at: Instants | None = None) -> None:
        """Steps from one scrape to the next, of the source or of one of its series."""
        at, places = self.at if at is None else at, np.flatnonzero(which)
        self.found += zip(at[places].tolist(), at[places + 1].tolist(), strict=True)

    def holes(self) -> None:
        """Where a source is not followed over a hole, and where it begins or ends.

        One that is listed is missed all the while; any other leaves a mark at both ends, and between them only as far as slots
        lean.
        """
        scrape, at = self.rule.scrape_seconds * 1000, self.at
        low, high, most = self.reach.starts_at * 1000, self.reach.ends_at * 1000, scrape * 3 // 2
        followed = self.rule.longest_gap_seconds * 1000
        holes = [(int(at[n]), int(at[n + 1])) for n in np.flatnonzero(np.diff(at) > followed)]
        if at[0] > low + most:
            holes.append((low, int(at[0])))
        if at[-1] < high - scrape:  # one more was due
            holes.append((int(at[-1]), high))
        for first, last in holes:
            if self.listed:
                self.found.append((first, last))
            else:
                self.found += [(first, first), (last, last)]

    def counter(self, counter: Samples) -> tuple[Counts, Places]:
        """The values of a counter at each scrape, 0 where it has none, and where it has one; what is unusual is noted."""
        if np.array_equal(counter.at, self.at):
            values = counter.values.astype(np.int64)
            self.steps(np.diff(values) < 0)
            return values, np.ones(len(values), np.bool_)
        _, here, there = np.intersect1d(self.at, counter.at, assume_unique=True, return_indices=True)
        values, standing = np.zeros(len(self.at), np.int64), np.zeros(len(self.at), np.bool_)
        values[here], standing[here] = counter.values[there].astype(np.int64), True
        both = standing[1:] & standing[:-1]
        self.steps((standing[1:] != standing[:-1]) | (both & (np.diff(values) < 0)))
        return values, standing


# --------------------------------------------------------------------------------------------------------------------- the slots


@dataclass(frozen=True, kw_only=True)
class _Sums:
    good: Counts
    bad: Counts
    scrapes: Counts
    sources: Counts
    samples: Counts


def _sums(rule: SlotRule, starts: Counts, tracks: Sequence[_Columns]) -> _Sums:
    good, valid, scrapes, sources, samples = (np.zeros(len(starts), np.int64) for _ in range(5))
    for one in tracks:
        seen = by_slot(rule, starts, one.at)
        good += by_slot(rule, starts, one.at[1:], np.diff(one.good))
        valid += by_slot(rule, starts, one.at[1:], np.diff(one.valid))
        samples += by_slot(rule, starts, one.samples)
        scrapes += seen
        sources += seen > 0
    return _Sums(good=good, bad=valid - good, scrapes=scrapes, sources=sources, samples=samples)


def _chosen(
    key: SlotKey, starts: Counts, plain: Places, sums: _Sums, tracks: Sequence[_Columns], *, counts_bad: bool
) -> PlainSlots:
    good, bad = (sums.bad, sums.good) if counts_bad else (sums.good, sums.bad)
    expected = key.rule.expected * np.maximum(1, sums.sources)
    valid = good + bad
    state = np.where(good * PPM < key.rule.target_ppm * valid, BAD, GOOD).astype(np.int8)
    state[valid == 0] = NO_TRAFFIC
    chosen = PlainSlots(
        slo=key.slo,
        site=key.site,
        starts_at=starts[plain],
        good=good[plain],
        bad=bad[plain],
        expected=expected[plain],
        seen=np.minimum(sums.scrapes, expected)[plain],
        samples=sums.samples[plain],
        state=state[plain],
    )
    return replace(chosen, proof=_parcels(key.rule, chosen, tracks, counts_bad=counts_bad))


def _parcels(
    rule: SlotRule, chosen: PlainSlots, tracks: Sequence[_Columns], *, counts_bad: bool
) -> GrownParcels | None:
    """The parcels of the slots that are BAD: growth from scrape to scrape."""
    proven = np.flatnonzero(chosen.state == BAD)
    if not len(proven):
        return None
    numbers = chosen.starts_at[proven] // rule.seconds
    every: list[list[Counts]] = []
    for source, one in enumerate(tracks):
        number = one.at[1:] // (rule.seconds * 1000)
        where = np.minimum(np.searchsorted(numbers, number), len(numbers) - 1)
        steps = np.flatnonzero((numbers[where] == number) & (np.diff(one.valid) > 0))
        good = one.good[steps + 1] - one.good[steps]
        bad = one.valid[steps + 1] - one.valid[steps] - good
        every.append(
            [
                proven[where[steps]],
                np.full(len(steps), source, np.int64),
                number[steps],
                *((bad, good) if counts_bad else (good, bad)),
                one.at[steps],
                one.at[steps + 1],
                one.good[steps],
                one.valid[steps],
                one.good[steps + 1],
                one.valid[steps + 1],
            ]
        )
    names = [one.name for one in fields(GrownParcels) if one.name != "names"]
    columns = {name: np.concatenate(column) for name, column in zip(names, zip(*every, strict=True), strict=True)}
    return GrownParcels(names=tuple(one.name for one in tracks), **columns)
