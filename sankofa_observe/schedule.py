"""When stages run: APScheduler 3.11, and the only file that imports it.

A stage that fails is logged, counted and tried again at its next turn; the stages after it still run. A turn that is late
is run once, not once for each it missed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from sankofa_observe.errors import ENDS, InvariantBroken, SankofaError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One verb of the pipeline; `run` does all there is to do and says in a line what it did, or nothing."""

    name: str
    run: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Stages that follow each other, every so many seconds."""

    every_seconds: int
    stages: Sequence[Stage]


Outcome = Callable[[str, Exception | None], None]
"""Called after each stage with its name and the error, if any."""


def start(turns: Sequence[Turn], outcome: Outcome, after_turn: Callable[[], None]) -> BackgroundScheduler:
    """Start turning in the background; the first turn of each begins at once."""
    scheduler = BackgroundScheduler(timezone=UTC)
    said: dict[str, str] = {}
    for number, turn in enumerate(turns):
        scheduler.add_job(
            run_turn,
            "interval",
            args=(turn, outcome, after_turn, said),
            seconds=turn.every_seconds,
            next_run_time=datetime.now(UTC) + timedelta(milliseconds=100 * number),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    scheduler.start()
    return scheduler


def run_turn(turn: Turn, outcome: Outcome, after_turn: Callable[[], None], said: dict[str, str]) -> None:
    """Run the stages in order; `said` holds what each said last, because the same waiting is told once."""
    for stage in turn.stages:
        error = _run(stage, said)
        _quietly(partial(outcome, stage.name, error))
    _quietly(after_turn)


def _run(stage: Stage, said: dict[str, str]) -> Exception | None:
    try:
        _tell(logging.INFO, stage.name, stage.run(), said)
    except InvariantBroken as error:
        _tell(logging.CRITICAL, stage.name, str(error), said)
        return error
    except SankofaError as error:
        _tell(logging.WARNING, stage.name, str(error), said)
        return error
    except ENDS:
        raise
    except BaseException as error:  # a scheduler that dies of one stage loses all the others
        log.exception("%s: unexpected", stage.name)
        return error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
    return None


def _quietly(telling: Callable[[], None]) -> None:
    """Call what only tells others how it went: its failure must not keep a stage from its turn."""
    try:
        telling()
    except Exception:
        log.exception("metrics: unexpected")


def _tell(level: int, stage: str, text: str, said: dict[str, str]) -> None:
    if text and said.get(stage) != text:
        log.log(level, "%s: %s", stage, text)
    said[stage] = text
