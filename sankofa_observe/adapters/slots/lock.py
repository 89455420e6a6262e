"""One writer of one observer: a file lock beside the table, held as long as the process writes there."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sankofa_observe.adapters.slots.delta import is_folder
from sankofa_observe.errors import Unavailable


class WriterLock:
    """Taken at the first write, released with the process; on an object store there is none to take yet."""

    def __init__(self, location: str, observer: str) -> None:
        self._file = Path(location) / f"{observer}.lock" if is_folder(location) else None
        self._observer = observer
        self._held: int | None = None

    def take(self) -> None:
        """Raises `Unavailable` while another process writes for this observer."""
        if self._held is not None or self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise Unavailable(
                f"slots of observer {self._observer}: process {owner} writes them ({self._file}); one observer has one writer: "
                "let that one work, or stop it first"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._held = handle

    def release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None
