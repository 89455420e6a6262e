"""Evidence documents as files named by the hash of their identity; one that is whole is never replaced, and removed by retention alone.

A file is whole when it reads as a document of its name. A damaged one is told by its path; `put` moves it aside, keeps it, and
writes the document in its place. One writes at a time: a file that a killed writer left half-written has the same name, and is written over.
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

from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.sla.evidence import Evidence, document_hash, parse, written

MODE = 0o600  # of a document: its owner's alone
_DIGEST = re.compile(r"0x[0-9a-f]{64}")


class FolderArchive:
    """A folder of `<digest>.json`, made with its first document: who only reads makes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, document: Evidence) -> str:
        name = document_hash(document.identity)
        path = self._path(name)
        with _files(path):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _files(path), self._alone() as folder:
            raw = _read(path)
            if raw is None or _fault(raw, name):
                self._write(path, written(document), folder, aside=raw is not None)
            elif _mode(path) != MODE:
                path.chmod(MODE)
        return name

    def get(self, digest: str) -> bytes | None:
        path = self._path(digest)
        with _files(path):
            raw = _read(path)
        if raw is not None and (fault := _fault(raw, digest)):
            raise InvariantBroken(
                f"{path}: {fault}; write it anew from the slots: sankofa-observe evidence rebuild --all"
            )
        return raw

    def remove(self, digest: str) -> bool:
        path = self._path(digest)
        with _files(path):
            if not self._folder.is_dir():
                return False
            with self._alone() as folder:
                own = [one for one in self._folder.glob(f"{path.stem}.*") if one.is_file()]
                for one in own:
                    one.unlink()
                os.fsync(folder)
        return bool(own)

    def exposed(self, digest: str) -> str:
        path = self._path(digest)
        with _files(path):
            mode = _mode(path) if path.exists() else MODE
        if mode == MODE:
            return ""
        return f"{path} has mode {mode:o}, expected {MODE:o}; chmod {MODE:o} it, and ask who else read it"

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """One writer at a time, of all processes; who is killed lets go. Answers the open folder."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(folder)

    def _write(self, path: Path, raw: bytes, folder: int, *, aside: bool) -> None:
        """Either the whole file or none: under another name first, then one rename; what was there is kept aside."""
        partial = path.with_suffix(".partial")
        try:
            with open(partial, "wb", opener=_owned) as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            if aside:
                path.replace(path.with_suffix(f".{secrets.token_hex(8)}.damaged"))
            partial.replace(path)
            # A name that was not synced may be gone after a power cut, with the penalty that points at it.
            os.fsync(folder)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            raise

    def _path(self, name: str) -> Path:
        if not _DIGEST.fullmatch(name):
            raise InvalidInput(f"{name!r}: not an evidence digest; expected 0x and 64 lower-case hex digits")
        return self._folder / f"{name[2:]}.json"


def _read(path: Path) -> bytes | None:
    """What stands there, or None; of a folder, or of what else is no file, there are no bytes."""
    if path.is_file():
        return path.read_bytes()
    return b"" if path.exists() else None


def _fault(raw: bytes, name: str) -> str:
    """Why these bytes are not the document of that name, or nothing."""
    if not raw:
        return "it is empty, or no file"
    try:
        found = document_hash(parse(raw).identity)
    except InvalidInput as error:
        return str(error)
    return "" if found == name else f"it holds another document, {found}"


def _owned(path: str, flags: int) -> int:
    """For its owner alone."""
    return os.open(path, flags, MODE)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def _files(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        expected = "a file" if isinstance(error, IsADirectoryError) else "a folder"
        raise Unavailable(
            f"evidence archive {path}: {error.filename}: {error.strerror}; expected {expected}: move what is there away, nothing was lost"
        ) from error
    except OSError as error:
        raise Unavailable(f"evidence archive {path}: {error.strerror}; nothing was lost, try again") from error
