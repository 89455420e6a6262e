"""Slots at the size of a fleet: a tick, a sealed day, a month's close, metrics and an idle turn, at 32 and 325 sites.

The samples come from memory, so that a figure is ours alone: what Prometheus itself needs for an answer is not in it. The peer is
the same question answered from the rows of the month, slot by slot, as the plain functions of the core do it, for one site-SLO.
"""

from __future__ import annotations

import math
import os
import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.adapters.slots.rows import SLOTS, shaped
from sankofa_observe.operations.metrics import PipelineMetrics
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.period import period_slots, period_totals
from sankofa_observe.pipeline.recount import recount
from sankofa_observe.ports import RawSeries, SampleSet
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.indicator import RatioIndicator, StateIndicator
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.samples import Samples
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.verdict import judge
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from sankofa_observe.testing import FixedClock
from sankofa_observe.units import Period
from tests import builders

from .report import Row, Table

SIZES = (32, 325, 3250) if os.environ.get("SIZE") == "large" else (32, 325)
START, DAYS, SCRAPE, TICK_SLOTS = builders.START, 30, 15, 5  # a month of January but its last day
MONTH = Period(starts_at=START, ends_at=START + DAYS * DAY_SECONDS)
WINDOW = CalendarWindow(unit=CalendarUnit.MONTH, zone="UTC")


