"""The slot table as a Delta Lake table: a folder, or the same table on an object store.

Append-only. A slot that changed is a new row with a higher revision; readers take the highest. A partition is a UTC day, so that
no question reads more days than it asks for. Rows carry their proof as canonical text, because evidence must outlive
Prometheus' retention.
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
from sankofa_observe.slo.verdict import Totals
from sankofa_observe.units import Period

DAY_SECONDS = 86_400
LOOK_BACK_DAYS = 3  # where a site's newest slot is looked for before all days are asked
COUNTS = (
    "good",
    "bad",
    "hidden",
    "blind",
    "over_good",
    "over_bad",
    "over_hidden",
    "settling",
    "expected",
    "seen",
    "samples",
)
SCHEMA: dict[str, type[pl.DataType]] = {
    "day": pl.Int32,
    "slo": pl.String,
    "site": pl.String,
    "observer": pl.String,
    "starts_at": pl.Int64,
    **dict.fromkeys(COUNTS, pl.Int64),
    "state": pl.String,
    "reasons": pl.String,  # JSON, or null
    "proof": pl.String,  # JSON, or null
    "observed_at": pl.Int64,
    "revision": pl.Int32,
}
_KEY = ["slo", "site", "starts_at"]


class DeltaSlots:
    """The slots of one observer in a Delta table, which is made on the first append."""

    def __init__(self, location: str | Path, observer: str) -> None:
        self._location = str(location)
        self._observer = observer
        self._opened: DeltaTable | None = None

    def append(self, slots: Iterable[Slot], observed_at: int) -> int:
        slots = list(slots)
        fresh = self._changed(slots)
        if not fresh:
            return 0
        rows = [_row(slot, self._observer, observed_at, revision) for slot, revision in fresh]
        frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
        with self._asking("append"):
            write_deltalake(self._location, frame, mode="append", partition_by=["day"])
        return len(rows)

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        frame = self._latest(slo, sites, period).sort("site", "starts_at")
        return [_slot(row) for row in frame.iter_rows(named=True)]

    def totals(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, Totals]:
        sums = (
            self._latest(slo, sites, period, columns=(*_KEY, "state", "revision", "observed_at", *COUNTS[:4]))
            .group_by("site")
            .agg(
                pl.col("state").value_counts(),
                *(pl.col(name).sum() for name in ("good", "bad", "hidden", "blind")),
                (pl.col("good") + pl.col("bad")).max().alias("busiest"),
            )
        )
        return {row.pop("site"): _totals(row) for row in sums.to_dicts()}

    def watermarks(self, slo: str) -> Mapping[str, int]:
        with self._asking("watermarks"):
            newest: dict[str, int] = {}
            for days in self._newest_days():
                own = self._own(slo).filter(pl.col("day").is_in(days)).group_by("site").agg(pl.col("starts_at").max())
                found = dict(own.collect().iter_rows())
                if newest and not found.keys() - newest.keys():
                    break
                newest = found | newest
            return newest

    def uncertain(self, slo: str, since_at: int) -> Mapping[str, int]:
        recent = Period(starts_at=max(0, since_at), ends_at=2**62)
        frame = self._latest(slo, None, recent, columns=(*_KEY, "reasons", "revision", "observed_at"))
        oldest = frame.filter(pl.col("reasons").is_not_null()).group_by("site").agg(pl.col("starts_at").min())
        return dict(oldest.iter_rows())

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

    def _latest(
        self, slo: str, sites: Sequence[str] | None, period: Period, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """The newest revision of each slot that starts in the period; of all sites, where none are named."""
        with self._asking("read"):
            rows = self._own(slo).filter(
                pl.col("day").is_between(period.starts_at // DAY_SECONDS, (period.ends_at - 1) // DAY_SECONDS),
                pl.col("starts_at").is_between(period.starts_at, period.ends_at, closed="left"),
            )
            if sites is not None:
                rows = rows.filter(pl.col("site").is_in(list(sites)))
            frame = rows.select(columns or list(SCHEMA)).collect()
        if frame.is_empty() or frame["revision"].max() == 1:
            return frame
        return frame.sort("revision", "observed_at").unique(_KEY, keep="last")

    def _own(self, slo: str) -> pl.LazyFrame:
        return self._scan().filter(pl.col("slo") == slo, pl.col("observer") == self._observer)

    def _newest_days(self) -> Iterator[list[int]]:
        """The days there are, in groups from the newest back; the first group answers for every site that is observed."""
        table = self._table()
        days = sorted({int(one["day"]) for one in table.partitions()}, reverse=True) if table else []
        for first in range(0, len(days), LOOK_BACK_DAYS):
            yield days[first : first + LOOK_BACK_DAYS]

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
        """The table as it stands now; opened once, then brought up to date."""
        if self._opened is not None:
            self._opened.update_incremental()
            return self._opened
        try:
            self._opened = DeltaTable(self._location)
        except TableNotFoundError:
            return None
        return self._opened


def _row(slot: Slot, observer: str, observed_at: int, revision: int) -> tuple[object, ...]:
    return (
        slot.starts_at // DAY_SECONDS,
        slot.slo,
        slot.site,
        observer,
        slot.starts_at,
        *(getattr(slot, name) for name in COUNTS),
        slot.state.value,
        _json(slot.reasons),
        _json(slot.proof),
        observed_at,
        revision,
    )


def _json(value: tuple[object, ...]) -> str | None:
    return json.dumps(value, separators=(",", ":")) if value else None


def _slot(row: Mapping[str, Any]) -> Slot:
    return Slot(
        **{name: row[name] for name in ("slo", "site", "starts_at", *COUNTS)},
        state=SlotState(row["state"]),
        reasons=tuple(json.loads(row["reasons"])) if row["reasons"] else (),
        proof=_tuples(json.loads(row["proof"])) if row["proof"] else (),
    )


def _tuples(value: Any) -> Any:
    """Lists of JSON as the tuples they were."""
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


def _totals(row: dict[str, Any]) -> Totals:
    states = {SlotState(one["state"]): one["count"] for one in row.pop("state")}
    return Totals(states=states, **row)


def _text(slot: Slot) -> tuple[object, ...]:
    """What makes two rows of one slot the same: everything that is stored of it."""
    return _row(slot, "", 0, 0)
