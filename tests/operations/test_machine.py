"""The machine is watched: space by role, the clock by whose it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sankofa_observe import telemetry
from sankofa_observe.operations.machine import MachineMetrics
from sankofa_observe.operations.registry import ProcessMetrics


def test_free_space_is_told_of_folders_that_are_there(tmp_path: Path) -> None:
    """By role, as a share of their file system; one that is gone has no figure, and keeps none."""
    process, folder = ProcessMetrics(), tmp_path / "slots"
    machine, value = MachineMetrics(process), process.registry.get_sample_value
    folder.mkdir()
    machine.refresh_disks({"slots": folder, "ledger": tmp_path / "nowhere"})
    usage = shutil.disk_usage(folder)
    assert value(str(telemetry.DISK_FREE), {"role": "slots"}) == pytest.approx(usage.free / usage.total, abs=0.01)
    assert value(str(telemetry.DISK_FREE), {"role": "ledger"}) is None
    folder.rmdir()
    machine.refresh_disks({"slots": folder})
    assert value(str(telemetry.DISK_FREE), {"role": "slots"}) is None


def test_a_clock_that_could_not_be_asked_has_no_offset() -> None:
    """That of the last answer would say that somebody has just looked."""
    process = ProcessMetrics()
    machine, seen = MachineMetrics(process), []
    for ahead in (-1.5, None, 0.25):
        machine.clock("north", ahead)
        seen.append(process.registry.get_sample_value(str(telemetry.CLOCK_OFFSET), {"of": "north"}))
    assert seen == [-1.5, None, 0.25]
