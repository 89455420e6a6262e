"""`what-if` over a year of 1,300 site-SLOs, from totals of days, against counting the same slots again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.adapters.slots.days import OF_PARTS
from sankofa_observe.adapters.slots.rows import DAYS, RUNS, TOTALS, shaped
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.what_if import Compared, compare
from sankofa_observe.ports import HOUR_SECONDS
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.what_if import Change, Owed, curve, owed_together
from sankofa_observe.slo.totals import DAY_SECONDS, total
from sankofa_observe.slo.verdict import attain, judge
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from sankofa_observe.units import Period
from tests import builders

from .evidence import best
from .report import Row, Table, less

SLOS, SITES, YEAR_DAYS, PROMISES = 4, 325, 365, 52
OBSERVER = "observer-1"
ONE_MONTH_SITES = 5  # whose slots are counted again: the peer's figure is of them, times what is left


def run() -> Table:
    window = CalendarWindow(unit=CalendarUnit.MONTH, zone="UTC")
    agreements = list(_agreements(window))
    change = Change(slo="slo-0", target_ppm=999_900)
    with TemporaryDirectory() as folder, closing(DeltaSlots(Path(folder) / "slots", OBSERVER)) as table:
        _fill(table)
        seconds = best(lambda: _priced(agreements, change, table))
        drawn = list(compare(agreements, change, (), panel_of=alone(table), last=12))
        priced = [one.changed for one in drawn if isinstance(one, Compared)]
        steps = best(lambda: curve(priced, change))
        naive = _naive(agreements[0])
    return Table(
        title=f"What if: a year of {SLOS * SITES:,} site-SLOs in {len(agreements)} agreements",
        peer="every slot counted again",
        how=(
            f"CPU seconds of the least of five runs. Ours reads {SLOS * SITES * YEAR_DAYS:,} site-days, judges and prices each promise of each month "
            f"twice and caps the sums. The peer adds up, judges and prices the slots of {ONE_MONTH_SITES} sites and a month in Python, "
            f"once; its figure is that times {SLOS * SITES * 12 // ONE_MONTH_SITES:,}, without reading them."
        ),
        rows=(
            less("read, judge and price, as it is and as it would be", seconds, naive, "s", 2),
            Row(what=f"the curve over all objectives ({len(priced):,} promises of a month)", ours=f"{steps:.2f} s"),
        ),
    )


def _agreements(window: CalendarWindow) -> Iterator[Agreement]:
    """Of every site each SLO once, 52 promises an agreement."""
    of = builders.agreement().promises[0]
    slos = [builders.slo(f"slo-{n}", window=window) for n in range(SLOS)]
    every = [replace(of, slo=slo, site=f"site-{n:03}") for n in range(SITES) for slo in slos]
    for number, start in enumerate(range(0, len(every), PROMISES)):
        yield builders.agreement(f"agreement-{number}", promises=tuple(every[start : start + PROMISES]))


def _fill(table: DeltaSlots) -> None:
    """A year of totals and a day that ends it, a commit a day as sealing makes them. Of slots there is none: none is read."""
    first = builders.START // DAY_SECONDS
    keys = pl.DataFrame({"slo": [f"slo-{n}" for n in range(SLOS)]}).join(
        pl.DataFrame({"site": [f"site-{n:03}" for n in range(SITES)]}), how="cross"
    )
    hours = keys.join(pl.DataFrame({"hour": range(24)}), how="cross", maintain_order="left")
    nothing = {name: pl.lit(0, pl.Int64) for name, kind in DAYS.items() if kind == pl.Int64}
    for day in range(first, first + YEAR_DAYS + 1):
        bad = (pl.int_range(pl.len()) * 7 + day) % 97 % 5 * ((pl.int_range(pl.len()) + day) % 311 == 0).cast(pl.Int64)
        start = day * DAY_SECONDS + pl.col("hour") * HOUR_SECONDS
        parts = hours.with_columns(**nothing).with_columns(
            slots=60,
            first_starts_at=start,
            last_starts_at=start + HOUR_SECONDS - 60,
            slots_BAD=bad,
            slots_GOOD=60 - bad,
        )
        days = parts.group_by("slo", "site", maintain_order=True).agg(*OF_PARTS, hours=pl.struct(*TOTALS))
        frame = days.with_columns(
            **{name: nothing[name] for name in ("sealed_at", *RUNS)},
            observer=pl.lit(OBSERVER), day=day, rows=1440, revision=1, digest=pl.lit("0x" + "ab" * 32),
        )  # fmt: skip
        table.days.append(shaped(frame, DAYS))
    table.compact()


def _priced(agreements: list[Agreement], change: Change, table: DeltaSlots) -> Owed:
    by_id = {one.id: one for one in agreements}
    groups: dict[tuple[str, Period], list[Compared]] = {}
    for one in compare(agreements, change, (), panel_of=alone(table), last=12):
        assert isinstance(one, Compared)
        groups.setdefault((one.actual.agreement.id, one.actual.period), []).append(one)
    assert sum(map(len, groups.values())) == SLOS * SITES * 12
    sums = [owed_together(by_id[key], [one.would_be for one in group]) for (key, _), group in groups.items()]
    return sum(sums, Owed())


def _naive(agreement: Agreement) -> float:
    """A month of slots of some sites, added up and judged one by one; then as many times as there are site-months."""
    promise = agreement.promises[0]
    slots = [builders.slot(builders.START + 60 * n) for n in range(30 * 1440)]

    def again() -> None:
        for _ in range(ONE_MONTH_SITES):
            judge(promise.slo, attain(promise.slo, total(slots)))

    return best(again) * SLOS * SITES * 12 / ONE_MONTH_SITES
