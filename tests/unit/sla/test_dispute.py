"""What parties say off chain: documents that hold what they were said about, and the slots in which two of evidence differ."""

from __future__ import annotations

import json

from sankofa_observe.sla.dispute import NO_ROOT, Objection, RulingText, digest_of, row_json
from sankofa_observe.sla.evidence import document_hash
from tests.builders import agreement, breach

BREACH = breach(agreement())
ROW = BREACH.penalty.row()


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
