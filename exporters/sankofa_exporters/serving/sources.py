"""The open sources of one process: opened at a target's first probe, replaced when its settings change, closed at the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sankofa_exporters.config.settings import Document, Module, Target, files_of, is_loaded_at_open
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.certificates import Certificates
from sankofa_exporters.model.rejected import Rejected
from sankofa_exporters.probe.source import Source
from sankofa_exporters.reading.http import modified_at
from sankofa_exporters.registry import System

Key = tuple[str, str]  # target, module
PROBES_OF_A_TARGET = 8  # two Prometheus that each scrape faster than the target answers
PROBES_AT_ONCE = 4_096  # thousands of targets that hang until their deadlines


class UnknownNameError(Exception):
    """The query names a target or module that the configuration does not have."""


class TooManyProbesError(Exception):
    """More probes are under way than any setting of Prometheus asks for."""


class CannotOpenError(Exception):
    """A file that the target's module names cannot be read just now."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """What a source was opened with; a source lives as long as this stays equal."""

    module: Module
    target: Target
    limits: Bounds
    modified_at: tuple[int, ...]  # of the files that are loaded when it is opened


@dataclass(kw_only=True)
class Open:
    """A source, with what is counted for as long as it is open."""

    source: Source
    settings: _Settings
    rejected: Rejected = field(default_factory=Rejected)
    certificates: Certificates = field(default_factory=Certificates)
    probes: int = 0  # under way
    retired: bool = False


@dataclass(kw_only=True)
class Sources:
    """Sources by target and module."""

    system: System
    document: Document[Any, Any]
    opened: dict[Key, Open] = field(default_factory=dict)
    closing: set[asyncio.Task[None]] = field(default_factory=set, repr=False)
    probes: int = 0  # under way

    @contextlib.contextmanager
    def use(self, target: str, module: str | None) -> Iterator[Open]:
        """The target's source, by default with the target's own module; it is not closed while it is used."""
        found = self._open(*self.key(target, module))
        if found.probes >= PROBES_OF_A_TARGET or self.probes >= PROBES_AT_ONCE:
            raise TooManyProbesError(
                f"target {target!r}: {found.probes} probes are under way, {self.probes} of all targets; "
                f"at most {PROBES_OF_A_TARGET} and {PROBES_AT_ONCE}: scrape it less often, or by fewer"
            )
        found.probes += 1
        self.probes += 1
        try:
            yield found
        finally:
            self.probes -= 1
            found.probes -= 1
            if found.retired and not found.probes:
                self._close_soon(found)

    def key(self, target: str, module: str | None) -> Key:
        """The full name of what is asked for; raises `UnknownNameError` for a target or module that is not configured."""
        settings = self.document.targets.get(target)
        if settings is None:
            raise UnknownNameError(f"unknown target {target!r}: it is not in the configuration's targets")
        module = module or settings.module
        if module not in self.document.modules:
            raise UnknownNameError(f"unknown module {module!r}: it is not in the configuration's modules")
        return target, module

    def take(self, document: Document[Any, Any]) -> None:
        """New settings: sources that they do not touch stay open with all they have counted."""
        self.document = document
        for key, found in list(self.opened.items()):
            if not self._is_current(key, found):
                del self.opened[key]
                found.retired = True
                if not found.probes:
                    self._close_soon(found)

    async def close(self) -> None:
        await asyncio.gather(*self.closing, *(found.source.close() for found in self.opened.values()))
        self.opened.clear()

    def _open(self, target: str, module: str) -> Open:
        key = (target, module)
        if key not in self.opened:
            try:
                settings = self._settings(key)
                if settings is None:
                    raise UnknownNameError(f"unknown target {target!r}: it is not in the configuration's targets")
                source = self.system.open(settings.module, settings.target, settings.limits)
            except (OSError, ValueError) as error:  # a CA file that is being renewed
                raise CannotOpenError(f"target {target!r} cannot be opened: {type(error).__name__}") from None
            self.opened[key] = Open(source=source, settings=settings)
        return self.opened[key]

    def _is_current(self, key: Key, found: Open) -> bool:
        try:
            return self._settings(key) == found.settings
        except ValueError:  # a file of its own is away; the next probe says so
            return False

    def _settings(self, key: Key) -> _Settings | None:
        """None for what is not configured; raises ValueError for a target's own file that is away."""
        target, module = self.document.targets.get(key[0]), self.document.modules.get(key[1])
        if target is None or module is None:
            return None
        module = module.for_target(key[0])
        times = tuple(modified_at(file) for name, file in files_of(module) if is_loaded_at_open(name))
        return _Settings(module=module, target=target, limits=self.document.limits, modified_at=times)

    def _close_soon(self, found: Open) -> None:
        task = asyncio.get_running_loop().create_task(found.source.close())
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)
