"""A turn: the stages of one job, one after the other.

A stage that fails is logged, counted and tried again at its next turn; the stages after it still run. Each turn of a stage is a line
with what it did and its seconds; what is the same as last time is not repeated.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sankofa_observe.errors import ENDS, InvariantBroken, SankofaError, unforeseen
from sankofa_observe.pipeline.stages import TURNS, Turn
from sankofa_observe.ports import Job, Jobs

log = logging.getLogger(__name__)

Run = Callable[[], str]
"""Does all there is to do, and says in a line what it did, or nothing."""
Outcome = Callable[[str, BaseException | None, float], None]
"""Called after each stage with its name, the error if any, and its seconds."""


@dataclass(kw_only=True)
class _Last:
    """What a stage said last, and how often in a row it has failed."""

    said: str = ""
    failures: int = 0


@dataclass(kw_only=True)
class Turns:
    """Runs turns; a stage for which nothing is given to run is left out."""

    runs: Mapping[str, Run]
    outcome: Outcome
    after_turn: Callable[[Turn], None]
    may_run: Callable[[], None] = lambda: None  # raises where a stage must not run now
    is_ending: Callable[[], bool] = lambda: False  # whether no more stage is to begin
    running: set[str] = field(default_factory=set)  # the stages that run now
    _last: dict[str, _Last] = field(default_factory=dict)

    def run(self, turn: Turn) -> None:
        for stage in turn.stages:
            if self.is_ending():
                return
            if stage.name in self.runs:
                error, seconds = self._stage(stage.name)
                self._quietly(partial(self.outcome, stage.name, error, seconds))
        self._quietly(partial(self.after_turn, turn))

    def _stage(self, name: str) -> tuple[BaseException | None, float]:
        began, last = time.perf_counter(), self._last.setdefault(name, _Last())
        self.running.add(name)
        try:
            self.may_run()
            did = self.runs[name]()
        except ENDS:
            raise
        except BaseException as error:  # noqa: BLE001  a scheduler that dies of one stage loses all the others
            seconds = time.perf_counter() - began
            _log_failure(name, error, seconds, last)
            return error, seconds
        finally:
            self.running.discard(name)
        seconds = time.perf_counter() - began
        _log_done(name, did, seconds, last)
        return None, seconds

    def _quietly(self, count: Callable[[], None]) -> None:
        """Metrics that fail must not keep a stage from its turn."""
        try:
            count()
        except Exception as error:  # noqa: BLE001  whatever it is
            _log_failure("metrics", error, 0, self._last.setdefault("metrics", _Last()))


def _log_done(name: str, did: str, seconds: float, last: _Last) -> None:
    fields: dict[str, object] = {"stage": name, "seconds": f"{seconds:.3f}"}
    if last.failures:
        fields["failures_before"] = last.failures
    if did and did != last.said:
        fields["did"] = did
    log.info("stage done", extra=fields)
    last.said, last.failures = did, 0


def _log_failure(name: str, error: BaseException, seconds: float, last: _Last) -> None:
    """Once: a stage that goes on failing in the same way is silent above debug until it says something else."""
    foreseen = isinstance(error, SankofaError)
    text = str(error) if foreseen else unforeseen(error)
    level = logging.WARNING if foreseen else logging.ERROR
    if isinstance(error, InvariantBroken):
        level = logging.CRITICAL
    same = last.failures and last.said == text
    fields = {"stage": name, "seconds": f"{seconds:.3f}", "error": text} | ({} if foreseen else {"at": _place(error)})
    log.log(logging.DEBUG if same else level, "stage failed", extra=fields)
    last.said, last.failures = text, last.failures + 1


def _place(error: BaseException) -> str:
    """Where it was raised: file and line, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " > ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames)


def scheduled(jobs: Jobs, turns: Turns, every_seconds: Mapping[str, int]) -> None:
    """Each turn a job that never runs beside itself, as often as the setting of its name says."""
    for turn in TURNS:
        jobs.register(turn.name, partial(_run, turns, turn))
        jobs.every(every_seconds.get(turn.name, turn.every_seconds), Job(name=turn.name, key="fleet", lock=turn.name))


def _run(turns: Turns, turn: Turn, _: str) -> None:
    turns.run(turn)
