"""The file of a ledger on SQLite, and what SQLite puts beside it: its owner's alone, and there as long as it is open."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from sankofa_observe.errors import InvalidInput, Unavailable, Unfit

_LOG, _INDEX = "-wal", "-shm"  # of what is written ahead
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


class LedgerFile:
    """One that is open."""

    def __init__(self, path: Path, *, new: bool) -> None:
        """A new file is its owner's alone, and one that others may read or write is refused; without `new`, none is made."""
        self.path = path
        try:
            if new:
                with suppress(FileExistsError):
                    # Only a new file is opened here: closing any descriptor of one that SQLite has open drops the locks of this process.
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._inode = path.stat().st_ino
            _is_ours_alone(path)
        except (NotADirectoryError, IsADirectoryError) as error:
            raise Unfit(f"ledger {path}: {error.strerror}; expected a file in a folder, see ledger_url") from error
        except OSError as error:
            makes = "" if new else "; sankofa-observe ledger upgrade makes a new one, ledger_url names another"
            raise Unavailable(f"ledger {path}: {error.strerror}{makes}; nothing was written") from error
        self._ahead: int | None = None  # the inode of the file in which SQLite writes ahead, once it was seen

    def still_there(self) -> None:
        """What is written to a file that was removed or replaced is lost with this process."""
        log = _beside(self.path, _LOG)
        ahead = _inode(log)
        if ahead != self._ahead and not _is_open(log, self._ahead):
            self._ahead = ahead  # nobody had it open any more: SQLite itself removed it, and made another one
        if (_inode(self.path), ahead) == (self._inode, self._ahead):
            return
        raise Unfit(f"ledger {self.path} was removed or replaced while it was open; restart with the file that counts")


def _is_ours_alone(file: Path) -> None:
    """What is written ahead is the ledger as much as its file; and who may write to the folder puts another file there."""
    for one in (file, _beside(file, _LOG), _beside(file, _INDEX)):
        with suppress(FileNotFoundError):
            found = one.stat().st_mode
            if not stat.S_ISREG(found):
                kind = _KINDS.get(stat.S_IFMT(found), "a device")
                raise Unfit(f"ledger {one} is {kind}, expected a file; move it away, or name another in ledger_url")
            if (mode := stat.S_IMODE(found)) & 0o077:
                raise InvalidInput(
                    f"ledger {one} has mode {mode:03o}, expected 600: others can read or change it; run chmod 600 {one}"
                )
    mode = stat.S_IMODE(file.parent.stat().st_mode)
    if mode & 0o022 and not mode & stat.S_ISVTX:  # in a sticky one nobody replaces the files of others
        raise InvalidInput(
            f"the folder {file.parent.absolute()} of ledger {file.name} has mode {mode:03o}, expected 700 or 755: others can replace "
            f"the ledger; run chmod go-w {file.parent.absolute()}"
        )


def _beside(file: Path, what: str) -> Path:
    return file.with_name(file.name + what)


def _inode(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_ino
    return None


def _is_open(file: Path, inode: int | None) -> bool:
    """Whether this process has that file of this name open: its number alone may by now be another one's."""
    for handle in Path("/proc/self/fd").glob("*") if inode is not None else ():
        with suppress(OSError):
            opened = str(handle.readlink()).removesuffix(" (deleted)")
            if opened == str(file.resolve()) and handle.stat().st_ino == inode:
                return True
    return False
