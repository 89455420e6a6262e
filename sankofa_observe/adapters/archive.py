"""Evidence documents as files named by their digest; written once, never replaced."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sankofa_observe.errors import InvalidInput, InvariantBroken
from sankofa_observe.sla.evidence import Document, canonical, digest

_DIGEST = re.compile(r"0x[0-9a-f]{64}")


class FolderArchive:
    """A folder of `<digest>.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, document: Document) -> str:
        name, raw = digest(document), canonical(document)
        path = self._path(name)
        if path.exists():
            if path.read_bytes() != raw:
                raise InvariantBroken(
                    f"{path}: the file no longer has the bytes its name promises; restore it from a copy"
                )
            return name
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)  # either the whole file or none
        return name

    def get(self, digest: str) -> bytes | None:
        path = self._path(digest)
        return path.read_bytes() if path.exists() else None

    def _path(self, name: str) -> Path:
        if not _DIGEST.fullmatch(name):
            raise InvalidInput(f"{name!r}: not an evidence digest; expected 0x and 64 lower-case hex digits")
        return self._folder / f"{name[2:]}.json"
