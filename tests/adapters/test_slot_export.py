"""Slots for other programs: what is written reads back as it stands in the table, and nothing in it runs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.adapters.slots.export import Format, Wanted, export, names
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.units import Period
from tests.builders import START, slot

DAY = 86_400
PERIOD = Period(starts_at=START, ends_at=START + 2 * DAY)
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "plain", "a=b", 'say "x", y']  # noqa: RUF001
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


@pytest.fixture
def table(tmp_path: Path) -> Iterator[DeltaSlots]:
    """Two days, one of them sealed; a slot that was revised, one that is unknown, events that are less than none."""
    with closing(DeltaSlots(tmp_path / "slots", "observer-1")) as made:
        slots = [slot(START + hour * 3600, site=site) for hour in range(48) for site in ("edge-1", "edge-2")]
        slots[7] = slot(slots[7].starts_at, SlotState.UNKNOWN, site="edge-2", reasons=("not seen", "a restart"))
        slots[9] = slot(slots[9].starts_at, SlotState.BAD, site="edge-2", bad=-1)
        made.append(slots, START + 2 * DAY)
        made.seal(START // DAY, START + 3 * DAY)
        made.append([slot(START, SlotState.BAD, site="edge-1")], START + 3 * DAY)
        yield made


def from_csv(file: Path) -> list[dict[str, Any]]:
    """As a reader of CSV would, by Python's own module."""
    with file.open(newline="", encoding="utf-8") as lines:
        return [_of_text(row) for row in csv.DictReader(lines)]


def _of_text(row: Mapping[str, str]) -> dict[str, Any]:
    plain = {name: text.removeprefix("'") for name, text in row.items()}
    whole = {name: int(row[name]) for name in (*COUNTS, "revision")}
    reasons = plain["reasons"].split("; ") if plain["reasons"] else []
    times = {name: datetime.fromisoformat(row[name]) for name in ("starts_at", "observed_at")}
    return {**plain, **whole, **times, "reasons": reasons}


def as_rows(slots: list[Slot]) -> list[tuple[object, ...]]:
    return [
        (one.slo, one.site, one.starts_at, one.state.value, one.reasons, *(getattr(one, name) for name in COUNTS))
        for one in slots
    ]


def read_rows(read: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [
        (
            one["slo"], one["site"], int(one["starts_at"].timestamp()), one["state"], tuple(one["reasons"]),
            *(one[name] for name in COUNTS),
        )
        for one in read
    ]  # fmt: skip


READERS: dict[Format, Callable[[Path], list[dict[str, Any]]]] = {
    Format.CSV: from_csv,
    Format.PARQUET: lambda file: pl.read_parquet(file).to_dicts(),
    Format.ARROW: lambda file: pl.read_ipc(file).to_dicts(),
}


@pytest.mark.parametrize("form", Format)
def test_export_reads_back_as_the_table_stands(form: Format, table: DeltaSlots, tmp_path: Path) -> None:
    """Each slot once, in its newest revision; instants in UTC; counts below none and reasons as they are."""
    file = tmp_path / f"slots.{form}"
    assert export(table, Wanted(period=PERIOD), form, file) == 96
    read = READERS[form](file)
    stands = table.read("availability-edge", ["edge-1", "edge-2"], PERIOD)
    assert sorted(read_rows(read)) == sorted(as_rows(stands))
    assert read[0]["observed_at"] == datetime.fromtimestamp(START + 3 * DAY, UTC)
    assert [(one["site"], one["revision"]) for one in read if one["revision"] > 1] == [("edge-1", 2)]


def test_export_writes_what_is_asked_for(table: DeltaSlots, tmp_path: Path) -> None:
    """A half-open stretch, named sites, named SLOs; by day, SLO, site and time."""
    period = Period(starts_at=START + 3600, ends_at=START + DAY + 3600)
    export(
        table, Wanted(period=period, sites=["edge-2"], slos=["availability-edge"]), Format.CSV, tmp_path / "some.csv"
    )
    starts = [one["starts_at"] for one in from_csv(tmp_path / "some.csv")]
    assert (len(starts), starts == sorted(starts), starts[0].hour) == (24, True, 1)
    assert names(table, period) == ({"availability-edge"}, {"edge-1", "edge-2"})


@pytest.mark.parametrize("site", EVIL)
def test_csv_holds_no_formula(site: str, tmp_path: Path) -> None:
    """A cell of text that a spreadsheet would run begins with an apostrophe, which a reader takes off again."""
    with closing(DeltaSlots(tmp_path / "slots", "observer-1")) as made:
        made.append([slot(START, SlotState.UNKNOWN, site=site, reasons=(site,))], START)
        export(made, Wanted(period=PERIOD), Format.CSV, tmp_path / "evil.csv")
    with (tmp_path / "evil.csv").open(newline="", encoding="utf-8") as lines:
        cells = next(csv.DictReader(lines))
    assert not any(str(cells[name]).startswith(tuple("=+-@\t\r\n＝")) for name in ("slo", "site", "reasons"))  # noqa: RUF001
    assert [(one["site"], one["reasons"]) for one in from_csv(tmp_path / "evil.csv")] == [(site, [site])]


def test_export_of_nothing_writes_nothing(table: DeltaSlots, tmp_path: Path) -> None:
    """And leaves what stands there: an empty file would look as if all was well."""
    file = tmp_path / "old.csv"
    file.write_text("kept")
    with pytest.raises(InvalidInput, match="no slot of these is kept"):
        export(table, Wanted(period=PERIOD, sites=["nowhere"]), Format.CSV, file)
    with pytest.raises(InvalidInput, match="expected a file in a folder"):
        export(table, Wanted(period=PERIOD), Format.CSV, tmp_path / "no" / "folder.csv")
    assert (file.read_text(), list(tmp_path.glob("*.partial"))) == ("kept", [])


def test_export_that_fails_midway_leaves_no_file(table: DeltaSlots, tmp_path: Path) -> None:
    """The error is the store's own, not one of what writes."""
    gone = next((tmp_path / "slots" / "slots").rglob(f"day={START // DAY + 1}/*.parquet"))
    gone.unlink()
    with pytest.raises(Unavailable, match="export failed"):
        export(table, Wanted(period=PERIOD), Format.PARQUET, tmp_path / "half.parquet")
    assert list(tmp_path.glob("half*")) == []


def test_export_streams_to_what_is_open(table: DeltaSlots) -> None:
    """As standard output is: the same bytes as in a file."""
    to = BytesIO()
    assert export(table, Wanted(period=PERIOD), Format.CSV, to) == 96
    assert to.getvalue().count(b"\n") == 97
