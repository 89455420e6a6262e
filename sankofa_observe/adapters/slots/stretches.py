"""Stretches of time, each added up from the largest pieces there are: sealed days, hours of sealed days, and slots."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from sankofa_observe.adapters.slots.days import OF_PARTS, OF_SLOTS
from sankofa_observe.adapters.slots.rows import TOTALS
from sankofa_observe.ports import HOUR_SECONDS
from sankofa_observe.slo.totals import DAY_SECONDS, whole_days
from sankofa_observe.units import Period, without

DAY_HOURS = DAY_SECONDS // HOUR_SECONDS
PART = ("site", "stretch", *TOTALS)  # `stretch` is the place of one in their order


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """What stretches are made of, each piece once; all are counted from the epoch."""

    days: Mapping[int, int]  # whole, each with the place of its stretch
    hours: Mapping[int, int]  # the same, of days that are cut
    hours_of_slots: Sequence[int]  # of which slots are needed, in order


def pieces(stretches: Sequence[Period], sealed: Collection[int]) -> Pieces:
    """Of stretches in order that do not overlap: totals where a day is sealed, slots where it is not and where an hour is cut."""
    days: dict[int, int] = {}
    hours: dict[int, int] = {}
    cut: dict[int, None] = {}
    for place, stretch in enumerate(stretches):
        whole = [day for day in whole_days(stretch) if day in sealed]
        days |= dict.fromkeys(whole, place)
        for rest in without(stretch, _periods(whole, DAY_SECONDS)):
            inside = [hour for hour in _whole_hours(rest) if hour // DAY_HOURS in sealed]
            hours |= dict.fromkeys(inside, place)
            cut |= dict.fromkeys(
                hour for one in without(rest, _periods(inside, HOUR_SECONDS)) for hour in _touched_hours(one)
            )
    return Pieces(days=days, hours=hours, hours_of_slots=list(cut))


def _periods(numbers: Iterable[int], seconds: int) -> Iterator[Period]:
    return (Period(starts_at=number * seconds, ends_at=(number + 1) * seconds) for number in numbers)


def _whole_hours(period: Period) -> range:
    return range(-(-period.starts_at // HOUR_SECONDS), period.ends_at // HOUR_SECONDS)


def _touched_hours(period: Period) -> range:
    return range(period.starts_at // HOUR_SECONDS, -(-period.ends_at // HOUR_SECONDS))


def of_days(days: pl.DataFrame, places: Mapping[int, int]) -> pl.DataFrame:
    """Whole site-days as parts of stretches."""
    stretch = pl.col("day").replace_strict(places, return_dtype=pl.Int64)
    return days.select("site", stretch.alias("stretch"), *TOTALS)


def of_hours(days: pl.DataFrame, places: Mapping[int, int]) -> pl.DataFrame:
    """The hours of site-days that lie whole in a stretch, as parts of it."""
    every = days.select("site", "hours").explode("hours").unnest("hours")
    hour = pl.col("first_starts_at") // HOUR_SECONDS
    stretch = hour.replace_strict(places, default=None, return_dtype=pl.Int64)
    return every.with_columns(stretch=stretch).filter(pl.col("stretch").is_not_null()).select(PART)


def of_slots(slots: pl.DataFrame, stretches: Sequence[Period]) -> pl.DataFrame:
    """Slots, the newest of their key, added up by the hour and the stretch that they start in; those beside all of them are left out."""
    low, high = pl.Series([one.starts_at for one in stretches]), pl.Series([one.ends_at for one in stretches])
    places = low.search_sorted(slots["starts_at"], side="right").cast(pl.Int64) - 1
    inside = slots.with_columns(stretch=places).filter(
        (places >= 0) & (high.gather(places.clip(0)) > slots["starts_at"])
    )
    hour = (pl.col("starts_at") // HOUR_SECONDS).alias("hour")
    return inside.sort("starts_at").group_by("site", "stretch", hour, maintain_order=True).agg(*OF_SLOTS).select(PART)


def together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row a site and stretch, of parts none of which reaches over another one."""
    return pl.concat(parts).sort("first_starts_at").group_by("site", "stretch", maintain_order=True).agg(*OF_PARTS)
