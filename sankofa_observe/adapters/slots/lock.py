"""One writer of one observer: a file lock beside the table, held as long as the process writes there.

`flock` belongs to the open file and ends with the process, however that ends, so it lapses by itself and needs no renewal. The file
says who holds it and how often it was held, for messages and as the epoch; whoever removes it begins at 1 again. Writers of all observers also share one lock, which a repair takes alone: it replaces the tables under all of them.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sankofa_observe.adapters.slots.delta import is_folder
from sankofa_observe.errors import Held, Lost, SankofaError, Unavailable

REPAIR_LOCK = ".repairing"  # no name of an observer's lock
TRIES, PAUSE_SECONDS = 3, 0.05  # `writer_of` holds a lock for an instant: that must not turn a writer away


class WriterLock:
    """The `Lease` of one observer's tables, taken at the first write; on an object store there is none to take yet."""

    seconds = None

    def __init__(self, location: str, observer: str, owner: str = "") -> None:
        self._file = Path(location) / f"{observer}.lock" if is_folder(location) else None
        self._observer = observer
        self._held: list[tuple[Path, int]] = []
        self._epoch = 0
        self.owner = owner or str(os.getpid())

    def take(self) -> int:
        """Called before each write.

        Raises:
            Held: another process writes for this observer, or repairs the tables.
            Unavailable: the lock cannot be had: the location is a file, may not be written or has no space.
        """
        if self._file is None or self._is_held():
            return self._epoch
        self.release()  # someone removed the lock file: another process may hold the one in its place
        shared = self._file.parent / REPAIR_LOCK
        try:
            handle = _locked(self._file, fcntl.LOCK_EX, f"slots of observer {self._observer}", self.owner)
            self._held.append((self._file, handle))
            self._held.append((shared, _locked(shared, fcntl.LOCK_SH, f"slot tables {shared.parent}", self.owner)))
        except SankofaError:
            self.release()
            raise
        self._epoch = _epoch(handle)
        return self._epoch

    def renew(self) -> None:
        self.check()

    def check(self) -> None:
        if self._file is not None and not self._is_held():
            holder = writer_of(self._file) or "nobody"
            raise Lost(f"slots of observer {self._observer}: the lock {self._file} is no longer ours; {holder} has it")

    def release(self) -> None:
        while self._held:
            os.close(self._held.pop()[1])

    def _is_held(self) -> bool:
        return bool(self._held) and all(_is_at(path, handle) for path, handle in self._held)


@contextmanager
def alone(location: str) -> Iterator[None]:
    """No observer of this folder may write meanwhile; raises `Unavailable` that names the one that does."""
    folder = Path(location)
    for file in sorted(folder.glob("*.lock")):
        if writer := writer_of(file):
            raise Held(_words(f"slots of observer {file.stem}", file, writer))
    file = folder / REPAIR_LOCK
    handle = _locked(file, fcntl.LOCK_EX, f"slot tables {folder}", str(os.getpid()))
    try:
        yield
    finally:
        with suppress(OSError):
            os.ftruncate(handle, 0)  # a later refusal must not name this process
        os.close(handle)


def writer_of(file: Path) -> str:
    """The process that holds a lock, "unknown" if it has left no number; empty where none does. Nothing is written."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _owner(handle)
    finally:
        os.close(handle)
    return ""


def _locked(file: Path, how: int, whose: str, owner: str) -> int:
    """The handle of a lock that is held. Whatever fails, no handle stays open: it would lock this process out of its own table."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        while True:
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _lock(handle, how, file, whose)
                if how == fcntl.LOCK_EX:
                    said = f"{owner} {_epoch(handle) + 1}\n".encode()
                    os.pwrite(handle, said, 0)
                    os.ftruncate(handle, len(said))
            except BaseException:
                os.close(handle)
                raise
            if _is_at(file, handle):
                return handle
            os.close(handle)  # removed between opening and locking: what lies there now is another file
    except OSError as error:
        raise Unavailable(
            f"{whose}: the lock {file} cannot be taken ({type(error).__name__}: {error.strerror or error}); expected a folder that "
            "this user may write to, with space left: mend that and try again, nothing was written"
        ) from error


def _lock(handle: int, how: int, file: Path, whose: str) -> None:
    for tries in range(TRIES, 0, -1):
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if tries == 1:
                raise Held(_words(whose, file, _owner(handle))) from None
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _words(whose: str, file: Path, writer: str) -> str:
    if file.name == REPAIR_LOCK:
        return f"{whose}: process {writer} repairs them, or a writer holds them ({file}); let it end, then try again"
    return f"{whose}: process {writer} writes them ({file}); one observer has one writer: let that one work, or stop it first"


def _owner(handle: int) -> str:
    return _written(handle)[0] or "unknown"


def _epoch(handle: int) -> int:
    """How often the lock was held by what the file says; 0 where it says nothing."""
    number = _written(handle)[1]
    return int(number) if number.isdecimal() else 0


def _written(handle: int) -> tuple[str, str]:
    owner, _, epoch = os.pread(handle, 256, 0).decode(errors="replace").partition("\n")[0].partition(" ")
    return owner, epoch


def _is_at(file: Path, handle: int) -> bool:
    """Whether the open file is the one that stands at this path."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), os.stat(file))  # noqa: PTH116  beside fstat
    return False
