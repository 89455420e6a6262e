"""Which systems there are, and how a target of each is opened.

A system is loaded by name only when it is asked for, so that one broken or heavy exporter never costs another, and no
exporter imports another.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.config.settings import Module, Target
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.family import Family
from sankofa_exporters.model.signal import Signal
from sankofa_exporters.probe.source import Source

SYSTEM_NAMES = tuple(
    folder.name
    for folder in pkgutil.iter_modules(importlib.import_module(__package__).__path__)
    if folder.ispkg and importlib.util.find_spec(f"{__package__}.{folder.name}.system")
)
"""Every folder with a `system.py`: what a system is stands in its own folder, and every list is made of these names."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One kind of thing that can be probed."""

    name: str
    title: str
    default_address: str
    module_type: type[Module]
    target_type: type[Target]
    open: Callable[[Any, Any, Bounds], Source]
    families: tuple[Family, ...]
    kinds: tuple[
        str, ...
    ] = ()  # the words that may follow its name on the command line; the first one is meant without any
    signals: tuple[Signal, ...] = ()  # its board's own rows; the first four are its golden signals
    asks: bool = True  # whether a probe asks the target itself; else it tells what the exporter did meanwhile
    upstream_job: str | None = None  # the scrape job of the metrics endpoint that the system has itself


def system(name: str) -> System:
    """The system called `name`; raises KeyError for an unknown name."""
    if name not in SYSTEM_NAMES:
        raise KeyError(name)
    found = importlib.import_module(f"{__package__}.{name}.system").SYSTEM
    if not isinstance(found, System):
        raise TypeError(f"{name}.system.SYSTEM is not a System")
    return found
