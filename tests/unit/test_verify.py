"""The verifier beside the engine: it agrees with every honest document and catches every change it can see offline."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from sankofa_observe.slo.objective import Budgeting, SlotRule
from sankofa_observe.slo.source import selected_of
from sankofa_observe.units import Period
from sankofa_observe.verify import CannotCheck, verify
from tests import builders
from tests.simulation import events as simulation
from tests.unit.books_double import BooksDouble
from tests.unit.documents import EVENTS, PERIOD, SITE, STATES, Document, documents, gauge, of_events, of_states, source
from tests.unit.referee import holds, packed


def mismatches(found: Document) -> list[str]:
    return [check.what for check in verify(packed(found)).checks if not check.holds]


@given(found=documents())
def test_every_document_of_the_engine_holds(found: Document) -> None:
    """Whatever was scraped and promised (restarts, gaps, silence, any rule and target), the verifiers find what the engine found."""
    assert mismatches(found) == []
    assert holds(packed(found))


@pytest.mark.parametrize("kind", simulation.CLASSES)
def test_every_world_of_the_simulation_makes_a_document_that_holds(kind: str) -> None:
    """Each class of faults that the counting is measured by ends in evidence that both verifiers follow."""
    world = simulation.world(kind, 0)
    listed = tuple(emitter.name for emitter in world.emitters if emitter.listed)
    rule = SlotRule(
        seconds=simulation.SLOT_MS // 1000,
        scrape_seconds=simulation.SCRAPE_MS // 1000,
        target_ppm=simulation.TARGET_PPM,
        longest_gap_seconds=simulation.LONGEST_GAP_MS // 1000,
        history_seconds=simulation.HISTORY_MS // 1000,
        settles_seconds=30 if world.settles else 0,
    )
    slo = builders.slo(indicator=EVENTS, slot=rule, budgeting=Budgeting.OCCURRENCES, sources={SITE: listed})
    sources = [
        one.source(rule.scrape_seconds)
        for one in selected_of(
            *world.seen(), listed=listed, changing=world.changing, one_metric=world.layout == "codes"
        )
    ]
    start = simulation.START_MS // 1000
    found = of_events(slo, sources, Period(starts_at=start, ends_at=start + simulation.PERIOD_MS // 1000))

    assert mismatches(found) == []
    assert holds(packed(found))


def honest() -> Document:
    """Ten slots: one bad, one unknown, eight good."""
    seen = [(at, int(at != 75)) for at in range(-15, 630, 15) if not 120 <= at < 180]
    return of_states(builders.slo(indicator=STATES, sources={SITE: ("pve",)}), [gauge(seen)])


def honest_events() -> Document:
    """Ten slots of a hundred events a scrape: two with errors and a lost scrape between them, one with a restart, seven good."""
    rows, good, valid = [], 0, 0
    for at in range(-3600, 630, 15):
        good, valid = (0, 0) if at == 420 else (good + 100 - 90 * (60 <= at < 180), valid + 100)
        if at != 120:
            rows.append((at, good, valid))
    slo = builders.slo(indicator=EVENTS, budgeting=Budgeting.OCCURRENCES, sources={SITE: ("app",)})
    return of_events(slo, [source(rows)])


def _set(path: str, value: Any) -> Callable[[Document], None]:
    """A change of one place in a document, named by a path of keys and numbers."""

    def change(found: Document) -> None:
        *way, last = [int(part) if part.lstrip("-").isdigit() else part for part in path.split("/")]
        place: Any = found
        for part in way:
            place = place[part]
        place[last] = value

    return change


def _drop_last_slot(found: Document) -> None:
    found["slots"].pop()


def _swap_slots(found: Document) -> None:
    found["slots"][3], found["slots"][4] = found["slots"][4], found["slots"][3]


def _drop_proof(found: Document) -> None:
    found["proofs"].pop(0)


def _empty_proof_of_bad(found: Document) -> None:
    found["proofs"][0][1] = []


CHANGES: dict[str, Callable[[Document], None]] = {
    "a bad slot called good": _set("slots/1/11", "GOOD"),
    "a good slot called bad": _set("slots/0/11", "BAD"),
    "an unknown slot called good": _set("slots/2/11", "GOOD"),
    "a count of a bad slot": _set("slots/1/1", 4),
    "a count of a good slot": _set("slots/0/1", 3),
    "what was seen of a good slot": _set("slots/0/10", 1),
    "what was expected": _set("slots/0/9", 1),
    "blind time of a good slot": _set("slots/0/4", 60),
    "events from elsewhere in a good slot": _set("slots/0/5", 1),
    "what settles": _set("slots/0/8", 1),
    "what settled before": _set("edges/0/0", 1),
    "what came after": _set("edges/0/1", 1),
    "a proof left out": _drop_proof,
    "the proof of the bad slot emptied": _empty_proof_of_bad,
    "a slot left out": _drop_last_slot,
    "slots in another order": _swap_slots,
    "attainment": _set("attainment/good", 9),
    "unknown added to good": _set("attainment/unknown", 0),
    "verdict": _set("verdict", "met"),
    "credit": _set("credit/credit_minor", 1),
    "credit share": _set("credit/credit_ppm", 1),
    "bands": _set("agreement/bands/2/1", 100),
    "fee": _set("agreement/fee_minor", 1),
    "target": _set("slo/target_ppm", 1),
    "slot target": _set("slo/slot_target_ppm", 1),
    "slot length": _set("slo/slot_seconds", 30),
    "scrapes of a slot": _set("slo/slot_expected", 3),
    "length of a scrape": _set("slo/scrape_seconds", 20),
    "what is counted": _set("slo/counted", "parts"),
    "whether bad events are counted": _set("slo/counts_bad", 1),
    "period": _set("period/1", PERIOD.ends_at + 60),
    "site": _set("slo/site", "edge-2"),
    "agreement": _set("agreement/id", "0x" + "ab" * 32),
    "chain": _set("chain/chain_id", 1),
    "contract": _set("chain/contract", "0x" + "ab" * 20),
    "settlement id": _set("settlement_id", "0x" + "ab" * 32),
    "slot root": _set("root", "0x" + "ab" * 32),
}
OF_STATES: dict[str, Callable[[Document], None]] = {
    "a sample": _set("proofs/0/1/0/1/2/1", 1),
    "a sample that is no state": _set("proofs/0/1/0/1/1/1", 2),
    "how sources are combined": _set("slo/combine", "atLeast 2"),
}
OF_EVENTS: dict[str, Callable[[Document], None]] = {
    "good events of a parcel": _set("proofs/0/1/0/4", 100),
    "what was shown before": _set("proofs/0/1/1/10", 0),
    "what was shown after": _set("proofs/0/1/1/12", 10**6),
    "the slot of a parcel": _set("proofs/0/1/0/2", 1),
    "the kind of a parcel": _set("proofs/0/1/0/1", "return"),
    "hidden events of a parcel": _set("proofs/0/1/0/6", 1),
}


@pytest.mark.parametrize(
    ("name", "events"),
    [*((n, False) for n in CHANGES | OF_STATES), *((n, True) for n in CHANGES | OF_EVENTS)],
)
def test_a_changed_document_is_never_said_to_hold(name: str, events: bool) -> None:  # noqa: FBT001  a parameter
    """One change in one place is noticed, though the document is canonical again.

    What cannot be noticed offline is a document made whole anew with other samples or terms: the hash on chain and the terms hash
    of the tenant's own copy are for that.
    """
    found = honest_events() if events else honest()
    changed = copy.deepcopy(found)
    (CHANGES | OF_STATES | OF_EVENTS)[name](changed)

    assert mismatches(found) == []
    assert _noticed(changed)
    assert not holds(packed(changed))


def test_the_honest_documents_have_what_can_be_changed() -> None:
    """A bad and an unknown slot, a gap and a restart stand where the changes look for them."""
    assert [row[11] for row in honest()["slots"][:3]] == ["GOOD", "BAD", "UNKNOWN"]
    assert [row[11] for row in honest_events()["slots"][:3]] == ["GOOD", "BAD", "BAD"]
    kinds = {parcel[1] for _, proof in honest_events()["proofs"] for parcel in proof}
    assert kinds == {"growth", "gap", "restart"}


def _noticed(changed: Document) -> bool:
    try:
        return bool(mismatches(changed))
    except CannotCheck:
        return True


@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_is_never_said_to_hold(place: int, byte: int) -> None:
    """Any one byte of the file may change: it is no document any more, or it is not the one whose hash is on chain."""
    raw = packed(honest())
    at = place % len(raw)
    assume(raw[at] != byte)

    assert _holds_on_chain(raw)
    assert not _holds_on_chain(raw[:at] + bytes([byte]) + raw[at + 1 :])


def _holds_on_chain(raw: bytes) -> bool:
    try:
        return all(check.holds for check in verify(raw, ask=BooksDouble(of=honest())).checks)
    except CannotCheck:
        return False


def _leaves(place: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(place, (dict, list)) and place:
        for key in place if isinstance(place, dict) else range(len(place)):
            yield from _leaves(place[key], (*path, key))
    elif not isinstance(place, (dict, list)):
        yield path


def _named(found: Any, path: tuple[Any, ...]) -> set[str] | None:
    """What is named when one number or text of a file is another and nothing else was touched; None: it cannot be checked."""
    changed = copy.deepcopy(found)
    place = changed
    for key in path[:-1]:
        place = place[key]
    value = place[path[-1]]
    place[path[-1]] = value + 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1:] != "0" else "1")
    try:
        return {check.what for check in verify(rfc8785.dumps(changed)).wrong}
    except CannotCheck:
        return None


@pytest.mark.parametrize("events", [False, True])
def test_every_field_of_a_file_that_is_changed_alone_is_named(events: bool) -> None:  # noqa: FBT001  a parameter
    """Identity and provenance are under the checksum, and rows and proofs under their day: no byte stands free."""
    found = json.loads(packed(honest_events() if events else honest()))
    day = found["identity"]["days"][0][0]
    under = {"days": {f"day {day}: slots", f"day {day}: proofs", f"day {day}: slots of the period", "days"}}
    for path in _leaves(found):
        named = _named(found, path)
        assert named is None or named & under.get(path[0], {"checksum"}), (path, named)
        assert named is not None or path[0] in {"format", "identity", "days"}, path


def test_what_was_proved_is_told_with_the_block() -> None:
    """Site, promise, period, verdict with bounds, credit with its currency, the block; and what nobody proved."""
    found = verify(packed(honest()), ask=BooksDouble(of=honest()))
    alone = verify(packed(honest()))

    assert found.wrong == []
    assert {**found.summary, "document": ""} == {
        "site": "edge-1",
        "SLO": "availability-edge",
        "period": "2026-01-01T00:00:00Z to 2026-01-01T00:10:00Z",
        "verdict": "breach: attained between 80.0000 % and 90.0000 % of 10 (good 8, bad 1, not known 1), promised 99.5000 %",
        "credit": "375.00 USD (37500 in units of 10^-2 USD), 30.0000 % of the fee of 1250.00 USD, before the cap of the period",
        "document": "",
        "row": f"agreement {honest()['row']['agreement']}, period 0, SLO 0",
        "commitment": f"{found.on_chain.row.commitment(1)} of revision 1: good 9 of 10, document {found.summary['document']}",
        "block": f"7, 0x{'b7' * 32}, of 2026-01-01T00:10:00Z",
        "settlement": "this file is revision 1, reported: it can be disputed until 2026-01-01T00:11:40Z, and block 9",
        "balance": "of the agreement: accrued 0.00 USD, revoked 0.00 USD, redeemed 0.00 USD, outstanding 0.00 USD",
    }
    assert "the contract says the same at block 7" in found.proved
    assert [one for one in alone.not_proved if "--rpc" in one] != []
    assert [one for one in found.not_proved if "--rpc" in one] == []


def test_a_block_that_was_replaced_while_it_was_asked_is_no_answer() -> None:
    """Two headers of one number: what was read between them belongs to neither."""
    honest_node, hashes = BooksDouble(of=honest()), iter(["0x" + "01" * 32, "0x" + "02" * 32])

    def ask(method: str, params: list[Any]) -> Any:
        answer = honest_node(method, params)
        return answer | {"hash": next(hashes)} if method == "eth_getBlockByNumber" else answer

    with pytest.raises(CannotCheck, match="block 7 was replaced"):
        verify(packed(honest()), ask=ask)


def test_a_document_that_names_another_contract_is_noticed() -> None:
    """A forger's own contract may say what it likes: the address the reader signed with is compared."""
    checks = verify(packed(honest()), ask=BooksDouble(of=honest()), contract="0x" + "AB" * 20).checks

    assert [check.what for check in checks if not check.holds] == ["chain: contract"]
