"""The contract of `EvidenceArchive`, on the double and on a folder."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.ports import EvidenceArchive
from sankofa_observe.sla.evidence import canonical
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
    """A document comes back as its RFC 8785 bytes, under their SHA-256."""
    raw = canonical(DOCUMENT)
    digest = archive.put(DOCUMENT)
    assert (digest, archive.get(digest)) == ("0x" + hashlib.sha256(raw).hexdigest(), raw)


def test_archive_takes_a_document_twice(archive: EvidenceArchive) -> None:
    """The same document again, with its keys in another order, is the same entry."""
    again = dict(reversed(DOCUMENT.items()))
    assert archive.put(DOCUMENT) == archive.put(again)


def test_archive_keeps_documents_apart(archive: EvidenceArchive) -> None:
    """A document that differs by one character has an entry of its own."""
    other = {**DOCUMENT, "engine": "sankofa-observe/other"}
    digests = [archive.put(DOCUMENT), archive.put(other)]
    assert [archive.get(one) for one in digests] == [canonical(DOCUMENT), canonical(other)]


def test_archive_answers_none_for_what_it_does_not_hold(archive: EvidenceArchive) -> None:
    """An unknown digest is no error."""
    assert archive.get(digest_of("nothing")) is None


def test_archive_survives_a_restart(tmp_path: Path) -> None:
    """What one process stored another one reads."""
    digest = FolderArchive(tmp_path).put(DOCUMENT)
    assert FolderArchive(tmp_path).get(digest) == canonical(DOCUMENT)


@pytest.mark.parametrize("name", ["../../etc/passwd", "0x" + "AB" * 32, "0x" + "ab" * 31, "", "0x" + "ab" * 32 + "\n"])
def test_archive_reads_nothing_but_digests(tmp_path: Path, name: str) -> None:
    """A name that is no digest never becomes a path."""
    with pytest.raises(InvalidInput, match="not an evidence digest"):
        FolderArchive(tmp_path).get(name)


@pytest.mark.parametrize("act", ["put", "get"])
def test_archive_notices_a_changed_file(tmp_path: Path, act: str) -> None:
    """Bytes that are no longer those of their name are never handed out and never overwritten."""
    archive = FolderArchive(tmp_path)
    digest = archive.put(DOCUMENT)
    (file,) = tmp_path.iterdir()
    changed = file.read_bytes().replace(b"edge-1", b"edge-2")
    file.write_bytes(changed)
    with pytest.raises(InvariantBroken, match=file.name):
        archive.put(DOCUMENT) if act == "put" else archive.get(digest)
    assert file.read_bytes() == changed


def test_archive_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """A folder that is gone, or a full disk, is our error, and nothing half-written takes the document's name."""
    archive = FolderArchive(tmp_path / "evidence")
    (tmp_path / "evidence").rmdir()
    (tmp_path / "evidence").write_text("a file stands where the folder was")
    with pytest.raises(Unavailable, match="evidence"):
        archive.put(DOCUMENT)


def test_archive_takes_one_document_from_many_threads(tmp_path: Path) -> None:
    """Writers of the same document do not disturb each other."""
    archive, answers = FolderArchive(tmp_path), list[str]()
    threads = [Thread(target=lambda: answers.append(archive.put(DOCUMENT))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(set(answers)), len(list(tmp_path.iterdir()))) == (16, 1, 1)


def test_documents_are_their_owners_alone(tmp_path: Path) -> None:
    """The folder has mode 700, each file 600."""
    archive = FolderArchive(tmp_path / "evidence")
    archive.put(DOCUMENT)

    assert {stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "evidence").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700
