"""Where a process' settings come from, so that they can be read again: SIGHUP and POST /-/reload."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sankofa_exporters.config.document import attempt, together
from sankofa_exporters.config.fleet import load_with_fleet
from sankofa_exporters.config.settings import Document, load
from sankofa_exporters.registry import System

from .listener import WebConfig, load_web


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
        document, first = attempt(self._document)
        web, second = attempt(lambda: load_web(self.web))
        if document is None or web is None:
            raise together([*first, *second])
        return Settings(document=document, web=web)

    def _document(self) -> Document[Any, Any]:
        if self.fleet is None:
            return load(self.config, self.system.module_type, self.system.target_type)
        return load_with_fleet(self.config, self.fleet, self.system)
