"""When stages run: APScheduler 3.11, and the only file that imports it.

A stage that fails is logged, counted and tried again at its next turn; the stages after it still run. A turn that is late
is run once, not once for each it missed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from sankofa_observe.errors import InvariantBroken, SankofaError

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


def start(turns: Sequence[Turn], outcome: Outcome) -> BackgroundScheduler:
    """Start turning in the background; the first turn of each begins at once."""
    scheduler = BackgroundScheduler(timezone=UTC)
    for number, turn in enumerate(turns):
        scheduler.add_job(
            run_turn,
            "interval",
            args=(turn, outcome),
            seconds=turn.every_seconds,
            next_run_time=datetime.now(UTC) + timedelta(milliseconds=100 * number),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    scheduler.start()
    return scheduler


def run_turn(turn: Turn, outcome: Outcome) -> None:
    for stage in turn.stages:
        error = _run(stage)
        outcome(stage.name, error)


def _run(stage: Stage) -> Exception | None:
    try:
        if said := stage.run():
            log.info("%s: %s", stage.name, said)
    except InvariantBroken as error:
        log.critical("%s: %s", stage.name, error)
        return error
    except SankofaError as error:
        log.warning("%s: %s", stage.name, error)
        return error
    except Exception as error:  # a scheduler that dies of one stage loses all the others
        log.exception("%s: unexpected", stage.name)
        return error
    return None
