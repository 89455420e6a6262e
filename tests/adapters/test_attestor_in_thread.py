"""An attestor in the proposer's process: one that hangs costs its deadline once, and nobody's turn after that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from sankofa_observe.adapters.attestor import LocalAttestor
from sankofa_observe.adapters.attestor_in_thread import MemoryAnswers, ThreadAttestor, wait_until
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.answering import Answering
from sankofa_observe.pipeline.asking import Asking, Due
from sankofa_observe.ports import Answer, Proposal
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.testing import FixedClock, MemoryExclusions
from tests import builders
from tests.attesting import documents, honest, lie, members, samples
from tests.builders import CHAIN, START
from tests.chain import new_signer
from tests.pace import until

HONEST, LIE = honest(0), lie(1)
ROWS = {one.penalty.document_hash: Due(row=one.penalty.row(), since_at=START) for one in (HONEST, LIE)}


class Seconds:
    """A monotonic clock that a test moves."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


class Here:
    """An attestor in a thread; while `held`, its recounts hang."""

    def __init__(self, seconds: Seconds) -> None:
        agreement, clock = builders.agreement(), FixedClock(at=START + 10_000)
        self.held, self.asked = threading.Event(), 0
        self.held.set()
        witness = LocalAttestor(
            name="here",
            key=new_signer(),
            source=samples(),
            catalog=Catalog(agreements={agreement.version_id: agreement}),
            exclusions=MemoryExclusions(),
        )
        answering = Answering(witness=witness, memory=MemoryAnswers(), clock=clock)

        def answer(digest: str, document: Callable[[], Evidence]) -> Answer:
            self.asked += 1
            self.held.wait(60)
            return answering.answer(digest, document)

        self.attestor = ThreadAttestor(witness, answer, clock, deadline_seconds=10, monotonic=seconds)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def pair(seconds: Seconds) -> Iterator[list[Here]]:
    made = [Here(seconds), Here(seconds)]
    yield made
    for one in made:
        one.held.set()


def turn(
    pair: list[Here], seconds: Seconds, proposals: dict[Proposal, int], threshold: int = 1
) -> tuple[Asking, float]:
    """A turn of the proposer, and for how long it waited; while it waits, time goes on."""
    began = seconds.at

    def wait(done: Callable[[], bool]) -> None:
        def looked() -> bool:
            seconds.at += 0.02
            return done()

        wait_until(looked)

    asking = Asking(
        attestors=[one.attestor for one in pair],
        members=members(*(one.attestor.account for one in pair), threshold=threshold),
        chain=CHAIN,
        due=ROWS,
        documents={one.penalty.document_hash: one.document for one in (HONEST, LIE)},
        proposals=proposals,
        wait=wait,
        now=START + 10_000,
    )
    asking.propose()
    return asking, seconds.at - began


def agreeing(asking: Asking) -> list[int]:
    return [len(asking.agreeing(one.penalty.document_hash)) for one in (HONEST, LIE)]


def test_both_answer_and_sign_within_the_turn(pair: list[Here], seconds: Seconds) -> None:
    """As it was before there were threads."""
    proposals: dict[Proposal, int] = {}
    asking, _ = turn(pair, seconds, proposals, threshold=2)

    assert agreeing(asking) == [2, 0]
    assert [len(asking.signatures(one)) for one in proposals] == [2, 0]
    assert [told.partition(": ")[2].partition(",")[0] for told in asking.others(LIE.penalty.document_hash)] == [
        "counts 2 slots otherwise",
        "counts 2 slots otherwise",
    ]


def test_one_that_hangs_costs_its_deadline_once_and_is_asked_nothing_until_it_answers(
    pair: list[Here], seconds: Seconds
) -> None:
    """The first turn waits for it, all others go on without it; when it is back, its answer counts."""
    proposals: dict[Proposal, int] = {}
    pair[1].held.clear()
    first, waited = turn(pair, seconds, proposals, threshold=2)
    later = [turn(pair, seconds, proposals, threshold=2)[1] for _ in range(5)]
    asked = pair[1].asked
    pair[1].held.set()
    until(lambda: not pair[1].attestor.is_awaited and pair[1].asked == 2 and not pair[1].attestor._is_busy)
    back, _ = turn(pair, seconds, proposals, threshold=2)

    assert agreeing(first) == [1, 0]
    assert 10 <= waited < 15
    assert max(later) < 5
    assert asked == 1
    assert first.others(HONEST.penalty.document_hash) == ["here: has not answered since 2026-01-01T00:00:00Z"]
    assert agreeing(back) == [2, 0]
    assert [len(back.signatures(one)) for one in proposals] == [2, 0]


def test_its_documents_are_recounted_once(pair: list[Here], seconds: Seconds) -> None:
    """A second turn reads no samples."""
    proposals: dict[Proposal, int] = {}
    turn(pair, seconds, proposals, threshold=2)
    reads = [len(one.attestor._witness._source.reads) for one in pair]  # type: ignore[attr-defined]
    turn(pair, seconds, proposals, threshold=2)

    assert [len(one.attestor._witness._source.reads) for one in pair] == reads  # type: ignore[attr-defined]


def test_what_it_did_not_review_it_does_not_sign(pair: list[Here]) -> None:
    """Whoever asks is told, and sends the rest first."""
    one = Proposal(chain=CHAIN, attestors=members(), rows=(HONEST.penalty.row(),))
    with pytest.raises(InvariantBroken, match="asked to sign what it did not review"):
        pair[0].attestor.signature(one)


def test_one_that_hangs_is_heard_of_no_more(pair: list[Here], seconds: Seconds) -> None:
    """One that is asked nothing is at work; of one that hangs the time stands."""
    clock = pair[0].attestor._clock
    assert isinstance(clock, FixedClock)
    pair[0].held.clear()
    pair[0].attestor.ask(documents(HONEST))
    clock.forward(500)
    hanging = pair[0].attestor.heard_at
    pair[0].held.set()
    until(lambda: not pair[0].attestor._is_busy)

    assert (hanging, pair[0].attestor.heard_at) == (START + 10_000, START + 10_500)
