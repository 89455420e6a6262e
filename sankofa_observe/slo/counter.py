"""Counting events: the specification. One site, source by source, scrape by scrape, in integers.

An event belongs to the slot of the first scheduled scrape of its source at or after it. From one scrape of a source to the next
stands a parcel: so many good and bad events, so many hidden ones, and the slots they may belong to. `top` is what a step of
the source may have held at most: `burst_factor` times the busiest one near it. The truth lies between the bounds that follow
*if* nothing that was not seen was busier; what cannot be known in principle stands in docs/reference/specs.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.slo.source import Counter, Source
from sankofa_observe.units import Period, ratio_below

GROWTH, RESTART, CONTRADICTION, RETURN, BIRTH, NEW, NO_GOOD, GAP, NOT_SEEN = (
    "growth", "restart", "contradiction", "return", "birth", "new source", "no good series", "gap", "not seen",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Events of one source between two of its scrapes, counted in slot `to` and possible in every slot from `first` on.

    Slots are numbered from the epoch. `blind_seconds` stands where there is no `top` to bound by.
    """

    source: str
    kind: str
    first: int
    to: int
    good: int = 0
    bad: int = 0
    hidden: int = 0
    blind_seconds: int = 0
    from_ms: int = 0
    to_ms: int = 0
    before: tuple[int, int] = (0, 0)  # what the good and the valid counters of the source showed at `from_ms`, added up
    after: tuple[int, int] = (0, 0)  # and at `to_ms`
    top: int | None = None  # of one scrape, where it was used

    def row(self) -> tuple[int | str, ...]:
        """As it is kept as proof; -1 stands for no `top`."""
        return (
            self.source, self.kind, self.first, self.to, self.good, self.bad, self.hidden, self.blind_seconds,
            self.from_ms, self.to_ms, *self.before, *self.after, -1 if self.top is None else self.top,
        )  # fmt: skip


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


def is_quiet(rule: SlotRule, period: Period, sources: Sequence[Source]) -> bool:
    """Whether slots follow from the samples in them and one before, and from nothing further away.

    So it is where every source was scraped in its rhythm from a slot before the period to its end, each of its series stands
    at every scrape and never falls, and nothing is ambiguous; provided that nothing before is in doubt either, which only the
    slots that stand can say. `tests/simulation/test_stored.py` holds what is counted so to what a read of everything gives.
    """
    if rule.settles_seconds or not any(source.valid for source in sources):
        return False
    if any(len(set(source.started.values())) > 1 for source in sources):
        return False
    return all(_is_quiet(rule, period, source) for source in sources)


def _is_quiet(rule: SlotRule, period: Period, source: Source) -> bool:
    times, scrape = source.scraped, rule.scrape_seconds * 1000
    first, last = (period.starts_at - rule.seconds) * 1000, period.ends_at * 1000
    if source.failed or source.doubts or not times or times[0] > first or times[-1] < last - scrape * 3 // 2:
        return False
    if any(2 * (later - earlier) >= 3 * scrape for earlier, later in pairwise(times)):
        return False
    if source.valid and not source.good and not source.one_metric:
        return False
    if not all(_never_falls(one, times) for one in (*source.good, *source.valid)):
        return False
    good, valid = ([sum(one[at] for one in every) for at in times] for every in (source.good, source.valid))
    return all(g1 - g0 <= v1 - v0 for g0, g1, v0, v1 in zip(good, good[1:], valid, valid[1:], strict=False))


def _never_falls(counter: Counter, times: Sequence[int]) -> bool:
    if len(counter) != len(times):
        return False
    values = [counter[at] for at in times]
    return all(earlier <= later for earlier, later in pairwise(values))


def count_events(key: SlotKey, period: Period, sources: Sequence[Source], *, counts_bad: bool = False) -> list[Slot]:
    """The slots of one site; samples must reach as far around the period as the rule leans (`SlotRule`).

    With `counts_bad` the sources' good counters are of bad events, and what is valid and not among them was good.
    """
    rule = key.rule
    tracks = [Track(source=one, rule=rule) for one in sources]
    site = Site(tracks=tracks, rule=rule)
    sums: dict[int, _Sums] = defaultdict(_Sums)
    for track in tracks:
        for parcel in parcels(track, site, period):
            _add(sums, replace(parcel, good=parcel.bad, bad=parcel.good) if counts_bad else parcel)
        _settling(sums, track)
    return [_slot(key, start, sums, site) for start in slot_starts(period, rule.seconds)]


