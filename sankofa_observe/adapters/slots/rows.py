"""Rows of the two tables, to and from the values of the core."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl

from sankofa_observe.slo.counter.parcel import GROWTH
from sankofa_observe.slo.plain import STATES, Counted, PlainSlots
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import ROW_COUNTS, SiteDay, SiteSpan, Totals

COUNTS = (*ROW_COUNTS, "samples")
KEY = ("slo", "site", "starts_at")
SITE_DAY = ("observer", "day", "slo", "site")
Schema = dict[str, pl.DataType | type[pl.DataType]]
SLOTS: Schema = {
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
OF_TOTALS = tuple(name for name in SLOTS if name not in {"reasons", "proof"})  # what a site-day is made of
OF_SLOT = (*KEY, *COUNTS, "state", "reasons", "proof")
# What stands at the two ends of a day.
AT_EDGES = ("starts_at", "over_good", "over_bad", "over_hidden", "settling")
ADDED_UP = ("good", "bad", "hidden", "blind", "samples")
SUMS = (*ADDED_UP, "busiest")
RUNS = ("longest_bad", "head_bad", "tail_bad")
# Slots of one site and a stretch of time, added up.
TOTALS = dict.fromkeys(
    (
        "slots",
        *(f"slots_{state.value}" for state in SlotState),
        *SUMS,
        *(f"{end}_{name}" for end in ("first", "last") for name in AT_EDGES),
    ),
    pl.Int64,
)
DAYS: Schema = {
    "observer": pl.String,
    "day": pl.Int32,
    "slo": pl.String,
    "site": pl.String,
    **TOTALS,
    **dict.fromkeys(RUNS, pl.Int64),
    "hours": pl.List(pl.Struct(TOTALS)),  # of each hour that has slots, in order: an exclusion cuts a day between them
    "digest": pl.String,
    "rows": pl.Int64,  # of the slots table, superseded ones among them: tells whether it changed since; 0 once forgotten
    "revision": pl.Int32,
    "sealed_at": pl.Int64,
}
OF_DAYS = tuple(name for name in DAYS if name != "hours")  # what is read of a day that nothing cuts


def shaped(frame: pl.DataFrame, schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    """The columns of a table, in its order and types."""
    return frame.select(list(schema)).cast(schema)  # type: ignore[arg-type]  # a mapping of types


def frame_of(slots: Iterable[Slot]) -> pl.DataFrame:
    """Rows of slots, those that are in columns as they are; of two rows of one slot the last."""
    counted = slots if isinstance(slots, Counted) else Counted(slots=list(slots))
    rows = [
        (slot.slo, slot.site, slot.starts_at, *(getattr(slot, name) for name in COUNTS), slot.state.value,
         _json(slot.reasons), _json(slot.proof))
        for slot in counted.slots
    ]  # fmt: skip
    schema = {name: SLOTS[name] for name in OF_SLOT}
    frame = pl.concat([_plain_frame(counted.plain, schema), pl.DataFrame(rows, schema=schema, orient="row")])
    return frame.unique(list(KEY), keep="last", maintain_order=True) if counted.slots else frame


def _plain_frame(plain: Sequence[PlainSlots], schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    if not plain:
        return pl.DataFrame(schema=dict(schema))
    names = pl.DataFrame({"slo": [one.slo for one in plain], "site": [one.site for one in plain]})
    each = np.repeat(np.arange(len(plain)), [len(one) for one in plain])
    counts = {
        name: np.concatenate([getattr(one, name) for one in plain])
        for name in ("starts_at", "good", "bad", "expected", "seen", "samples")
    }
    codes = np.concatenate([one.state for one in plain])
    return (
        names[each]
        .with_columns(
            **{name: pl.Series(values) for name, values in counts.items()},
            **{name: pl.lit(0, pl.Int64) for name in COUNTS if name not in counts},
            state=pl.Series([state.value for state in STATES])[codes],
            reasons=pl.lit(None, pl.String),
        )
        .with_row_index("place")
        .join(_proofs(plain), on="place", how="left", maintain_order="left")
        .select(list(schema))
    )


def _proofs(plain: Sequence[PlainSlots]) -> pl.DataFrame:
    """Per place in all of them the proof of a slot, as `_json` writes its parcels."""
    found, start = [pl.DataFrame(schema={"place": pl.UInt32, "row": pl.String})], 0
    for one in plain:
        if one.proof:
            columns = {each.name: getattr(one.proof, each.name) for each in fields(one.proof) if each.name != "names"}
            names = pl.Series([json.dumps(name) for name in one.proof.names])
            rows = pl.DataFrame(columns).with_columns(source=names.gather(columns["source"]))
            found.append(rows.select((pl.col("place") + start).cast(pl.UInt32), row=_GROWN))
        start += len(one)
    together = pl.concat(found).group_by("place").agg(pl.col("row").str.join(","))
    return together.select("place", proof=pl.format("[{}]", "row"))


_GROWN = pl.format(
    f'[{{}},"{GROWTH}",{{}},{{}},{{}},{{}},0,0,{{}},{{}},{{}},{{}},{{}},{{}},-1]',
    *("source", "number", "number", "good", "bad", "from_ms", "to_ms"),
    *("good_before", "valid_before", "good_after", "valid_after"),
)


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
        first=_edge(row, _FIRST),
        last=_edge(row, _LAST),
    )


def span_of(row: Mapping[str, Any]) -> SiteSpan:
    return SiteSpan(
        slots=row["slots"],
        totals=_totals(row),
        first=_edge(row, _FIRST),
        last=_edge(row, _LAST),
        lines=row["lines"],
    )


# Written out once: a month that exclusions cut each night has ten thousand such rows.
_STATES = tuple((state, f"slots_{state.value}") for state in SlotState)
_FIRST, _LAST = (tuple((name, f"{end}_{name}") for name in AT_EDGES) for end in ("first", "last"))


def _totals(row: Mapping[str, Any]) -> Totals:
    states = {state: row[name] for state, name in _STATES if row[name]}
    return Totals(states=states, **{name: row[name] for name in SUMS})


def _edge(row: Mapping[str, Any], names: Sequence[tuple[str, str]]) -> Slot:
    return Slot(slo=row["slo"], site=row["site"], **{name: row[column] for name, column in names})


def _json(value: tuple[object, ...]) -> str | None:
    return json.dumps(value, separators=(",", ":")) if value else None


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples they were."""
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
