"""What was not seen of a source: scrapes that failed or were missed, its first value, and scrapes that nobody can read."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sankofa_observe.slo.counter.parcel import NEW, NOT_SEEN, Parcel
from sankofa_observe.slo.counter.track import Site, Track, slot_number
from sankofa_observe.units import Period


def unseen(track: Track, site: Site, period: Period) -> Iterator[Parcel]:
    """Each scheduled scrape that no step covers hides what one may hold at most; a new source of a changing set shows its own."""
    slot_ms, holes = track.rule.seconds * 1000, _slots_with_holes(track, period)
    for slot in _slots_within(track, period) if track.source.listed else holes:
        low, high = slot * slot_ms, (slot + 1) * slot_ms
        shows = site.shows(track, low, high)
        if shows:
            count = sum(1 for hole in holes.get(slot, ()) for _ in _missed(track, site, hole, low, high))
        else:  # of one that is listed every scrape is missed, and of any other nothing is known
            count = track.rule.expected if track.source.listed else 0
        if not count:
            continue
        top = track.top(low, high) if shows else None
        yield Parcel(
            source=track.source.name,
            kind=NOT_SEEN,
            first=slot,
            to=slot,
            hidden=count * (top or 0),
            blind_seconds=count * track.rule.scrape_seconds if top is None else 0,
            from_ms=low,
            to_ms=high,
            top=top,
        )
    if not _first_value_bounds_nothing(track):
        yield from _new(track, site)


@dataclass(frozen=True, slots=True)
class _Hole:
    """Between two scrapes that nothing connects, or before the first, or after the last."""

    earlier: int | None
    later: int | None


def _slots_within(track: Track, period: Period) -> range:
    return range(period.starts_at // track.rule.seconds, period.ends_at // track.rule.seconds)


def _slots_with_holes(track: Track, period: Period) -> dict[int, list[_Hole]]:
    """The slots of the period that a hole reaches into."""
    times: list[int | None] = [None, *track.source.scraped, None]
    slots = _slots_within(track, period)
    found: dict[int, list[_Hole]] = defaultdict(list)
    for earlier, later in pairwise(times):
        if earlier is not None and later is not None and later - earlier <= track.gap_ms:
            continue
        first = slots.start if earlier is None else max(slots.start, slot_number(track.rule, earlier))
        last = slots.stop if later is None else min(slots.stop, slot_number(track.rule, later) + 1)
        for slot in range(first, last):
            found[slot].append(_Hole(earlier, later))
    return found


def _missed(track: Track, site: Site, hole: _Hole, low: int, high: int) -> Iterator[int]:
    """The scheduled scrapes of a hole inside one slot.

    An end of the hole decides only where every reader of the slot reads as far, so that the same are missed however a stretch of
    time is cut into reads.
    """
    rule, source, half = track.rule, track.source, track.scrape_ms // 2
    earlier, later = hole.earlier, hole.later
    if earlier is not None and earlier < low - rule.lean_before_seconds * 1000:
        earlier = None
    if later is not None and later >= high + rule.lean_after_seconds * 1000:
        later = None
    if earlier is None and not source.listed:
        yield from (at for at in _within(source.failed, low, high) if later is None or at < later)
    else:
        anchor = low if earlier is None else earlier
        anchor = anchor if later is None else later
        for at in range(low + (anchor - low) % track.scrape_ms, high, track.scrape_ms):
            after = earlier is None or at > earlier + half
            before = later is None or at < later - half
            if after and before and _there(track, site, at):
                yield at
    if later is not None and low <= later < high and _first_value_bounds_nothing(track):
        yield later


def _within(times: Sequence[int], low: int, high: int) -> Sequence[int]:
    return times[bisect_left(times, low) : bisect_left(times, high)]


def _there(track: Track, site: Site, at: int) -> bool:
    """Whether a scheduled scrape in a hole counts as missed."""
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
    """The first value of a source of a changing set: of a new process, so growth of the last two slots if it can be.

    One that was seen before may be the same process: where it shows more, that hides what it shows, and where it shows the same,
    nothing happened.
    """
    source, rule = track.source, track.rule
    times = source.scraped
    for n, at in enumerate(times):
        if n and at - times[n - 1] <= track.gap_ms:
            continue
        valid = sum(one.get(at, 0) for one in source.valid)
        good = min(valid, sum(one.get(at, 0) for one in source.good))
        to = slot_number(rule, at)
        start_ms = to * rule.seconds * 1000  # up to here the first of both slots reaches
        grown = _grown(track, at, start_ms - (rule.seconds + rule.lean_before_seconds) * 1000)
        if not valid or grown == 0:
            continue
        until_ms = min(at, start_ms) + track.gap_ms
        top = track.top(at, at, until_ms)
        top = site.top(at, at, until_ms) if top is None else top
        if grown is not None and grown > 0:
            top = None
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


def _grown(track: Track, at: int, since_ms: int) -> int | None:
    """What the counters of a source show more, and less than 0 where one fell; None where it was not seen since then."""
    seen = track.valid_instants
    place = bisect_left(seen, at)
    if not place or seen[place - 1] < since_ms:
        return None
    before, counters = seen[place - 1], (*track.source.good, *track.source.valid)
    moves = [one.get(at, 0) - one.get(before, 0) for one in counters]
    return -1 if min(moves) < 0 else sum(moves)


def doubtful(track: Track) -> Iterator[Parcel]:
    """Scrapes at which the selectors meet several series for the same events: nothing of them is known."""
    for at, reason in sorted(track.source.doubts.items()):
        slot = slot_number(track.rule, at)
        yield Parcel(
            source=track.source.name,
            kind=reason,
            first=slot,
            to=slot,
            blind_seconds=track.rule.scrape_seconds,
            from_ms=at,
            to_ms=at,
        )
