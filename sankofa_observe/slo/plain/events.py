"""Plain slots of events: sums of differences, source by source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sankofa_observe.slo.counter.parcel import GROWTH, Parcel
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.plain.slots import (
    BAD,
    GOOD,
    NO_TRAFFIC,
    Counts,
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
) -> tuple[PlainSlots | None, list[Period]]:
    """The plain slots of the period, and the stretches of the others.

    `reach` is what was read. Where it is less than a slot leans on, nothing before it may be in doubt, and either every slot is
    plain or none is.
    """
    rule = key.rule
    starts = np.array(slot_starts(period, rule.seconds), np.int64)
    if not len(starts):
        return None, []
    tracks = None if rule.settles_seconds or not sources else _tracks(rule, reach, sources)
    if tracks is None:
        return None, [period]
    if reach.starts_at > period.starts_at - rule.lean_before_seconds:
        plain = np.full(len(starts), not any(one.unusual for one in tracks))
    else:
        unusual = [one for track in tracks for one in track.unusual]
        plain = away_from(unusual, starts, rule, before=rule.lean_before_seconds, after=rule.lean_after_seconds)
    counted = _sums(rule, starts, tracks)
    valid = counted.good + counted.bad
    plain &= (counted.scrapes > 0) & (valid <= MOST_EVENTS)
    if not plain.any():
        return None, [period]
    return _chosen(key, starts, plain, counted, tracks, counts_bad=counts_bad), stretches(starts[~plain], rule)


# ------------------------------------------------------------------------------------------------------------------- one source


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """One source: its scrapes, the sums of its counters at each, and every stretch in which something unusual was seen."""

    name: str
    at: Instants
    good: Counts
    valid: Counts
    samples: Instants
    unusual: list[tuple[int, int]]


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
    unusual.at_instants(failed)
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
    samples = np.sort(np.concatenate([counter.at for counter in counters]))
    return _Columns(name=one.name, at=at, good=sums[0], valid=sums[1], samples=samples, unusual=unusual.found)


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
        """Where a scrape is missing, and where a source begins or ends.

        One that is listed is missed all the while; any other leaves a mark at both ends, and between them only as far as slots
        lean.
        """
        scrape, at = self.rule.scrape_seconds * 1000, self.at
        low, high, most = self.reach.starts_at * 1000, self.reach.ends_at * 1000, scrape * 3 // 2
        holes = [(int(at[n]), int(at[n + 1])) for n in np.flatnonzero(2 * np.diff(at) >= 3 * scrape)]
        if at[0] > low + most:
            holes.append((low, int(at[0])))
        if at[-1] < high - scrape:  # one more was due
            holes.append((int(at[-1]), high))
        followed = self.rule.longest_gap_seconds * 1000
        for first, last in holes:
            if self.listed or last - first <= followed:
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
    for place in np.flatnonzero(chosen.state == BAD).tolist():
        chosen.proof[place] = tuple(_rows(key.rule, int(chosen.starts_at[place]), tracks, counts_bad=counts_bad))
    return chosen


def _rows(
    rule: SlotRule, start: int, tracks: Sequence[_Columns], *, counts_bad: bool
) -> Iterator[tuple[int | str, ...]]:
    """The parcels of a plain slot: growth from scrape to scrape."""
    number = start // rule.seconds
    for one in tracks:
        low, high = np.searchsorted(one.at, (start * 1000, (start + rule.seconds) * 1000))
        for n in range(max(1, low), high):
            before = int(one.good[n - 1]), int(one.valid[n - 1])
            after = int(one.good[n]), int(one.valid[n])
            good, valid = after[0] - before[0], after[1] - before[1]
            if not valid:
                continue
            yield Parcel(
                source=one.name,
                kind=GROWTH,
                first=number,
                to=number,
                good=valid - good if counts_bad else good,
                bad=good if counts_bad else valid - good,
                from_ms=int(one.at[n - 1]),
                to_ms=int(one.at[n]),
                before=before,
                after=after,
            ).row()
