"""The folder between proposer and attestors: what a stranger, a torn write or a full disk puts there costs itself, and is named."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from eth_account import Account
from eth_account.messages import encode_typed_data

from sankofa_observe.adapters import attestation_form as form
from sankofa_observe.adapters.attestor_folder import FolderAttestor, ProposalFolder
from sankofa_observe.adapters.contract import typed_batch
from sankofa_observe.adapters.keys import KeystoreSigner
from sankofa_observe.adapters.whole_files import path_of, read_whole, remove, write_whole
from sankofa_observe.errors import InvariantBroken, Unavailable, Unusable
from sankofa_observe.ports import Answer, NoAnswer, Proposal, Word
from tests import builders
from tests.attesting import House, documents, honest, lie, members, proposal
from tests.builders import CHAIN, START

STRANGER = KeystoreSigner(Account.from_key("0x" + "77" * 32))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
FIRST, SECOND = honest(0), honest(1)
NAME = FIRST.penalty.document_hash


@pytest.fixture
def house(tmp_path: Path) -> House:
    """One batch of two documents is proposed, and signed."""
    made = House(folder=tmp_path)
    made.propose((FIRST, SECOND))
    made.attesting.turn()
    return made


def answers(house: House) -> dict[str, Answer | NoAnswer]:
    return house.proposer.answers(documents(FIRST, SECOND))


def said(one: Answer | NoAnswer | None) -> str:
    return one.reason if isinstance(one, NoAnswer) else repr(one)


def test_a_signature_is_by_the_account_over_exactly_the_proposed_batch(house: House) -> None:
    """It recovers, from the words that the contract hashes, to the attestor and to nobody else."""
    batch = proposal(FIRST, SECOND)
    signature = house.proposer.signature(batch)
    assert signature is not None
    words = encode_typed_data(full_message=typed_batch(batch.rows, batch.attestors, batch.chain))

    assert len(signature) == 65
    assert Account.recover_message(words, signature=signature) == house.key.account


@pytest.mark.parametrize(
    "other",
    [
        proposal(FIRST),
        proposal(SECOND, FIRST),
        proposal(FIRST, SECOND, attestors=members(epoch=2)),
        replace(proposal(FIRST, SECOND), chain=replace(CHAIN, chain_id=1)),
    ],
    ids=["fewer rows", "another order", "another set of attestors", "another chain"],
)
def test_a_signature_is_of_no_other_batch(house: House, other: Proposal) -> None:
    """Neither under its own name nor copied under that of the other one."""
    signed = house.own / "signatures" / f"{form.digest_of(form.proposal_raw(proposal(FIRST, SECOND)))}.json"
    copy = signed.with_name(f"{form.digest_of(form.proposal_raw(other))}.json")
    before = house.proposer.signature(other)
    copy.write_text(json.dumps(json.loads(signed.read_text()) | {"proposal": copy.stem}))

    assert before is None
    with pytest.raises(
        Unusable, match=r"signed by 0x[0-9a-f]{40}, expected 0x[0-9a-f]{40}: a stranger's key, or another batch"
    ):
        house.proposer.signature(other)


def _with(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda raw: rfc8785.dumps({**json.loads(raw), **changes})


def _by_stranger(raw: bytes) -> bytes:
    return form.answer_raw(Answer(document=NAME, word=Word.AGREES, since_at=START, at=START), CHAIN, STRANGER)


def _without_reason(raw: bytes) -> bytes:
    found = json.loads(raw)
    del found["reason"]
    return json.dumps(found).encode()


SPOILED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "no JSON"),
    "torn": (lambda raw: raw[: len(raw) // 2], "no JSON"),
    "no text": (lambda _: b"\xff\xfe\x00", "no JSON"),
    "a list": (lambda _: b"[]", "not of the form sankofa-answer/1"),
    "deep": (lambda _: b"[" * 100_000, "no JSON"),
    "oversized": (lambda raw: raw + b" " * 300_000, r"bytes, expected at most 262144"),
    "another form": (_with(format="sankofa-answer/2"), "not of the form"),
    "one name more": (_with(more=1), "not of the form"),
    "one name less": (_without_reason, "not of the form"),
    "another word": (_with(word="agrees."), "no answer; expected a word"),
    "a word that is a number": (_with(word=1), "no answer"),
    "a long reason": (_with(reason="x" * 2001), "no answer"),
    "a time before all": (_with(at=-1), "no answer"),
    "a time that is true": (_with(at=True), "no answer"),
    "no signature": (_with(signature="0x"), "no answer"),
    "a signature of nothing": (_with(signature="0x" + "00" * 65), "in a form that the contract does not take"),
    "the word turned round": (_with(word="objects"), "a stranger's key, or for another contract"),
    "a reason slipped in": (_with(reason="bribed"), "a stranger's key, or for another contract"),
    "half of a character": (lambda raw: raw.replace(b'"reason":""', b'"reason":"\\ud800"'), "no signature"),
    "on another document": (_with(document=SECOND.penalty.document_hash), "an answer on another document"),
    "by a stranger": (_by_stranger, f"signed by {STRANGER.account.lower()}"),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_answer_is_named_and_costs_only_itself(
    house: House, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    """Its document has no answer, and the reason names the file; the answer beside it stands, as does the next good one."""
    path = house.own / "answers" / f"{NAME}.json"
    whole = path.read_bytes()
    before = answers(house)
    path.write_bytes(spoil(whole))
    found = answers(house)
    house.attesting.turn()

    assert isinstance(before[NAME], Answer)
    assert f"answers/{NAME}.json" in said(found[NAME])
    assert_matches(reason, said(found[NAME]))
    assert found[SECOND.penalty.document_hash] == before[SECOND.penalty.document_hash]
    assert answers(house) == before  # its attestor lays it down again as it was said


def assert_matches(pattern: str, text: str) -> None:
    with pytest.raises(ValueError, match=pattern):
        raise ValueError(text)


def _a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def _a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("put", "reason"),
    [(_a_link, "a link, expected a file"), (_a_pipe, "no file"), (_a_folder, "no file")],
    ids=["link", "pipe", "folder"],
)
def test_what_is_no_file_is_neither_followed_nor_waited_for(
    house: House, put: Callable[[Path], None], reason: str
) -> None:
    """A pipe would hold up whoever opens it, a link could lead anywhere."""
    put(house.own / "answers" / f"{NAME}.json")

    assert reason in said(answers(house)[NAME])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: one[:64], "no signature of this proposal"),
        (lambda one: one[:64] + b"\x01", "in a form that the contract does not take"),
        (
            lambda one: (
                one[:32] + (ORDER - int.from_bytes(one[32:64], "big")).to_bytes(32, "big") + bytes([55 - one[64]])
            ),
            "in a form that the contract does not take",
        ),
        (lambda one: bytes([one[0] ^ 1]) + one[1:], "signed by|no signature"),
    ],
    ids=["short", "its last byte is 1", "its twin with the large s", "one bit"],
)
def test_a_signature_that_the_contract_would_refuse_never_gets_into_a_batch(
    house: House, change: Callable[[bytes], bytes], reason: str
) -> None:
    """One bad signature reverts a whole batch on chain: it is looked at before."""
    batch = proposal(FIRST, SECOND)
    signature = house.proposer.signature(batch)
    assert signature is not None
    digest = form.digest_of(form.proposal_raw(batch))
    spoiled = {"format": form.SIGNATURE, "proposal": digest, "signature": "0x" + change(signature).hex()}
    (house.own / "signatures" / f"{digest}.json").write_text(json.dumps(spoiled))

    with pytest.raises(Unusable, match=reason):
        house.proposer.signature(batch)
    house.attesting.turn()
    assert house.proposer.signature(batch) == signature


def _proposal_file(house: House, **changes: Any) -> None:
    raw = rfc8785.dumps({**json.loads(form.proposal_raw(proposal(FIRST))), **changes})
    (house.shared / "proposals" / f"{form.digest_of(raw)}.json").write_bytes(raw)


MANY = [{"document": builders.digest_of(str(n)), "revision": 1} for n in range(101)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rows": []}, "no proposal"),
        ({"rows": MANY}, "no proposal"),
        ({"rows": MANY[:1] * 2}, "no proposal"),
        ({"rows": [{"document": "../../../../etc/passwd", "revision": 1}]}, "no proposal"),
        ({"rows": [{"document": NAME, "revision": 0}]}, "no proposal"),
        ({"rows": [{"document": NAME, "revision": 32}]}, "no proposal"),
        ({"rows": [{"document": NAME, "revision": 1, "more": 1}]}, "no proposal"),
        ({"rows": NAME}, "no proposal"),
        ({"epoch": 2**32}, "no proposal"),
        ({"config_digest": "0x"}, "no proposal"),
        ({"format": "sankofa-proposal/2"}, "not of the form"),
        ({"chain_id": 1}, "on chain 31337 of the settings; nothing of it is signed"),
        ({"contract": "0x" + "ee" * 20}, f"expected {CHAIN.contract}"),
    ],
    ids=str,
)
def test_a_proposal_that_is_none_is_named_and_costs_only_itself(
    house: House, changes: dict[str, Any], reason: str
) -> None:
    """The one beside it is read, and nothing of it is signed."""
    _proposal_file(house, **changes)
    found = house.attesting.turn()

    assert len(found.faults) == 1
    assert reason in found.faults[0]
    assert [one.word for one in found.answers] == [Word.AGREES] * 2
    assert len(list((house.own / "signatures").iterdir())) == 1


@pytest.mark.parametrize(
    "name", ["..json", "0x00.json", "x", NAME.upper() + ".json", NAME + ".json.json", "..%2f.json"]
)
def test_a_name_that_is_none_is_named_and_not_opened(house: House, name: str) -> None:
    """Only digests are names."""
    (house.shared / "proposals" / name).mkdir()
    found = house.attesting.turn()

    assert (found.faults == ()) == name.startswith(".")  # what begins with a dot is half-written, and nobody's affair
    assert len(found.answers) == 2


def test_a_proposal_that_was_changed_or_torn_is_not_that_of_its_name(house: House) -> None:
    """And comes back whole with the proposer's next turn."""
    [path] = (house.shared / "proposals").iterdir()
    whole = path.read_bytes()
    for spoiled in (whole[:-1], whole.replace(b'"epoch":1', b'"epoch":2'), b""):
        path.write_bytes(spoiled)
        assert ["torn or changed" in one for one in house.attesting.turn().faults] == [True]
        house.propose((FIRST, SECOND))
        assert path.read_bytes() == whole


