"""answering and attesting: what an attestor says, how often it recounts for that, and what it signs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sankofa_observe.adapters.attestation_form import answer_raw
from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import Answer, Word
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.exclusion import ExclusionRecord
from sankofa_observe.units import Period
from tests import builders
from tests.attesting import House, documents, early, honest, lie
from tests.builders import CHAIN, START, Breach
from tests.chain import new_signer


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(folder=tmp_path)


def words(house: House) -> list[tuple[Word, str]]:
    return [(one.word, one.reason) for one in house.attesting.turn().answers]


def test_what_it_counts_itself_it_agrees_to_and_signs_in_the_same_turn(house: House) -> None:
    """An ordinary batch takes the attestor one turn."""
    [batch] = house.propose((honest(0), honest(1)))
    found = house.attesting.turn()

    assert [one.word for one in found.answers] == [Word.AGREES] * 2
    assert len(found.signed) == 1
    assert house.proposer.signature(batch) is not None


def test_a_batch_with_one_lie_is_not_signed_and_the_honest_rest_is(house: House) -> None:
    """It signs what it agrees to as a whole; that it objects to one document takes nothing from others."""
    mixed, rest = house.propose((honest(0), lie(1)), (honest(0), honest(2)))
    house.attesting.turn()

    assert house.proposer.signature(mixed) is None
    assert house.proposer.signature(rest) is not None
    [answer] = house.proposer.answers(documents(lie(1))).values()
    assert answer.reason.startswith("counts 2 slots otherwise, tolerates 0")


def test_a_document_is_recounted_once_in_its_life(house: House) -> None:
    """Neither turns nor restarts make it read samples again: not for what it agreed to, and not for what it objected to."""
    house.propose((honest(0),), (lie(1),))
    house.attesting.turn()
    before = len(house.source.reads)
    house.attesting.turn()
    house.attesting = house.started()
    after = house.attesting.turn()

    assert before > 0
    assert len(house.source.reads) == before
    assert [one.word for one in after.answers] == [Word.AGREES, Word.OBJECTS]
    assert house.attesting.answering.recounts == 0


def test_what_was_agreed_to_in_a_life_before_is_signed_without_a_recount(house: House) -> None:
    """A new proposal of a document that is known needs a signature, and no samples."""
    house.propose((honest(0),))
    house.attesting.turn()
    house.propose((honest(1),))
    house.attesting.turn()
    house.attesting, house.source.away = house.started(), True
    [wider] = house.propose((honest(0), honest(1)))
    house.attesting.turn()

    assert house.proposer.signature(wider) is not None


def test_a_period_whose_end_its_own_samples_have_not_passed_is_neither_signed_nor_objected_to(house: House) -> None:
    """Not even where it would object: it cannot tell, says up to when it has samples, and answers once they are there."""
    one = early()
    [batch] = house.propose((one,))
    first = words(house)
    house.source.scraped_at += 10_000
    still = words(house)
    house.clock.forward(2)
    later = words(house)

    assert [word for word, _ in first] == [Word.CANNOT_TELL]
    assert first[0][1].startswith("its own Prometheus has samples up to 2026-01-01T00:41:00Z, and needs some from ")
    assert still == first
    assert [word for word, _ in later] == [Word.OBJECTS]  # it has no samples of that period: now it may say so
    assert house.proposer.signature(batch) is None


def test_a_document_of_an_unknown_agreement_waits_for_the_end_of_its_period_too(house: House) -> None:
    """Nothing is objected to early, whatever it is."""
    stranger = builders.breach(builders.agreement("other"), 9, bad=1)
    house.propose((stranger,))

    assert [word for word, _ in words(house)] == [Word.CANNOT_TELL]


def test_what_cannot_be_told_is_asked_again_ever_more_seldom(house: House) -> None:
    """After 2 s, then 4, 8, ... and at most every 300 s; it says since when, and not anew each time."""
    house.source.away = True
    house.propose((honest(0),))
    asked, since = [], set()
    newest_at = house.source.newest_at

    def counted() -> int:
        asked.append(house.clock.at - START - 10_000)
        return newest_at()

    house.source.newest_at = counted  # type: ignore[method-assign]
    for _ in range(1200):
        [answer] = house.attesting.turn().answers
        since.add((answer.word, answer.since_at))
        house.clock.forward(1)

    assert asked == [0, 2, 6, 14, 30, 62, 126, 254, 510, 810, 1110]
    assert since == {(Word.CANNOT_TELL, START + 10_000)}


def test_a_source_that_is_away_is_asked_once_a_turn_and_not_for_each_document(house: House) -> None:
    """A hundred documents do not cost a hundred timeouts."""
    asked: list[int] = []
    house.source.newest_at = lambda: _away(asked)  # type: ignore[method-assign]
    house.propose((honest(0), honest(1), honest(2)))
    found = house.attesting.turn()

    assert len(asked) == 1
    assert {(one.word, one.reason) for one in found.answers} == {(Word.CANNOT_TELL, "no answer")}


def _away(asked: list[int]) -> int:
    asked.append(1)
    raise Unavailable("no answer")


def test_an_objection_is_looked_at_again_when_its_own_papers_change_and_not_before(house: House) -> None:
    """What it was told of exclusions since may take away its reason; while nothing changes, nothing is read."""
    planned = builders.exclusion(house.agreement)
    house.exclusions.add_exclusions([planned])
    house.exclusions.act_on_exclusions([house.exclusions.excluded[planned.id]], builders.APPROVAL)
    [batch] = house.propose((honest(0),))
    first, again = words(house), words(house)
    reads = len(house.source.reads)
    house.exclusions.excluded.clear()
    after = words(house)

    assert first == again
    assert first == [
        (Word.OBJECTS, f"misses exclusion {planned.id} over {Period(starts_at=START, ends_at=START + 60)}")
    ]
    assert reads == 0
    assert after == [(Word.AGREES, "")]
    assert house.proposer.signature(batch) is not None


def test_papers_that_cannot_be_read_leave_an_objection_as_it_is(house: House) -> None:
    """A list of exclusions that is away for a moment is no reason to say something else."""
    house.propose((lie(0),))
    first = words(house)
    house.exclusions.exclusions_in = _refuses  # type: ignore[method-assign]

    assert words(house) == first


def _refuses(period: Period) -> list[ExclusionRecord]:
    raise Unavailable("exclusions: no answer")


def test_what_nobody_foresaw_in_one_document_costs_that_one_alone(house: House) -> None:
    """A recount that fails in a way of its own is no answer, is logged, and holds up no other document."""
    spoiled, well = honest(0), honest(1)
    witness = house.attesting.witness
    objection = witness.objection

    def fails(document: Evidence) -> str | None:
        if document.identity.settlement_id == spoiled.penalty.settlement_id:
            raise ZeroDivisionError("of a library")
        return objection(document)

    witness.objection = fails  # type: ignore[method-assign]
    house.propose((spoiled, well))

    assert words(house) == [
        (Word.CANNOT_TELL, "unexpected ZeroDivisionError: of a library"),
        (Word.AGREES, ""),
    ]


@pytest.mark.parametrize("text", ["", "{}", "slipped in"])
def test_an_answer_that_was_slipped_into_its_memory_is_none(house: House, text: str) -> None:
    """Whoever can write there, and has not the key, makes it neither agree nor stop."""
    one = lie(0)
    slipped = house.folder / "data" / "answers" / f"{one.penalty.document_hash}.json"
    slipped.parent.mkdir(parents=True)
    slipped.write_text(text.replace("slipped in", _forged(one)))
    [batch] = house.propose((one,))

    assert [word for word, _ in words(house)] == [Word.OBJECTS]
    assert house.proposer.signature(batch) is None


def _forged(one: Breach) -> str:
    answer = Answer(document=one.penalty.document_hash, word=Word.AGREES, since_at=START, at=START)
    return answer_raw(answer, CHAIN, new_signer()).decode()


def test_the_end_of_the_process_is_not_waited_for_by_what_is_still_to_do(house: House) -> None:
    """It ends between two documents; what it has not come to is told as such, and not signed."""
    [batch] = house.propose((honest(0), honest(1), honest(2)))
    ended = iter([False, False, True])
    object.__setattr__(house.attesting, "is_ending", lambda: next(ended))
    found = house.attesting.turn()

    assert (len(found.answers), found.waiting, found.signed) == (2, 1, ())
    assert house.proposer.signature(batch) is None


@given(
    claims=st.lists(st.sampled_from(["honest", "lie", "early"]), min_size=1, max_size=4),
    batches=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=4),
    restarts=st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_signed_was_reviewed_as_such(
    tmp_path_factory: pytest.TempPathFactory,
    claims: list[str],
    batches: list[set[int]],
    restarts: bool,  # noqa: FBT001
) -> None:
    """Whatever is proposed: a batch has its signature if it agreed to every document of it, and no other one has."""
    house = House(folder=tmp_path_factory.mktemp("house"))
    breaches = [_claimed(one, index) for index, one in enumerate(claims)]
    wanted = list(dict.fromkeys(tuple(sorted(one for one in batch if one < len(claims))) for batch in batches))
    proposals = house.propose(*(tuple(breaches[one] for one in batch) for batch in wanted if batch))
    for _ in range(2):
        house.attesting.turn()
        if restarts:
            house.attesting = house.started()
    honest_ones = {breaches[n].penalty.document_hash for n, one in enumerate(claims) if one == "honest"}

    assert [house.proposer.signature(one) is not None for one in proposals] == [
        set(one.documents) <= honest_ones for one in proposals
    ]


def _claimed(claim: str, index: int) -> Breach:
    return {"honest": honest, "lie": lie, "early": early}[claim](index)
