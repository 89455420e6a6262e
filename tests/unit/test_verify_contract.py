"""A file held against both contracts, by a node that may lie: each claim is compared, and what has no form or no place is not believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sankofa_observe.verify import Asking, CannotCheck, Findings, verify
from sankofa_observe.verify import history as searching
from sankofa_observe.verify.row import Row
from tests.builders import digest_of
from tests.unit.books_double import (
    BY_PROVIDER,
    ENDED,
    FINAL,
    NEWEST,
    NO_WORD,
    PROVIDER,
    REPORTED,
    VOIDED,
    BooksDouble,
    word_of,
)
from tests.unit.referee import packed
from tests.unit.test_verify import honest

FORGER = "0x" + "fe" * 20
Lie = Callable[[BooksDouble], None]


def asked(double: BooksDouble, **more: Any) -> Findings:
    return verify(packed(double.of), ask=Asking(ask=double, **more))


def _part(view: str, place: int, value: Any, of: int = 0) -> Lie:
    """Another value in one place of what a view answers."""

    def change(double: BooksDouble) -> None:
        answer = list(double.views[view])
        parts = list(answer[of])
        parts[place] = value
        answer[of] = tuple(parts)
        double.views[view] = answer

    return change


def _view(view: str, *values: Any) -> Lie:
    return lambda double: double.views.update({view: list(values)})


def _promise(value: Any) -> Lie:
    return _part("getTerms", 21, value)


def _reported_twice(double: BooksDouble) -> None:
    """Both by other rows: the file is none of them."""
    rows = [_other(double, text) for text in ("one", "two")]
    for revision, row in enumerate(rows, 1):
        double.reported(row, revision)
    double.views["getSettlement"] = [word_of(rows[1], revision=2), NO_WORD]


def _other(double: BooksDouble, text: str) -> Row:
    return replace(double.row, good=1, document_hash=digest_of(text))


OTHER = b"\xab" * 32
CLAIMS: dict[str, tuple[Lie, list[str]]] = {
    "another chain": (lambda double: double.answers.update({"eth_chainId": "0x1"}), ["chain: id"]),
    "no agreement": (_part("getAgreement", 3, 0), ["chain: periods of the agreement"]),
    "a period after its end": (_part("getAgreement", 6, 0), ["chain: periods of the agreement"]),
    "a period before its first": (_part("getAgreement", 5, 1), ["chain: periods of the agreement"]),
    "another calendar": (_part("getAgreement", 2, OTHER[:16]), ["chain: calendar"]),
    "no such bound": (_view("boundCount", 1), ["chain: period"]),
    "other bounds": (_view("boundAt", 1, 2), ["chain: period"]),
    "another version": (_view("versionAt", 2), ["chain: version of the period"]),
    "other terms": (_part("getTerms", 2, OTHER), ["chain: terms_hash"]),
    "another currency": (_part("getTerms", 6, b"EUR"), ["chain: currency"]),
    "another exponent": (_part("getTerms", 7, 3), ["chain: exponent"]),
    "another fee": (_part("getTerms", 8, 1), ["chain: fee_minor"]),
    "another cap": (_part("getTerms", 9, 1), ["chain: cap_ppm"]),
    "another promise": (_promise([(OTHER, [(995_000, 100_000)])]), ["chain: promise 0", "chain: bands"]),
    "no promise": (_promise([]), ["chain: promise 0"]),
    "no settlement": (_view("getSettlement", NO_WORD, NO_WORD), ["chain: state"]),
    "another row": (_part("getSettlement", 5, OTHER[:20]), ["chain: row"]),
    "another revision": (_reported_twice, ["chain: row"]),
    "another share": (_part("getSettlement", 2, 1), ["chain: credit_ppm"]),
}


def test_an_honest_node_holds_the_honest_file() -> None:
    assert asked(BooksDouble(of=honest())).wrong == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_of_a_file_is_held_against_the_contracts(claim: str) -> None:
    """Each alone is named, with what was found; the file itself is sound."""
    change, named = CLAIMS[claim]
    double = BooksDouble(of=honest())
    change(double)
    found = asked(double)
    assert [check.what for check in found.wrong] == named
    assert (found.standing != "") == any("the contract says the same" in one for one in found.proved)


def _garbled(view: str, change: Callable[[bytes], bytes]) -> Lie:
    """What a view answers, as bytes that are another's."""

    def lie(double: BooksDouble) -> None:
        plain = double.answer_of(view)
        double.raw[view] = "0x" + change(bytes.fromhex(plain[2:])).hex()

    return lie


