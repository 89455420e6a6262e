"""What is written stands after a power cut: whole under its name, or not at all, whenever the power goes.

A disk keeps what was synced. Of a file that was not it may have nothing; of a name that was given since its folder was synced it may have
either. `Disk` notes what a writer really does, and answers what may be found afterwards.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.ledger import SqlLedger, audit, care
from sankofa_observe.adapters.ledger.tables import receipts
from sankofa_observe.adapters.slots import rebuild
from sankofa_observe.adapters.slots.delta import UNFINISHED
from sankofa_observe.adapters.whole_files import write_whole
from sankofa_observe.sla.evidence import document_hash, written
from sankofa_observe.units import Period
from tests.builders import agreement, breach

DOCUMENT = breach(agreement()).document
TORN = b"(torn)"


@dataclass
class Disk:
    """Every moment at which the power may go, by what may then stand under one name."""

    path: Path
    moments: list[set[bytes | None]] = field(default_factory=list)
    _synced: dict[int, bytes] = field(default_factory=dict)  # by inode
    _named: list[int | None] = field(default_factory=list)  # what had the name since its folder was synced

    def begin(self) -> None:
        """What is there now has been there for long."""
        if self.path.exists():
            self._synced[self.path.stat().st_ino] = self.path.read_bytes()
        self._named = [self._inode()]
        self.moments = []

    def synced(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        self._looked()
        if stat.S_ISDIR(found.st_mode):
            if os.path.samestat(found, self.path.parent.stat()):
                self._named = [self._inode()]
        else:
            self._synced[found.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()
        self._looked()

    def end(self) -> set[bytes | None]:
        """What may stand there once the writer has said that it is done."""
        self._looked()
        return self.moments[-1]

    def _looked(self) -> None:
        if self._named[-1] != self._inode():
            self._named.append(self._inode())
        self.moments.append({None if one is None else self._synced.get(one, TORN) for one in self._named})

    def _inode(self) -> int | None:
        return self.path.stat().st_ino if self.path.exists() else None


@pytest.fixture
def disk_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Disk]:
    """A disk whose writers are watched where they ask for a sync; what they ask is done as well."""

    def watched(path: Path) -> Disk:
        disk, real = Disk(path), os.fsync

        def sync(descriptor: int) -> None:
            real(descriptor)
            disk.synced(descriptor)

        monkeypatch.setattr(os, "fsync", sync)
        disk.begin()
        return disk

    return watched


@pytest.mark.parametrize("before", [None, b"", b"damaged"])
def test_a_document_is_whole_or_absent_whenever_the_power_goes(
    tmp_path: Path, disk_of: Callable[[Path], Disk], before: bytes | None
) -> None:
    """And it is there once its writer has said so, with the penalty that points at it."""
    path = tmp_path / f"{document_hash(DOCUMENT.identity)[2:]}.json"
    if before is not None:
        path.write_bytes(before)
    disk = disk_of(path)
    FolderArchive(tmp_path).put(DOCUMENT)

    assert disk.end() == {written(DOCUMENT)}
    assert set().union(*disk.moments) <= {None, before, written(DOCUMENT)}


@pytest.mark.parametrize("before", [None, b"first"])
def test_a_shared_file_is_whole_or_as_it_was_whenever_the_power_goes(
    tmp_path: Path, disk_of: Callable[[Path], Disk], before: bytes | None
) -> None:
    """Proposals, answers, signatures: a signature that its attestor remembers is one that its proposer finds."""
    path = tmp_path / "one.json"
    if before is not None:
        path.write_bytes(before)
    disk = disk_of(path)
    write_whole(path, b"second")

    assert disk.end() == {b"second"}
    assert set().union(*disk.moments) == {before, b"second"}


def test_a_repair_of_the_slot_table_is_announced_before_it_moves_anything(
    tmp_path: Path, disk_of: Callable[[Path], Disk]
) -> None:
    """Or half of it would be taken for the table."""
    disk = disk_of(tmp_path / UNFINISHED)
    rebuild._announce(tmp_path)

    assert disk.end() == {(tmp_path / UNFINISHED).read_bytes()}
    assert len(set().union(*disk.moments)) == 2  # it, or nothing


@pytest.mark.parametrize("what", ["backup", "audit"])
def test_a_file_that_was_said_to_be_made_is_there(what: str, tmp_path: Path, disk_of: Callable[[Path], Disk]) -> None:
    """Whoever then drops what it was made of has it."""
    url, file = f"sqlite:///{tmp_path / 'ledger.sqlite'}", tmp_path / "kept" / "file"
    file.parent.mkdir()
    SqlLedger(url).close()
    disk = disk_of(file)
    if what == "backup":
        care.backup(url, file)
    else:
        audit.export(url, Period(starts_at=0, ends_at=1), file)

    assert disk.end() == {file.read_bytes()}


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[list[Any]]:
    """Two of one ledger at a time, and one after it was opened anew."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    with closing(SqlLedger(url)) as first, closing(SqlLedger(url)) as again:
        engine = first._database.engine
        with engine.connect() as one, engine.connect() as other, again._database.engine.connect() as third:
            yield [one, other, third]


def test_every_connection_syncs_what_it_commits_and_holds_what_names_what(connections: list[Any]) -> None:
    """SQLite's own default keeps no row over a power cut in WAL, and lets a receipt name a transaction that is not there."""
    asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    found = [[one.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked] for one in connections]
    assert found == [["wal", 2, 1, 10_000]] * 3
    stranger = receipts.insert().values(
        transaction="0x" + "ab" * 32, succeeded=1, block_number=1, block_hash="", reason="", actor="t", written_at=1
    )
    for one in connections:
        with pytest.raises(IntegrityError, match="FOREIGN KEY"):
            one.execute(stranger)
        one.rollback()
