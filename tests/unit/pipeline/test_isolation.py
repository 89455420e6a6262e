"""What fails one SLO or agreement holds up no other one."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import polars as pl
import pytest

from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.pipeline.isolation import isolated

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
    turn = isolated((f"SLO {name}", one) for name, one in zip("abcd", runs, strict=True))
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
        list(
            isolated([("a", failing_run(ZeroDivisionError("bug"))), ("b", failing_run(InvariantBroken("two truths")))])
        )


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_no_failure_of_an_slo(end: type[BaseException]) -> None:
    """It ends the turn at once."""

    def ended() -> Iterator[str]:
        raise end
        yield ""

    with pytest.raises(end):
        list(isolated([("a", ended())]))
