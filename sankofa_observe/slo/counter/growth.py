"""What a source was seen to count: growth, births, restarts, contradictions and ways back, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sankofa_observe.slo.counter.parcel import BIRTH, CONTRADICTION, GAP, GROWTH, NO_GOOD, RESTART, RETURN, Parcel
from sankofa_observe.slo.counter.track import Step, Track, slot_number


@dataclass(slots=True)
class _Fall:
    """A fall that a later rise may make good: the counters were only away."""

    since_ms: int  # what shows only after a rise may have happened from here on
    until_ms: int
    restart: bool  # it was taken for one
    level: int  # of valid, before it
    shown: tuple[int, ...]  # of each valid counter, before it
    fell_ms: int
    returned: bool = False  # a rise has made it good, so its counters were only away

    def is_made_good(self, step: Step, backs: Sequence[_Back], *, steep: bool) -> bool:
        """Whether a rise may be the way back, of all counters or of one.

        After a restart only one that is steep as well as past the old level, or a counter that was gone and is back past it.
        """
        past = bool(backs) or step.before_valid < self.level <= step.shown_valid
        return any(one.was_gone for one in backs) or ((steep and past) if self.restart else (steep or past))


@dataclass(frozen=True, slots=True)
class _Back:
    """A valid counter that shows again what it showed before a fall."""

    above: int  # and so much more
    was_gone: bool  # it had no sample before
    is_new: bool = False  # nor before the fall: it may have been born at any time since


@dataclass(slots=True)
class _Memory:
    """What earlier steps of a source mean for later ones."""

    falls: list[_Fall] = field(default_factory=list)
    no_good_until: int = -1  # good fell alone, and has not grown again


def grown(track: Track) -> Iterator[Parcel]:
    memory = _Memory()
    for step in track.steps:
        found = list(_judged(track, step, memory))
        if step.to_ms not in track.source.doubts:
            yield from found


def _judged(track: Track, step: Step, memory: _Memory) -> Iterator[Parcel]:
    """The parcels of one step; `memory` carries what it means for the next."""
    memory.falls = [one for one in memory.falls if step.to_ms <= one.until_ms]
    top = None if _plain(step, memory, track) else track.top_of(step)
    if step.to_ms in track.unsettled and not step.fell:
        yield from _spread(track, step, CONTRADICTION, track.top_of(step))
    elif step.fell or _began_anew(track, step):
        yield from _fallen(track, step, memory, top)
    elif (back := _way_back(track, step, memory)) is not None:
        yield back
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
        and not memory.falls
        and (track.source.one_metric or step.has_good)
    )


def _way_back(track: Track, step: Step, memory: _Memory) -> Parcel | None:
    """A rise that may be the way back of counters that were only away: what it hides may have happened since they fell."""
    grown = step.valid + step.born_valid
    if not memory.falls or grown == 0:
        return None
    # The slot of the fall follows from it as well, so it leans on nothing that the slot does not lean on.
    top = track.top(step.from_ms, step.to_ms, before_ms=min(one.until_ms for one in memory.falls))
    most = None if top is None else top * step.scrapes
    steep = most is None or grown > most
    backs = [(one, _backs(track, step, one)) for one in memory.falls]
    made_good = [(one, found) for one, found in backs if one.is_made_good(step, found, steep=steep)]
    if not made_good:
        return None
    levels = [one.level for one, _ in made_good if one.level <= step.shown_valid]
    above = max(
        step.shown_valid - max(levels) if levels else 0,
        *(sum(each.above for each in found) for _, found in made_good),
    )
    since = min(
        slot_number(track.rule, one.fell_ms if any(each.is_new for each in found) else one.since_ms)
        for one, found in made_good
    )
    for one, _ in made_good:
        one.returned = True
        if _is_back(track, step, one):
            one.since_ms = step.to_ms
    return _hidden(track, step, RETURN, top, None if most is None else max(most, above), since)


def _backs(track: Track, step: Step, fall: _Fall) -> list[_Back]:
    """The valid counters that this step brings back to what they showed before a fall.

    One that is new may have been away with the others, unless these were seen to begin anew without it.
    """
    found, all_away = [], not any(step.from_ms in one for one in track.source.valid)
    for one, least in zip(track.source.valid, fall.shown, strict=True):
        before, after = one.get(step.from_ms), one.get(step.to_ms, 0)
        if least and (before or 0) < least <= after:
            found.append(_Back(after - least, before is None))
        elif not least and before is None and after and (fall.returned or not fall.restart or all_away):
            found.append(_Back(after, was_gone=True, is_new=True))
    return found


def _is_back(track: Track, step: Step, fall: _Fall) -> bool:
    """Whether each counter shows again what it showed before it fell."""
    return all(one.get(step.to_ms, 0) >= least for one, least in zip(track.source.valid, fall.shown, strict=True))


def _lacks_good(track: Track, step: Step) -> bool:
    return not track.source.one_metric and not step.has_good and step.valid + step.born_valid > 0


def _fallen(track: Track, step: Step, memory: _Memory, top: int | None) -> Iterator[Parcel]:
    until = step.to_ms + track.gap_ms
    most = None if top is None else top * step.scrapes
    restarted = _restarted(track, step, most)
    if restarted or step.valid_fell:
        shown = tuple(one.get(step.from_ms, 0) for one in track.source.valid)
        memory.falls.append(
            _Fall(
                since_ms=step.to_ms,
                fell_ms=step.to_ms,
                until_ms=until,
                restart=restarted,
                level=step.before_valid,
                shown=shown,
            )
        )
    if restarted:
        memory.no_good_until = -1
        yield from _restart(track, step, top)
    elif step.valid_fell:
        yield from _spread(track, step, CONTRADICTION, top)
    else:
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
    slots = track.slots_of(step)
    yield _parcel(track, step, RESTART, good=good, bad=shown - good, first=slots[0], top=top)
    for nth, slot in enumerate(slots):
        last = nth == len(slots) - 1
        hidden = 0 if top is None else max(0, top - shown if last else top)
        blind = track.rule.scrape_seconds if top is None else 0
        if hidden or blind:
            yield _parcel(track, step, RESTART, hidden=hidden, blind=blind, first=slot, to=slot, top=top)


def _spread(track: Track, step: Step, kind: str, top: int | None) -> Iterator[Parcel]:
    """Each scheduled scrape of the step hides what one may hold at most."""
    for slot in track.slots_of(step):
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
    first = track.slots_of(step)[0]
    if good or valid:
        yield _parcel(track, step, kind, good=good, bad=valid - good, first=first)
    if step.scrapes > 1 and most is not None and step.shown_valid <= most and most > valid and step.before_valid:
        # The value after the gap could be that of a fresh process: then what is shown is only its own.
        yield _parcel(track, step, GAP, hidden=most - valid, first=first, top=top)


def _hidden(
    track: Track, step: Step, kind: str, top: int | None, hidden: int | None, since: int | None = None
) -> Parcel:
    first = track.slots_of(step)[0]
    first = first if since is None else min(first, since)
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
        to=slot_number(track.rule, step.to_ms) if to is None else to,
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
