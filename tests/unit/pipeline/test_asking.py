"""asking: which batches are proposed, how long they stand, and what is said of those who do not sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.asking import Asking, Due
from sankofa_observe.ports import Answer, AttestorSet, NoAnswer, Proposal, Word
from sankofa_observe.sla.evidence import Evidence
from tests.attesting import honest, members
from tests.builders import CHAIN, START, Breach

A, B, C = ("0x" + letter * 40 for letter in "abc")
ALL = (A, B, C)
BREACHES = [honest(index) for index in range(5)]
NAMES = [one.penalty.document_hash for one in BREACHES]
AGREES, OBJECTS, CANNOT_TELL = Word.AGREES, Word.OBJECTS, Word.CANNOT_TELL


@dataclass(kw_only=True)
class Slow:
    """An attestor that says what a test writes, and signs what was proposed to it in a turn before."""

    account: str
    words: dict[str, Word | NoAnswer] = field(default_factory=dict)
    away: bool = False
    is_awaited: bool = False
    heard_at: int | None = START + 900
    seen: list[Proposal] = field(default_factory=list)
    signed: list[Proposal] = field(default_factory=list)
    spoiled: bool = False

    @property
    def name(self) -> str:
        return self.account[2]

    def ask(self, documents: Mapping[str, Evidence]) -> None:
        if self.away:
            raise Unavailable("no such folder")
        self.signed = [one for one in self.seen if all(self.words.get(name) is AGREES for name in one.documents)]

    def answers(self, documents: Mapping[str, Evidence]) -> dict[str, Answer | NoAnswer]:
        if self.away:
            raise Unavailable("no such folder")
        return {
            name: one
            if isinstance(one, NoAnswer)
            else Answer(document=name, word=one, reason="" if one is AGREES else "why", since_at=START, at=START)
            for name, one in self.words.items()
            if name in documents
        }

    def propose(self, proposals: Sequence[Proposal], documents: Mapping[str, Evidence]) -> None:
        assert all(name in documents for one in proposals for name in one.documents)
        self.seen = list(proposals)

    def signature(self, proposal: Proposal) -> bytes | None:
        if self.spoiled:
            raise Unavailable("signatures/x.json: torn")
        return self.account.encode() if proposal in self.signed else None

    def says(self, word: Word, *indices: int) -> None:
        self.words |= {NAMES[index]: word for index in indices}


class Desk:
    """Turns of a proposer, with two of three attestors needed."""

    def __init__(self, threshold: int = 2) -> None:
        self.attestors = [Slow(account=one) for one in ALL]
        self.set = members(*ALL, threshold=threshold)
        self.proposals: dict[Proposal, int] = {}
        self.waited = 0

    def turn(self, *indices: int) -> Asking:
        rows = {NAMES[index]: _row(BREACHES[index]) for index in indices}
        asking = Asking(
            attestors=self.attestors,
            members=self.set,
            chain=CHAIN,
            due=rows,
            documents={NAMES[index]: BREACHES[index].document for index in indices},
            proposals=self.proposals,
            wait=self._wait,
            now=START + 1000,
        )
        self.ready = asking.propose()
        self.enough = [one for one in self.ready if len(asking.signatures(one)) >= self.set.threshold]
        return asking

    def _wait(self, done: Callable[[], bool]) -> None:
        while not done():
            self.waited += 1
            assert self.waited < 100, "it would wait for ever"
            for one in self.attestors:
                one.is_awaited = self.waited < 50

    def open(self) -> list[list[int]]:
        return indices(list(self.proposals))


def _row(one: Breach) -> Due:
    return Due(row=one.penalty.row(), since_at=START)


def indices(proposals: Sequence[Proposal]) -> list[list[int]]:
    return [[NAMES.index(name) for name in one.documents] for one in proposals]


def test_an_ordinary_batch_is_proposed_once_and_signed_by_the_next_turn() -> None:
    """What attestors review is what they sign: no second proposal is made of it."""
    desk = Desk()
    desk.turn(0, 1)
    first = desk.open()
    for one in desk.attestors[:2]:
        one.says(AGREES, 0, 1)
    desk.turn(0, 1)

    assert first == desk.open() == [[0, 1]]
    assert indices(desk.enough) == [[0, 1]]


def test_rows_that_come_later_change_no_batch_that_is_open() -> None:
    """A fleet whose periods end one after the other would otherwise never see two signatures over one batch."""
    desk = Desk()
    desk.turn(0)
    desk.turn(0, 1)
    for one in desk.attestors:
        one.says(AGREES, 0, 1)
    desk.turn(0, 1, 2)

    assert desk.open() == [[0], [1], [2]]
    assert indices(desk.enough) == [[0], [1]]


def test_a_third_voice_that_comes_later_does_not_break_up_what_two_are_signing() -> None:
    """More who agree are no reason for another batch."""
    desk = Desk()
    for one in desk.attestors[:2]:
        one.says(AGREES, 0, 1)
    desk.turn(0, 1)
    desk.attestors[2].says(AGREES, 0)
    desk.turn(0, 1)

    assert desk.open() == [[0, 1]]
    assert indices(desk.enough) == [[0, 1]]


def test_a_document_that_too_few_agree_to_holds_up_no_other() -> None:
    """The batch is taken apart: what has its quorum goes on, what has not waits by itself."""
    for word in (OBJECTS, CANNOT_TELL, None):
        desk = Desk()
        desk.turn(0, 1, 2)
        desk.attestors[2].heard_at = None
        for one in desk.attestors[:2]:
            one.says(AGREES, 0, 2)
            if word:
                one.says(word, 1)
        desk.turn(0, 1, 2)
        if not word:  # they may be at it
            assert desk.open() == [[0, 1, 2]]
            desk.turn(0, 1, 2)
        taken_apart = desk.open()
        desk.turn(0, 1, 2)

        assert taken_apart == [[0, 2], [1]]
        assert indices(desk.enough) == [[0, 2]]


def test_while_answers_still_come_in_a_batch_is_not_taken_apart() -> None:
    """Who recounts for minutes says one thing after the other; a batch of each of them would cost more than waiting."""
    desk = Desk()
    desk.turn(0, 1, 2, 3)
    for index in range(4):
        desk.attestors[0].says(AGREES, index)
        desk.attestors[1].says(AGREES, index)
        desk.turn(0, 1, 2, 3)
    desk.turn(0, 1, 2, 3)

    assert desk.open() == [[0, 1, 2, 3]]
    assert indices(desk.enough) == [[0, 1, 2, 3]]


def test_documents_that_different_pairs_agree_to_are_different_batches() -> None:
    """A batch needs k who agree to all of it."""
    desk = Desk()
    desk.turn(0, 1)
    for attestor, index in ((0, 0), (1, 0), (1, 1), (2, 1)):
        desk.attestors[attestor].says(AGREES, index)
    for _ in range(3):
        desk.turn(0, 1)

    assert sorted(desk.open()) == [[0], [1]]
    assert sorted(indices(desk.enough)) == [[0], [1]]


def test_what_is_settled_and_what_another_set_was_asked_for_is_asked_no_more() -> None:
    """A proposal is of rows that are still to be reported, and of the set of attestors that the contract holds now."""
    desk = Desk()
    desk.turn(0, 1)
    desk.turn(1)
    settled = desk.open()
    desk.set = members(*ALL, threshold=2, epoch=2)
    desk.turn(1)

    assert settled == [[1]]
    assert [one.attestors.epoch for one in desk.proposals] == [2]
    assert desk.attestors[0].seen == list(desk.proposals)


def test_each_who_does_not_sign_is_named_with_what_is_known_of_it() -> None:
    """Objects, cannot tell and since when, has not answered and whether it is at work, an answer that is none, a folder that is away."""
    desk = Desk(threshold=3)
    first, second, third = desk.attestors
    first.says(OBJECTS, 0)
    first.says(CANNOT_TELL, 1)
    second.words[NAMES[0]] = NoAnswer(reason="answers/x.json: torn")
    second.heard_at = None
    third.away = True
    asking = desk.turn(0, 1)
    third.away, third.heard_at = False, START + 699  # a turn is at START + 1000
    silent = desk.turn(0, 1).others(NAMES[0])[2]
    third.heard_at = START + 700
    at_work = desk.turn(0, 1).others(NAMES[0])[2]

    assert asking.others(NAMES[0]) == [
        "a: why",
        "b: its answer cannot be used: answers/x.json: torn",
        "c: away: no such folder",
    ]
    assert asking.others(NAMES[1])[:2] == [
        "a: cannot tell since 2026-01-01T00:00:00Z: why",
        "b: has not answered since 2026-01-01T00:00:00Z, and was never heard of",
    ]
    assert silent == "c: has not answered since 2026-01-01T00:00:00Z, and was last heard of at 2026-01-01T00:11:39Z"
    assert at_work == "c: has not answered since 2026-01-01T00:00:00Z"


def test_who_agrees_and_has_not_signed_is_told_from_one_whose_signature_is_none() -> None:
    """Both hold up the batch; only one of them needs a person."""
    desk = Desk(threshold=3)
    for one in desk.attestors:
        one.says(AGREES, 0)
    desk.turn(0)
    desk.attestors[1].seen = []
    desk.attestors[2].spoiled = True
    asking = desk.turn(0)
    [batch] = desk.ready
    signed = asking.signatures(batch)

    assert list(signed) == [A]
    assert asking.unsigned(batch, signed) == [
        "b: agrees, and has not signed this batch yet",
        "c: its signature cannot be used: signatures/x.json: torn",
    ]


def test_nobody_is_waited_for_once_there_is_a_quorum() -> None:
    """Two have answered; the third one may hang for as long as it likes."""
    desk = Desk()
    desk.attestors[2].is_awaited = True
    for one in desk.attestors[:2]:
        one.says(AGREES, 0)
    desk.turn(0)
    with_quorum, desk.waited = desk.waited, 0
    desk.turn(0, 1)

    assert with_quorum == 0
    assert desk.waited == 50  # until it is awaited no more


def test_an_account_that_the_contract_does_not_know_is_not_asked() -> None:
    """It is named, and its word counts for nothing."""
    desk = Desk()
    desk.set = AttestorSet(members=(A, B), threshold=2, epoch=1, config_digest=desk.set.config_digest)
    for one in (desk.attestors[0], desk.attestors[2]):
        one.says(AGREES, 0)
    asking = desk.turn(0)

    assert desk.ready == []
    assert asking.agreeing(NAMES[0]) == {A}
    assert asking.others(NAMES[0])[1] == f"c: {C} is not in the contract's attestor set"
    assert desk.attestors[2].seen == []
