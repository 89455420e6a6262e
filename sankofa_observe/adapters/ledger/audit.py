"""The records of a stretch of time as a file that an auditor keeps: a line a record, each bound to the one before it.

Checked without the ledger and without this release: SHA-256 and JSON are all it takes. A line says what was written, by whom and when; its
`before` is the hash of the line before, so that what was taken out, put in, changed or moved is seen. The last line binds their number.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from sankofa_observe.adapters.ledger import tables
from sankofa_observe.adapters.ledger.checksums import Row, printable, verify
from sankofa_observe.adapters.ledger.database import Database
from sankofa_observe.adapters.whole_files import sync_folder
from sankofa_observe.errors import InvalidInput
from sankofa_observe.units import Period, rfc3339

FORMAT = "sankofa-audit/1"
FIRST = "0" * 64  # what the first line is bound to
MOST_FAULTS = 20


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What a file holds, and the hash of its last line: whoever has it can tell that the file is this one."""

    file: str
    records: int
    digest: str

    def __str__(self) -> str:
        return f"{self.file}: {self.records} records, digest {self.digest}; keep the digest apart from the file"


def export(url: str, period: Period, file: Path) -> Exported:
    """Every record that was written in a stretch of time, in the order of writing.

    Raises:
        InvalidInput: the file is there already, or cannot be made.
        Unreadable: a record is not as it was written: nothing is exported of a ledger that is not whole.
    """
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise InvalidInput(
            f"{file}: {error.strerror}; expected a new file in a folder that exists; nothing was written"
        ) from error
    try:
        with (
            os.fdopen(handle, "wb") as out,
            closing(Database(url, new=False)) as database,
            database.reading() as connection,
        ):
            before, count = FIRST, 0
            head = {"format": FORMAT, "from": rfc3339(period.starts_at), "to": rfc3339(period.ends_at)}
            for values in (head, *_records(connection, period)):
                line = _line({**values, "before": before})
                out.write(line)
                before, count = hashlib.sha256(line).hexdigest(), count + 1
            last = _line({"records": count - 1, "before": before})
            out.write(last)
            out.flush()
            os.fsync(out.fileno())
        sync_folder(file.parent)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return Exported(file=str(file), records=count - 1, digest=hashlib.sha256(last).hexdigest())


def check(file: Path, digest: str = "") -> list[str]:
    """What is wrong with a file, in words; nothing where every line is bound to the one before it, and the last one to their number."""
    try:
        with file.open("rb") as lines:
            if (told := (_read(lines.readline()) or {}).get("format")) != FORMAT:
                return [f"line 1: format {told!r}, expected {FORMAT}, with which a file of `audit export` begins"]
            lines.seek(0)
            return _faults(lines, digest)
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}; expected a file of `audit export`") from error


def _faults(lines: Iterable[bytes], digest: str) -> list[str]:
    faults: list[str] = []
    before, count, ended = FIRST, -1, False
    for number, line in enumerate(lines, 1):
        found = _read(line)
        if ended or found is None or found.get("before") != before:
            faults.append(
                f"line {number}: {'it stands after the last one' if ended else 'it is not the one that was written after the line before'}"
            )
        elif "records" in found:
            ended = True
            if found["records"] != count:
                faults.append(f"line {number}: {found['records']} records were written, and {count} are here")
        before, count = hashlib.sha256(line).hexdigest(), count + (not ended)
        if len(faults) >= MOST_FAULTS:
            return [*faults, "and maybe more"]
    if not ended:
        faults.append("the end is missing: the file was cut")
    if digest and before != digest:
        faults.append(f"its digest is {before}, expected {digest}: another file, or another end")
    return faults


def _records(connection: Connection, period: Period) -> Iterator[dict[str, Any]]:
    return (
        values
        for _, _, values in heapq.merge(*(_of(connection, n, one, period) for n, one in enumerate(tables.RECORDS)))
    )


def _of(
    connection: Connection, place: int, table: Table, period: Period
) -> Iterator[tuple[tuple[int, int], int, dict[str, Any]]]:
    """The records of one table by when they were written, then by the place of the table and their own order."""
    at = table.c.written_at
    query = select(table).where(at >= period.starts_at, at < period.ends_at).order_by(at, *table.primary_key)
    rows: Iterable[Row] = connection.execute(query.execution_options(yield_per=1000)).mappings()
    for number, row in enumerate(rows):
        verify(table, row)
        values = {name: _plain(value) for name, value in row.items() if value is not None}
        yield (row["written_at"], place), number, {"record": table.name, **values}


def _plain(value: Any) -> Any:
    return f"0x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else value


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(printable(line.decode(errors="replace")))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
