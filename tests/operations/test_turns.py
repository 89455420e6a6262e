"""A turn: a failing stage costs only itself, and a line is written for what is new."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from sankofa_observe.errors import InvalidInput, InvariantBroken, Lost, Unavailable
from sankofa_observe.operations.scheduler import EmbeddedJobs
from sankofa_observe.operations.turns import Turns, scheduled
from sankofa_observe.pipeline.stages import ASSESS, CREDIT, EVALUATE, SETTLE, STAGES, TURNS, Turn
from tests.pace import until

FAILURES: dict[str, tuple[BaseException, int]] = {
    "unavailable": (Unavailable("away"), logging.WARNING),
    "invalid": (InvalidInput("wrong"), logging.WARNING),
    "broken": (InvariantBroken("two truths"), logging.CRITICAL),
    "unforeseen": (ZeroDivisionError("bug"), logging.ERROR),
    "a panic of polars, which is no Exception": (pl.exceptions.PanicException("unwrap on None"), logging.ERROR),
}
TURN = Turn(name="turn", stages=(EVALUATE, ASSESS, SETTLE, CREDIT), every_seconds=60)


def failing(error: BaseException) -> Callable[[], str]:
    def run() -> str:
        raise error

    return run


def noting(ran: list[str], name: str) -> Callable[[], str]:
    """A stage that writes down that it ran."""

    def run() -> str:
        ran.append(name)
        return ""

    return run


def turns(outcomes: list[Any] | None = None, **runs: Callable[[], str]) -> Turns:
    kept: list[Any] = [] if outcomes is None else outcomes
    return Turns(
        runs=runs,
        outcome=lambda name, error, _: kept.append((name, error)),
        after_turn=lambda turn: kept.append(turn.name),
    )


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What was logged: the message and its own fields, without how long anything took."""
    names = ("stage", "did", "error", "failures_before")
    return [
        {"msg": one.getMessage()} | {name: vars(one)[name] for name in names if name in vars(one)}
        for one in caplog.records
    ]


@pytest.mark.parametrize("case", FAILURES)
def test_the_stages_after_one_that_fails_have_their_turn(case: str, caplog: pytest.LogCaptureFixture) -> None:
    """The failure is handed to whoever counts and logged by its weight; what is not foreseen says where it was raised."""
    error, level = FAILURES[case]
    outcomes: list[Any] = []
    with caplog.at_level(logging.INFO):
        turns(
            outcomes,
            evaluate=lambda: "one judged",
            assess=failing(error),
            settle=lambda: "one moved",
            credit=lambda: "",
        ).run(TURN)
    assert outcomes == [("evaluate", None), ("assess", error), ("settle", None), ("credit", None), "turn"]
    assert [one.levelno for one in caplog.records] == [logging.INFO, level, logging.INFO, logging.INFO]
    assert hasattr(caplog.records[1], "at") == (level == logging.ERROR)
    assert all(float(vars(one)["seconds"]) >= 0 for one in caplog.records)


def test_a_stage_for_which_nothing_runs_is_left_out() -> None:
    """Without a chain nothing is assessed, settled or credited."""
    outcomes: list[Any] = []
    turns(outcomes, evaluate=lambda: "").run(TURN)
    assert outcomes == [("evaluate", None), "turn"]


def test_counting_that_fails_keeps_no_stage_from_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    """Metrics that break are told once."""
    ran: list[str] = []

    def broken(*_: object) -> None:
        raise RuntimeError("metrics")

    one = Turns(runs={"assess": noting(ran, "assess")}, outcome=broken, after_turn=broken)
    for _ in range(2):
        one.run(TURN)
    assert ran == ["assess", "assess"]
    assert [one["error"] for one in lines(caplog)] == ["unexpected RuntimeError: metrics"]


def test_what_is_the_same_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each turn is a line, with what it did where that is new; a failure is a line once, and its end says how long it lasted."""
    answers: list[str | Exception] = [
        "waiting", "waiting", Unavailable("away"), Unavailable("away"), Unavailable("gone"), "waiting", "",
    ]  # fmt: skip
    left = iter(answers)

    def settle() -> str:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    one = turns(settle=settle)
    with caplog.at_level(logging.INFO):
        for _ in answers:
            one.run(TURN)
    assert lines(caplog) == [
        {"msg": "stage done", "stage": "settle", "did": "waiting"},
        {"msg": "stage done", "stage": "settle"},
        {"msg": "stage failed", "stage": "settle", "error": "away"},
        {"msg": "stage failed", "stage": "settle", "error": "gone"},
        {"msg": "stage done", "stage": "settle", "did": "waiting", "failures_before": 3},
        {"msg": "stage done", "stage": "settle"},
    ]


def test_no_stage_runs_without_the_lease() -> None:
    """A process that was frozen finds that it is not the scheduler any more, before it does anything."""
    outcomes: list[Any] = []
    error = Lost("scheduler: host-b:2 has it")

    def check() -> None:
        raise error

    one = turns(outcomes, settle=lambda: pytest.fail("it ran"))
    one.may_run = check
    one.run(TURN)
    assert outcomes == [("settle", error), "turn"]


def test_no_stage_begins_once_the_process_ends() -> None:
    """The one that runs is finished, and is named while it runs."""
    outcomes: list[Any] = []
    ending: list[set[str]] = []

    def assess() -> str:
        ending.append(set(one.running))
        return ""

    one = turns(outcomes, evaluate=lambda: "", assess=assess, settle=lambda: pytest.fail("it began"))
    one.is_ending = lambda: bool(ending)
    one.run(TURN)
    assert (outcomes, ending, one.running) == ([("evaluate", None), ("assess", None)], [{"assess"}], set())


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_ends_the_turn(end: type[BaseException]) -> None:
    """It is no failure of a stage."""
    with pytest.raises(end):
        turns(settle=failing(end())).run(TURN)


def test_every_stage_is_scheduled() -> None:
    """Each turn begins at once, and runs its stages in their order."""
    ran: list[str] = []
    runs = {stage.name: noting(ran, stage.name) for stage in STAGES}
    jobs = EmbeddedJobs()
    scheduled(jobs, turns([], **runs), {turn.name: 3600 for turn in TURNS})
    jobs.start()
    until(lambda: len(ran) == len(STAGES))
    jobs.stop()
    for turn in TURNS:
        names = [stage.name for stage in turn.stages]
        assert [name for name in ran if name in names] == names
