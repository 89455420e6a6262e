"""The machine that the platform stands on: how much space its folders have left, and whether its clock is right."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sankofa_observe import telemetry
from sankofa_observe.operations.registry import ProcessMetrics, show


class MachineMetrics:
    """Free space by role, clocks by whose they are."""

    def __init__(self, process: ProcessMetrics) -> None:
        self._free = process.gauge(telemetry.DISK_FREE)
        self._offset = process.gauge(telemetry.CLOCK_OFFSET)

    def refresh_disks(self, folders: Mapping[str, Path]) -> None:
        """A folder that is not there, or elsewhere, has no figure."""
        found = ((role, _free_ratio(folder)) for role, folder in folders.items())
        show(self._free, {(role,): ratio for role, ratio in found if ratio is not None})

    def clock(self, of: str, ahead_seconds: float | None) -> None:
        """None where it could not be told: an old figure would say that somebody has just looked."""
        show(self._offset, {} if ahead_seconds is None else {(of,): ahead_seconds})


def _free_ratio(folder: Path) -> float | None:
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail / found.f_blocks if found.f_blocks else None
