"""Where a process' settings come from, so that they can be read again: SIGHUP and POST /-/reload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.fleet import load_with_fleet
from sankofa_exporters.config.settings import Document, load
from sankofa_exporters.registry import System

from .listener import WebConfig, load_web

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that was read, checked."""

    document: Document[Any, Any]
    web: WebConfig = field(default_factory=WebConfig)


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of one process."""

    system: System
    config: Path
    fleet: Path | None = None
    web: Path | None = None

    def read(self) -> Settings:
        """All files, checked; raises `BrokenConfigError` with the violations of every one of them."""
        document, first = _attempt(self._document)
        web, second = _attempt(lambda: load_web(self.web))
        broken = [one for one in (first, second) if one is not None]
        if document is None or web is None:
            raise BrokenConfigError(
                file=broken[0].file, violations=broken[0].violations, others=(*broken[0].others, *broken[1:])
            )
        return Settings(document=document, web=web)

    def _document(self) -> Document[Any, Any]:
        if self.fleet is None:
            return load(self.config, self.system.module_type, self.system.target_type)
        return load_with_fleet(self.config, self.fleet, self.system)


def _attempt(read: Callable[[], V]) -> tuple[V | None, BrokenConfigError | None]:
    try:
        return read(), None
    except BrokenConfigError as error:
        return None, error