# ---------------------------------------------------------------------------------------------------------- one source


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

    def top(self, from_ms: int, to_ms: int) -> int | None:
        """The most events that one scrape of a stretch may have held, or None where nothing measures it."""
        ends, growth, doubt = self._measures
        low = bisect_left(ends, from_ms - self.rule.history_seconds * 1000)
        high = bisect_right(ends, to_ms + self.gap_ms)
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
        stops = [a for a, b in pairwise(times) if _nearest(b - a, self.scrape_ms) > 1] + list(times[-1:])
        found = {step.to_ms for step in self.steps if step.scrapes > 1}
        for stop in stops:
            found |= set(times[bisect_left(times, stop - reach) : bisect_right(times, stop)])
        return found

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
        scrapes=max(1, _nearest(later - earlier, scrape_ms)),
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


def _nearest(length: int, unit: int) -> int:
    """How many units a length is, to the nearest, up at a half."""
    return (2 * length + unit) // (2 * unit)


# ------------------------------------------------------------------------------------------------------------ its parcels


@dataclass(kw_only=True)
class Site:
    """All sources of a site: what one of them alone cannot say."""

    tracks: Sequence[Track]
    rule: SlotRule

    @cached_property
    def scrapes(self) -> list[int]:
        return sorted({at for track in self.tracks for at in track.source.scraped})

    def watched(self, at: int) -> bool:
        """Whether any source was scraped around an instant: where none was, the observer was away."""
        reach = self.rule.scrape_seconds * 1250
        return bisect_left(self.scrapes, at - reach) < bisect_right(self.scrapes, at + reach)

    def top(self, from_ms: int, to_ms: int) -> int | None:
        """The busiest source's."""
        return max((top for track in self.tracks if (top := track.top(from_ms, to_ms)) is not None), default=None)

    def counts_near(self, from_ms: int, to_ms: int) -> bool:
        """Whether any valid series was seen lately: a selector that meets nothing counts nothing, it does not count 0."""
        since = from_ms - (self.rule.history_seconds + self.rule.longest_gap_seconds) * 1000
        for track in self.tracks:
            instants = track.valid_instants
            if bisect_left(instants, since) < bisect_left(instants, to_ms):
                return True
        return False


def parcels(track: Track, site: Site, period: Period) -> Iterator[Parcel]:
    """Everything of one source that may belong to the period or stand at its edges."""
    yield from _grown(track)
    yield from _unseen(track, site, period)
    yield from _doubtful(track)


@dataclass(slots=True)
class _Memory:
    """What earlier steps of a source mean for later ones."""

    doubt_until: int = -1  # after a contradiction: rises are looked at until then
    doubt_level: int = 0
    restart_until: int = -1
    restart_level: int = 0
    no_good_until: int = -1  # good fell alone, and has not grown again


def _grown(track: Track) -> Iterator[Parcel]:
    memory = _Memory()
    for step in track.steps:
        found = list(_judged(track, step, memory))
        if step.to_ms not in track.source.doubts:
            yield from found


def _judged(track: Track, step: Step, memory: _Memory) -> Iterator[Parcel]:
    """The parcels of one step; `memory` carries what it means for the next."""
    top = None if _plain(step, memory, track) else track.top(step.from_ms, step.to_ms)
    most = None if top is None else top * step.scrapes
    if step.to_ms in track.unsettled and not step.fell:
        yield from _spread(track, step, CONTRADICTION, track.top(step.from_ms, step.to_ms))
    elif step.fell or _began_anew(track, step):
        yield from _fallen(track, step, memory, top)
    elif step.to_ms <= memory.doubt_until and _returns(step, memory.doubt_level, most, either=True):
        yield _hidden(track, step, RETURN, top, _at_least(most, step.shown_valid - memory.doubt_level))
    elif step.to_ms <= memory.restart_until and _returns(step, memory.restart_level, most, either=False):
        yield _hidden(track, step, RETURN, top, _at_least(most, step.shown_valid - memory.restart_level))
    elif step.to_ms <= memory.no_good_until:
        if step.good + step.born_good > 0:
            memory.no_good_until = -1
        yield _hidden(track, step, NO_GOOD, top, step.valid + step.born_valid)
    elif _lacks_good(track, step):
        yield _hidden(track, step, NO_GOOD, top, step.valid + step.born_valid)
    else:
        yield from _rise(track, step, top)


