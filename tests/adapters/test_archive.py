"""The contract of `EvidenceArchive`, on the double and on a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.ports import EvidenceArchive
from sankofa_observe.sla.evidence import document_hash, written
from sankofa_observe.testing import MemoryArchive
from tests.builders import agreement, breach, digest_of

DOCUMENT = breach(agreement()).document
ARCHIVES: dict[str, Callable[[Path], EvidenceArchive]] = {
    "memory": lambda _: MemoryArchive(),
    "folder": lambda folder: FolderArchive(folder / "evidence"),
}


@pytest.fixture(params=ARCHIVES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceArchive:
    return ARCHIVES[request.param](tmp_path)


def test_archive_returns_the_canonical_bytes(archive: EvidenceArchive) -> None:
    """A document comes back as its RFC 8785 bytes, under the hash of its identity."""
    digest = archive.put(DOCUMENT)
    assert (digest, archive.get(digest)) == (document_hash(DOCUMENT.identity), written(DOCUMENT))


def test_archive_takes_a_document_twice(archive: EvidenceArchive) -> None:
    """The same identity, written by another release, is the same entry, and the first one stays."""
    digest = archive.put(DOCUMENT)
    assert archive.put(replace(DOCUMENT, provenance=replace(DOCUMENT.provenance, engine="other/2"))) == digest
    assert archive.get(digest) == written(DOCUMENT)


def test_archive_keeps_documents_apart(archive: EvidenceArchive) -> None:
    """A document of another period has an entry of its own."""
    other = breach(agreement(), 1).document
    digests = [archive.put(DOCUMENT), archive.put(other)]
    assert [archive.get(one) for one in digests] == [written(DOCUMENT), written(other)]


def test_archive_answers_none_for_what_it_does_not_hold(archive: EvidenceArchive) -> None:
    """An unknown digest is no error."""
    assert archive.get(digest_of("nothing")) is None


def test_archive_survives_a_restart(tmp_path: Path) -> None:
    """What one process stored another one reads."""
    digest = FolderArchive(tmp_path).put(DOCUMENT)
    assert FolderArchive(tmp_path).get(digest) == written(DOCUMENT)


@pytest.mark.parametrize("name", ["../../etc/passwd", "0x" + "AB" * 32, "0x" + "ab" * 31, "", "0x" + "ab" * 32 + "\n"])
def test_archive_reads_nothing_but_digests(tmp_path: Path, name: str) -> None:
    """A name that is no digest never becomes a path."""
    with pytest.raises(InvalidInput, match="not an evidence digest"):
        FolderArchive(tmp_path).get(name)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "another site": lambda raw: raw.replace(b"edge-1", b"edge-2"),
    "a letter of the engine": lambda raw: raw.replace(b"engine", b"engina", 1),
    "cut off": lambda raw: raw[:-1],
    "empty": lambda _: b"",
    "another document": lambda _: written(breach(agreement(), 1).document),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_archive_tells_a_damaged_file_by_name_and_with_the_command_that_mends_it(tmp_path: Path, damage: str) -> None:
    """Bytes that are no longer those of their name are never handed out; writing the document anew keeps them aside."""
    archive = FolderArchive(tmp_path)
    digest, other = archive.put(DOCUMENT), archive.put(breach(agreement(), 2).document)
    file = tmp_path / f"{digest[2:]}.json"
    changed = DAMAGES[damage](file.read_bytes())
    file.write_bytes(changed)
    with pytest.raises(InvariantBroken, match=f"{file.name}.*; write it anew from the slots: sankofa-observe evidence"):
        archive.get(digest)
    assert archive.get(other) is not None
    archive.put(DOCUMENT)
    (aside,) = tmp_path.glob("*.damaged")

    assert (archive.get(digest), aside.read_bytes()) == (written(DOCUMENT), changed)


def test_a_folder_in_the_place_of_a_document_is_told_and_moved_aside(tmp_path: Path) -> None:
    """It is damage as any other: no waiting makes a document of it."""
    archive = FolderArchive(tmp_path)
    digest = document_hash(DOCUMENT.identity)
    (tmp_path / f"{digest[2:]}.json").mkdir()
    with pytest.raises(InvariantBroken, match="it is empty, or no file; write it anew from the slots"):
        archive.get(digest)
    archive.put(DOCUMENT)

    assert archive.get(digest) == written(DOCUMENT)
    assert [one.is_dir() for one in tmp_path.glob("*.damaged")] == [True]


def test_a_folder_in_the_place_of_a_half_written_document_is_told(tmp_path: Path) -> None:
    """With what to do about it."""
    archive = FolderArchive(tmp_path)
    partial = tmp_path / f"{document_hash(DOCUMENT.identity)[2:]}.partial"
    partial.mkdir()
    with pytest.raises(Unavailable, match=f"{partial}: Is a directory; expected a file: move what is there away"):
        archive.put(DOCUMENT)


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_flipped_bit_is_handed_out(place: int, bit: int) -> None:
    """Identity, days and provenance alike: whatever one bit was, the document is told to be damaged."""
    archive, raw = MemoryArchive(), bytearray(written(DOCUMENT))
    raw[place % len(raw)] ^= 1 << bit
    archive.documents[document_hash(DOCUMENT.identity)] = bytes(raw)
    with pytest.raises(InvariantBroken):
        archive.get(document_hash(DOCUMENT.identity))


def test_archive_that_is_only_read_makes_no_folder(tmp_path: Path) -> None:
    """Who asks a place where nothing was ever kept leaves nothing there."""
    archive = FolderArchive(tmp_path / "evidence")
    answered = archive.get(digest_of("nothing")), archive.exposed(digest_of("nothing"))
    assert (answered, list(tmp_path.iterdir())) == ((None, ""), [])


def test_archive_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """A folder that is gone, or a full disk, is our error, and nothing half-written takes the document's name."""
    archive = FolderArchive(tmp_path / "evidence")
    (tmp_path / "evidence").write_text("a file stands where the folder is made")
    with pytest.raises(Unavailable, match="evidence: File exists; expected a folder: move what is there away"):
        archive.put(DOCUMENT)


