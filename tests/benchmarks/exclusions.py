"""A month of 325 sites judged again after planned work: from totals of days, beside every slot read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.pipeline.period import laid_over
from sankofa_observe.sla.overlay import Applied, Overlay, runs
from sankofa_observe.sla.recurrence import Schedule, expanded
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo
from sankofa_observe.slo.plain import Counted, PlainSlots
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.verdict import Attainment
from sankofa_observe.units import Period
from tests import builders

from .report import Row, Table

SITES, DAYS, START = 325, 30, builders.START
MONTH = Period(starts_at=START, ends_at=START + DAYS * DAY_SECONDS)
Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
STATES = builders.slo()
EVENTS = builders.slo(
    "requests", budgeting=Budgeting.OCCURRENCES, indicator=RatioIndicator(good="good", valid="valid"), no_traffic=NoTraffic.EXCLUDED
)  # fmt: skip
PLANS = {
    "2 h once": Schedule(zone="UTC", begins="2026-01-11T02:00:00", length_seconds=7200),
    "2 h each week": Schedule(zone="UTC", begins="2026-01-04T02:00:00", length_seconds=7200, rule="FREQ=WEEKLY;COUNT=4"),
    "2 h each day": Schedule(zone="UTC", begins="2026-01-01T02:00:00", length_seconds=7200, rule="FREQ=DAILY;COUNT=30"),
    "2 h each day from 02:20": Schedule(zone="UTC", begins="2026-01-01T02:20:00", length_seconds=7200, rule="FREQ=DAILY;COUNT=30"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Run:
    """The least of several runs, and what was attained."""

    wall_seconds: float
    cpu_seconds: float
    found: Mapping[tuple[str, Period], object]

    def __str__(self) -> str:
        return f"{self.wall_seconds:.2f} s ({self.cpu_seconds:.2f} s of CPU)"


def run() -> Table:
    cases = [
        (f"{plan}, {words}", of, PLANS[plan])
        for words, of in (("states", STATES), ("events", EVENTS))
        for plan in PLANS
    ]
    with TemporaryDirectory() as folder:
        store = DeltaSlots(Path(folder), "observer-1")
        try:
            _fill(store)
            naive = [_best(partial(_judged, store, of, plan), 1) for _, of, plan in cases]
            for day in store.unsealed():
                store.seal(day, MONTH.ends_at)
            ours = [_best(partial(_judged, store, of, plan), 3) for _, of, plan in cases]
        finally:
            store.close()
    return Table(
        title=f"Planned work over {SITES} sites, a month judged again",
        peer="every slot read again",
        how=(
            f"A month of {SITES * DAYS * 1440:,} slots of a minute in Delta Lake, judged under an exclusion. Ours takes the totals of whole "
            "days and hours, and reads slots of the hours that the work cuts; the peer is the same code over a table of which no day is sealed: it "
            "reads every slot, in columns. Wall time on all cores and CPU time, the best of 3 (ours) and of 1."
        ),
        rows=[_row(words, one, other) for (words, *_), one, other in zip(cases, ours, naive, strict=True)],
        notes=("Both come to the same attainment of every site; the run fails where they do not.",),
    )


def _row(name: str, ours: Run, naive: Run) -> Row:
    if ours.found != naive.found:
        raise AssertionError(f"{name}: totals and slots say different things")
    return Row(what=name, ours=str(ours), peer=str(naive), ratio=f"{naive.wall_seconds / ours.wall_seconds:.1f} x")


def _fill(store: DeltaSlots) -> None:
    dice = np.random.default_rng(11)
    for day in range(DAYS):
        starts = np.arange(START + day * DAY_SECONDS, START + (day + 1) * DAY_SECONDS, 60, dtype=np.int64)
        store.append(Counted(plain=[_states(site, starts, dice) for site in _sites()]), MONTH.ends_at)
        store.append(Counted(plain=[_events(site, starts, dice) for site in _sites()]), MONTH.ends_at)


def _sites() -> Sequence[str]:
    return [f"edge-{n}" for n in range(SITES)]


def _states(site: str, starts: Numbers, dice: np.random.Generator) -> PlainSlots:
    bad = (dice.random(len(starts)) < 0.002).astype(np.int64)
    every = np.full_like(starts, 4)
    return _slots(STATES, site, starts, every - bad, bad)


def _events(site: str, starts: Numbers, dice: np.random.Generator) -> PlainSlots:
    """Thousands a minute, no two minutes alike."""
    bad = dice.poisson(0.05, len(starts)).astype(np.int64)
    return _slots(EVENTS, site, starts, dice.poisson(4000, len(starts)).astype(np.int64), bad)


def _slots(of: Slo, site: str, starts: Numbers, good: Numbers, bad: Numbers) -> PlainSlots:
    four = np.full_like(starts, 4)
    return PlainSlots(
        slo=of.name, site=site, starts_at=starts, good=good, bad=bad, expected=four, seen=four, samples=four,
        state=(bad > 0).astype(np.int8),
    )  # fmt: skip


def _judged(store: DeltaSlots, of: Slo, plan: Schedule) -> Mapping[tuple[str, Period], Attainment | str]:
    applied = (
        Applied(starts_at=one.period.starts_at, ends_at=one.period.ends_at, exclusion_id="0x1")
        for one in expanded(plan).occurrences
    )
    cut = runs(Overlay(applied=tuple(applied)), MONTH, 60)
    return laid_over(of, _sites(), {MONTH: cut}, store)


def _best(work: Callable[[], Mapping[tuple[str, Period], object]], rounds: int) -> Run:
    found = []
    for _ in range(rounds):
        started, busy = time.perf_counter(), time.process_time()
        attained = work()
        found.append(
            Run(wall_seconds=time.perf_counter() - started, cpu_seconds=time.process_time() - busy, found=attained)
        )
    return min(found, key=lambda one: one.wall_seconds)
