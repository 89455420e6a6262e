"""Slots for other programs: CSV, Parquet or Arrow, in a stream, a day of an SLO at a time.

Of each slot the newest revision, as the table stood when the export began. Proofs are left out: evidence documents carry them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import polars as pl
from polars.io.plugins import register_io_source

from sankofa_observe.adapters.slots.days import newest
from sankofa_observe.adapters.slots.delta import FAILURES
from sankofa_observe.adapters.slots.rows import COUNTS, SLOTS
from sankofa_observe.errors import InvalidInput, SankofaError, Unavailable
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period, rfc3339

if TYPE_CHECKING:
    from sankofa_observe.adapters.slots.store import DeltaSlots

Advance = Callable[[str, int, int | None], None]
INSTANT, RFC3339 = pl.Datetime("us", "UTC"), "%Y-%m-%dT%H:%M:%SZ"
COLUMNS = ("observer", "slo", "site", "starts_at", "state", *COUNTS, "reasons", "revision", "observed_at")
_KINDS: Mapping[str, Any] = {
    **{name: SLOTS[name] for name in COLUMNS},
    "starts_at": INSTANT,
    "observed_at": INSTANT,
    "reasons": pl.List(pl.String),
}
# What a spreadsheet runs as a formula begins so, in full width as well; an apostrophe too is marked, so that the mark can be taken off.
_RUN = "^[=+@\\-\\t\\r\\n'\\x{FF1D}\\x{FF0B}\\x{FF0D}\\x{FF20}]"


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which slots; no names are all names."""

    period: Period
    slos: Sequence[str] = ()
    sites: Sequence[str] = ()


def export(
    store: DeltaSlots, wanted: Wanted, form: Format, to: Path | IO[bytes], advance: Advance = lambda *_: None
) -> int:
    """Write the slots; answers how many. A file appears whole or not at all.

    Raises:
        InvalidInput: there is none, or the file cannot be written; nothing was written.
    """
    frames = _frames(store, wanted, advance)
    first = next(frames, None)
    if first is None:
        raise InvalidInput(f"no slot of these is kept in {wanted.period}; nothing was written")
    counted = _Counted(chain([first], frames))
    if not isinstance(to, Path):
        _sink(counted, form, to)
        return counted.rows
    partial = to.with_name(f"{to.name}.partial")
    try:
        with partial.open("wb") as file:
            _sink(counted, form, file)
        partial.replace(to)
    except OSError as error:
        raise InvalidInput(f"{to}: {error.strerror}; expected a file in a folder that can be written") from error
    finally:
        partial.unlink(missing_ok=True)
    return counted.rows


@dataclass
class _Counted:
    """Frames as they go by: how many rows they had, and what kept the next one from being read."""

    frames: Iterator[pl.DataFrame]
    rows: int = 0
    error: SankofaError | None = None

    def __iter__(self) -> Iterator[pl.DataFrame]:
        try:
            for frame in self.frames:
                self.rows += frame.height
                yield frame
        except SankofaError as error:
            self.error = error
            raise


def names(store: DeltaSlots, period: Period) -> tuple[set[str], set[str]]:
    """The SLOs and the sites that have slots in the period."""
    with store.slots.asking("export"):
        found = _rows(store.slots.scan(), store.observer, period).select("slo", "site").unique().collect()
    return set(found["slo"]), set(found["site"])


def _frames(store: DeltaSlots, wanted: Wanted, advance: Advance) -> Iterator[pl.DataFrame]:
    scan, period = store.slots.scan(), wanted.period
    first, last = period.starts_at // DAY_SECONDS, (period.ends_at - 1) // DAY_SECONDS
    days = sorted(day for day in store.days_of_slots() if first <= day <= last)
    for number, day in enumerate(days):
        advance(rfc3339(day * DAY_SECONDS)[:10], number, len(days))
        rows = _rows(scan, store.observer, period).filter(pl.col("day") == day)
        if wanted.slos:
            rows = rows.filter(pl.col("slo").is_in(list(wanted.slos)))
        if wanted.sites:
            rows = rows.filter(pl.col("site").is_in(list(wanted.sites)))
        with store.slots.asking("export"):
            slos = rows.select("slo").unique().collect()["slo"].sort()
        for slo in slos:
            with store.slots.asking("export"):
                frame = newest(rows.filter(pl.col("slo") == slo).select(COLUMNS).collect())
            yield _typed(frame.sort("site", "starts_at"))


def _rows(scan: pl.LazyFrame, observer: str, period: Period) -> pl.LazyFrame:
    return scan.filter(
        pl.col("observer") == observer,
        pl.col("day").is_between(period.starts_at // DAY_SECONDS, (period.ends_at - 1) // DAY_SECONDS),
        pl.col("starts_at").is_between(period.starts_at, period.ends_at, closed="left"),
    )


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        *((pl.col(name) * 1_000_000).cast(INSTANT) for name in ("starts_at", "observed_at")),
        reasons=pl.col("reasons").fill_null("[]").str.json_decode(pl.List(pl.String)),
    ).select(COLUMNS)


def _sink(frames: _Counted, form: Format, to: IO[bytes]) -> None:
    try:
        if form is Format.CSV:
            _stream((in_text(frame) for frame in frames), _TEXT_KINDS).sink_csv(to)
        elif form is Format.PARQUET:
            _stream(frames, _KINDS).sink_parquet(to)
        else:
            _stream(frames, _KINDS).sink_ipc(to)
    except FAILURES as error:
        if frames.error is not None:  # Polars has put its own around it
            raise frames.error from error
        words = " ".join(str(error).split())[:200]
        raise Unavailable(
            f"export: it could not be written to its end ({words}); nothing of it is to be used"
        ) from error


def _stream(frames: Iterable[pl.DataFrame], schema: Mapping[str, Any]) -> pl.LazyFrame:
    """Frames as they are made: the writer asks for the next one when it has written the last."""

    def source(columns: list[str] | None, predicate: pl.Expr | None, *_: int | None) -> Iterator[pl.DataFrame]:
        for frame in frames:
            some = frame if columns is None else frame.select(columns)
            yield some if predicate is None else some.filter(predicate)

    return register_io_source(source, schema=dict(schema))


_TEXT = ("observer", "slo", "site", "reasons")
_TEXT_KINDS = {**_KINDS, **dict.fromkeys(("starts_at", "observed_at", *_TEXT), pl.String)}


def in_text(frame: pl.DataFrame) -> pl.DataFrame:
    """As CSV has it: instants in RFC 3339, reasons joined by `; `, and no text that a spreadsheet would run."""
    plain = frame.with_columns(
        pl.col("starts_at", "observed_at").dt.strftime(RFC3339),
        reasons=pl.col("reasons").list.join("; "),
    )
    runs = {name: pl.col(name).str.contains(_RUN) for name in _TEXT}
    return plain.with_columns(
        **{name: pl.when(runs[name]).then(pl.concat_str(pl.lit("'"), name)).otherwise(name) for name in _TEXT}
    )
