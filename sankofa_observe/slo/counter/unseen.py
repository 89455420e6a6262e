"""What was not seen of a source: scrapes that failed or were missed, its first value, and scrapes that nobody can read."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sankofa_observe.slo.counter.parcel import NEW, NOT_SEEN, Parcel
from sankofa_observe.slo.counter.track import Site, Track, nearest, slot_number
from sankofa_observe.units import Period


def unseen(track: Track, site: Site, period: Period) -> Iterator[Parcel]:
    """Each scheduled scrape that no step covers hides what one may hold at most; a new source of a changing set shows its own."""
    missed: dict[int, int] = defaultdict(int)
    for at in _missed(track, site, period):
        missed[slot_number(track.rule, at)] += 1
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
    count = nearest(later - earlier, track.scrape_ms)
    first = max(1, (low - earlier) * count // (later - earlier))
    for nth in range(first, count + 1):
        at = earlier + (later - earlier) * nth // count
        if low <= at < high:
            yield at


def _there(track: Track, site: Site, at: int, later: int | None) -> bool:
    """Whether a scheduled scrape in a hole counts as missed."""
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
        to = slot_number(rule, at)
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