def _plain(step: Step, memory: _Memory, track: Track) -> bool:
    """A step that asks for no bound: nothing fell, was born or missed, and nothing before it is in doubt."""
    return (
        not step.fell
        and not _began_anew(track, step)
        and step.scrapes == 1
        and not step.born_good
        and not step.born_valid
        and step.to_ms > max(memory.doubt_until, memory.restart_until)
        and (track.source.one_metric or step.has_good)
    )


def _returns(step: Step, level: int, most: int | None, *, either: bool) -> bool:
    """Whether a rise may be the way back of a counter that had only dipped."""
    grown = step.valid + step.born_valid
    if grown == 0:
        return False
    steep = most is None or grown > most
    past = step.before_valid < level <= step.shown_valid
    return (steep or past) if either else (steep and past)


def _at_least(most: int | None, above: int) -> int | None:
    return None if most is None else max(most, above)


def _lacks_good(track: Track, step: Step) -> bool:
    return not track.source.one_metric and not step.has_good and step.valid + step.born_valid > 0


def _fallen(track: Track, step: Step, memory: _Memory, top: int | None) -> Iterator[Parcel]:
    until, level = step.to_ms + track.gap_ms, track.level_before(step.from_ms)
    most = None if top is None else top * step.scrapes
    if _restarted(track, step, most):
        memory.restart_until, memory.restart_level, memory.no_good_until = until, level, -1
        yield from _restart(track, step, top)
        return
    if step.valid_fell:
        memory.doubt_until, memory.doubt_level = until, level
        yield from _spread(track, step, CONTRADICTION, top)
        return
    memory.no_good_until = until
    yield _hidden(track, step, CONTRADICTION, top, step.valid + step.born_valid)


def _began_anew(track: Track, step: Step) -> bool:
    """Whether the start time of the process says so, though every counter has overtaken what it showed before."""
    began = track.source.started
    return step.from_ms in began and step.to_ms in began and began[step.from_ms] != began[step.to_ms]


def _restarted(track: Track, step: Step, most: int | None) -> bool:
    began = track.source.started
    if step.from_ms in began and step.to_ms in began:
        return began[step.from_ms] != began[step.to_ms]
    return step.all_fell and most is not None and step.shown_valid <= most


def _restart(track: Track, step: Step, top: int | None) -> Iterator[Parcel]:
    """What the counters show was counted since; what they lost before they fell is hidden, scrape by scrape."""
    shown = step.shown_valid
    good = min(step.shown_good, shown)
    slots = _slots_of(track, step)
    yield _parcel(track, step, RESTART, good=good, bad=shown - good, first=slots[0], top=top)
    for nth, slot in enumerate(slots):
        last = nth == len(slots) - 1
        hidden = 0 if top is None else max(0, top - shown if last else top)
        blind = track.rule.scrape_seconds if top is None else 0
        if hidden or blind:
            yield _parcel(track, step, RESTART, hidden=hidden, blind=blind, first=slot, to=slot, top=top)


def _spread(track: Track, step: Step, kind: str, top: int | None) -> Iterator[Parcel]:
    """Each scheduled scrape of the step hides what one may hold at most."""
    for slot in _slots_of(track, step):
        blind = track.rule.scrape_seconds if top is None else 0
        yield _parcel(track, step, kind, hidden=top or 0, blind=blind, first=slot, to=slot, top=top)


