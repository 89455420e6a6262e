"""An attestor that answers when it is asked: what recounts and signs, as whoever proposes sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import Answer, AttestorSet, NoAnswer, Proposal, Word
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.settlement import ChainIdentity, Row


class AtOnce:
    """The port of a proposer, for a class that has `objection` and `sign`: nothing is remembered, and nobody waits."""

    is_awaited = False
    heard_at: int | None = 0

    def objection(self, document: Evidence) -> str | None:
        raise NotImplementedError

    def sign(self, rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        raise NotImplementedError

    def ask(self, documents: Mapping[str, Evidence]) -> None:
        """It is asked where its answer is wanted."""

    def answers(self, documents: Mapping[str, Evidence]) -> dict[str, Answer | NoAnswer]:
        return {name: self._answer(name, document) for name, document in documents.items()}

    def _answer(self, name: str, document: Evidence) -> Answer:
        try:
            found = self.objection(document)
        except Unavailable as error:
            return Answer(document=name, word=Word.CANNOT_TELL, reason=str(error), since_at=0, at=0)
        word = Word.AGREES if found is None else Word.OBJECTS
        return Answer(document=name, word=word, reason=found or "", since_at=0, at=0)

    def propose(self, proposals: Sequence[Proposal], documents: Mapping[str, Evidence]) -> None:
        """It signs where its signature is wanted."""

    def signature(self, proposal: Proposal) -> bytes | None:
        return self.sign(proposal.rows, proposal.attestors, proposal.chain)
