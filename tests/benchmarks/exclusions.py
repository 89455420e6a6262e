"""A month of 325 sites judged again after planned work: from totals of days, beside every slot read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.pipeline.period import laid_over
from sankofa_observe.sla.overlay import Applied, Overlay, runs
from sankofa_observe.sla.recurrence import Schedule, expanded
from sankofa_observe.slo.plain import Counted, PlainSlots
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.verdict import Attainment
from sankofa_observe.units import Period
from tests import builders

from .report import Row, Table, less

SITES, DAYS, START = 325, 30, builders.START
MONTH = Period(starts_at=START, ends_at=START + DAYS * DAY_SECONDS)
PLANS = {
    "2 h once": Schedule(zone="UTC", begins="2026-01-11T02:00:00", length_seconds=7200),
    "2 h each week": Schedule(zone="UTC", begins="2026-01-04T02:00:00", length_seconds=7200, rule="FREQ=WEEKLY;COUNT=4"),
    "2 h each day": Schedule(zone="UTC", begins="2026-01-01T02:00:00", length_seconds=7200, rule="FREQ=DAILY;COUNT=30"),
}  # fmt: skip


def run() -> Table:
    with TemporaryDirectory() as folder:
        store = DeltaSlots(Path(folder), "observer-1")
        try:
            _fill(store)
            naive = {name: _best(partial(_judged, store, plan), 1) for name, plan in PLANS.items()}
            for day in store.unsealed():
                store.seal(day, MONTH.ends_at)
            ours = {name: _best(partial(_judged, store, plan), 3) for name, plan in PLANS.items()}
        finally:
            store.close()
    return Table(
        title=f"Planned work over {SITES} sites, a month judged again",
        peer="every slot read again",
        how=(
            f"A month of {SITES * DAYS * 1440:,} slots of a minute in Delta Lake, judged under an exclusion. Ours takes the totals of whole "
            "days and reads slots of the days that the work cuts; the peer is the same code over a table of which no day is sealed: it "
            "reads every slot, in columns. Wall time on all cores, the best of 3 (ours) and of 1."
        ),
        rows=[_row(name, ours[name], naive[name]) for name in PLANS],
        notes=("Both come to the same attainment of every site; the run fails where they do not.",),
    )


def _row(name: str, ours: tuple[float, Mapping[str, object]], naive: tuple[float, Mapping[str, object]]) -> Row:
    if ours[1] != naive[1]:
        raise AssertionError(f"{name}: totals and slots say different things")
    return less(name, ours[0], naive[0], "s", 2)


def _fill(store: DeltaSlots) -> None:
    dice = np.random.default_rng(11)
    for day in range(DAYS):
        starts = np.arange(START + day * DAY_SECONDS, START + (day + 1) * DAY_SECONDS, 60, dtype=np.int64)
        store.append(Counted(plain=[_site(site, starts, dice) for site in _sites()]), MONTH.ends_at)


def _sites() -> Sequence[str]:
    return [f"edge-{n}" for n in range(SITES)]


def _site(site: str, starts: np.ndarray[tuple[int], np.dtype[np.int64]], dice: np.random.Generator) -> PlainSlots:
    bad = (dice.random(len(starts)) < 0.002).astype(np.int64)
    every = np.full_like(starts, 4)
    return PlainSlots(
        slo="availability-edge", site=site, starts_at=starts, good=every - bad, bad=bad, expected=every, seen=every, samples=every,
        state=bad.astype(np.int8),
    )  # fmt: skip


def _judged(store: DeltaSlots, plan: Schedule) -> Mapping[str, Attainment | str]:
    applied = (
        Applied(starts_at=one.period.starts_at, ends_at=one.period.ends_at, exclusion_id="0x1")
        for one in expanded(plan).occurrences
    )
    cut = runs(Overlay(applied=tuple(applied)), MONTH, 60)
    return laid_over(builders.slo(), _sites(), MONTH, cut, store)


def _best(work: Callable[[], Mapping[str, object]], rounds: int) -> tuple[float, Mapping[str, object]]:
    durations = []
    for _ in range(rounds):
        started = time.perf_counter()
        found = work()
        durations.append(time.perf_counter() - started)
    return min(durations), found
