"""The schedule: a failing stage costs only itself, and what is late runs once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

import polars as pl
import pytest

from sankofa_observe import schedule
from sankofa_observe.bootstrap import _apart
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.schedule import Stage, Turn
from tests.pace import until

FAILURES: dict[str, tuple[Exception, int]] = {
    "unavailable": (Unavailable("away"), logging.WARNING),
    "invalid": (InvalidInput("wrong"), logging.WARNING),
    "broken": (InvariantBroken("two truths"), logging.CRITICAL),
    "unforeseen": (ZeroDivisionError("bug"), logging.ERROR),
}


def noting(ran: list[str], name: str, said: str = "") -> Callable[[], str]:
    """A stage that writes down that it ran."""

    def run() -> str:
        ran.append(name)
        return said

    return run


def failing(error: Exception) -> Callable[[], str]:
    def run() -> str:
        raise error

    return run


@pytest.mark.parametrize("case", FAILURES)
def test_schedule_runs_the_stages_after_one_that_fails(case: str, caplog: pytest.LogCaptureFixture) -> None:
    """The failure is told to whoever counts, and logged by its weight; the next stages have their turn."""
    error, level = FAILURES[case]
    ran: list[str] = []
    outcomes: list[tuple[str, Exception | None]] = []
    stages = [
        Stage(name="observe", run=noting(ran, "observe")),
        Stage(name="evaluate", run=failing(error)),
        Stage(name="settle", run=noting(ran, "settle", "one moved")),
    ]
    with caplog.at_level(logging.INFO):
        turn = Turn(every_seconds=60, stages=stages)
        schedule.run_turn(turn, lambda *one: outcomes.append(one), lambda: ran.append("after"), {})
    assert (ran, outcomes) == (
        ["observe", "settle", "after"], [("observe", None), ("evaluate", error), ("settle", None)],
    )  # fmt: skip
    logged = [(one.levelno, one.name) for one in caplog.records]
    assert logged == [(level, "sankofa_observe.schedule"), (logging.INFO, "sankofa_observe.schedule")]


def test_schedule_goes_on_when_counting_fails() -> None:
    """Metrics that break keep no stage from its turn."""
    ran: list[str] = []
    stages = [Stage(name=name, run=noting(ran, name)) for name in ("observe", "settle")]

    def broken(*_: object) -> None:
        raise RuntimeError("metrics")

    schedule.run_turn(Turn(every_seconds=60, stages=stages), broken, broken, {})
    assert ran == ["observe", "settle"]


def test_schedule_tells_the_same_waiting_once(caplog: pytest.LogCaptureFixture) -> None:
    """A stage that waits for the same thing turn after turn is one line; news is another."""
    words = iter(["waiting", "waiting", "", "waiting", "moved"])
    turn, said = Turn(every_seconds=60, stages=[Stage(name="settle", run=lambda: next(words))]), dict[str, str]()
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            schedule.run_turn(turn, lambda *_: None, lambda: None, said)
    assert [one.getMessage() for one in caplog.records] == ["settle: waiting", "settle: waiting", "settle: moved"]


def test_schedule_begins_at_once_and_lets_late_turns_run_once() -> None:
    """A turn that overruns its interval is not run again for each it missed, nor beside itself."""
    every = 0.2
    starts: list[float] = []
    ends: list[float] = []
    running, most = [0], [0]
    lock = threading.Lock()

    def slow_at_first() -> str:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        starts.append(time.monotonic())
        time.sleep(0 if ends else 5.5 * every)
        ends.append(time.monotonic())
        with lock:
            running[0] -= 1
        return ""

    turn = Turn(every_seconds=every, stages=[Stage(name="observe", run=slow_at_first)])  # type: ignore[arg-type]  # shorter than a second, for a test
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = schedule.start([turn], lambda *_: None, lambda: None)
    until(lambda: len(starts) >= 4)
    scheduler.shutdown(wait=True)
    caught_up = (
        starts[3] - ends[0]
    ) / every  # three turns since the first ended: the late one, and two when they are due
    assert (most, caught_up >= 1) == ([1], True)


def test_schedule_keeps_turns_apart() -> None:
    """A slow turn does not hold up another one, and each begins long before its interval has passed."""
    quick: list[str] = []
    release = threading.Event()
    turns = [
        Turn(every_seconds=36_000, stages=[Stage(name="settle", run=lambda: str(release.wait()))]),
        Turn(every_seconds=36_000, stages=[Stage(name="observe", run=noting(quick, "observe"))]),
    ]
    scheduler = schedule.start(turns, lambda *_: None, lambda: None)
    try:
        until(lambda: quick)
    finally:
        release.set()
        scheduler.shutdown(wait=True)
    assert len(quick) == 1


def test_a_panic_of_a_library_costs_its_stage_only() -> None:
    """One of polars is no `Exception`."""
    ran: list[str] = []
    outcomes: list[tuple[str, str]] = []

    def panic() -> str:
        raise pl.exceptions.PanicException("called `Option::unwrap()` on a `None` value")

    stages = [Stage(name="observe", run=panic), Stage(name="settle", run=noting(ran, "settle"))]
    turn = Turn(every_seconds=60, stages=stages)
    schedule.run_turn(turn, lambda name, error: outcomes.append((name, type(error).__name__)), lambda: None, {})
    assert (ran, outcomes) == (["settle"], [("observe", "RuntimeError"), ("settle", "NoneType")])


UNFORESEEN: list[BaseException] = [ZeroDivisionError("bug"), pl.exceptions.PanicException("panic"), MemoryError()]


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
def test_an_unforeseen_error_of_one_slo_keeps_no_other_from_its_turn(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with the SLO's name, and the stage fails when all have run."""

    def run(name: str, fault: BaseException | None = None) -> Iterator[str]:
        if fault:
            raise fault
        yield name

    runs = [run("a", error), run("b"), run("c", Unavailable("c is away")), run("d")]
    turn = _apart((f"SLO {name}", one) for name, one in zip("abcd", runs, strict=True))
    assert [next(turn), next(turn)] == ["b", "d"]
    with pytest.raises(
        RuntimeError, match=f"c is away; unexpected {type(error).__name__}.*, while SLO a was worked on"
    ):
        next(turn)
    assert [one.levelno for one in caplog.records] == [logging.ERROR]


def test_an_unforeseen_error_leaves_what_is_broken_in_front() -> None:
    """Two truths that disagree weigh more than a fault of ours."""

    def failing_run(error: Exception) -> Iterator[str]:
        raise error
        yield ""

    with pytest.raises(InvariantBroken, match="two truths; unexpected ZeroDivisionError: bug"):
        list(_apart([("a", failing_run(ZeroDivisionError("bug"))), ("b", failing_run(InvariantBroken("two truths")))]))


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_no_failure_of_an_slo(end: type[BaseException]) -> None:
    """It ends the turn at once."""

    def ended() -> Iterator[str]:
        raise end
        yield ""

    with pytest.raises(end):
        list(_apart([("a", ended())]))
