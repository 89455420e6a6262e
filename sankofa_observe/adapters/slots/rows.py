"""Rows of the two tables, to and from the values of the core."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, ROW_COUNTS, SiteDay, SiteSpan, Totals

COUNTS = (*ROW_COUNTS, "samples")
KEY = ("slo", "site", "starts_at")
SLOTS: dict[str, type[pl.DataType]] = {
    "observer": pl.String,
    "day": pl.Int32,
    "slo": pl.String,
    "site": pl.String,
    "starts_at": pl.Int64,
    **dict.fromkeys(COUNTS, pl.Int64),
    "state": pl.String,
    "reasons": pl.String,  # JSON, or null
    "proof": pl.String,  # JSON, or null
    "observed_at": pl.Int64,
    "revision": pl.Int32,
}
# What stands at the two ends of a day.
AT_EDGES = ("starts_at", "over_good", "over_bad", "over_hidden", "settling")
SUMS = ("good", "bad", "hidden", "blind", "busiest")
RUNS = ("longest_bad", "head_bad", "tail_bad")
DAYS: dict[str, type[pl.DataType]] = {
    "observer": pl.String,
    "day": pl.Int32,
    "slo": pl.String,
    "site": pl.String,
    "slots": pl.Int64,
    **{f"slots_{state.value}": pl.Int64 for state in SlotState},
    **dict.fromkeys(SUMS, pl.Int64),
    **{f"{end}_{name}": pl.Int64 for end in ("first", "last") for name in AT_EDGES},
    **dict.fromkeys(RUNS, pl.Int64),
    "digest": pl.String,
    "rows": pl.Int64,  # of the slots table, superseded ones among them: whether it changed since is told from the log
    "revision": pl.Int32,
    "sealed_at": pl.Int64,
}


def slot_row(slot: Slot, observer: str, observed_at: int, revision: int) -> tuple[object, ...]:
    return (
        observer,
        slot.starts_at // DAY_SECONDS,
        slot.slo,
        slot.site,
        slot.starts_at,
        *(getattr(slot, name) for name in COUNTS),
        slot.state.value,
        _json(slot.reasons),
        _json(slot.proof),
        observed_at,
        revision,
    )


def same(before: Slot, slot: Slot) -> bool:
    """Whether two rows of one slot hold the same, proof and reasons included."""
    return slot_row(before, "", 0, 0) == slot_row(slot, "", 0, 0)


def slot_of(row: Mapping[str, Any]) -> Slot:
    return Slot(
        **{name: row[name] for name in ("slo", "site", "starts_at", *COUNTS)},
        state=SlotState(row["state"]),
        reasons=tuple(json.loads(row["reasons"])) if row["reasons"] else (),
        proof=_tuples(json.loads(row["proof"])) if row["proof"] else (),
    )


def site_day_of(row: Mapping[str, Any]) -> SiteDay:
    return SiteDay(
        **{name: row[name] for name in ("slo", "site", "day", "slots", "digest", "revision", *RUNS)},
        totals=_totals(row),
        first=_edge(row, "first"),
        last=_edge(row, "last"),
    )


def span_of(row: Mapping[str, Any]) -> SiteSpan:
    return SiteSpan(
        slots=row["slots"],
        totals=_totals(row),
        first=_edge(row, "first"),
        last=_edge(row, "last"),
        lines=row["lines"],
    )


def _totals(row: Mapping[str, Any]) -> Totals:
    states = {state: row[f"slots_{state.value}"] for state in SlotState if row[f"slots_{state.value}"]}
    return Totals(states=states, **{name: row[name] for name in SUMS})


def _edge(row: Mapping[str, Any], end: str) -> Slot:
    return Slot(slo=row["slo"], site=row["site"], **{name: row[f"{end}_{name}"] for name in AT_EDGES})


def _json(value: tuple[object, ...]) -> str | None:
    return json.dumps(value, separators=(",", ":")) if value else None


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples they were."""
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
