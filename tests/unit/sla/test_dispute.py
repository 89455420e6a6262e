"""What parties say off chain: documents that hold what they were said about, and the slots in which two of evidence differ."""

from __future__ import annotations

import json

from sankofa_observe.sla.dispute import NO_ROOT, Objection, RulingText, digest_of, row_json, slot_differences
from sankofa_observe.sla.evidence import document_hash
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.units import Period
from tests.builders import START, agreement, breach, evidence, slot

BREACH = breach(agreement())
ROW = BREACH.penalty.row()
GOOD, BAD, UNKNOWN = SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN


def test_an_objection_with_evidence_of_its_own_names_it_and_its_root() -> None:
    """Who brings none objects all the same, over a root of zeros, and names no document."""
    bare, with_counter = (Objection(row=ROW, reason="r", salt="0x01", counter=one) for one in (None, BREACH.document))
    said = {"format": "sankofa-objection/1", "row": row_json(ROW), "reason": "r", "salt": "0x01"}
    identity = BREACH.document.identity

    assert (bare.root, json.loads(bare.document)) == (NO_ROOT, said)
    assert with_counter.root == identity.root
    assert json.loads(with_counter.document) == {**said, "document": document_hash(identity), "root": identity.root}


def test_a_ruling_says_the_row_that_it_is_about() -> None:
    """Named on chain by the SHA-256 of its canonical JSON."""
    ruling = RulingText(outcome="upheld", row=ROW, reason="r", salt="0x01")
    expected = {"format": "sankofa-ruling/1", "outcome": "upheld", "row": row_json(ROW), "reason": "r", "salt": "0x01"}
    assert json.loads(ruling.document) == expected
    assert len(digest_of(ruling.document)) == 66


def test_two_documents_differ_in_the_slots_that_they_count_otherwise() -> None:
    """Oldest first, with what each says; a slot that one of them does not have is absent there."""
    bad, good, unknown = (slot(START + 60 * n, state) for n, state in enumerate((BAD, GOOD, UNKNOWN)))
    whole = Period(starts_at=START, ends_at=START + 180)
    reported = evidence([bad, good, unknown], whole)
    countered = evidence([slot(START, GOOD), good], Period(starts_at=START, ends_at=START + 120))
    found = list(slot_differences(reported, countered))

    assert [(one.starts_at - START, one.reported, one.countered) for one in found] == [
        (0, BAD, GOOD),
        (120, UNKNOWN, None),
    ]
    assert list(slot_differences(reported, reported)) == []
    assert str(found[1]).split() == ["2026-01-01T00:02:00Z", UNKNOWN.value, "absent"]
