"""Counting states and levels: scrapes of a gauge, one cell of a slot a scheduled scrape.

A cell is what the sample in it says; one without a sample is what both neighbouring samples say, if they agree and are no more
than two and a half scrapes apart, else not known. So neither the phase of a scrape nor a lost one spoils a month. Several
sources of a site are combined cell by cell, as the spec says; the slot follows from its cells.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sankofa_observe.slo.indicator import Combine, LevelIndicator, Operator
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.units import Period, ratio_below

HOLE_TENTHS = (
    25  # neighbouring samples may be this many tenths of a scrape apart, and what lies between follows from both
)


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """One source of a site: where it was seen as up (True) or down (False), by the instant in milliseconds."""

    source: str
    seen: Mapping[int, bool]
    listed: bool = True  # there whether it was seen or not; another one is there where it was seen around a slot
    samples: tuple[int, ...] = ()  # the instant of each raw sample, sorted, of those that say nothing as well


def count_states(key: SlotKey, period: Period, gauges: Sequence[Gauge], combine: Combine) -> list[Slot]:
    """The slots of a site; samples must reach 2.5 scrapes around the period."""
    cells = [_Cells.of(one, key.rule) for one in gauges]
    return [_slot(key, start, gauges, cells, combine) for start in slot_starts(period, key.rule.seconds)]


def up_at(up: Mapping[int, str], known: Mapping[int, str]) -> dict[int, bool]:
    """A state of an `up` and a `known` gauge: a scrape at which the exporter does not know, or says no 0 or 1, is no sample."""
    states = {"0": False, "1": True}
    return {at: states[up[at]] for at, value in known.items() if value == "1" and up.get(at) in states}


def within(levels: Mapping[int, str], indicator: LevelIndicator) -> dict[int, bool]:
    """A level against its bound; what is no number is no sample."""
    compared = ((at, _compare(text, indicator)) for at, text in levels.items())
    return {at: found for at, found in compared if found is not None}


def _compare(text: str, indicator: LevelIndicator) -> bool | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if value.is_nan():
        return None
    match indicator.operator:
        case Operator.LTE:
            return value <= indicator.bound
        case Operator.LT:
            return value < indicator.bound
        case Operator.GTE:
            return value >= indicator.bound
        case Operator.GT:
            return value > indicator.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """The cells of one source, looked up by number from the epoch."""

    times: list[int]
    states: list[bool]
    scrape_ms: int

    @classmethod
    def of(cls, gauge: Gauge, rule: SlotRule) -> _Cells:
        times = sorted(gauge.seen)
        return cls(times=times, states=[gauge.seen[at] for at in times], scrape_ms=rule.scrape_seconds * 1000)

    def state(self, number: int) -> bool | None:
        """Down if a sample in the cell says so; up; or None."""
        low = bisect_left(self.times, number * self.scrape_ms)
        high = bisect_left(self.times, (number + 1) * self.scrape_ms)
        if low < high:
            return all(self.states[low:high])
        if not 0 < low < len(self.times):
            return None
        near = (self.times[low] - self.times[low - 1]) * 10 <= HOLE_TENTHS * self.scrape_ms
        return self.states[low] if near and self.states[low] == self.states[low - 1] else None

    def around(self, start: int, rule: SlotRule) -> bool:
        """Whether there is a sample in a slot, or within the longest hole before or after it."""
        reach = HOLE_TENTHS * self.scrape_ms // 10
        low = bisect_left(self.times, start * 1000 - reach)
        return low < len(self.times) and self.times[low] <= (start + rule.seconds) * 1000 + reach

    def samples(self, low_ms: int, high_ms: int) -> tuple[tuple[int, int], ...]:
        """The samples of a stretch and its two neighbours, as (milliseconds, 0 or 1)."""
        low, high = bisect_left(self.times, low_ms), bisect_left(self.times, high_ms)
        return tuple(
            (self.times[n], int(self.states[n])) for n in range(max(0, low - 1), min(len(self.times), high + 1))
        )


def _slot(key: SlotKey, start: int, gauges: Sequence[Gauge], cells: Sequence[_Cells], combine: Combine) -> Slot:
    rule = key.rule
    first = start // rule.scrape_seconds
    there = [n for n, one in enumerate(gauges) if one.listed or cells[n].around(start, rule)]
    gauges, cells = [gauges[n] for n in there], [cells[n] for n in there]
    found = [combine.of([one.state(number) for one in cells]) for number in range(first, first + rule.expected)]
    good, bad = found.count(True), found.count(False)
    state = _state(rule, good, bad)
    low, high = start * 1000, (start + rule.seconds) * 1000
    proof = tuple((one.source, each.samples(low, high)) for one, each in zip(gauges, cells, strict=True))
    return Slot(
        slo=key.slo,
        site=key.site,
        starts_at=start,
        good=good,
        bad=bad,
        hidden=rule.expected - good - bad,
        expected=rule.expected,
        seen=good + bad,
        samples=sum(bisect_left(one.samples, high) - bisect_left(one.samples, low) for one in gauges),
        state=state,
        reasons=in_order(["not seen"] if good + bad < rule.expected else []),
        proof=() if state is SlotState.GOOD else proof,
    )


def _state(rule: SlotRule, good: int, bad: int) -> SlotState:
    """What every placement of the cells that are not known makes of the slot, or UNKNOWN."""
    if ratio_below(rule.expected - bad, rule.expected, rule.target_ppm):
        return SlotState.BAD
    return SlotState.UNKNOWN if ratio_below(good, rule.expected, rule.target_ppm) else SlotState.GOOD
