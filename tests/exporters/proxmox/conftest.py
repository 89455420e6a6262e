"""A fake cluster that runs as long as the tests of its worker, started over for each, and an exporter that remembers no node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.lab.processes import Processes
from sankofa_exporters.model.bounds import Bounds
from tests.exporters.watching import Watch, watching

from .lab import Lab


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("pve")
    with Processes(folder=folder) as processes:
        yield Lab(processes, folder / "pve")


@pytest.fixture
def lab(running: Lab) -> Lab:
    return running.start_over()


@pytest.fixture
async def watch(lab: Lab) -> AsyncIterator[Watch]:
    async with watching(lab.exporter(limits=Bounds(body_bytes=1_000_000), node_refresh_seconds=0)) as found:
        yield found
