"""docs/reference/evidence.md is enough to write a verifier: `tests/unit/referee.py` was written from it, with nothing of ours.

It follows what the engine wrote, for all states a slot can have and all kinds of parcels. Only the documents come from the engine.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.sla.evidence import EdgeCounts, attested_row, parse, written
from sankofa_observe.sla.evidence.form import edges_json
from sankofa_observe.sla.evidence.slot import slot_proof
from sankofa_observe.slo.composite import compose
from sankofa_observe.slo.counter import count_events
from sankofa_observe.slo.counter.parcel import Parcel
from sankofa_observe.slo.indicator import CompositeIndicator, RatioIndicator, StateIndicator, Together
from sankofa_observe.slo.objective import Budgeting, NoTraffic
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.source import DOUBTS, Source
from sankofa_observe.slo.totals import row_text
from sankofa_observe.verify.evidence_2 import parcels
from tests.builders import START, agreement, breach, slo
from tests.unit import referee
from tests.unit.documents import PERIOD, Document, document, gauge, key, of_events, of_states, source

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/evidence.md").read_text(encoding="utf-8")
EVENTS = RatioIndicator(good="good_total", valid="valid_total")
TIMES = range(-600, 630, 15)


def test_referee_is_written_from_the_page_and_from_nothing_else() -> None:
    """It imports nothing of the engine, nor of the first verifier."""
    module = ast.parse(Path(referee.__file__).read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(module)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert {name.partition(".")[0] for name in imported} <= {
        "__future__", "collections", "eth_hash", "hashlib", "itertools", "json", "re", "rfc8785", "types", "typing", "urllib",
    }  # fmt: skip


# -------------------------------------------------------------------------------------------------------- what it follows


def growing(name: str, shown: Callable[[int], tuple[int, int] | None], **changes: Any) -> Source:
    """A source that shows two counters at each scrape, by the seconds since the period's start; None where it was not scraped."""
    rows = [(at, found) for at in TIMES if (found := shown(at)) is not None]
    return replace(source([(at, *counts) for at, counts in rows], f"job/{name}"), **changes)