def _rise(track: Track, step: Step, top: int | None) -> Iterator[Parcel]:
    good, valid, kind = step.good, step.valid, GROWTH if step.scrapes == 1 else GAP
    born_good, born_valid = step.born_good, step.born_valid
    most = None if top is None else top * step.scrapes
    if born_valid or born_good:
        if most is None or max(valid + born_valid, good + born_good) > most:
            kind = BIRTH
            yield _hidden(track, step, BIRTH, top, max(born_good, born_valid))
        else:
            good, valid = good + born_good, valid + born_valid
    if good > valid and not track.rule.settles_seconds:
        yield _hidden(track, step, CONTRADICTION, top, good)
        return
    first = _slots_of(track, step)[0]
    if good or valid:
        yield _parcel(track, step, kind, good=good, bad=valid - good, first=first)
    if step.scrapes > 1 and most is not None and step.shown_valid <= most and most > valid and step.before_valid:
        # The value after the gap could be that of a fresh process: then what is shown is only its own.
        yield _parcel(track, step, GAP, hidden=most - valid, first=first, top=top)


def _hidden(track: Track, step: Step, kind: str, top: int | None, hidden: int | None) -> Parcel:
    first = _slots_of(track, step)[0]
    blind = track.rule.scrape_seconds * step.scrapes if hidden is None else 0
    return _parcel(track, step, kind, hidden=hidden or 0, blind=blind, first=first, top=top)


def _parcel(
    track: Track,
    step: Step,
    kind: str,
    *,
    first: int,
    good: int = 0,
    bad: int = 0,
    hidden: int = 0,
    blind: int = 0,
    to: int | None = None,
    top: int | None = None,
) -> Parcel:
    return Parcel(
        source=track.source.name,
        kind=kind,
        first=first,
        to=_slot_number(track.rule, step.to_ms) if to is None else to,
        good=good,
        bad=bad,
        hidden=hidden,
        blind_seconds=blind,
        from_ms=step.from_ms,
        to_ms=step.to_ms,
        before=(step.before_good, step.before_valid),
        after=(step.shown_good, step.shown_valid),
        top=top,
    )


