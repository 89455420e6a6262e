"""Words and numbers that this format does not have: to count by them would be to guess, so they end the check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sankofa_observe.verify.evidence_2.form import COUNTS, DAY_SECONDS, EDGES, Row, Rules, listed, number
from sankofa_observe.verify.findings import CannotCheck, Check

_WORDS = {
    "counted": ("states", "events", "parts"),
    "budgeting": ("Timeslices", "Occurrences"),
    "no_traffic": ("good", "excluded"),
}
_SIGNED = {"bad", "over_bad", "after_bad"}  # under 0 where a good event is counted later than its valid one
_ONLY_OF_EVENTS = {"over_good", "over_bad", "over_hidden", "settling", *EDGES}


def refuse_unknown(file: dict[str, Any], rows: list[Row]) -> None:
    rules = file["slo"]
    for name, words in _WORDS.items():
        if rules[name] not in words:
            raise CannotCheck(f"slo.{name} is {rules[name]!r}, expected one of {', '.join(words)}")
    if rules["slot_seconds"] > DAY_SECONDS:  # before its cells are counted: it may be as long as a forger likes
        raise CannotCheck(f"slo.slot_seconds is {rules['slot_seconds']}, expected a day at most")
    if rules["counts_bad"] > 1 or (rules["counts_bad"] and rules["settles_seconds"]):
        raise CannotCheck("slo.counts_bad is 0, or 1 without settles_seconds")
    if rules["counted"] != "events" and (
        rules["budgeting"] == "Occurrences" or rules["counts_bad"] or rules["settles_seconds"]
    ):
        raise CannotCheck("only events are counted one by one, by their bad ones, or settle")
    if rules["counted"] == "events" and rules["combine"]:
        raise CannotCheck("events are not combined: they are added up")
    for row in rows:
        if row[0] < 0:
            raise CannotCheck(f"{listed(row)} begins before 1970")
        _refuse_counts(rules, COUNTS, row[1:-1])
    _refuse_counts(rules, EDGES, [number(one) for one in file["edges"]])


def _refuse_counts(rules: Rules, names: tuple[str, ...], values: list[int]) -> None:
    counts = dict(zip(names, values, strict=True))
    signed = _SIGNED if rules["settles_seconds"] else set()
    if min(values) < 0 and any(count < 0 for name, count in counts.items() if name not in signed):
        raise CannotCheck(f"{listed(values)} are no counts of {', '.join(names)}: one is under 0")
    if not rules["settles_seconds"] and any(counts.get(name) for name in ("settling", "settled")):
        raise CannotCheck("nothing settles where slo.settles_seconds is 0")
    if rules["counted"] != "events" and any(counts[name] for name in _ONLY_OF_EVENTS if name in counts):
        raise CannotCheck(f"{listed(values)} are counts of events, and slo.counted is {rules['counted']}")


def scrapes_of_a_slot(rules: Rules) -> Check:
    scrapes = rules["slot_seconds"] // rules["scrape_seconds"]
    return Check(what="scrapes of a slot", claimed=str(rules["slot_expected"]), found=str(scrapes))


def starts_of(file: dict[str, Any]) -> range:
    """The slots that lie wholly inside the period."""
    start, end = file["period"]
    step = file["slo"]["slot_seconds"]
    first = -(-start // step) * step
    return range(first, end - step + 1, step)


def completeness(file: dict[str, Any], rows: list[Row]) -> Iterator[Check]:
    """One row a slot of the period; counted before any list is made: a period may be as long as a forger likes."""
    starts = starts_of(file)
    if len(starts) != len(rows):
        yield Check(what="slots are complete", claimed=f"{len(rows)} slots", found=f"{len(starts)} slots")
        return
    strays = next((f"{row[0]} at {n}" for n, row in enumerate(rows) if row[0] != starts[n]), "none")
    yield Check(what="slots are complete", claimed="none", found=strays)
