"""Words and numbers that this format does not have: to count by them would be to guess, so they end the check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.form import (
    COUNTS,
    DAY_SECONDS,
    EDGES,
    NAME_FORM,
    PROOF,
    Row,
    Rules,
    check_shape,
    listed,
    number,
)
from sankofa_observe.verify.findings import CannotCheck, Check

_WORDS = {
    "counted": ("states", "events", "parts", "outages", "members"),
    "budgeting": ("Timeslices", "Occurrences"),
    "no_traffic": ("good", "excluded"),
}
_PPM, _WEIGHT = "(?:1000000|[1-9][0-9]{0,5})", "[1-9][0-9]{0,15}"
_ROLE = f"(?:{NAME_FORM})?=[1-9][0-9]{{0,3}}"
_COMBINE = {
    "states": re.compile("all|any|atLeast [1-9][0-9]{0,15}"),
    "events": re.compile(""),
    "parts": re.compile(f"{_PPM} {NAME_FORM}={_WEIGHT}(?:,{NAME_FORM}={_WEIGHT})*"),
    "outages": re.compile(f"[1-9][0-9]{{0,7}} {NAME_FORM}"),
    "members": re.compile(f"(?:{_ROLE}(?:,{_ROLE})*)?"),
}
MOST_EXPONENT = 18  # digits after the point: no currency has more than 4
_SIGNED = {"bad", "over_bad", "after_bad"}  # under 0 where a good event is counted later than its valid one
_ONLY_OF_EVENTS = {"over_good", "over_bad", "over_hidden", "settling", *EDGES}


def refuse_unknown(file: dict[str, Any], rows: list[Row], proofs: list[Any]) -> None:
    rules = file["slo"]
    for name, words in _WORDS.items():
        if rules[name] not in words:
            raise CannotCheck(f"slo.{name} is {rules[name]!r}, expected one of {', '.join(words)}")
    if rules["slot_seconds"] > DAY_SECONDS:  # before its cells are counted: it may be as long as a forger likes
        raise CannotCheck(f"slo.slot_seconds is {rules['slot_seconds']}, expected a day at most")
    if not starts_of(file):  # nothing would be proved, and all of it would hold
        raise CannotCheck(
            f"period is {listed(file['period'])}, expected its start before its end, and a slot between them"
        )
    if rules["counts_bad"] > 1 or (rules["counts_bad"] and rules["settles_seconds"]):
        raise CannotCheck("slo.counts_bad is 0, or 1 without settles_seconds")
    if rules["counted"] != "events" and (
        rules["budgeting"] == "Occurrences" or rules["counts_bad"] or rules["settles_seconds"]
    ):
        raise CannotCheck("only events are counted one by one, by their bad ones, or settle")
    _refuse_texts(rules)
    for proof in proofs:
        check_shape(proof, PROOF[rules["counted"]], f"a proof of {rules['counted']}")
    _refuse_rows(file, rows)


def _refuse_rows(file: dict[str, Any], rows: list[Row]) -> None:
    for row in rows:
        if row[0] < 0:
            raise CannotCheck(f"{listed(row)} begins before 1970")
        _refuse_counts(file["slo"], COUNTS, row[1:-1])
    for edges in file["edges"]:
        _refuse_counts(file["slo"], EDGES, [number(one) for one in edges])


def _refuse_texts(rules: Rules) -> None:
    """What is said in words has one form: another would be another identity of the same slots."""
    counted, combine = rules["counted"], rules["combine"]
    if not _COMBINE[counted].fullmatch(combine):
        raise CannotCheck(f"slo.combine is {combine[:80]!r}, which says nothing of {counted}")
    listed_there = {"parts": combine.partition(" ")[2], "members": combine}.get(counted, "")
    names = [one.partition("=")[0] for one in listed_there.split(",")] if listed_there else []
    if any(one >= later for one, later in pairwise(names)):
        raise CannotCheck("slo.combine names something twice, or not in order")


def refuse_exponent(exponent: int) -> None:
    if exponent > MOST_EXPONENT:
        raise CannotCheck(f"agreement.exponent is {exponent}, expected {MOST_EXPONENT} at most")


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


def starts_in(file: dict[str, Any], day: int) -> range:
    """Those of them that begin in a UTC day."""
    starts = starts_of(file)
    first = max(starts.start, -(-day * DAY_SECONDS // starts.step) * starts.step)
    return range(first, min(starts.stop, (day + 1) * DAY_SECONDS), starts.step)


def days_of(file: dict[str, Any]) -> range:
    """The UTC days that have slots of the period: a slot is a day at most, so there is none between them without."""
    starts = starts_of(file)
    return range(starts[0] // DAY_SECONDS, starts[-1] // DAY_SECONDS + 1) if starts else range(0)


def completeness(file: dict[str, Any], rows: list[Row], observers: int) -> Iterator[Check]:
    """One row a slot of the period and observer; counted before any list is made: a period may be as long as a forger likes."""
    starts = starts_of(file)
    if observers * len(starts) != len(rows):
        yield Check(what="slots are complete", claimed=f"{len(rows)} slots", found=f"{observers * len(starts)} slots")
        return
    strays = next((f"{row[0]} at {n}" for n, row in enumerate(rows) if row[0] != starts[n % len(starts)]), "none")
    yield Check(what="slots are complete", claimed="none", found=strays)
