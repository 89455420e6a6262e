"""The slots of one site: what the parcels of all its sources make of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sankofa_observe.slo.counter.growth import grown
from sankofa_observe.slo.counter.parcel import GROWTH, NOT_SEEN, Parcel
from sankofa_observe.slo.counter.track import Site, Track, slot_number
from sankofa_observe.slo.counter.unseen import doubtful, unseen
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.slo.source import Source
from sankofa_observe.units import Period, ratio_below


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


def parcels(track: Track, site: Site, period: Period) -> Iterator[Parcel]:
    """Everything of one source that may belong to the period or stand at its edges."""
    yield from grown(track)
    yield from unseen(track, site, period)
    yield from doubtful(track)


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
        slot = slot_number(rule, step.to_ms)
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
    known = [track for track in site.tracks if site.shows(track, start_ms, end_ms)]
    scraped = {track.source.name: times for track in known if (times := track.seen_within(start_ms, end_ms))}
    told = {parcel.source for parcel in one.parcels} | scraped.keys()
    told |= {track.source.name for track in site.tracks if track.source.listed}
    expected = rule.expected * max(1, len(told))
    blind, reasons = one.blind, list(one.reasons)
    if not scraped and not any(track.spans(start_ms) for track in known):
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
        proof=() if state is SlotState.GOOD else tuple(parcel.row() for parcel in _named(one.parcels, site, scraped)),
    )


def _named(found: Sequence[Parcel], site: Site, scraped: Mapping[str, int]) -> Sequence[Parcel]:
    """A listed source of which a slot shows nothing goes by its instance: who read less did not learn its job."""
    shown = {parcel.source for parcel in found if parcel.kind != NOT_SEEN} | scraped.keys()
    absent = {
        track.source.name: f"/{track.source.instance}"
        for track in site.tracks
        if track.source.listed and track.source.name not in shown
    }
    named = [replace(parcel, source=absent[parcel.source]) for parcel in found if parcel.source in absent]
    rest = [parcel for parcel in found if parcel.source not in absent]
    return [*sorted(named, key=lambda parcel: parcel.source), *rest]  # in the order of job and instance


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
