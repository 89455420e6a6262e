"""What every test may lean on: real programs are found or the test is skipped; in CI a missing one is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.lab.pace import measured
from deploy.lab.processes import Processes, missing_programs
from tests.pace import scale_timeouts

settings.register_profile("repository", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("repository")


def pytest_report_header() -> str:
    return f"pace: {measured()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    scale_timeouts(items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("real"):
        missing = list(missing_programs(mark.args))
        if missing and os.environ.get("REQUIRE_REAL"):
            pytest.fail(f"REQUIRE_REAL is set and these programs are missing: {', '.join(missing)}", pytrace=False)
        if missing:
            pytest.skip(f"needs {', '.join(missing)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every real part is required, a skip proves nothing and is a failure."""
    report = yield
    if os.environ.get("REQUIRE_REAL") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped while REQUIRE_REAL is set: {call.excinfo and call.excinfo.value}"
    return report


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Starts real programs; ends every one of them after the test."""
    with Processes(folder=tmp_path) as running:
        yield running
