"""The slot table as a Delta Lake table: a folder, or the same table on an object store.

Append-only. A slot that changed is a new row with a higher revision; readers take the highest. Rows carry the raw samples of
every slot that is not GOOD, as canonical text, because evidence must outlive Prometheus' retention.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from sankofa_observe.errors import Unavailable
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.verdict import Tally
from sankofa_observe.units import Period

SCHEMA: dict[str, type[pl.DataType]] = {
    "slo": pl.String,
    "site": pl.String,
    "starts_at": pl.Int64,
    "good": pl.Int64,
    "valid": pl.Int64,
    "expected": pl.Int32,
    "seen": pl.Int32,
    "state": pl.String,
    "samples": pl.String,
    "observer": pl.String,
    "observed_at": pl.Int64,
    "revision": pl.Int32,
}
_KEY = ["slo", "site", "starts_at"]


class DeltaSlots:
    """The slots of one observer in a Delta table, which is made on the first append."""

    def __init__(self, location: str | Path, observer: str) -> None:
        self._location = str(location)
        self._observer = observer

    def append(self, slots: Iterable[Slot], observed_at: int) -> int:
        slots = list(slots)
        fresh = self._changed(slots)
        if not fresh:
            return 0
        rows = [_row(slot, self._observer, observed_at, revision) for slot, revision in fresh]
        frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
        with self._asking("append"):
            write_deltalake(self._location, frame, mode="append", partition_by=["slo"])
        return len(rows)

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        frame = self._latest(slo, sites, period).sort("site", "starts_at")
        return [_slot(row) for row in frame.iter_rows(named=True)]

    def tallies(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, Tally]:
        counted = pl.col("state") != SlotState.EXCLUDED.value
        known = counted & (pl.col("state") != SlotState.UNKNOWN.value)
        sums = (
            self._latest(slo, sites, period)
            .group_by("site")
            .agg(
                pl.col("state").value_counts(),
                pl.col("good").filter(counted).sum(),
                pl.col("valid").filter(counted).sum(),
                pl.col("valid").filter(known).max().fill_null(0).alias("busiest"),
            )
        )
        return {row.pop("site"): _tally(row) for row in sums.to_dicts()}

    def watermarks(self, slo: str) -> Mapping[str, int]:
        with self._asking("watermarks"):
            frame = self._scan().filter(pl.col("slo") == slo, pl.col("observer") == self._observer)
            newest = frame.group_by("site").agg(pl.col("starts_at").max()).collect()
        return dict(newest.iter_rows())

    def compact(self) -> str:
        """Join the many small files of regular ticks, and drop the joined ones a week later; no row changes."""
        with self._asking("compaction"):
            if (table := self._table()) is None:
                return ""
            done = table.optimize.compact()
            table.vacuum(dry_run=False)  # keeps a week, so that a reader of an older version finds its files
        return f"{done['numFilesRemoved']} files joined into {done['numFilesAdded']}" if done["numFilesRemoved"] else ""

    def _changed(self, slots: list[Slot]) -> list[tuple[Slot, int]]:
        """The slots that differ from what stands, with the revision they will have."""
        standing: dict[tuple[str, str, int], tuple[Slot, int]] = {}
        for slo in {slot.slo for slot in slots}:
            own = [slot for slot in slots if slot.slo == slo]
            period = Period(starts_at=min(s.starts_at for s in own), ends_at=max(s.starts_at for s in own) + 1)
            for row in self._latest(slo, sorted({s.site for s in own}), period).iter_rows(named=True):
                standing[row["slo"], row["site"], row["starts_at"]] = (_slot(row), row["revision"])
        fresh = []
        for slot in slots:
            key = (slot.slo, slot.site, slot.starts_at)
            before = standing.get(key)
            if before is None or _text(before[0]) != _text(slot):
                standing[key] = (slot, before[1] + 1 if before else 1)
                fresh.append(standing[key])
        return fresh

    def _latest(self, slo: str, sites: Sequence[str], period: Period) -> pl.DataFrame:
        with self._asking("read"):
            return (
                self._scan()
                .filter(
                    pl.col("slo") == slo,
                    pl.col("site").is_in(list(sites)),
                    pl.col("starts_at").is_between(period.starts_at, period.ends_at, closed="left"),
                    pl.col("observer") == self._observer,
                )
                .sort("revision", "observed_at")
                .unique(_KEY, keep="last")
                .collect()
            )

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """A store that is away, full or damaged is one error of ours; the table itself commits whole appends or none."""
        try:
            yield
        except (DeltaError, pl.exceptions.PolarsError, OSError) as error:
            words = " ".join(str(error).split())[:200]
            raise Unavailable(
                f"slot table {self._location}: {what} failed ({type(error).__name__}: {words})"
            ) from error

    def _scan(self) -> pl.LazyFrame:
        table = self._table()
        return pl.LazyFrame(schema=SCHEMA) if table is None else pl.scan_delta(table)

    def _table(self) -> DeltaTable | None:
        try:
            return DeltaTable(self._location)
        except TableNotFoundError:
            return None


def _row(slot: Slot, observer: str, observed_at: int, revision: int) -> tuple[object, ...]:
    kept = None if slot.state is SlotState.GOOD else json.dumps(slot.samples, separators=(",", ":"))
    return (
        slot.slo,
        slot.site,
        slot.starts_at,
        slot.good,
        slot.valid,
        slot.expected,
        slot.seen,
        slot.state.value,
        kept,
        observer,
        observed_at,
        revision,
    )


def _slot(row: Mapping[str, object]) -> Slot:
    samples = json.loads(str(row["samples"])) if row["samples"] else []
    return Slot(
        **{name: row[name] for name in ("slo", "site", "starts_at", "good", "valid", "expected", "seen")},  # type: ignore[arg-type]  # the schema above
        state=SlotState(str(row["state"])),
        samples=tuple(tuple((at, good, valid) for at, good, valid in series) for series in samples),
    )


def _tally(row: dict[str, Any]) -> Tally:
    states = {SlotState(one["state"]): one["count"] for one in row["state"]}
    return Tally(states=states, good=row["good"], valid=row["valid"], busiest=row["busiest"])


def _text(slot: Slot) -> tuple[object, ...]:
    """What makes two rows of one slot the same: everything that is stored of it."""
    return _row(slot, "", 0, 0)