def _word(at: int, value: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw[: 32 * at] + value.to_bytes(32, "big") + raw[32 * at + 32 :]


FORMS: dict[str, Lie] = {
    "nothing": _garbled("getSettlement", lambda _: b""),
    "a word too few": _garbled("getSettlement", lambda raw: raw[:-32]),
    "a word too many": _garbled("getSettlement", lambda raw: raw + bytes(32)),
    "half a word": _garbled("getAgreement", lambda raw: raw[:-1]),
    "a state that there is not": _garbled("getSettlement", _word(0, 7)),
    "a revision of two bytes": _garbled("getSettlement", _word(1, 256)),
    "a commitment of 32 bytes": _garbled("getSettlement", _word(5, 2**256 - 1)),
    "an address of 32 bytes": _garbled("agreementBook", _word(0, 2**200)),
    "terms that stand elsewhere": _garbled("getTerms", _word(0, 64)),
    "promises that stand elsewhere": _garbled("getTerms", _word(22, 0)),
    "promises without end": _garbled("getTerms", _word(23, 2**255)),
    "a promise that stands elsewhere": _garbled("getTerms", _word(24, 0)),
    "bands without end": _garbled("getTerms", _word(27, 2**64)),
    "an exponent of 200": _garbled("getTerms", _word(8, 200)),
    "a pause of 2": _garbled("paused", _word(0, 2)),
    "a balance too large": _garbled("balanceOf", _word(0, 2**80)),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_of_another_form_is_not_believed(form: str) -> None:
    """It is neither a mismatch nor a proof: nothing is said about the file."""
    double = BooksDouble(of=honest())
    FORMS[form](double)
    with pytest.raises(CannotCheck, match=r"expected|ask another node"):
        asked(double)


# ------------------------------------------------------------------------------------------------------------- lying events


def superseded() -> BooksDouble:
    """The honest file was reported, final, and took the place to a restatement that became final."""
    double = BooksDouble(of=honest())
    later = _other(double, "restated")
    double.reported(double.row, 1, block=4)
    double.finalised(1, block=4, delta=37_500)
    double.reported(later, 2, block=5)
    double.finalised(2, block=6, delta=-37_500)
    double.views["getSettlement"] = [word_of(later, FINAL, 2), NO_WORD]
    return double


def _log(place: int, **changes: Any) -> Lie:
    return lambda double: double.logs[place].update(changes)


def _topic(place: int, at: int) -> Lie:
    return lambda double: double.logs[place]["topics"].__setitem__(at, "0x" + "00" * 31 + "77")


def _dropped(place: int) -> Lie:
    return lambda double: double.logs.__delitem__(place)


def _forged_ruling(double: BooksDouble) -> None:
    """A contract of somebody else says that the arbiter ruled."""
    double.logs.clear()
    double.reported(double.row)
    double.event(
        "DisputeResolved", outcome=1, revision=2, good=9, valid=9, documentHash=OTHER, creditPpm=0, rulingHash=OTHER
    )
    double.logs[-1]["address"] = FORGER


def _ruling(outcome: int) -> Lie:
    def lie(double: BooksDouble) -> None:
        double.event(
            "DisputeResolved", NEWEST, outcome=outcome, revision=2, good=0, valid=0, documentHash=OTHER, creditPpm=0,
            rulingHash=OTHER,
        )  # fmt: skip

    return lie


def _dispute_of(party: str) -> Lie:
    def lie(double: BooksDouble) -> None:
        double.event("SettlementDisputed", NEWEST, revision=2, party=party, reasonHash=OTHER, counterEvidenceRoot=OTHER)

    return lie


def _unfiltered(double: BooksDouble) -> None:
    double.is_filtering = False
    double.logs[0]["blockNumber"] = hex(ENDED - 1)


LIES: dict[str, tuple[Lie, str]] = {
    "a ruling of another contract": (_forged_ruling, f"an event of contract {FORGER}"),
    "another agreement": (_topic(0, 1), "an event of another settlement"),
    "another period": (_topic(1, 2), "an event of another settlement"),
    "another promise": (_topic(2, 3), "an event of another settlement"),
    "another event": (_topic(0, 0), "an event of another settlement"),
    "fewer topics": (lambda double: double.logs[0]["topics"].pop(), "an event of another settlement"),
    "a block before the question": (_unfiltered, "an event of block 2 for blocks 3 to 7"),
    "a removed event": (_log(0, removed=True), "a removed one"),
    "events out of order": (lambda double: double.logs.reverse(), "out of order"),
    "one event twice": (lambda double: double.logs.append(dict(double.logs[-1])), "out of order, or one twice"),
    "a text for events": (lambda double: double.answers.update(eth_getLogs="0x"), "expected a list"),
    "a number for an event": (lambda double: double.answers.update(eth_getLogs=[7]), "expected its fields"),
    "data that is cut": (_log(0, data="0x00"), "an event in block 4 answered 1 bytes"),
    "an address that is none": (_log(0, address="0xbad"), "for an event's contract"),
    "a ruling that there is not": (_ruling(9), "has the outcome 9"),
    "a dispute of a stranger": (_dispute_of(FORGER), f"an objection by {FORGER}"),
    "an event too many": (_dispute_of(PROVIDER), "do not make its 2 revisions"),
    "the first report left out": (_dropped(0), "none in which it was reported"),
    "the last finality left out": (_dropped(-1), "do not make its 2 revisions"),
    "all events left out": (lambda double: double.logs.clear(), "do not make its 2 revisions"),
}


def test_what_was_superseded_is_told_with_what_rests_on_events_alone() -> None:
    """Lawful: nothing is wrong. No word binds the file any more, which is said."""
    found = asked(superseded())
    assert (found.wrong, found.standing) == ([], "superseded")
    assert found.summary["superseded"] == "by revision 2, which became final"
    assert [one for one in found.not_proved if one.startswith("that the file was revision 1: no word commits to it")]
    assert not [one for one in found.proved if "says the same" in one]


@pytest.mark.parametrize("lie", LIES)
def test_events_that_do_not_make_the_words_are_not_believed(lie: str) -> None:
    """Each lie has words of its own: what was seen, and of whom else to ask."""
    change, said = LIES[lie]
    double = superseded()
    change(double)
    with pytest.raises(CannotCheck, match=said) as told:
        asked(double)
    assert "ask a" in str(told.value)


def test_a_revision_that_is_left_out_is_missed_though_the_words_fit() -> None:
    """Of three reports before any was final the middle one has left no trace in the words: its number has."""
    double = BooksDouble(of=honest())
    rows = [_other(double, text) for text in ("one", "two", "three")]
    for revision, row in enumerate(rows, 1):
        double.reported(row, revision)
    double.views["getSettlement"] = [word_of(rows[2], revision=3), NO_WORD]
    assert [check.what for check in asked(double).wrong] == ["chain: row"]
    double.logs.pop(1)
    with pytest.raises(CannotCheck, match="do not make its 3 revisions"):
        asked(double)


def test_a_voided_word_still_binds_the_file_that_was_rejected() -> None:
    double = BooksDouble(of=honest())
    double.reported(double.row)
    _dispute(double, 1)
    double.event(
        "DisputeResolved",
        6,
        outcome=2,
        revision=1,
        good=0,
        valid=0,
        documentHash=bytes(32),
        creditPpm=0,
        rulingHash=OTHER,
    )
    double.views["getSettlement"] = [word_of(double.row, VOIDED), NO_WORD]
    found = asked(double)
    assert (found.wrong, found.standing) == ([], "superseded")
    assert found.summary["in force"].startswith("nothing: revision 1 was rejected")
    assert not [one for one in found.not_proved if "no word commits to it" in one]


def _dispute(double: BooksDouble, revision: int) -> None:
    double.event("SettlementDisputed", revision=revision, party=PROVIDER, reasonHash=OTHER, counterEvidenceRoot=OTHER)


# ----------------------------------------------------------------------------------------------------------------- the search


@pytest.mark.parametrize("state", [REPORTED, BY_PROVIDER])
def test_no_event_is_searched_where_a_word_that_is_not_final_commits_to_the_file(state: int) -> None:
    """The words say all of it: state, share, and until when."""
    double = BooksDouble(of=honest())
    double.views["getSettlement"] = [word_of(double.row, state, ppm=honest()["credit"]["credit_ppm"]), NO_WORD]
    assert asked(double).wrong == []
    assert "eth_getLogs" not in double.asked
    assert double.asked.count("eth_getBlockByNumber") == 2


def test_a_search_goes_from_the_period_s_end_page_by_page_and_ends_with_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In block 6 the words are made: block 7 is not asked for."""
    monkeypatch.setattr(searching, "PAGE_BLOCKS", 1)
    double, seen = superseded(), []
    asked(double, progress=lambda *blocks: seen.append(blocks))
    assert seen == [*((ENDED, block, NEWEST) for block in (3, 4, 5)), (ENDED, 6, 6)]


def test_a_search_begins_where_it_is_told_to() -> None:
    double, seen = superseded(), []
    asked(double, from_block=1, progress=lambda *blocks: seen.append(blocks))
    assert seen == [(1, NEWEST, NEWEST)]


def test_a_block_that_was_replaced_during_a_search_is_no_answer() -> None:
    """The header is asked for once more after the last event."""
    double = superseded()

    def ask(method: str, params: list[Any]) -> Any:
        answer = double(method, params)
        gone = method == "eth_getBlockByNumber" and "eth_getLogs" in double.asked
        return answer | {"hash": "0x" + "00" * 32} if gone else answer

    with pytest.raises(CannotCheck, match="block 7 was replaced"):
        verify(packed(double.of), ask=ask)