class Fleet:
    """Four SLOs over so many sites, and samples of every site at any time, made when they are asked for."""

    def __init__(self, sites: int) -> None:
        self.sites = [f"site-{n:04}" for n in range(sites)]
        states = {f"availability-{n}": StateIndicator(up=f"up_{n}", known=f"known_{n}") for n in (1, 2)}
        events = {f"latency-{n}": RatioIndicator(good=f"good_{n}", valid=f"valid_{n}") for n in (1, 2)}
        rule = SlotRule(seconds=60, scrape_seconds=SCRAPE)
        made = {
            name: builders.slo(name, indicator=one, slot=rule, window=WINDOW, budgeting=Budgeting.TIMESLICES)
            for name, one in {**states, **events}.items()
        }
        self.slos: dict[str, Slo] = {
            name: replace(one, budgeting=Budgeting.OCCURRENCES) if name in events else one for name, one in made.items()
        }
        self.catalog = Catalog(
            sites={name: Site(name=name, tier="edge", region="r") for name in self.sites}, slos=self.slos
        )

    def read(self, selector: str, period: Period) -> SampleSet:
        """Gauges are 1, counters grow by ten a scrape; every site of the selector, which is every site."""
        name = selector.partition("{")[0]
        at = np.arange(-(-period.starts_at // SCRAPE) * SCRAPE, period.ends_at, SCRAPE)
        counts = name.startswith(("good", "valid"))
        values = (at - START) // SCRAPE * 10 + 10_000_000 if counts else np.ones(len(at))
        samples = Samples(at * 1000, values.astype(np.float64))
        labels = {"__name__": name, "job": "j", "instance": "i"}
        return SampleSet(series=[RawSeries(labels={**labels, "site": site}, samples=samples) for site in self.sites])

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        return {}

    def newest_at(self) -> int:
        return 2**40

    def ahead_seconds(self) -> float | None:
        return 0


def history(fleet: Fleet, store: DeltaSlots, days: Sequence[int]) -> None:
    """Whole days of good slots, sealed, put into the table by its own writer but without counting them."""
    sites = pl.DataFrame({"site": fleet.sites})
    for day in days:
        starts = pl.DataFrame({"starts_at": range(day * DAY_SECONDS, (day + 1) * DAY_SECONDS, 60)})
        for slo in fleet.slos:  # one by one, so that the peak of memory is the engine's
            rows = sites.join(starts, how="cross").with_columns(
                slo=pl.lit(slo), observer=pl.lit(store.observer), day=pl.lit(day), good=40, bad=0, hidden=0, blind=0,
                over_good=0, over_bad=0, over_hidden=0, settling=0, expected=4, seen=4, samples=8, state=pl.lit("GOOD"),
                reasons=pl.lit(None), proof=pl.lit(None), observed_at=0, revision=1,
            )  # fmt: skip
            store.slots.append(shaped(rows, SLOTS))
        store.seal(day, 0)


def run() -> Table:
    measured = {size: _measure(size) for size in SIZES}
    small, large = SIZES[0], SIZES[-1]
    rows = [
        Row(
            what=what,
            ours="; ".join(f"{measured[size][what]:.3f} s" for size in SIZES),
            peer=f"{math.log(measured[large][what] / measured[small][what]) / math.log(large / small):.2f}",
        )
        for what in measured[small]
    ]
    return Table(
        title=f"Slots of a fleet: four SLOs at {' and '.join(map(str, SIZES))} sites",
        peer="exponent of growth",
        how=(
            f"CPU seconds of one run each; two SLOs of states, two of events, slots of 60 s, scrapes of {SCRAPE} s, {DAYS} days "
            "sealed. Samples are made in memory. An exponent of 1 is growth with the number of sites."
        ),
        rows=rows,
        notes=(f"Peak memory of the whole run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB.",),
    )


def _measure(size: int) -> dict[str, float]:
    fleet, found = Fleet(size), dict[str, float]()
    first = START // DAY_SECONDS
    with tempfile.TemporaryDirectory() as folder:
        store = DeltaSlots(Path(folder) / "hour", "observer-1")
        found["tick of 5 slots, an hour of history"] = _tick(fleet, store, START)
        store.close()
    with tempfile.TemporaryDirectory() as folder:
        store = DeltaSlots(Path(folder), "observer-1")
        found["backfill of a day"] = _cpu(lambda: _observe(fleet, store, START, START + DAY_SECONDS + 3600))
        found["recount of that day"] = _cpu(lambda: _recount(fleet, store, START // DAY_SECONDS))
        store.close()
    with tempfile.TemporaryDirectory() as folder:
        store = DeltaSlots(Path(folder), "observer-1")
        history(fleet, store, range(first, first + DAYS - 1))
        found["seal of a day, with its rows made and appended"] = _cpu(
            lambda: history(fleet, store, [first + DAYS - 1])
        )
        found["tick of 5 slots, 30 days of history"] = _tick(fleet, store, MONTH.ends_at)
        found["month's close of all site-SLOs, from totals"] = _cpu(lambda: _close(fleet, store))
        found["month's close of one site-SLO, slot by slot"] = _cpu(lambda: _close_one(fleet, store))
        metrics, clock = PipelineMetrics(ProcessMetrics(), fleet.catalog), FixedClock(at=MONTH.ends_at + 700)
        found["metrics refreshed on day 30"] = _cpu(lambda: metrics.refresh_slots(store, clock))
        store.close()
    return found


def _tick(fleet: Fleet, store: DeltaSlots, since_at: int) -> float:
    """The second tick of a process: the first has asked the table where it stands."""
    now = since_at + 3600 + 30
    _observe(fleet, store, since_at, now)
    return _cpu(lambda: _observe(fleet, store, since_at, now + TICK_SLOTS * 60))


def _observe(fleet: Fleet, store: DeltaSlots, since_at: int, now: int) -> None:
    clock = FixedClock(at=now)
    with store.together(now):
        for slo in fleet.slos.values():
            for _ in observe(slo, fleet.sites, since_at, source=fleet, table=store, clock=clock, delay_seconds=30):
                pass


def _recount(fleet: Fleet, store: DeltaSlots, day: int) -> None:
    period = Period(starts_at=day * DAY_SECONDS, ends_at=(day + 1) * DAY_SECONDS)
    for slo in fleet.slos.values():
        for _ in recount(slo, fleet.sites, period, source=fleet, table=store, clock=FixedClock(at=period.ends_at)):
            pass


def _close(fleet: Fleet, store: DeltaSlots) -> None:
    for slo in fleet.slos.values():
        for found in period_totals(slo, fleet.sites, MONTH, store).values():
            judge(slo, found.attainment(slo))


def _close_one(fleet: Fleet, store: DeltaSlots) -> None:
    slo = next(iter(fleet.slos.values()))
    judge(slo, period_slots(slo, fleet.sites[0], MONTH, store).attainment(slo))


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
