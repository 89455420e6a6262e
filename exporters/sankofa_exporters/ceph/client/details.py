"""What only describes a cluster, and what a mgr asks its mons or OSDs for: asked in rotation, remembered with its age.

A probe begins at most one of these questions, the one that is most overdue. Each runs under its own deadline, so a mgr
that is slow to answer it delays no probe, and a short probe is never noted as the mgr's failure.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged, Remembered

from .dashboards import DOUBLED_UNTIL_SECONDS, RETRY_SECONDS, Dashboard, Questions

PERIOD_SECONDS = 60.0
CAP_SECONDS = 300.0
FIRST_ANSWER_SECONDS = 2.0  # how long a probe waits for an answer that nobody has had yet
Ask = Callable[[Dashboard, Budget], Awaitable[Any]]


@dataclass(kw_only=True)
class Details:
    """The questions by collector, and their last answers; it lives between probes."""

    asks: Mapping[str, Ask]
    clock: Callable[[], float] = time.monotonic
    answers: Mapping[str, Remembered[Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.answers = {
            name: Remembered(
                name=name,
                period_seconds=PERIOD_SECONDS,
                cap_seconds=CAP_SECONDS,
                retry_seconds=RETRY_SECONDS,
                doubled_until_seconds=DOUBLED_UNTIL_SECONDS,
                clock=self._now,
            )
            for name in self.asks
        }

    def _now(self) -> float:
        return self.clock()

    async def answer(self, name: str, questions: Questions, budget: Budget) -> Aged[Any]:
        """The last answer; the first probe that wants it waits a little for it."""
        dashboard = (await questions.link(budget)).dashboard
        await questions.shared.once("details", lambda: self._begin_one(dashboard))
        answer = self.answers[name]
        if answer.believable() is None:
            await answer.wait(min(FIRST_ANSWER_SECONDS, budget.remaining()))
        return answer.recall()

    async def _begin_one(self, dashboard: Dashboard) -> None:
        now = self.clock()
        due = [name for name, answer in self.answers.items() if answer.is_due(now)]
        if due:
            name = max(due, key=lambda one: self.answers[one].overdue(now))
            self.answers[name].begin(lambda budget: self.asks[name](dashboard, budget))

    def cancel(self) -> None:
        for answer in self.answers.values():
            answer.cancel()
