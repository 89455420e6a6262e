"""Parcels: events of one source between two of its scrapes. Whether each claims what its counters bear out, and all fit each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.form import Rules, number

# Kinds of parcels of one scrape, by how they begin.
DOUBTS = (
    "the selector meets several buckets: le ",
    "series differ only by ",
    "several targets have one job and instance",
)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Events of one source between two of its scrapes, and what its counters showed at both, added up."""

    source: str
    kind: str
    first: int
    to: int
    good: int
    bad: int
    hidden: int
    blind: int
    from_ms: int
    to_ms: int
    good_before: int
    valid_before: int
    good_after: int
    valid_after: int
    top: int

    @property
    def good_grown(self) -> int:
        return self.good_after - self.good_before

    @property
    def valid_grown(self) -> int:
        return self.valid_after - self.valid_before

    @property
    def valid(self) -> int:
        return self.good + self.bad

    @property
    def is_step(self) -> bool:
        """Whether it lies between two scrapes; others are of a slot, or of one scrape."""
        return self.kind != "not seen" and self.from_ms < self.to_ms


_NUMBERS = list(Parcel.__dataclass_fields__)[2:]


def parcel_of(values: list[Any]) -> Parcel:
    source, kind, *numbers = values
    named = dict(zip(_NUMBERS, map(number, numbers), strict=True))
    return Parcel(source=source, kind=kind, **named)


def fault_of(rules: Rules, number: int, parcels: list[Parcel]) -> str:
    """What is wrong with the parcels of a slot, or nothing; each is looked at once, however many a forger writes."""
    falls = _falls(parcels)
    for one in parcels:
        if not one.first <= number <= one.to:
            return f"a parcel of {one.source} from {one.from_ms} that is not of this slot"
        early = one.kind == "return" and number == one.first < _first_slot(rules, one)
        fell = not early or falls.get((one.source, one.first), one.from_ms + 1) <= one.from_ms
        if not _sound(rules, one) or not fell:
            return f"a parcel of {one.source} from {one.from_ms} that its counters do not bear out: {one.kind}"
    groups: dict[tuple[str, int, int, bool], list[Parcel]] = {}
    for one in parcels:
        groups.setdefault((one.source, one.from_ms, one.to_ms, one.is_step), []).append(one)
    for (source, from_ms, _, is_step), group in groups.items():
        if not (_whole_step(rules, number, group) if is_step else len(group) == len({one.kind for one in group})):
            return f"parcels of {source} from {from_ms} that do not fit each other"
    in_order = sorted(
        (group[0] for group in groups.values() if group[0].is_step), key=lambda one: (one.source, one.from_ms)
    )
    for one, later in pairwise(in_order):
        if one.source == later.source and not _follows(one, later):
            return f"parcels of {one.source} from {one.from_ms} and {later.from_ms} that do not follow each other"
    return ""


