"""What every test may lean on: the parts of its tier are there (tests/tiers.py), and real programs end with the test."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.lab.pace import measured
from deploy.lab.processes import Processes
from tests import tiers
from tests.cli.running import Ended, Run
from tests.pace import longest_first, scale_timeouts

settings.register_profile("repository", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("repository")


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # a seventh of collecting is a search for garbage among what stays; `pytest_collection_finish` enables it
    if not hasattr(config, "workerinput"):  # once, in the process that starts the workers
        tiers.refuse_a_run_without_its_parts()


def pytest_report_header() -> str:
    return f"pace: {measured()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if later := tiers.later(items):
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in set(later)]
    longest_first(items)
    if config.getoption("timeout") is None:  # a soak names its own
        scale_timeouts(items)


def pytest_collection_finish() -> None:
    """What thousands of tests have imported lives to the end: no search for garbage need look at it again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Tests import eth_account for themselves, which raises the limit to where the stack gives way (`adapters.recursion`).
    sys.setrecursionlimit(1000)
    _forget_logging()
    for mark in item.iter_markers("real"):
        tiers.check_mark(mark.args)


def _forget_logging() -> None:
    """A command that another test ran in this process has set its own level, and writes to a stream that is closed by now."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if type(one) is logging.StreamHandler]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    tiers.forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file that skips itself as a whole is no better than a test that does."""
    del collector
    report = yield
    tiers.forbid_skip(report)
    return report


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Starts real programs; ends every one of them after the test."""
    with Processes(folder=tmp_path) as running:
        yield running


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process, as the installed script does."""
    from sankofa_observe import cli

    def command(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["sankofa-observe", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        captured = capsys.readouterr()
        code = left.value.code
        return Ended(code=code if isinstance(code, int) else 0, out=captured.out, err=captured.err)

    return command
