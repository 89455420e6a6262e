"""Evidence is what its name says, whatever an archive answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.documents import Documents
from sankofa_observe.sla.evidence import document_hash, written
from sankofa_observe.testing import MemoryArchive
from tests.builders import agreement, breach, digest_of

ONE, OTHER = (breach(agreement(), index).document for index in range(2))
NAME = document_hash(ONE.identity)


@dataclass
class Lying(MemoryArchive):
    """An archive of another kind, which looks at nothing."""

    answers: dict[str, bytes] = field(default_factory=dict)

    def get(self, digest: str) -> bytes | None:
        return self.answers.get(digest)


def test_a_document_of_another_name_is_refused_with_what_mends_it() -> None:
    """Before anybody signs it."""
    documents = Documents(Lying(answers={NAME: written(OTHER)}))
    with pytest.raises(InvariantBroken, match=f"answers document {document_hash(OTHER.identity)} for evidence {NAME}"):
        documents.check(NAME, "0x01")
    Documents(Lying(answers={NAME: written(ONE)})).check(NAME, "0x01")


def test_a_document_that_went_away_since_it_was_checked_is_told() -> None:
    """And is no empty one."""
    with pytest.raises(InvariantBroken, match="is not in the archive any more"):
        Documents(Lying())[digest_of("gone")]