def _slots_of(track: Track, step: Step) -> list[int]:
    """The slot of each scheduled scrape that the step spans; the last one is that of its end."""
    length, count = step.to_ms - step.from_ms, step.scrapes
    return [_slot_number(track.rule, step.from_ms + length * nth // count) for nth in range(1, count + 1)]


def _slot_number(rule: SlotRule, at_ms: int) -> int:
    return at_ms // (rule.seconds * 1000)


# ------------------------------------------------------------------------------------------------------ what was not seen


def _unseen(track: Track, site: Site, period: Period) -> Iterator[Parcel]:
    """Each scheduled scrape that no step covers hides what one may hold at most; a new source of a changing set shows its own."""
    missed: dict[int, int] = defaultdict(int)
    for at in _missed(track, site, period):
        missed[_slot_number(track.rule, at)] += 1
    slot_ms = track.rule.seconds * 1000
    for slot, count in missed.items():
        top = track.top(slot * slot_ms, (slot + 1) * slot_ms)
        yield Parcel(
            source=track.source.name,
            kind=NOT_SEEN,
            first=slot,
            to=slot,
            hidden=count * (top or 0),
            blind_seconds=count * track.rule.scrape_seconds if top is None else 0,
            from_ms=slot * slot_ms,
            to_ms=(slot + 1) * slot_ms,
            top=top,
        )
    if not _first_value_bounds_nothing(track):
        yield from _new(track, site)


def _missed(track: Track, site: Site, period: Period) -> Iterator[int]:
    """The scheduled scrapes inside the period between which and the one before nothing is known."""
    low, high = period.starts_at * 1000, period.ends_at * 1000
    times, failed = track.source.scraped, track.source.failed
    if not times:
        grid = range(low, high, track.scrape_ms) if track.source.listed else failed
        yield from (at for at in grid if low <= at < high)
        return
    before = times[0]
    if track.source.listed:
        yield from range(
            before - (before - low) // track.scrape_ms * track.scrape_ms, min(before, high), track.scrape_ms
        )
    else:
        yield from (at for at in failed if low <= at < min(before, high))
    if low <= before < high and _first_value_bounds_nothing(track):
        yield before
    for earlier, later in zip(times, (*times[1:], None), strict=True):
        yield from (at for at in _hole(track, earlier, later, low, high) if _there(track, site, at, later))


def _hole(track: Track, earlier: int, later: int | None, low: int, high: int) -> Iterator[int]:
    """The scheduled scrapes after one that was seen, to the next with which nothing connects it, or for as long as asked."""
    if earlier >= high or (later is not None and (later < low or later - earlier <= track.gap_ms)):
        return
    if later is None:
        skipped = max(1, (low - earlier) // track.scrape_ms)
        yield from (at for at in range(earlier + skipped * track.scrape_ms, high, track.scrape_ms) if at >= low)
        return
    count = _nearest(later - earlier, track.scrape_ms)
    first = max(1, (low - earlier) * count // (later - earlier))
    for nth in range(first, count + 1):
        at = earlier + (later - earlier) * nth // count
        if low <= at < high:
            yield at


def _there(track: Track, site: Site, at: int, later: int | None) -> bool:
    """Whether a source that was not scraped at an instant was there all the same."""
    if at == later:
        return _first_value_bounds_nothing(track)
    return _expected(track, site, at) or _near(track.source.failed, at, track.scrape_ms)


def _first_value_bounds_nothing(track: Track) -> bool:
    """A new name in a changing set is a new process, of which the first value says all; every other may be of any age."""
    return track.source.listed or not track.source.changing


def _near(times: Sequence[int], at: int, scrape_ms: int) -> bool:
    place = bisect_left(times, at)
    return any(abs(times[n] - at) <= scrape_ms // 2 for n in (place - 1, place) if 0 <= n < len(times))


def _expected(track: Track, site: Site, at: int) -> bool:
    """Whether a source that was not scraped at an instant was there all the same."""
    source = track.source
    if source.listed:
        return True
    place = bisect_left(source.scraped, at)
    away_ms, rule = at - source.scraped[place - 1], track.rule
    if not site.watched(at):  # where nobody looked, nobody has left, as far back as every reader reads
        return away_ms <= (rule.history_seconds + rule.longest_gap_seconds) * 1000
    return away_ms <= (rule.leaves_seconds if source.changing else rule.history_seconds) * 1000


def _new(track: Track, site: Site) -> Iterator[Parcel]:
    """The first value of a source of a changing set: of a new process, so growth of the last two slots if it can be."""
    source, rule = track.source, track.rule
    times = source.scraped
    for n, at in enumerate(times):
        if n and at - times[n - 1] <= track.gap_ms:
            continue
        valid = sum(one.get(at, 0) for one in source.valid)
        good = min(valid, sum(one.get(at, 0) for one in source.good))
        if not valid:
            continue
        top = track.top(at, at)
        top = site.top(at, at) if top is None else top
        to = _slot_number(rule, at)
        fits = top is not None and valid <= top
        yield Parcel(
            source=source.name,
            kind=NEW,
            first=to - 1,
            to=to,
            good=good if fits else 0,
            bad=valid - good if fits else 0,
            hidden=0 if fits else valid,
            from_ms=at,
            to_ms=at,
            after=(good, valid),
            top=top,
        )


def _doubtful(track: Track) -> Iterator[Parcel]:
    """Scrapes at which the selectors meet several series for the same events: nothing of them is known."""
    for at, reason in sorted(track.source.doubts.items()):
        slot = _slot_number(track.rule, at)
        yield Parcel(
            source=track.source.name,
            kind=reason,
            first=slot,
            to=slot,
            blind_seconds=track.rule.scrape_seconds,
            from_ms=at,
            to_ms=at,
        )


# ---------------------------------------------------------------------------------------------------------------- a slot


@dataclass(slots=True)
class _Sums:
    """What the parcels of all sources make of one slot."""

    good: int = 0  # counted here
    bad: int = 0
    hidden: int = 0
    blind: int = 0
    sure_good: int = 0  # of that, what can be nowhere else
    sure_bad: int = 0
    over_good: int = 0  # counted here or later, possible before
    over_bad: int = 0
    over_hidden: int = 0
    float_good: int = 0  # possible here, and in another slot as well
    float_bad: int = 0  # of each parcel, none where its bad are fewer than none: such a one is at worst elsewhere
    may_hide: int = 0  # hidden events that may belong here
    settling: int = 0
    reasons: list[str] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)


def _add(sums: dict[int, _Sums], parcel: Parcel) -> None:
    here = sums[parcel.to]
    here.good += parcel.good
    here.bad += parcel.bad
    here.hidden += parcel.hidden
    here.blind += parcel.blind_seconds
    for slot in range(parcel.first, parcel.to + 1):
        one = sums[slot]
        one.parcels.append(parcel)
        if parcel.kind != GROWTH:
            one.reasons.append(parcel.kind)
        if parcel.first < parcel.to:
            one.float_good += parcel.good
            one.float_bad += max(parcel.bad, 0)
        else:
            one.sure_good += parcel.good
            one.sure_bad += parcel.bad
        one.may_hide += parcel.hidden
        if slot > parcel.first:
            one.over_good += parcel.good
            one.over_bad += parcel.bad
            one.over_hidden += parcel.hidden


def _settling(sums: dict[int, _Sums], track: Track) -> None:
    """Valid events near the end of a slot, whose good may be counted after it."""
    rule = track.rule
    if not rule.settles_seconds:
        return
    for step in track.steps:
        slot = _slot_number(rule, step.to_ms)
        end_ms = (slot + 1) * rule.seconds * 1000
        if (
            not step.fell
            and step.to_ms not in track.unsettled
            and step.to_ms > end_ms - (rule.settles_seconds + rule.scrape_seconds) * 1000
        ):
            sums[slot].settling += step.valid + step.born_valid


def _slot(key: SlotKey, start: int, sums: dict[int, _Sums], site: Site) -> Slot:
    rule = key.rule
    number = start // rule.seconds
    one, before = sums[number], sums[number - 1]
    start_ms, end_ms = start * 1000, (start + rule.seconds) * 1000
    scraped = {track.source.name: track.seen_within(start_ms, end_ms) for track in site.tracks}
    told = {parcel.source for parcel in one.parcels} | {name for name, times in scraped.items() if times}
    told |= {track.source.name for track in site.tracks if track.source.listed}
    expected = rule.expected * max(1, len(told))
    blind, reasons = one.blind, list(one.reasons)
    if not any(scraped.values()) and not any(track.spans(start_ms) for track in site.tracks):
        blind, reasons = max(blind, rule.seconds), [*reasons, NOT_SEEN]
    if not site.counts_near(start_ms, end_ms):
        blind, reasons = max(blind, rule.seconds), [*reasons, "the selector meets no series"]
    state = _state(rule, one, blind, before.settling)
    return Slot(
        slo=key.slo,
        site=key.site,
        starts_at=start,
        good=one.good,
        bad=one.bad,
        hidden=one.hidden,
        blind=blind,
        over_good=one.over_good,
        over_bad=one.over_bad,
        over_hidden=one.over_hidden,
        settling=one.settling,
        expected=expected,
        seen=min(sum(scraped.values()), expected),
        samples=sum(track.samples_within(start_ms, end_ms) for track in site.tracks),
        state=state,
        reasons=in_order(reasons),
        proof=() if state is SlotState.GOOD else tuple(parcel.row() for parcel in one.parcels),
    )


def _state(rule: SlotRule, one: _Sums, blind: int, settling_before: int) -> SlotState:
    """What every placement of floating and hidden events makes of the slot, or UNKNOWN."""
    if blind:
        return SlotState.UNKNOWN
    good, bad, hidden = one.sure_good, one.sure_bad, one.may_hide
    may_good, may_bad = one.float_good, one.float_bad
    least, most = good + bad, good + bad + may_good + may_bad + hidden
    if most == 0 and not settling_before:
        return SlotState.NO_TRAFFIC
    if least <= 0 or bad < 0:
        return SlotState.UNKNOWN
    late, early = min(bad, one.settling), min(good, settling_before)
    worst = ratio_below(good - early, least + may_bad + hidden, rule.target_ppm)
    best = ratio_below(good + late + may_good + hidden, least + may_good + hidden, rule.target_ppm)
    if best:
        return SlotState.BAD
    return SlotState.UNKNOWN if worst else SlotState.GOOD
