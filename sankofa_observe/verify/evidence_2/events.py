"""A slot of events from the parcels that may belong to it; what they claim must be what their counters show."""

from __future__ import annotations

from sankofa_observe.verify.evidence_2.form import COUNTS, Row, Rules, below, listed, row_with
from sankofa_observe.verify.evidence_2.parcels import DOUBTS, Parcel, fault_of


def scraped(rules: Rules, counts: dict[str, int], sources: int) -> bool:
    """Whether the scrapes of so many sources, or more, are expected, and no more were seen."""
    number, rest = divmod(counts["expected"], rules["slot_expected"])
    return rest == 0 and number >= max(1, sources) and counts["seen"] <= counts["expected"]


def by_parcels(rules: Rules, row: Row, parcels: list[Parcel], settled: int) -> str:
    start, counts = row[0], dict(zip(COUNTS, row[1:-1], strict=True))
    number = start // rules["slot_seconds"]
    fault = fault_of(rules, number, parcels)
    if fault:
        return fault
    here = [one for one in parcels if one.to == number]
    over = [one for one in parcels if one.first < number]
    found = {name: sum(getattr(one, name) for one in here) for name in ("good", "bad", "hidden", "blind")}
    found |= {f"over_{name}": sum(getattr(one, name) for one in over) for name in ("good", "bad", "hidden")}
    found |= {"settling": _settling(rules, number, parcels, counts["settling"])}
    found |= {"expected": counts["expected"], "seen": counts["seen"]}
    if counts["blind"] == rules["slot_seconds"] and not _counted_something(rules, start, parcels):
        found["blind"] = max(found["blind"], counts["blind"])  # the selector met no series: that is claimed
    if not scraped(rules, counts, len({one.source for one in parcels})):
        return "scrapes of fewer sources than there are, or more seen than expected"
    return listed(row_with(start, found, _state_of_events(rules, number, parcels, found, settled)))


def _settling(rules: Rules, number: int, parcels: list[Parcel], claimed: int) -> int:
    """Valid events at the end of a slot whose good may be counted after it; of a scrape in doubt there may be more."""
    since_ms = ((number + 1) * rules["slot_seconds"] - rules["settles_seconds"] - rules["scrape_seconds"]) * 1000
    late = {
        (one.source, one.from_ms): one.valid_grown
        for one in parcels
        if one.is_step and one.to == number and one.to_ms > since_ms and one.kind not in {"restart", "contradiction"}
    }
    found = sum(late.values()) if rules["settles_seconds"] else 0
    return max(found, claimed) if any(one.kind.startswith(DOUBTS) for one in parcels) else found


def _counted_something(rules: Rules, start: int, parcels: list[Parcel]) -> bool:
    """Whether a parcel shows a valid count at or before the end of the slot: then the selector met a series."""
    end_ms = (start + rules["slot_seconds"]) * 1000
    return any(one.valid_before or (one.valid_after and one.to_ms < end_ms) for one in parcels)


def _state_of_events(rules: Rules, number: int, parcels: list[Parcel], found: dict[str, int], settled: int) -> str:
    """What every placement of floating and hidden events makes of a slot, or UNKNOWN."""
    sure = [one for one in parcels if one.first == one.to == number]
    floats = [one for one in parcels if one.first < one.to]
    good, bad = sum(one.good for one in sure), sum(one.bad for one in sure)
    may_good, may_bad = sum(one.good for one in floats), sum(max(one.bad, 0) for one in floats)
    hidden = sum(one.hidden for one in parcels)
    if found["blind"]:
        return "UNKNOWN"
    if good + bad + may_good + may_bad + hidden == 0 and not settled:
        return "NO_TRAFFIC"
    if good + bad <= 0 or bad < 0:
        return "UNKNOWN"
    late, early = min(bad, found["settling"]), min(good, settled)
    if below(good + late + may_good + hidden, good + bad + may_good + hidden, rules["slot_target_ppm"]):
        return "BAD"
    return "UNKNOWN" if below(good - early, good + bad + may_bad + hidden, rules["slot_target_ppm"]) else "GOOD"
