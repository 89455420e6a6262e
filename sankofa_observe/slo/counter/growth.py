"""What a source was seen to count: growth, births, restarts, contradictions and ways back, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sankofa_observe.slo.counter.parcel import BIRTH, CONTRADICTION, GAP, GROWTH, NO_GOOD, RESTART, RETURN, Parcel
from sankofa_observe.slo.counter.track import Step, Track, slot_number


@dataclass(slots=True)
class _Memory:
    """What earlier steps of a source mean for later ones."""

    doubt_until: int = -1  # after a contradiction: rises are looked at until then
    doubt_level: int = 0
    restart_until: int = -1
    restart_level: int = 0
    no_good_until: int = -1  # good fell alone, and has not grown again


def grown(track: Track) -> Iterator[Parcel]:
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


def _slots_of(track: Track, step: Step) -> list[int]:
    """The slot of each scheduled scrape that the step spans; the last one is that of its end."""
    length, count = step.to_ms - step.from_ms, step.scrapes
    return [slot_number(track.rule, step.from_ms + length * nth // count) for nth in range(1, count + 1)]
