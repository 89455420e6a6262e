"""The lock of a slot table: one writer of an observer, whatever happens to the disk and to the lock's file."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.adapters.slots.lock import WriterLock, alone, writer_of
from sankofa_observe.errors import Unavailable
from tests.builders import SLOTS, START, slots_of


def test_lock_that_could_not_be_written_can_be_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the process is told so, and is not locked out by a handle of its own afterwards."""
    table = DeltaSlots(tmp_path, "observer-1")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(Unavailable, match=r"observer-1\.lock cannot be taken \(OSError: No space left"):
        table.append(slots_of(), START)
    monkeypatch.undo()
    assert table.append(slots_of(), START) == SLOTS


def _file_at_the_location(folder: Path) -> None:
    folder.write_text("a file")


def _file_above_the_location(folder: Path) -> None:
    folder.parent.rmdir()
    folder.parent.write_text("a file")


def _folder_at_the_lock(folder: Path) -> None:
    (folder / "observer-1.lock").mkdir(parents=True)


@pytest.mark.parametrize("spoil", [_file_at_the_location, _file_above_the_location, _folder_at_the_lock])
def test_lock_that_cannot_be_had_is_named_with_its_path(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    """A raw error of the system never reaches a stage."""
    folder = tmp_path / "data" / "slots"
    folder.parent.mkdir()
    spoil(folder)
    with pytest.raises(Unavailable, match=rf"{folder}/observer-1\.lock cannot be taken .* mend that and try again"):
        DeltaSlots(folder, "observer-1").append(slots_of(), START)


def test_lock_whose_file_was_removed_leaves_one_writer(tmp_path: Path) -> None:
    """Whoever locks the new file writes; the first writer is refused at its next write."""
    first, second = WriterLock(str(tmp_path), "observer-1"), WriterLock(str(tmp_path), "observer-1")
    first.take()
    (tmp_path / "observer-1.lock").unlink()
    second.take()
    with pytest.raises(Unavailable, match="one observer has one writer"):
        first.take()


def test_lock_whose_file_was_removed_is_put_back_by_its_holder(tmp_path: Path) -> None:
    """Where nobody else came in between, the writer goes on and others are refused again."""
    first = WriterLock(str(tmp_path), "observer-1")
    first.take()
    (tmp_path / "observer-1.lock").unlink()
    first.take()
    with pytest.raises(Unavailable, match="one observer has one writer"):
        WriterLock(str(tmp_path), "observer-1").take()


def test_lock_is_taken_at_a_file_address_too(tmp_path: Path) -> None:
    """`file://…` is the folder that it names, spaces in its name included."""
    address = (tmp_path / "a table").as_uri()
    first, second = DeltaSlots(address, "observer-1"), DeltaSlots(tmp_path / "a table", "observer-1")
    first.append(slots_of(), START)
    with pytest.raises(Unavailable, match="one observer has one writer"):
        second.append(slots_of(1), START)


def test_repair_and_writers_exclude_each_other(tmp_path: Path) -> None:
    """A repair is refused by the name of the observer that writes; a writer is refused while a repair works."""
    mine, other = WriterLock(str(tmp_path), "observer-1"), WriterLock(str(tmp_path), "observer-2")
    other.take()
    with (
        pytest.raises(Unavailable, match=rf"observer observer-2: process {os.getpid()} writes them"),
        alone(str(tmp_path)),
    ):
        raise AssertionError
    other.release()
    with alone(str(tmp_path)):
        with pytest.raises(Unavailable, match=rf"process {os.getpid()} repairs them"):
            mine.take()
        assert writer_of(tmp_path / "observer-1.lock") == ""
    mine.take()