def test_a_document_that_is_not_what_its_name_says_is_not_looked_at(tmp_path: Path) -> None:
    """It cannot tell; once the proposer has put it right it answers."""
    house = House(folder=tmp_path)
    house.propose((FIRST, SECOND))
    ours, other = (house.shared / "documents" / f"{one.penalty.document_hash}.json" for one in (FIRST, SECOND))
    whole = ours.read_bytes()
    reasons = []
    for spoiled in (other.read_bytes(), whole[: len(whole) // 2], b""):
        ours.write_bytes(spoiled)
        house.clock.forward(1000)
        reasons.append(next(one.reason for one in house.attesting.turn().answers if one.document == NAME))
    ours.unlink()
    house.clock.forward(1000)
    reasons.append(next(one.reason for one in house.attesting.turn().answers if one.document == NAME))
    house.propose((FIRST, SECOND))
    house.clock.forward(1000)

    assert [f"documents/{NAME}.json: " in one for one in reasons] == [True] * 4
    assert "holds another document" in reasons[0]
    assert reasons[3].endswith("not there yet")
    assert [one.word for one in house.attesting.turn().answers] == [Word.AGREES] * 2


def test_what_is_no_longer_open_goes_and_what_was_said_stays(house: House) -> None:
    """Documents and proposals are there while somebody is asked; answers and signatures are records."""
    house.propose((SECOND,))
    open_now = {part: [one.stem for one in (house.shared / part).iterdir()] for part in ("documents", "proposals")}
    house.propose()
    kept = [len(list((house.own / part).iterdir())) for part in ("answers", "signatures")]

    assert open_now == {
        "documents": [SECOND.penalty.document_hash],
        "proposals": [form.digest_of(form.proposal_raw(proposal(SECOND)))],
    }
    assert [list((house.shared / part).iterdir()) for part in ("documents", "proposals")] == [[], []]
    assert kept == [2, 1]


def test_files_are_their_owners_to_write_and_a_groups_to_read(house: House) -> None:
    """Nobody else sees evidence, whatever the umask lets through."""
    files = list(house.shared.rglob("*.json"))

    assert {stat.S_IMODE(one.stat().st_mode) & 0o027 for one in files} == {0}


def test_a_folder_that_is_not_there_is_told_and_never_made(tmp_path: Path) -> None:
    """A share that is not mounted must not look like one in which nothing is asked."""
    house = House(folder=tmp_path)
    house.shared.rmdir()

    with pytest.raises(Unavailable, match="no such folder; make it, or mount it there"):
        house.attesting.turn()
    with pytest.raises(Unavailable, match="no such folder"):
        house.propose((FIRST,))
    assert not house.shared.exists()


def test_an_attestor_that_was_never_there_has_said_nothing(tmp_path: Path) -> None:
    """No answer, no signature, no time; one that is at work has a time, and a spoiled one is as none."""
    house = House(folder=tmp_path)
    [batch] = house.propose((FIRST,))
    assert not house.proposer.is_awaited  # it comes when it comes
    before = (house.proposer.answers(documents(FIRST)), house.proposer.signature(batch), house.proposer.heard_at)
    house.attesting.turn()
    heard = house.proposer.heard_at
    (house.own / "turn.json").write_text('{"at": "now"}')

    assert before == ({}, None, None)
    assert (heard, house.proposer.heard_at) == (house.clock.at, None)


def test_an_attestor_does_not_answer_for_another(house: House) -> None:
    """Its files copied into another one's folder are a stranger's."""
    other = FolderAttestor(name="a2", account=STRANGER.account, proposals=ProposalFolder(house.shared), chain=CHAIN)
    house.own.rename(house.own.with_name(STRANGER.account.lower()))

    assert "expected " + STRANGER.account.lower() in said(other.answers(documents(FIRST))[NAME])
    with pytest.raises(Unusable, match="a stranger's key"):
        other.signature(proposal(FIRST, SECOND))


@pytest.mark.parametrize("name", ["..", "../x", "/etc/passwd", "0x" + "0" * 63, "0x" + "G" * 64, ""])
def test_no_path_is_made_of_what_is_no_digest(tmp_path: Path, name: str) -> None:
    """Whatever stands in a file, it leads nowhere."""
    with pytest.raises(InvariantBroken, match="no digest"):
        path_of(tmp_path, name)


def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs the write; nobody reads half of it."""
    path = tmp_path / "answers" / "one.json"
    write_whole(path, b"first")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        write_whole(path, b"second")

    assert [(one.name, one.read_bytes()) for one in path.parent.iterdir()] == [("one.json", b"first")]


def test_a_file_that_is_gone_already_is_removed(tmp_path: Path) -> None:
    """Two turns may both want it gone."""
    path = tmp_path / "one.json"
    write_whole(path, b"1")
    for _ in range(2):
        remove(path)
    assert not path.exists()


def test_a_file_is_read_up_to_its_bound_and_not_beyond(tmp_path: Path) -> None:
    """At the bound it is read, a byte more and it is refused by its size."""
    path = tmp_path / "one.json"
    path.write_bytes(b"12345")

    assert read_whole(path, 5) == b"12345"
    with pytest.raises(Unusable, match="5 bytes, expected at most 4"):
        read_whole(path, 4)


def test_an_objection_is_read_by_its_proposer_as_it_was_said(tmp_path: Path) -> None:
    """Signed, with its reason and its time: a record that can be shown to others."""
    house = House(folder=tmp_path)
    house.propose((lie(2),))
    [told] = house.attesting.turn().answers

    assert told.word is Word.OBJECTS
    assert house.proposer.answers(documents(lie(2))) == {told.document: told}


def test_the_last_revision_that_the_contract_knows_may_be_proposed() -> None:
    """Its word has five bits for it."""
    made = proposal(FIRST)
    made = replace(made, rows=(replace(made.rows[0], revision=31),))
    raw = form.proposal_raw(made)
    asked = form.asked_of(raw, form.digest_of(raw), "here")
    assert list(asked.revisions.values()) == [31]
