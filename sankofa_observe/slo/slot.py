"""Slots: raw samples of one site, cut into equal stretches of UTC and counted, exactly.

Good, valid, expected and seen are integers; the state keeps *not known* apart from *down* and from *good*. Counter resets
are handled here, from raw samples: nothing is extrapolated, so on gap-free data not one event is lost or invented.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.units import Period, ratio_below

Sample = tuple[int, int, int]
"""(milliseconds UTC, good, valid): 0/1 and 0/1 for a state (`valid` is *known*), counter values for events."""

SeriesSamples = Sequence[Sample]
"""The samples of one source series, sorted by time."""

LONGEST_GAP_SECONDS = 1800
"""Over a longer gap a counter is not followed. A bound must be: a slot may depend only on samples that every reader reads, the
observer minute by minute and an attestor a month at once; half of the hour in which an UNKNOWN slot is looked at again."""


class SlotState(StrEnum):
    GOOD = "GOOD"
    BAD = "BAD"
    NO_TRAFFIC = "NO_TRAFFIC"  # the exporter answered, nothing was asked of the service
    UNKNOWN = "UNKNOWN"  # too few samples, a silent exporter, or the source said it does not know
    RECOVERED = "RECOVERED"  # a gap over which a living counter kept the events
    EXCLUDED = "EXCLUDED"  # wholly inside an approved exclusion


LACKING = frozenset({SlotState.UNKNOWN, SlotState.RECOVERED})
"""The states of a slot of which too few samples were seen."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One slot of one site under one SLO.

    `good` and `valid` are samples for a state and events for counters; `seen` of `expected` scrapes were usable. `samples`
    are the raw samples the slot was drawn from, one tuple per source series (for counters with the neighbour before the slot,
    and after one that lacks samples); they are kept as evidence of every slot that is not GOOD.
    """

    slo: str
    site: str
    starts_at: int
    good: int
    valid: int
    expected: int
    seen: int
    state: SlotState
    samples: tuple[tuple[Sample, ...], ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class SlotKey:
    """Whose slots are counted, and by which rule."""

    slo: str
    site: str
    rule: SlotRule

    def slot(
        self, start: int, *, good: int, valid: int, seen: int, state: SlotState, samples: Sequence[SeriesSamples]
    ) -> Slot:
        return Slot(
            slo=self.slo,
            site=self.site,
            starts_at=start,
            good=good,
            valid=valid,
            expected=self.rule.expected,
            seen=min(seen, self.rule.expected),
            state=state,
            samples=tuple(tuple(one) for one in samples if one),
        )


def slot_starts(period: Period, seconds: int) -> range:
    """Starts of the slots that lie wholly inside the period; slots are aligned to the Unix epoch."""
    first = -(-period.starts_at // seconds) * seconds
    return range(first, period.ends_at - seconds + 1, seconds)


def unknown_slot(key: SlotKey, start: int) -> Slot:
    """A slot of which nothing was recorded."""
    return key.slot(start, good=0, valid=0, seen=0, state=SlotState.UNKNOWN, samples=())


def count_states(key: SlotKey, period: Period, series: Sequence[SeriesSamples]) -> list[Slot]:
    """Slots of an up/down service.

    Where several series describe one site every sample counts, so the worst sample of a slot decides it; coverage is that
    of the best-covered series.
    """
    return [
        _state_slot(key, start, [_cut(one, start, key.rule.seconds) for one in series])
        for start in slot_starts(period, key.rule.seconds)
    ]


def _state_slot(key: SlotKey, start: int, series: list[SeriesSamples]) -> Slot:
    known = [[sample for sample in one if sample[2] == 1] for one in series]
    seen = max((len(one) for one in known), default=0)
    good = sum(sample[1] for one in known for sample in one)
    valid = sum(len(one) for one in known)
    state = SlotState.UNKNOWN if _too_few(seen, key.rule) else _good_or_bad(good, valid, key.rule)
    return key.slot(start, good=good, valid=valid, seen=seen, state=state, samples=series)


def count_events(key: SlotKey, period: Period, series: Sequence[SeriesSamples]) -> list[Slot]:
    """Slots of a counted service, by differences of raw counter values.

    Each difference belongs to the slot of its later sample, so a series should begin one scrape before the period. A value
    that falls is a reset: what the counter shows after it was counted since. A gap that a counter outlived without a reset
    is RECOVERED: its events stand in the slot where the counter was seen again, its time stays apart. Over a gap longer than
    `longest_gap_seconds` nothing is known, and the series begins anew.
    """
    longest_ms = longest_gap_seconds(key.rule) * 1000
    runs = [_Run(samples=run, steps=tuple(_steps(run))) for one in series for run in _unbroken(one, longest_ms)]
    return [_event_slot(key, start, runs) for start in slot_starts(period, key.rule.seconds)]


def longest_gap_seconds(rule: SlotRule) -> int:
    """How far apart two samples of a counter may be; at least a slot, so that no slot holds samples of two runs."""
    return max(LONGEST_GAP_SECONDS, rule.seconds)


def _unbroken(samples: SeriesSamples, longest_ms: int) -> Iterator[SeriesSamples]:
    cuts = [n for n in range(1, len(samples)) if samples[n][0] - samples[n - 1][0] > longest_ms]
    for first, last in pairwise((0, *cuts, len(samples))):
        yield samples[first:last]


@dataclass(frozen=True, slots=True)
class _Step:
    """The growth of one counter pair between two samples that follow each other."""

    earlier_ms: int
    later_ms: int
    good: int
    valid: int
    reset: bool


def _steps(samples: SeriesSamples) -> Iterator[_Step]:
    for (earlier, good_before, valid_before), (later, good, valid) in pairwise(samples):
        if valid < valid_before or good < good_before:
            yield _Step(earlier, later, good, valid, reset=True)
        else:
            yield _Step(earlier, later, good - good_before, valid - valid_before, reset=False)


@dataclass(frozen=True, slots=True)
class _Run:
    """Samples of one counter pair with no gap too long, and its steps: the nth leads from the nth sample to the next.

    Looked up by bisection, because a month holds too many steps to go through them for each of its slots.
    """

    samples: SeriesSamples
    steps: tuple[_Step, ...]

    def ending_in(self, start_ms: int, end_ms: int) -> tuple[_Step, ...]:
        """The steps whose later sample lies in `[start, end)`."""
        low, high = bisect_left(self.samples, (start_ms,)), bisect_left(self.samples, (end_ms,))
        return self.steps[max(low - 1, 0) : max(high - 1, 0)]

    def touching(self, start_ms: int, end_ms: int) -> tuple[_Step, ...]:
        """The steps that have a part of `(start, end)`."""
        low, high = bisect_left(self.samples, (start_ms + 1,)), bisect_left(self.samples, (end_ms,))
        return self.steps[max(low - 1, 0) : high]


def _event_slot(key: SlotKey, start: int, runs: Sequence[_Run]) -> Slot:
    start_ms, end_ms = start * 1000, (start + key.rule.seconds) * 1000
    inside = [step for run in runs for step in run.ending_in(start_ms, end_ms)]
    good, valid = sum(step.good for step in inside), sum(step.valid for step in inside)
    seen = max((len(_cut(run.samples, start, key.rule.seconds)) for run in runs), default=0)
    if _too_few(seen, key.rule):
        state = SlotState.RECOVERED if _bridged(runs, start_ms, end_ms) else SlotState.UNKNOWN
    else:
        state = _good_or_bad(good, valid, key.rule) if valid else SlotState.NO_TRAFFIC
    samples = [_evidence(run.samples, start_ms, end_ms, lacking=state in LACKING) for run in runs]
    return key.slot(start, good=good, valid=valid, seen=seen, state=state, samples=samples)


def _bridged(runs: Sequence[_Run], start_ms: int, end_ms: int) -> bool:
    """Whether one counter lived from before the slot to after it, and no counter of the site was reset meanwhile.

    One that was reset took its events with it, however well another was seen.
    """
    over = [steps for run in runs if (steps := run.touching(start_ms, end_ms))]
    lived = any(steps[0].earlier_ms <= start_ms and steps[-1].later_ms >= end_ms for steps in over)
    return lived and not any(step.reset for steps in over for step in steps)


def _too_few(seen: int, rule: SlotRule) -> bool:
    return ratio_below(seen, rule.expected, rule.coverage_floor_ppm)


def _good_or_bad(good: int, valid: int, rule: SlotRule) -> SlotState:
    return SlotState.BAD if ratio_below(good, valid, rule.target_ppm) else SlotState.GOOD


def _cut(samples: SeriesSamples, start: int, seconds: int) -> SeriesSamples:
    """The samples in `[start, start + seconds)`; we cut ourselves because Prometheus 2 and 3 disagree about the edges."""
    return samples[bisect_left(samples, (start * 1000,)) : bisect_left(samples, ((start + seconds) * 1000,))]


def _evidence(samples: SeriesSamples, start_ms: int, end_ms: int, *, lacking: bool) -> SeriesSamples:
    """The samples of the slot and the one before, which its differences need.

    A slot that lacks samples keeps the one after as well, which says whether the gap was bridged. Another slot does not: it
    would be kept or not by how far the reader had come, and the same slot would have two documents.
    """
    low, high = bisect_left(samples, (start_ms,)), bisect_left(samples, (end_ms,))
    if low == high and not lacking:
        return ()
    return samples[max(low - 1, 0) : high + lacking]
