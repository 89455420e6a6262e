"""One writer of one observer: a file lock beside the table, held as long as the process writes there.

`flock` belongs to the open file and ends with the process, however that ends; the number in the file is only for the message.
Writers of all observers also share one lock, which a repair takes alone: it replaces the tables under all of them.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sankofa_observe.adapters.slots.delta import is_folder
from sankofa_observe.errors import SankofaError, Unavailable

REPAIR_LOCK = ".repairing"  # no name of an observer's lock
TRIES, PAUSE_SECONDS = 3, 0.05  # `writer_of` holds a lock for an instant: that must not turn a writer away


class WriterLock:
    """Taken at the first write, released with the process; on an object store there is none to take yet."""

    def __init__(self, location: str, observer: str) -> None:
        self._file = Path(location) / f"{observer}.lock" if is_folder(location) else None
        self._observer = observer
        self._held: list[tuple[Path, int]] = []

    def take(self) -> None:
        """Called before each write. Raises `Unavailable` while another process writes for this observer or repairs the tables,
        and where the lock cannot be had: the location is a file, may not be written or has no space.
        """
        if self._file is None or (self._held and all(_is_at(path, handle) for path, handle in self._held)):
            return
        self.release()  # someone removed the lock file: another process may hold the one in its place
        shared = self._file.parent / REPAIR_LOCK
        try:
            self._held.append((self._file, _locked(self._file, fcntl.LOCK_EX, f"slots of observer {self._observer}")))
            self._held.append((shared, _locked(shared, fcntl.LOCK_SH, f"slot tables {shared.parent}")))
        except SankofaError:
            self.release()
            raise

    def release(self) -> None:
        while self._held:
            os.close(self._held.pop()[1])


@contextmanager
def alone(location: str) -> Iterator[None]:
    """No observer of this folder may write meanwhile; raises `Unavailable` that names the one that does."""
    folder = Path(location)
    for file in sorted(folder.glob("*.lock")):
        if writer := writer_of(file):
            raise Unavailable(_words(f"slots of observer {file.stem}", file, writer))
    file = folder / REPAIR_LOCK
    handle = _locked(file, fcntl.LOCK_EX, f"slot tables {folder}")
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


def _locked(file: Path, how: int, whose: str) -> int:
    """The handle of a lock that is held. Whatever fails, no handle stays open: it would lock this process out of its own table."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        while True:
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _lock(handle, how, file, whose)
                if how == fcntl.LOCK_EX:
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
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
                raise Unavailable(_words(whose, file, _owner(handle))) from None
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _words(whose: str, file: Path, writer: str) -> str:
    if file.name == REPAIR_LOCK:
        return f"{whose}: process {writer} repairs them, or a writer holds them ({file}); let it end, then try again"
    return f"{whose}: process {writer} writes them ({file}); one observer has one writer: let that one work, or stop it first"


def _owner(handle: int) -> str:
    return os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"


def _is_at(file: Path, handle: int) -> bool:
    """Whether the open file is the one that stands at this path."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), os.stat(file))  # noqa: PTH116  beside fstat
    return False
