"""A track: the steps of one source from scrape to scrape, and how busy it is. All tracks of a site know what one alone cannot."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.source import Counter, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the counters of one source did from one scrape to the next."""

    from_ms: int
    to_ms: int
    scrapes: int  # how many scheduled scrapes it spans; 1 where none was missed
    good: int  # growth of the series that stand at both ends
    valid: int
    born_good: int  # values of the series that stand only at the later end
    born_valid: int
    shown_good: int  # values of all series at the later end
    shown_valid: int
    before_good: int  # the sum of good at the earlier end
    before_valid: int
    valid_fell: bool  # some valid counter fell, or went
    good_fell: bool
    all_fell: bool  # every counter above 0 fell or went, and there was one
    has_good: bool  # some good series stands at the later end

    @property
    def fell(self) -> bool:
        return self.valid_fell or self.good_fell


@dataclass(kw_only=True)
class Track:
    """The steps of one source, and what is looked up in them."""

    source: Source
    rule: SlotRule

    @property
    def scrape_ms(self) -> int:
        return self.rule.scrape_seconds * 1000

    @property
    def gap_ms(self) -> int:
        return self.rule.longest_gap_seconds * 1000

    @cached_property
    def steps(self) -> list[Step]:
        pairs = pairwise(self.source.scraped)
        return [_step(self.source, a, b, self.scrape_ms) for a, b in pairs if b - a <= self.gap_ms]

    @cached_property
    def _levels(self) -> list[int]:
        """Per scrape the sum of valid."""
        return [sum(one.get(at, 0) for one in self.source.valid) for at in self.source.scraped]

    def level_before(self, at: int) -> int:
        """The highest sum of valid in the longest gap's time before a scrape, itself included."""
        times = self.source.scraped
        low, high = bisect_left(times, at - self.gap_ms), bisect_right(times, at)
        return max(self._levels[low:high], default=0)

    @cached_property
    def _measures(self) -> tuple[list[int], list[int], list[int]]:
        """Steps that measure how busy the source is: their ends, their growth a scrape, and how little they are worth.

        2: over scrapes that were missed, 1: below a level held just before, which may be a way back, 0: neither.
        """
        plain = [step for step in self.steps if not step.fell]
        growth = [_a_scrape(step, self.scrape_ms) for step in plain]
        doubt = [2 if step.scrapes > 1 else int(step.before_valid < self.level_before(step.from_ms)) for step in plain]
        return [step.to_ms for step in plain], growth, doubt

    def top(self, from_ms: int, to_ms: int, before_ms: int | None = None) -> int | None:
        """The most events that one scrape of a stretch may have held, or None where nothing up to `before_ms` measures it."""
        ends, growth, doubt = self._measures
        low = bisect_left(ends, from_ms - self.rule.history_seconds * 1000)
        high = bisect_right(ends, to_ms + self.gap_ms if before_ms is None else before_ms)
        if low >= high:
            return None
        best = min(doubt[low:high])
        busiest = max(growth[n] for n in range(low, high) if doubt[n] == best)
        return self.rule.burst_factor * max(1, busiest)

    @cached_property
    def unsettled(self) -> set[int]:
        """Ends of steps whose good events may show only after scrapes that were missed, by when nobody can tell whose they are."""
        if not self.rule.settles_seconds:
            return set()
        reach, times = (self.rule.settles_seconds + self.rule.scrape_seconds) * 1000, self.source.scraped
        stops = [a for a, b in pairwise(times) if nearest(b - a, self.scrape_ms) > 1] + list(times[-1:])
        found = {step.to_ms for step in self.steps if step.scrapes > 1}
        for stop in stops:
            found |= set(times[bisect_left(times, stop - reach) : bisect_right(times, stop)])
        return found

    def top_of(self, step: Step) -> int | None:
        """The most events that one scrape of a step may have held: the same for every slot that the step reaches into."""
        end_ms = (self.slots_of(step)[0] + 1) * self.rule.seconds * 1000  # of its first slot
        return self.top(step.from_ms, step.to_ms, before_ms=min(step.to_ms, end_ms) + self.gap_ms)

    def slots_of(self, step: Step) -> list[int]:
        """The slot of each scheduled scrape that the step spans; the last one is that of its end."""
        length, count = step.to_ms - step.from_ms, step.scrapes
        return [slot_number(self.rule, step.from_ms + length * nth // count) for nth in range(1, count + 1)]

    def counts_near(self, start_ms: int, end_ms: int) -> bool:
        """Whether any of its counters shows itself up to a slot's end, as far back as the slot leans.

        What a longer read knows besides, or a later one, says nothing of the slot.
        """
        return self.samples_within(start_ms - self.rule.lean_before_seconds * 1000, end_ms) > 0

    def seen_within(self, from_ms: int, to_ms: int) -> int:
        """How many scrapes there are in `[from, to)`."""
        return bisect_left(self.source.scraped, to_ms) - bisect_left(self.source.scraped, from_ms)

    def samples_within(self, from_ms: int, to_ms: int) -> int:
        """How many raw samples of its counters there are in `[from, to)`."""
        return bisect_left(self.source.samples, to_ms) - bisect_left(self.source.samples, from_ms)

    def spans(self, at_ms: int) -> bool:
        """Whether the source was followed from before an instant to after it."""
        times = self.source.scraped
        place = bisect_left(times, at_ms)
        return 0 < place < len(times) and times[place] - times[place - 1] <= self.gap_ms

    @cached_property
    def valid_instants(self) -> list[int]:
        return sorted({at for one in self.source.valid for at in one})


def _step(source: Source, earlier: int, later: int, scrape_ms: int) -> Step:
    good, valid = _moves(source.good, earlier, later), _moves(source.valid, earlier, later)
    above = good.above + valid.above
    return Step(
        from_ms=earlier,
        to_ms=later,
        scrapes=max(1, nearest(later - earlier, scrape_ms)),
        good=good.growth,
        valid=valid.growth,
        born_good=good.born,
        born_valid=valid.born,
        shown_good=good.shown,
        shown_valid=valid.shown,
        before_good=good.before,
        before_valid=valid.before,
        valid_fell=valid.fell > 0,
        good_fell=good.fell > 0,
        all_fell=above > 0 and good.fell + valid.fell == above,
        has_good=good.standing > 0,
    )


@dataclass(slots=True)
class _Moves:
    growth: int = 0
    born: int = 0
    shown: int = 0
    before: int = 0
    above: int = 0  # series above 0 at the earlier end
    fell: int = 0  # of those, how many fell or went
    standing: int = 0


def _moves(counters: Sequence[Counter], earlier: int, later: int) -> _Moves:
    moves = _Moves()
    for counter in counters:
        before, after = counter.get(earlier), counter.get(later)
        moves.before += before or 0
        moves.above += bool(before)
        if after is None:
            moves.fell += bool(before)
            continue
        moves.standing += 1
        moves.shown += after
        if before is None:
            moves.born += after
        elif after < before:
            moves.fell += 1
        else:
            moves.growth += after - before
    return moves


def _a_scrape(step: Step, scrape_ms: int) -> int:
    """The growth of a step for one scrape of the spec, rounded up: also where the source is scraped more often."""
    shorter = min(step.to_ms - step.from_ms, scrape_ms)
    return -(-step.valid * scrape_ms // shorter) if step.scrapes == 1 else -(-step.valid // step.scrapes)


def nearest(length: int, unit: int) -> int:
    """How many units a length is, to the nearest, up at a half."""
    return (2 * length + unit) // (2 * unit)


@dataclass(kw_only=True)
class Site:
    """All sources of a site: what one of them alone cannot say."""

    tracks: Sequence[Track]
    rule: SlotRule

    @cached_property
    def scrapes(self) -> list[int]:
        return sorted({at for track in self.tracks for at in track.valid_instants})

    def watched(self, at: int) -> bool:
        """Whether any source showed a count around an instant: where none did, the observer was away."""
        reach = self.rule.scrape_seconds * 1250
        return bisect_left(self.scrapes, at - reach) < bisect_right(self.scrapes, at + reach)

    def top(self, from_ms: int, to_ms: int, before_ms: int) -> int | None:
        """The busiest source's."""
        tops = (track.top(from_ms, to_ms, before_ms) for track in self.tracks)
        return max((top for top in tops if top is not None), default=None)

    def shows(self, track: Track, start_ms: int, end_ms: int) -> bool:
        """Whether a slot knows a source: by its own counters or, where it is listed, by those of its job."""
        if not track.source.listed:
            return track.counts_near(start_ms, end_ms)
        return any(one.counts_near(start_ms, end_ms) for one in self.tracks if one.source.job == track.source.job)

    def counts_near(self, from_ms: int, to_ms: int) -> bool:
        """Whether any valid series was seen lately: a selector that meets nothing counts nothing, it does not count 0."""
        since = from_ms - (self.rule.history_seconds + self.rule.longest_gap_seconds) * 1000
        for track in self.tracks:
            instants = track.valid_instants
            if bisect_left(instants, since) < bisect_left(instants, to_ms):
                return True
        return False


def slot_number(rule: SlotRule, at_ms: int) -> int:
    return at_ms // (rule.seconds * 1000)
