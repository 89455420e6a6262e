"""Slots to site-days in columns; `slo.totals.site_days` is the specification, and a property test holds the two together."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sankofa_observe.adapters.slots.rows import ADDED_UP, AT_EDGES, DAYS, KEY, RUNS, SITE_DAY, TOTALS
from sankofa_observe.ports import HOUR_SECONDS
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, ROW_COUNTS, digest_of

_ADDED = {"rows", "revision", "sealed_at"}


def newest(frame: pl.DataFrame) -> pl.DataFrame:
    """The highest revision of each slot; of two with one revision the later observed one, the same for every reader."""
    return _highest(frame, KEY, "revision", "observed_at")


def newest_days(frame: pl.DataFrame) -> pl.DataFrame:
    """The highest revision of each site-day."""
    return _highest(frame, ("slo", "site", "day"), "revision")


def _highest(frame: pl.DataFrame, key: Sequence[str], *order: str) -> pl.DataFrame:
    """The last row of each key by the order; sorted only where a key stands twice."""
    if frame.is_empty() or (frame["revision"].max() == 1 and _once_each(frame, key)):
        return frame
    return frame.sort(*order).unique(list(key), keep="last")


def _once_each(frame: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether no key stands twice; its last column has the most values, and is compared within the others."""
    *others, last = key
    return bool(frame.group_by(others).agg(pl.col(last).n_unique())[last].sum() == frame.height)


def site_days(frame: pl.DataFrame, *, in_order: bool = False) -> pl.DataFrame:
    """One row a site-day of slots that are the newest of their key, without `rows`, `revision` and `sealed_at`.

    `in_order`: the slots of one day are by SLO, site and time.
    """
    if frame.is_empty():
        return pl.DataFrame(schema={name: kind for name, kind in DAYS.items() if name not in _ADDED})
    slots = frame if in_order else frame.sort(*SITE_DAY, "starts_at")
    slots = slots.with_columns(bad_state=pl.col("state") == SlotState.BAD.value)
    hour = (pl.col("starts_at") // HOUR_SECONDS).alias("hour")
    hours = slots.group_by(*SITE_DAY, hour, maintain_order=True).agg(*OF_SLOTS)
    sums = hours.group_by(SITE_DAY, maintain_order=True).agg(*OF_PARTS, hours=pl.struct(*TOTALS))
    lines = pl.concat_str("starts_at", *ROW_COUNTS, "state", separator=",").alias("lines")
    lines_of_day = slots.group_by(SITE_DAY, maintain_order=True).agg(lines)["lines"]
    digests = [digest_of(lines) for lines in lines_of_day.to_list()]
    runs = sums.join(_bad_runs(slots), on=SITE_DAY, how="left", maintain_order="left")
    return runs.with_columns(pl.col(RUNS).fill_null(0), digest=pl.Series(digests))


# What is added up of slots that are in order of time.
OF_SLOTS = (
    pl.len().cast(pl.Int64).alias("slots"),
    *((pl.col("state") == one.value).sum().cast(pl.Int64).alias(f"slots_{one.value}") for one in SlotState),
    *(pl.col(name).sum() for name in ADDED_UP),
    (pl.col("good") + pl.col("bad"))
    .filter((pl.col("hidden") == 0) & (pl.col("blind") == 0))
    .max()
    .fill_null(0)
    .clip(lower_bound=0)
    .alias("busiest"),
    *(pl.col(name).first().alias(f"first_{name}") for name in AT_EDGES),
    *(pl.col(name).last().alias(f"last_{name}") for name in AT_EDGES),
)
# And of such parts, in the same order.
OF_PARTS = (
    *(pl.col(name).sum() for name in ("slots", *(f"slots_{one.value}" for one in SlotState))),
    *(pl.col(name).sum() for name in ADDED_UP),
    pl.col("busiest").max(),
    *(pl.col(f"first_{name}").first() for name in AT_EDGES),
    *(pl.col(f"last_{name}").last() for name in AT_EDGES),
)


def spans(days: pl.DataFrame) -> pl.DataFrame:
    """One row a site of its site-days together."""
    return (
        days.sort("site", "day")
        .group_by("slo", "site", maintain_order=True)
        .agg(
            *OF_PARTS,
            pl.concat_str(pl.col("day").cast(pl.Int64) * DAY_SECONDS, "digest", separator=":")
            .str.join("\n")
            .alias("lines"),
        )
    )


def _bad_runs(slots: pl.DataFrame) -> pl.DataFrame:
    """The longest run of BAD slots of each site-day, and the runs at its two ends."""
    # Most days have none: those are runs of nothing.
    some = slots.filter(pl.col("bad_state").any().over(SITE_DAY))
    runs = (
        some.with_columns(run=pl.col("bad_state").rle_id().over(SITE_DAY))
        .group_by(*SITE_DAY, "run", maintain_order=True)
        .agg(pl.col("bad_state").first(), pl.len().cast(pl.Int64).alias("length"))
        .with_columns(length=pl.when("bad_state").then("length").otherwise(0))
    )
    return runs.group_by(SITE_DAY, maintain_order=True).agg(
        pl.col("length").max().alias("longest_bad"),
        pl.col("length").first().alias("head_bad"),
        pl.col("length").last().alias("tail_bad"),
    )
