"""An attestor in the proposer's own process: it recounts in a thread, so that one that hangs holds up nobody.

For small installations and for tests. What it costs to wait for it is one deadline: while a thread hangs, nobody waits for it again, and
it is asked nothing more until it has answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.ports import Answer, Clock, NoAnswer, Proposal, Witness
from sankofa_observe.sla.evidence import Evidence

POLL_SECONDS = 0.02
DEADLINE_SECONDS = 60


class MemoryAnswers:
    """What was said, for as long as the process lives."""

    def __init__(self) -> None:
        self._said: dict[str, Answer] = {}

    def get(self, document: str) -> Answer | None:
        return self._said.get(document)

    def put(self, answer: Answer) -> None:
        self._said[answer.document] = answer


class ThreadAttestor:
    """One witness, one thread at a time. `answer` is what it says of a document, remembered."""

    def __init__(
        self,
        witness: Witness,
        answer: Callable[[str, Callable[[], Evidence]], Answer],
        clock: Clock,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._witness, self._answer, self._clock = witness, answer, clock
        self._deadline_seconds, self._monotonic = deadline_seconds, monotonic
        self._worker: threading.Thread | None = None
        self._began = 0.0
        self._found: dict[str, Answer | NoAnswer] = {}
        self._heard_at = 0

    @property
    def name(self) -> str:
        return self._witness.name

    @property
    def account(self) -> str:
        return self._witness.account.lower()

    @property
    def heard_at(self) -> int | None:
        """One that is asked nothing is at work; one that hangs was when it began."""
        return self._heard_at if self._is_busy else self._clock.now()

    def ask(self, documents: Mapping[str, Evidence]) -> None:
        if self._is_busy or not documents:
            return
        self._found = {}
        self._began, self._heard_at = self._monotonic(), self._clock.now()
        # A thread that hangs for ever must not keep the process from its end.
        self._worker = threading.Thread(
            target=self._work, args=(documents, self._found), name=f"attestor {self.name}", daemon=True
        )
        self._worker.start()

    def _work(self, documents: Mapping[str, Evidence], found: dict[str, Answer | NoAnswer]) -> None:
        for digest in documents:
            try:
                found[digest] = self._answer(digest, partial(documents.__getitem__, digest))
            except (InvariantBroken, Unavailable) as error:  # a document that cannot be read costs its own answer
                found[digest] = NoAnswer(reason=str(error))
            self._heard_at = self._clock.now()

    @property
    def _is_busy(self) -> bool:
        return self._worker is not None and self._worker.is_alive()

    @property
    def is_awaited(self) -> bool:
        return self._is_busy and self._monotonic() - self._began < self._deadline_seconds

    def answers(self, documents: Mapping[str, Evidence]) -> dict[str, Answer | NoAnswer]:
        found = dict(self._found)
        return {one: found[one] for one in documents if one in found}

    def propose(self, proposals: Sequence[Proposal], documents: Mapping[str, Evidence]) -> None:
        """It signs where it is asked for a signature."""

    def signature(self, proposal: Proposal) -> bytes | None:
        if self._is_busy:  # what it holds is its thread's
            return None
        return self._witness.sign_documents(proposal.revisions, proposal.attestors, proposal.chain)


def wait_until(done: Callable[[], bool]) -> None:
    """Wait until it is so; whoever is asked bounds it."""
    while not done():
        time.sleep(POLL_SECONDS)