def steady(at: int) -> tuple[int, int]:
    """10 events a scrape; 5 of each are errors in the second slot."""
    scrapes = (at + 3600) // 15
    errors = 5 * min(4, max(0, (at - 45) // 15))
    return 10 * scrapes - errors, 10 * scrapes


def restarting(at: int) -> tuple[int, int]:
    return steady(at) if at < 200 else ((at - 195) // 15 * 10, (at - 195) // 15 * 10)


def dipping(at: int) -> tuple[int, int]:
    good, valid = steady(at)
    return (good - 700, valid - 700) if at == 300 else (good, valid)


def away(at: int) -> tuple[int, int]:
    """Less for some minutes, without growth."""
    good, valid = steady(185)
    return (good - 700, valid - 700) if 185 <= at < 330 else steady(at)


def lost(at: int) -> tuple[int, int] | None:
    return None if at in {90, 105, 120, 240} else steady(at)


def idle(at: int) -> tuple[int, int]:
    return steady(min(at, 300))


def born_later() -> Source:
    """A second valid counter stands from the fifth minute on, at a value that no scrape can have held."""
    one = growing("born", steady)
    return replace(one, valid=(*one.valid, {at: 10**6 for at in one.scraped if at >= (START + 240) * 1000}))


def without_good() -> Source:
    """The good counter goes in the sixth minute."""
    one = growing("no-good", steady)
    return replace(one, good=({at: n for at, n in one.good[0].items() if at < (START + 300) * 1000},))


def young() -> Source:
    """A pod that was scraped first in the fourth minute."""
    return growing("pod", lambda at: steady(at - 3400 + 15) if at >= 200 else None, listed=False, changing=True)


def doubtful() -> Source:
    at = (START + 420) * 1000
    return growing(
        "twice",
        steady,
        doubts={
            at: "series differ only by replica",
            at + 15_000: "the selector meets several buckets: le 1, 2",
            at + 30_000: "several targets have one job and instance",
        },
    )


STATES = {"up": (1, 1, 1, 1), "down": (1, 0, 0, 1), "silent": ()}


def states(*kinds: str) -> Document:
    samples = [(60 * n + 15 * i, up) for n, kind in enumerate(kinds) for i, up in enumerate(STATES[kind])]
    return of_states(slo(indicator=StateIndicator(up="up", known="known")), [gauge(samples)])


def composite() -> Document:
    """One part by events, one by states."""
    parts = {"slow": slo("slow", indicator=EVENTS), "down": slo("down")}
    whole = CompositeIndicator(together=Together.WEIGHTED, weights={"slow": 1, "down": 2}, share_ppm=500_000)
    one = slo("both", indicator=whole, parts=parts)
    stretch = with_neighbours(PERIOD, one)
    found = {
        "slow": count_events(key(parts["slow"]), stretch, [growing("a", restarting)]),
        "down": [
            Slot(slo="down", site="edge-1", starts_at=at, state=state)
            for at, state in zip(
                range(START, START + 600, 60), [SlotState.BAD, SlotState.UNKNOWN, *[SlotState.GOOD] * 8], strict=True
            )
        ],
    }
    return document(one, compose(key(one), stretch, found, whole))


def events(*sources: Source, **changes: Any) -> Document:
    return of_events(slo(indicator=EVENTS, **changes), sources)


SETTLING = replace(slo().slot, settles_seconds=20)
CASES = {
    "states": states("up", "down", "silent", "silent", "up", "down", *["up"] * 4),
    "composite": composite(),
    "events in slots": events(growing("a", idle), growing("b", idle), no_traffic=NoTraffic.EXCLUDED),
    "restart": events(growing("a", restarting), budgeting=Budgeting.OCCURRENCES),
    "dip": events(growing("a", dipping), budgeting=Budgeting.OCCURRENCES),
    "away": events(growing("a", away), budgeting=Budgeting.OCCURRENCES),
    "gap": events(growing("a", lost), budgeting=Budgeting.OCCURRENCES),
    "birth": events(born_later(), budgeting=Budgeting.OCCURRENCES),
    "no good": events(without_good(), budgeting=Budgeting.OCCURRENCES),
    "vanished": events(growing("a", lambda at: steady(at) if at < 400 else None), budgeting=Budgeting.OCCURRENCES),
    "new source": events(growing("a", steady), young(), budgeting=Budgeting.OCCURRENCES),
    "doubt": events(doubtful()),
    "settling": events(growing("a", lambda at: (steady(at - 15)[0], steady(at)[1])), slot=SETTLING, budgeting=Budgeting.OCCURRENCES),
    "bad counted": of_events(
        slo(indicator=replace(EVENTS, counts_bad=True), budgeting=Budgeting.OCCURRENCES),
        [growing("a", lambda at: (steady(at)[1] - steady(at)[0], steady(at)[1]))],
    ),
    "nothing asked": events(growing("a", lambda _: (50, 50)), budgeting=Budgeting.OCCURRENCES),
    "nothing measured": events(
        growing("a", lambda _: None), sources={"edge-1": ("a",)}, budgeting=Budgeting.OCCURRENCES
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_page_recomputes_what_the_engine_wrote(case: str) -> None:
    """Slots, attainment, verdict, credit, root and identity follow from the file by the page alone."""
    raw = referee.packed(CASES[case])
    identity, read = json.loads(raw)["identity"], parse(raw)
    attained = {name: int(count) for name, count in identity["attainment"].items()}
    high = attained["good"] + attained["unknown"]
    _, row = attested_row(read)

    assert referee.holds(raw)
    assert written(read) == raw
    root = bytes.fromhex(identity.pop("root")[2:])
    rest = hashlib.sha256(rfc8785.dumps(identity)).digest()
    assert (row.good, row.valid) == (high, high + attained["bad"])
    assert row.document_hash == "0x" + hashlib.sha256(b"\3" + root + rest).hexdigest()


def _parcels() -> Iterator[list[Any]]:
    for found in CASES.values():
        if found["slo"]["counted"] == "events":
            yield from (parcel for _, proof in found["proofs"] for parcel in proof)


def test_cases_have_every_state_every_verdict_and_every_kind() -> None:
    """The documents above hold each state a slot can have, each verdict, and each kind of parcel that the page has a rule for."""
    rows = [row for found in CASES.values() for row in found["slots"]]
    named = {
        kind
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for kind in re.findall(r"`([a-z: ]+)…?`", line.split("|")[1])
    }

    assert {row[-1] for row in rows} == {state.value for state in SlotState}
    assert {found["verdict"] for found in CASES.values()} == {"breach", "met", "undetermined"}
    kinds = {re.sub(r"(: le |only by ).*", r"\1", str(parcel[1])) for parcel in _parcels()}
    assert kinds <= named
    assert kinds == {
        "growth", "restart", "contradiction", "return", "birth", "new source", "no good series", "gap", "not seen",
        *DOUBTS,
    }  # fmt: skip
    assert set(parcels.DOUBTS) == set(referee.DOUBTS) == set(DOUBTS)


# ------------------------------------------------------------------------------------------------------- what it names


def _listed(first: str) -> list[str]:
    """The names of a list that the page writes in one piece of code, like `[settled, after_good, …]`."""
    [found] = {text for text in re.findall(r"`\[([a-z_, ]+)\]`", PAGE) if text.startswith(f"{first}, ")}
    return str(found).split(", ")


def test_page_names_the_columns_of_a_row_in_their_order() -> None:
    """Each figure of a slot stands in the row where the page says."""
    names = _listed("start")
    values: dict[str, Any] = {name: n for n, name in enumerate(names) if name not in {"start", "state"}}

    row = row_text(Slot(slo="a", site="b", starts_at=0, **values))

    assert row == ",".join([*map(str, range(len(names) - 1)), "UNKNOWN"])


def test_page_names_the_fields_of_a_parcel_in_their_order() -> None:
    """Each field of a parcel stands where the page says."""
    parcel = Parcel(
        source="source", kind="kind", first=2, to=3, good=4, bad=5, hidden=6, blind_seconds=7, from_ms=8, to_ms=9,
        before=(10, 11), after=(12, 13), top=14,
    )  # fmt: skip
    names = _listed("source")

    assert names[2:10] == ["first", "to", "good", "bad", "hidden", "blind", "from", "until"]
    assert names[10:] == ["good_before", "valid_before", "good_after", "valid_after", "top"]
    assert list(parcel.row()) == ["source", "kind", *range(2, 15)]


def test_page_names_the_edges_in_their_order() -> None:
    """What stands outside the period is read in the order of the page."""
    names = _listed("settled")

    assert edges_json(EdgeCounts(**{name: n for n, name in enumerate(names)})) == list(range(len(names)))


def test_page_names_every_field_of_a_document_and_no_other() -> None:
    """The table of fields is the document's: nothing is left to a reader's guess."""
    assert _table("## Fields") == set(_names(json.loads(referee.packed(CASES["states"]))))


def test_page_names_every_field_of_the_proof_of_a_slot_and_no_other() -> None:
    """The same of the file that is handed on about one slot."""
    made = breach(agreement()).document

    assert _table("## The proof of one slot") == set(json.loads(slot_proof(made, START)))


def _names(value: dict[str, Any], before: str = "") -> Iterator[str]:
    """The names of all fields, with points between; of objects in lists too."""
    for name, inner in value.items():
        some = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], dict) else inner
        if isinstance(some, dict):
            yield from _names(some, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _table(title: str) -> set[str]:
    """What the first table under a title names; `.name` goes on from the part before the last point of the name before it."""
    table = next(part for part in PAGE.split(title)[1].split("\n\n") if part.startswith("|"))
    named: list[str] = []
    for line in table.splitlines()[2:]:
        for text in re.findall(r"`([a-z_.]+)`", line.split("|")[1]):
            named.append(f"{named[-1].rpartition('.')[0]}{text}" if text.startswith(".") else text)
    return set(named)
