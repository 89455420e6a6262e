"""Counting states and levels: scrapes of a gauge, one cell of a slot a scheduled scrape.

A cell is what the sample in it says; one without a sample is what both neighbouring samples say, if they agree and are no more
than two and a half scrapes apart, else not known. So neither the phase of a scrape nor a lost one spoils a month. Several
sources of a site are combined cell by cell, as the spec says; the slot follows from its cells.

Which sources there are is told slot by slot, from the samples around it: so it does not depend on how time is cut into reads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import unquote

from sankofa_observe.slo.indicator import Combine
from sankofa_observe.slo.level import HOLE_TENTHS
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.slo.source import count_of
from sankofa_observe.units import Period, ratio_below


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """One series of a site: where it was seen as up (True) or down (False), by the instant in milliseconds.

    `source` is what `source_name` makes of its labels.
    """

    source: str
    seen: Mapping[int, bool]
    listed: bool = True  # its instance is there whether seen or not; another one where it was scraped around a slot
    samples: tuple[int, ...] = ()  # the instant of each raw sample, sorted, of those that say nothing as well

    @property
    def owner(self) -> str:
        """Job and instance, as `source` writes them."""
        return self.source.partition("{")[0]

    @property
    def instance(self) -> str:
        return unquote(self.owner.partition("/")[2])


def source_name(job: str, instance: str, rest: Mapping[str, str] = MappingProxyType({})) -> str:
    """`job/instance`, and in braces what else tells the gauges of one instance apart.

    What divides these is escaped in them as in a URL: `%`, `{` and, in a job, `/`.
    """
    more = "{" + ",".join(f"{name}={value}" for name, value in sorted(rest.items())) + "}" if rest else ""
    return f"{_escaped(job, '%{/')}/{_escaped(instance, '%{')}{more}"


def _escaped(text: str, which: str) -> str:
    return "".join(f"%{ord(one):02X}" if one in which else one for one in text)


def count_states(key: SlotKey, period: Period, gauges: Sequence[Gauge], combine: Combine) -> list[Slot]:
    """The slots of a site; samples must reach 2.5 scrapes around the period."""
    cells = [_Cells.of(one, key.rule) for one in gauges]
    listed = sorted({one.instance for one in gauges if one.listed})
    return [_slot(key, start, gauges, cells, listed, combine) for start in slot_starts(period, key.rule.seconds)]


def up_at(up: Mapping[int, str], known: Mapping[int, str]) -> dict[int, bool]:
    """A state of an `up` and a `known` gauge: a scrape at which the exporter does not know, or says no 0 or 1, is no sample."""
    found = {at: count_of(up.get(at, "")) for at, value in known.items() if count_of(value) == 1}
    return {at: count == 1 for at, count in found.items() if count in {0, 1}}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """The cells of one source, looked up by number from the epoch."""

    gauge: Gauge
    scrapes: list[int]  # where it was scraped, whether it said something or not
    times: list[int]  # where it said something
    states: list[bool]
    scrape_ms: int

    @classmethod
    def of(cls, gauge: Gauge, rule: SlotRule) -> _Cells:
        times = sorted(gauge.seen)
        states = [gauge.seen[at] for at in times]
        scrapes = sorted({*times, *gauge.samples})
        return cls(gauge=gauge, scrapes=scrapes, times=times, states=states, scrape_ms=rule.scrape_seconds * 1000)

    def around(self, start: int, rule: SlotRule) -> _Cells:
        """What may say something of a slot: its scrapes and those within the longest hole, of the latter one state on each side."""
        reach, low_ms, high_ms = HOLE_TENTHS * self.scrape_ms // 10, start * 1000, (start + rule.seconds) * 1000
        low, high = bisect_left(self.times, low_ms), bisect_left(self.times, high_ms)
        if low and self.times[low - 1] >= low_ms - reach:
            low -= 1
        if high < len(self.times) and self.times[high] < high_ms + reach:
            high += 1
        near = slice(bisect_left(self.scrapes, low_ms - reach), bisect_left(self.scrapes, high_ms + reach))
        return replace(self, scrapes=self.scrapes[near], times=self.times[low:high], states=self.states[low:high])

    def then(self, later: _Cells) -> _Cells:
        """A source that goes on under other labels, by its newer name."""
        return replace(
            later,
            scrapes=self.scrapes + later.scrapes,
            times=self.times + later.times,
            states=self.states + later.states,
        )

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

    def lost(self, number: int) -> bool:
        """Whether a cell without a sample is what its neighbours say: one that comes late may say otherwise."""
        return not self._sampled(number) and self.state(number) is not None

    def _sampled(self, number: int) -> bool:
        low, high = (bisect_left(self.times, one * self.scrape_ms) for one in (number, number + 1))
        return low < high

    def proof(self, low_ms: int, high_ms: int) -> tuple[str, tuple[tuple[int, int], ...]]:
        """Its states of a slot, the one before, and the one after where the last cell has none, as (milliseconds, 0 or 1)."""
        low, high = bisect_left(self.times, low_ms), bisect_left(self.times, high_ms)
        near = slice(max(0, low - 1), high if self._sampled(high_ms // self.scrape_ms - 1) else high + 1)
        return self.gauge.source, tuple(zip(self.times[near], map(int, self.states[near]), strict=True))


def _there(every: Sequence[_Cells], listed: Sequence[str], start: int, rule: SlotRule) -> list[_Cells]:
    """The sources of a slot: those scraped around it, and one that says nothing for each listed instance of which none was."""
    around = [one for each in every if (one := each.around(start, rule)).scrapes]
    scraped = {one.gauge.instance for one in around}
    unseen = [_Cells.of(Gauge(source=source_name("", name), seen={}), rule) for name in listed if name not in scraped]
    return sorted([*unseen, *_followed(around)], key=lambda one: one.gauge.source)


def _followed(around: Sequence[_Cells]) -> list[_Cells]:
    """Gauges of one job and instance of which one begins where the other has ended are one source: its labels have changed.

    Those that stand at one instant are apart.
    """
    chains: dict[str, list[_Cells]] = defaultdict(list)
    ended: dict[str, int] = {}  # of each job and instance, when the first of its chains has
    for one in sorted(around, key=lambda one: (one.scrapes[0], one.gauge.source)):
        owner, begins = one.gauge.owner, one.scrapes[0]
        own = chains[owner]
        if ended.get(owner, begins) < begins:
            place = next(n for n, chain in enumerate(own) if chain.scrapes[-1] < begins)
            own[place] = own[place].then(one)
            ended[owner] = min(chain.scrapes[-1] for chain in own)
        else:
            own.append(one)
            ended[owner] = min(ended.get(owner, one.scrapes[-1]), one.scrapes[-1])
    return [chain for own in chains.values() for chain in own]


def _slot(
    key: SlotKey,
    start: int,
    gauges: Sequence[Gauge],
    cells: Sequence[_Cells],
    listed: Sequence[str],
    combine: Combine,
) -> Slot:
    rule = key.rule
    first = start // rule.scrape_seconds
    sources = _there(cells, listed, start, rule)
    found = [combine.of([one.state(number) for one in sources]) for number in range(first, first + rule.expected)]
    good, bad = found.count(True), found.count(False)
    state = _state(rule, good, bad)
    low, high = start * 1000, (start + rule.seconds) * 1000
    reasons = ["not seen"] if good + bad < rule.expected else []
    if any(
        one.lost(first + rule.expected - 1) for one in sources
    ):  # it leans on the next slot, which may not be there yet
        reasons.append("lost scrape")
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
        reasons=in_order(reasons),
        proof=() if state is SlotState.GOOD else tuple(one.proof(low, high) for one in sources),
    )


def _state(rule: SlotRule, good: int, bad: int) -> SlotState:
    """What every placement of the cells that are not known makes of the slot, or UNKNOWN."""
    if ratio_below(rule.expected - bad, rule.expected, rule.target_ppm):
        return SlotState.BAD
    return SlotState.UNKNOWN if ratio_below(good, rule.expected, rule.target_ppm) else SlotState.GOOD
