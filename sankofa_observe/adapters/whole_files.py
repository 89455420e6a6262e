"""Small files that two parties share: written whole or not at all, and read as what a stranger may have put there.

A name comes out of a fixed alphabet and leads nowhere else; a link, a pipe, a device and a file without end are refused, not followed.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sankofa_observe.errors import Held, InvariantBroken, Unavailable, Unusable

DIGEST = re.compile(r"0x[0-9a-f]{64}")
FILE_MODE, FOLDER_MODE = 0o640, 0o750  # its owner's, and a group's to read
_NAME = re.compile(rf"({DIGEST.pattern})\.json")


def path_of(folder: Path, digest: str) -> Path:
    """Where what has this digest stands; no other text is a name."""
    if not DIGEST.fullmatch(digest):
        raise InvariantBroken(f"{digest[:80]!r}: no digest; expected 0x and 64 lower-case hex digits")
    return folder / f"{digest}.json"


def digests_in(folder: Path) -> tuple[list[str], list[str]]:
    """The digests that files of this folder are named by, in their order; and all other names, but not those half-written."""
    with away(folder):
        names = sorted(one.name for one in folder.iterdir()) if folder.exists() else []
    found = {name: _NAME.fullmatch(name) for name in names}
    return (
        [match[1] for match in found.values() if match],
        [name for name, match in found.items() if not match and not name.startswith(".")],
    )


def write_whole(path: Path, raw: bytes) -> None:
    """Either all of it under this name or what was there; it stands after a power cut. Who reads never sees a part."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with away(path):
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            raise
        sync_folder(path.parent)


def read_whole(path: Path, most_bytes: int) -> bytes | None:
    """What stands there, or None.

    Raises:
        Unusable: it is no plain file, or larger than anything of its kind.
        Unavailable: it cannot be read now.
    """
    with away(path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            if path.is_symlink():
                raise Unusable(f"{path}: a link, expected a file; it is not followed") from error
            raise
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise Unusable(f"{path}: no file; expected one of JSON")
            if found.st_size > most_bytes:
                raise Unusable(f"{path}: {found.st_size} bytes, expected at most {most_bytes}")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                raw = file.read(most_bytes + 1)
        finally:
            os.close(descriptor)
    if len(raw) > most_bytes:
        raise Unusable(f"{path}: more than {most_bytes} bytes; it grows while it is read")
    return raw


def remove(path: Path) -> None:
    with away(path):
        path.unlink(missing_ok=True)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process at a time; who is killed lets go."""
    with away(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(f"{folder}: another process works there; end it, or name another data_dir") from None
        yield
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """A name that was not synced may be gone after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def away(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{error.filename or path}: {error.strerror}; nothing was lost, it is tried again") from error
