"""attesting: one turn of an attestor that is a process of its own: what is asked, what it says of each document, what it signs.

It signs a proposal when it agrees to every document of it, and then exactly that batch. What one file, document or proposal makes of its
reader costs that one alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.answering import Answering
from sankofa_observe.ports import Answer, Asked, AttestorDesk, Clock, Witness, Word

MOST_TOLD = 5  # objections, waits and faults in a line


@dataclass(frozen=True, kw_only=True)
class Attested:
    """What stands after a turn."""

    answers: tuple[Answer, ...]  # on all documents that are asked for
    signed: tuple[str, ...]  # proposals, in this turn
    faults: tuple[str, ...]  # what cannot be read, or written, in words
    waiting: int  # documents that it has not come to

    def count(self, word: Word) -> int:
        return Counter(one.word for one in self.answers)[word]

    def waits_seconds(self, now: int) -> int:
        """For how long it cannot tell, of the document that is oldest."""
        return max((now - one.since_at for one in self.answers if one.word is Word.CANNOT_TELL), default=0)

    def __str__(self) -> str:
        told = [f"{self.count(word)} {word}" for word in Word if self.count(word)]
        told += [f"{self.waiting} to come"] if self.waiting else []
        told += [f"signed {one}" for one in self.signed]
        for word in (Word.OBJECTS, Word.CANNOT_TELL):
            said = [f"{one.document} {word}: {one.reason}" for one in self.answers if one.word is word]
            told += _some(said)
        return "; ".join([*told, *_some(self.faults)])


def _some(told: Sequence[str]) -> list[str]:
    rest = len(told) - MOST_TOLD
    return [*told[:MOST_TOLD], *([f"and {rest} more"] if rest > 0 else [])]


@dataclass(frozen=True, kw_only=True)
class Attesting:
    """The use case with its ports; a turn does all there is to do."""

    desk: AttestorDesk
    witness: Witness
    answering: Answering
    clock: Clock
    is_ending: Callable[[], bool] = lambda: False

    def turn(self) -> Attested:
        """Raises `Unavailable` where the folder cannot be read or written at all."""
        self.desk.beat(self.clock.now())
        asked, unreadable = self.desk.asked()
        faults = list(unreadable)
        digests = list(dict.fromkeys(one for proposal in asked for one in proposal.documents))
        answers = dict[str, Answer]()
        for digest in digests:
            if self.is_ending():
                break
            try:
                answers[digest] = self.answering.answer(digest, partial(self.desk.document, digest))
                self.desk.beat(self.clock.now())
            except Unavailable as error:
                faults.append(str(error))
        self._tell(answers, faults)
        signed = [one.id for one in asked if self._sign(one, answers, faults)]
        self.answering.forget_others(set(digests))
        return Attested(
            answers=tuple(answers.values()),
            signed=tuple(signed),
            faults=tuple(faults),
            waiting=len(digests) - len(answers),
        )

    def _tell(self, answers: Mapping[str, Answer], faults: list[str]) -> None:
        """All at once: who sees a part of them would take a batch apart."""
        for answer in answers.values():
            try:
                self.desk.tell(answer)
            except Unavailable as error:
                faults.append(str(error))

    def _sign(self, asked: Asked, answers: dict[str, Answer], faults: list[str]) -> bool:
        """Whether it was signed now."""
        agreed = all(one in answers and answers[one].word is Word.AGREES for one in asked.documents)
        if not agreed or self.desk.has_signed(asked):
            return False
        try:
            for digest in asked.documents:
                self.answering.recall(digest, partial(self.desk.document, digest))
            signature = self.witness.sign_documents(asked.revisions, asked.attestors, asked.chain)
            self.desk.lay_signature(asked, signature)
        except Unavailable as error:
            faults.append(str(error))
            return False
        return True
