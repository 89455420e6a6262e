"""A running fake cluster, and an exporter on it that remembers nothing of the nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.lab.processes import Processes
from sankofa_exporters.bounds import Bounds
from tests.exporters.watching import Watch, watching

from .lab import Lab


@pytest.fixture
def lab(processes: Processes, tmp_path: Path) -> Lab:
    return Lab(processes, tmp_path / "pve")


@pytest.fixture
async def watch(lab: Lab) -> AsyncIterator[Watch]:
    async with watching(lab.exporter(limits=Bounds(body_bytes=1_000_000), node_refresh_seconds=0)) as found:
        yield found
