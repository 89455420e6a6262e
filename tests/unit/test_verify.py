"""The verifier beside the engine: it agrees with every honest document and catches every change it can see offline."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sankofa_observe.sla.evidence import Document, canonical
from sankofa_observe.verify import CannotCheck, verify, verify_on_chain
from tests import builders
from tests.unit.documents import PERIOD, STATES, document, documents
from tests.unit.referee import holds


def mismatches(found: Document) -> list[str]:
    return [check.what for check in verify(canonical(found)) if not check.holds]


@given(found=documents())
def test_every_document_of_the_engine_holds(found: Document) -> None:
    """Whatever was scraped and promised (resets, gaps, silence, any floor and target), the verifier finds what the engine found."""
    assert mismatches(found) == []
    assert holds(canonical(found))


def honest() -> Document:
    """Ten slots: one bad, one unknown, eight good."""
    samples = [
        ((PERIOD.starts_at + at) * 1000, 0 if at == 75 else 1, 1) for at in range(0, 600, 15) if not 120 <= at < 180
    ]
    return document(builders.slo(indicator=STATES), [samples])


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


def _drop_raw(found: Document) -> None:
    found["raw_samples"].pop(0)


def _empty_raw_of_bad(found: Document) -> None:
    found["raw_samples"][0][1] = []


CHANGES: dict[str, Callable[[Document], None]] = {
    "a bad slot called good": _set("slots/1/5", "GOOD"),
    "a good slot called bad": _set("slots/0/5", "BAD"),
    "an unknown slot called good": _set("slots/2/5", "GOOD"),
    "a count of a bad slot": _set("slots/1/1", 4),
    "a count of a good slot": _set("slots/0/1", 3),
    "what was seen of a good slot": _set("slots/0/4", 1),
    "what was expected": _set("slots/0/3", 1),
    "a raw sample": _set("raw_samples/0/1/0/1/1", 1),
    "raw samples left out": _drop_raw,
    "raw samples of the bad slot emptied": _empty_raw_of_bad,
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
    "period": _set("period/1", PERIOD.ends_at + 60),
    "site": _set("slo/site", "edge-2"),
    "agreement": _set("agreement/id", "0x" + "ab" * 32),
    "chain": _set("chain/chain_id", 1),
    "contract": _set("chain/contract", "0x" + "ab" * 20),
    "settlement id": _set("settlement_id", "0x" + "ab" * 32),
    "slot root": _set("slot_root", "0x" + "ab" * 32),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_document_is_never_said_to_hold(name: str) -> None:
    """One change in one place is noticed, though the document is canonical again.

    What cannot be noticed offline is a document made whole anew with other samples or terms: the hash on chain and the terms hash
    of the tenant's own copy are for that.
    """
    changed = copy.deepcopy(honest())
    CHANGES[name](changed)

    assert mismatches(honest()) == []
    assert _noticed(changed)


def _noticed(changed: Document) -> bool:
    try:
        return bool(mismatches(changed))
    except CannotCheck:
        return True


@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_is_never_said_to_hold(place: int, byte: int) -> None:
    """Any one byte of the file may change: it is no document any more, or it is not the one whose hash is on chain."""
    raw = canonical(honest())
    at = place % len(raw)
    assume(raw[at] != byte)

    assert _holds_on_chain(raw)
    assert not _holds_on_chain(raw[:at] + bytes([byte]) + raw[at + 1 :])


def _holds_on_chain(raw: bytes) -> bool:
    try:
        return all(check.holds for check in verify_on_chain(raw, _contract(honest())))
    except CannotCheck:
        return False


def test_a_document_that_names_another_contract_is_noticed() -> None:
    """A forger's own contract may say what it likes: the address the reader signed with is compared."""
    checks = verify_on_chain(canonical(honest()), _contract(honest()), "0x" + "AB" * 20)

    assert [check.what for check in checks if not check.holds] == ["chain: contract"]


def _contract(of: Document) -> Callable[[str, list[Any]], str]:
    """A chain that holds the honest document, as `eth_call` answers."""
    attained = of["attainment"]
    good = attained["good"] + attained["unknown"]
    words = [
        1, 1, of["credit"]["credit_ppm"], of["credit"]["credit_minor"], 0, 0, good, good + attained["bad"],
        int(of["slot_root"], 16), int(hashlib.sha256(canonical(of)).hexdigest(), 16), 0, 0, *of["period"], 0,
    ]  # fmt: skip

    def ask(method: str, _: list[Any]) -> str:
        return hex(31337) if method == "eth_chainId" else "0x" + b"".join(w.to_bytes(32, "big") for w in words).hex()

    return ask