def _first_slot(rules: Rules, one: Parcel) -> int:
    """The slot of the first scheduled scrape of a step."""
    slot_ms: int = rules["slot_seconds"] * 1000
    return (one.from_ms + (one.to_ms - one.from_ms) // _scrapes(rules, one)) // slot_ms


def _falls(parcels: list[Parcel]) -> dict[tuple[str, int], int]:
    """What a source may return from: by source and slot, when the first fall ended, or what may be one."""
    found: dict[tuple[str, int], int] = {}
    for one in parcels:
        if one.kind in {"contradiction", "restart", "return"} or one.kind.startswith(DOUBTS):
            place = (one.source, one.to)
            found[place] = min(one.to_ms, found.get(place, one.to_ms))
    return found


def _follows(one: Parcel, later: Parcel) -> bool:
    """Two steps of one source never overlap; where they meet, their counters are the same."""
    shown = (one.good_after, one.valid_after) == (later.good_before, later.valid_before)
    return one.to_ms < later.from_ms or (one.to_ms == later.from_ms and shown)


def _scrapes(rules: Rules, one: Parcel) -> int:
    """How many scheduled scrapes a step spans: its length in scrapes, to the nearest, up at a half, and at least one."""
    unit: int = rules["scrape_seconds"] * 1000
    return max(1, (2 * (one.to_ms - one.from_ms) + unit) // (2 * unit))


def _scrapes_before(rules: Rules, one: Parcel, edge_ms: int) -> int:
    """How many of a step's scheduled scrapes lie before an instant; the nth is at `from + length * n // count`."""
    length, count = one.to_ms - one.from_ms, _scrapes(rules, one)
    return min(count, max(0, -(-(edge_ms - one.from_ms) * count // length) - 1))


def _sound(rules: Rules, one: Parcel) -> bool:
    """Whether a parcel claims what its kind may claim, and no more than its counters show."""
    shown = (one.good_before, one.valid_before, one.good_after, one.valid_after)
    if min(one.hidden, one.blind, one.top + 1, one.from_ms, *shown) < 0 or one.top == 0:
        return False
    slot_ms, scrape = rules["slot_seconds"] * 1000, rules["scrape_seconds"]
    if one.kind == "not seen":
        of_slot = one.first == one.to and (one.from_ms, one.to_ms) == (one.to * slot_ms, one.to * slot_ms + slot_ms)
        hides = one.hidden > 0 == one.hidden % one.top + one.blind if one.top > 0 else one.blind > 0 == one.hidden
        return of_slot and hides and one.good == one.bad == max(shown) == one.blind % scrape == 0
    if one.is_step:
        return _sound_step(rules, one)
    if one.from_ms != one.to_ms or one.to != one.to_ms // slot_ms:
        return False
    if one.kind == "new source":
        part = one.bad if rules["counts_bad"] else one.good
        fits = 0 < one.valid_after <= one.top
        says = (part, one.valid, one.hidden) == (
            (one.good_after, one.valid_after, 0) if fits else (0, 0, one.valid_after)
        )
        first = shown[:2] == (0, 0) and one.good_after <= one.valid_after > 0 and one.first == one.to - 1
        return says and first and one.blind == 0 and min(one.good, one.bad) >= 0
    doubt = one.first == one.to and one.blind == scrape and one.top == -1 and one.kind.startswith(DOUBTS)
    return doubt and one.good == one.bad == one.hidden == max(shown) == 0


def _sound_step(rules: Rules, one: Parcel) -> bool:
    """The same of a parcel between two scrapes."""
    count, slot_ms = _scrapes(rules, one), rules["slot_seconds"] * 1000
    most, grown = one.top * count, max(one.good_grown, one.valid_grown)
    part = one.bad if rules["counts_bad"] else one.good
    ends = one.to == one.to_ms // slot_ms
    spans = ends and one.first == _first_slot(rules, one)
    counts, hides = one.hidden == one.blind == 0, one.good == one.bad == one.blind == 0
    exact = counts and (part, one.valid) == (one.good_grown, one.valid_grown)
    early = rules["settles_seconds"] > 0  # good may be counted later than valid, so more of it here
    rising = exact and one.top < 0 <= min(one.good_grown, one.valid_grown) and (early or part <= one.valid)
    fresh = hides and one.valid_before > 0 and one.valid_after <= most and 0 < one.hidden <= most
    some = (
        counts
        and one.top < 0 <= part <= one.good_grown
        and 0 <= one.valid <= one.valid_grown
        and (early or part <= one.valid)
    )
    bound = hides and one.top > 0 and most <= one.hidden <= max(most, one.valid_after)
    unbound = one.good == one.bad == one.hidden == 0 > one.top and one.blind == count * rules["scrape_seconds"]
    own = counts and (part, one.valid) == (min(one.good_after, one.valid_after), one.valid_after)
    claims = {
        "growth": spans and count == 1 and rising,
        "gap": spans and count > 1 and (rising or (fresh and one.hidden >= most - one.valid_grown)),
        "birth": spans and not 0 < grown <= most and (some or (hides and 0 < one.hidden <= grown)),
        "return": one.valid_grown > 0
        and ((ends and one.first <= _first_slot(rules, one) and bound) or (spans and unbound)),
        "no good series": spans and hides and one.hidden == one.valid_grown,
        "contradiction": _spread(rules, one) or (spans and hides and _contradicts(rules, one)),
        "restart": _spread(rules, one) or (spans and own),
    }
    return claims.get(one.kind, False)


def _contradicts(rules: Rules, one: Parcel) -> bool:
    """Good fell alone, and hides the valid events; or good grew by more than valid, and hides itself."""
    more = one.good_grown > 0 and not rules["settles_seconds"]
    return one.hidden == one.valid_grown or (more and 0 < one.hidden <= one.good_grown)


def _spread(rules: Rules, one: Parcel) -> bool:
    """Whether a parcel is one scheduled scrape of a step that counts nothing, and hides what one may hold at most."""
    if one.first != one.to or one.good or one.bad:
        return False
    if one.top < 0:
        return one.hidden == 0 and one.blind == rules["scrape_seconds"]
    last = one.kind == "restart" and one.to == one.to_ms // (rules["slot_seconds"] * 1000)
    return one.blind == 0 and (one.hidden == one.top or (last and one.hidden == one.top - one.valid_after))


def _whole_step(rules: Rules, number: int, step: list[Parcel]) -> bool:
    """Whether the parcels of one step tell one story, count nothing twice and leave nothing out in this slot."""
    one, kinds, slot_ms = step[0], {each.kind for each in step}, rules["slot_seconds"] * 1000
    shown = {(each.good_before, each.valid_before, each.good_after, each.valid_after) for each in step}
    tops = {each.top for each in step if each.hidden or each.blind or each.kind == "restart"}
    if len(shown) > 1 or len(tops) > 1 or (len(kinds) > 1 and not kinds <= {"birth", "gap", "contradiction"}):
        return False
    here = _scrapes_before(rules, one, (number + 1) * slot_ms) - _scrapes_before(rules, one, number * slot_ms)
    if kinds == {"restart"}:
        own = [each for each in step if each.first == one.first and not _spread(rules, each)]
        lost = here * one.top - (min(one.top, one.valid_after) if one.to_ms // slot_ms == number else 0)
        wanted = (lost, 0) if one.top > 0 else (0, here * rules["scrape_seconds"])
        return len(own) == 1 and wanted == (sum(each.hidden for each in step), sum(each.blind for each in step))
    if kinds == {"contradiction"} and all(_spread(rules, each) for each in step) and len(step) == here:
        return True
    once = len(step) == len({(each.kind, each.hidden > 0) for each in step})
    alone = sum(each.hidden == 0 for each in step) <= 1
    shows = sum(each.valid + each.hidden for each in step)
    return once and alone and (kinds == {"return"} or shows >= one.valid_grown)
