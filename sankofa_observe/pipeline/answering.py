"""answering: what an attestor says of a document, remembered, so that each is recounted once in its life.

To agree is its last word. An objection is as well, while its own papers (terms, exclusions, fleet) are those that it went by: an approval
that is handed over later is no reason to object any more. What it cannot tell yet it asks again, ever more seldom.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sankofa_observe.errors import ENDS, Unavailable, Unusable, unforeseen
from sankofa_observe.ports import NO_PAPERS, Answer, AnswerMemory, Clock, Witness, Word
from sankofa_observe.sla.evidence import Evidence, Identity

MOST_REASON_CHARS = 2000
log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Wait:
    """Until when not to ask again, and for how long after that."""

    until: int = 0
    seconds: int = 0

    def longer(self, now: int, first: int, most: int) -> None:
        self.seconds = min(most, 2 * self.seconds or first)
        self.until = now + self.seconds


@dataclass(kw_only=True)
class Answering:
    """One witness and what it has said. `document` is read where it is needed, and not for what is known."""

    witness: Witness
    memory: AnswerMemory
    clock: Clock
    first_wait_seconds: int = 2
    most_wait_seconds: int = 300
    recounts: int = 0
    _waits: dict[str, _Wait] = field(default_factory=dict)
    _identities: dict[str, Identity] = field(default_factory=dict)  # of what it objects to
    _recalled: set[str] = field(default_factory=set)
    _source: _Wait = field(default_factory=_Wait)
    _away: str = ""

    def answer(self, digest: str, document: Callable[[], Evidence]) -> Answer:
        """Raises `Unavailable` where it cannot be kept."""
        known, now = self.memory.get(digest), self.clock.now()
        if known is not None and known.word is not Word.CANNOT_TELL:
            return self._again(known, document)
        wait = self._waits.setdefault(digest, _Wait())
        if known is not None and now < wait.until:
            return known
        if now < self._source.until:
            return self._keep(known, self._cannot_tell(digest, known, self._away))
        return self._keep(known, self._recount(digest, known, document, wait))

    def recall(self, digest: str, document: Callable[[], Evidence]) -> None:
        """It agreed, maybe in a life before this one; its report is at hand from now on."""
        if digest not in self._recalled:
            self.witness.recall(document())
            self._recalled.add(digest)

    def forget_others(self, digests: set[str]) -> None:
        """What nobody asks for any more takes no room; what was said of it stays remembered."""
        self._waits = {one: wait for one, wait in self._waits.items() if one in digests}
        self._identities = {one: identity for one, identity in self._identities.items() if one in digests}
        self._recalled &= digests

    def _again(self, known: Answer, document: Callable[[], Evidence]) -> Answer:
        if known.word is Word.AGREES:
            return known
        try:
            identity = self._identities.get(known.document) or document().identity
            self._identities[known.document] = identity
            same = self.witness.papers(identity) == known.papers
        except Unavailable:  # what it went by cannot be read now: what was said stands
            return known
        return known if same else self._keep(known, self._recount(known.document, None, document, _Wait()))

    def _recount(self, digest: str, known: Answer | None, document: Callable[[], Evidence], wait: _Wait) -> Answer:
        now = self.clock.now()
        try:
            whole = document()
            papers = self.witness.papers(whole.identity)
            found = self.witness.objection(whole)
        except ENDS:
            raise
        except BaseException as error:
            if type(error) is Unavailable:  # its source, or its papers: the next document would meet the same
                self._away = str(error)
                self._source.longer(now, self.first_wait_seconds, self.most_wait_seconds)
            else:
                wait.longer(now, self.first_wait_seconds, self.most_wait_seconds)
            if not isinstance(error, Unusable | Unavailable):
                log.exception("a document was not recounted", extra={"document": digest})
            return self._cannot_tell(digest, known, str(error) if isinstance(error, Unavailable) else unforeseen(error))
        self.recounts += 1
        self._source = _Wait()
        self._waits.pop(digest, None)
        if found is None:
            self._recalled.add(digest)
            return Answer(document=digest, word=Word.AGREES, since_at=now, at=now, papers=papers)
        return Answer(
            document=digest, word=Word.OBJECTS, reason=found[:MOST_REASON_CHARS], since_at=now, at=now, papers=papers
        )

    def _cannot_tell(self, digest: str, known: Answer | None, reason: str) -> Answer:
        now = self.clock.now()
        since = known.since_at if known and known.word is Word.CANNOT_TELL else now
        return Answer(
            document=digest,
            word=Word.CANNOT_TELL,
            reason=reason[:MOST_REASON_CHARS],
            since_at=since,
            at=now,
            papers=NO_PAPERS,
        )

    def _keep(self, known: Answer | None, said: Answer) -> Answer:
        """Kept before it is told; that one still cannot tell, for the same reason, is no news."""
        if known is not None and replace(said, at=known.at) == known:
            return known
        self.memory.put(said)
        return said