def test_a_disk_that_is_full_costs_the_write_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood there stands, and no half of a document is left to be found."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    archive = FolderArchive(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left on device; nothing was lost, try again"):
        archive.put(DOCUMENT)
    assert list(tmp_path.iterdir()) == []


def test_archive_takes_one_document_from_many_threads(tmp_path: Path) -> None:
    """Writers of the same document do not disturb each other."""
    archive, answers = FolderArchive(tmp_path), list[str]()
    threads = [Thread(target=lambda: answers.append(archive.put(DOCUMENT))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(set(answers)), len(list(tmp_path.iterdir()))) == (16, 1, 1)


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    """Half a file of its name stays no longer than to the next write, and is never handed out."""
    archive = FolderArchive(tmp_path)
    digest = document_hash(DOCUMENT.identity)
    (tmp_path / f"{digest[2:]}.partial").write_bytes(written(DOCUMENT)[:100])
    assert archive.get(digest) is None
    archive.put(DOCUMENT)

    assert archive.get(digest) == written(DOCUMENT)
    assert [one.name for one in tmp_path.iterdir()] == [f"{digest[2:]}.json"]


def test_a_document_that_others_may_read_is_told_and_mended(archive: EvidenceArchive, tmp_path: Path) -> None:
    """Who looks after documents hears of it with what to do; to write the document again mends it."""
    digest = archive.put(DOCUMENT)
    assert archive.exposed(digest) == archive.exposed(digest_of("nothing")) == ""
    for file in tmp_path.glob("evidence/*.json"):
        file.chmod(0o644)
        assert archive.exposed(digest) == f"{file} has mode 644, expected 600; chmod 600 it, and ask who else read it"
    archive.put(DOCUMENT)
    assert archive.exposed(digest) == ""


def test_documents_are_their_owners_alone(tmp_path: Path) -> None:
    """The folder has mode 700, each file 600."""
    archive = FolderArchive(tmp_path / "evidence")
    archive.put(DOCUMENT)

    assert {stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "evidence").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700
