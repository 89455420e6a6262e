"""The SHA-256 of every data file of a table in a folder, kept when it is committed.

Parquet files of this library hold no checksums: a byte that changed on the disk mostly decodes to another number. One text file beside
the log has a line a data file; `cd <table> && sha256sum --check --ignore-missing _checksums` asks the same without us. What stands
there first stays: a file is never changed once it is committed. It cannot tell what was changed before it was kept, nor who changes both.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FILE = "_checksums"
SPARE_LINES = 1000  # of files that compaction has replaced: beyond these the file is written anew


def known(folder: Path) -> dict[str, str]:
    """Checksums by the path of the data file below the table's folder; a line that is cut counts as none."""
    with suppress(FileNotFoundError):
        pairs = (line.split("  ", 1) for line in (folder / FILE).read_text("utf-8", "replace").splitlines())
        found: dict[str, str] = {}
        for pair in pairs:
            if len(pair) == 2 and len(pair[0]) == hashlib.sha256().digest_size * 2:  # noqa: PLR2004  a pair
                found.setdefault(pair[1], pair[0])
        return found
    return {}


def of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def keep(folder: Path, live: Sequence[str]) -> None:
    """Keep the checksum of each live file that has none yet. Writers of all observers do so in turns; raises OSError."""
    handle = os.open(folder / f".{FILE}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        kept = known(folder)
        fresh = {name: of((folder / name).read_bytes()) for name in live if name not in kept}
        if len(kept) + len(fresh) > 2 * len(live) + SPARE_LINES:
            _replace(folder, {name: one for name, one in (kept | fresh).items() if (folder / name).exists()})
        elif fresh:
            _append(folder / FILE, fresh)
    finally:
        os.close(handle)


def _append(file: Path, fresh: dict[str, str]) -> None:
    with file.open("ab+") as out:
        if out.tell():
            out.seek(-1, os.SEEK_END)
            if out.read(1) != b"\n":  # a line that was cut by a full disk ends here
                out.write(b"\n")
        out.write(_text(fresh))


def _replace(folder: Path, kept: dict[str, str]) -> None:
    fresh = folder / f".{FILE}.new"
    fresh.write_bytes(_text(kept))
    fresh.replace(folder / FILE)


def _text(checksums: dict[str, str]) -> bytes:
    return "".join(f"{one}  {name}\n" for name, one in checksums.items()).encode()
