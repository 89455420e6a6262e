"""A lease as a row of the ledger: on SQLite by the clock of the host, on PostgreSQL by that of the server."""

from __future__ import annotations

import os
import secrets
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, case, insert, select, text, update

from sankofa_observe.adapters.ledger import tables
from sankofa_observe.adapters.ledger.database import Database
from sankofa_observe.errors import Held, Lost

SECONDS = 15


def owner_of_process() -> str:
    """Host, its table of processes and the process, as another one there can tell whether it still lives; no two are alike."""
    return f"{_place()}:{secrets.token_hex(4)}:{os.getpid()}"


def _place() -> str:
    """A host name is no machine: two of one name have another boot each, and each boot another table of processes."""
    return f"{socket.gethostname()}:{_boot()}:{_processes()}"


def _boot() -> str:
    """Which boot of which machine this is; of an unknown one nobody can tell who is dead."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return secrets.token_hex(16)


def _processes() -> int:
    """Which table of processes this one is in: containers of one host name have one each."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


@dataclass(kw_only=True)
class LedgerLease:
    """One holder of a name; nobody else becomes it before `seconds` without a renewal have passed."""

    database: Database
    name: str
    owner: str = field(default_factory=owner_of_process)
    seconds: int = SECONDS
    epoch: int = 0

    def take(self) -> int:
        table = tables.leases
        with self.database.writing() as connection:
            if connection.dialect.name == "postgresql":  # a row that is not there yet cannot be locked
                connection.exec_driver_sql("LOCK TABLE lease IN EXCLUSIVE MODE")
            now = _now(connection)
            row = connection.execute(select(table).where(table.c.name == self.name)).mappings().one_or_none()
            # A lease of the future was taken before the clock was set back: nobody knows how long ago.
            holds = row and row["taken_at"] <= now < row["expires_at"]
            if row and holds and row["owner"] != self.owner and not _is_dead(row["owner"]):
                raise Held(
                    f"{self.name} is held by {row['owner']} since {row['taken_at']}, for {row['expires_at'] - now} s unless it is "
                    "renewed; stop that process, or wait"
                )
            epoch = int(row["epoch"] if row else 0) + 1
            values = {"owner": self.owner, "epoch": epoch, "taken_at": now, "expires_at": now + self.seconds}
            if row:
                connection.execute(update(table).where(table.c.name == self.name).values(**values))
            else:
                connection.execute(insert(table), {"name": self.name, **values})
            self.epoch = epoch
        return self.epoch

    def renew(self) -> None:
        with self.database.writing() as connection:
            now = _now(connection)
            # Where the clock was set back, it was taken at the new one's now at the latest: it holds nobody out for longer than it lasts.
            taken_at = case((tables.leases.c.taken_at > now, now), else_=tables.leases.c.taken_at)
            self._change(connection, now + self.seconds, taken_at=taken_at)

    def check(self) -> None:
        table = tables.leases
        with self.database.reading() as connection:
            query = select(table.c.owner, table.c.epoch, table.c.expires_at).where(table.c.name == self.name)
            row = connection.execute(query).one_or_none()
            if row is None or (row.owner, row.epoch) != (self.owner, self.epoch):
                raise Lost(
                    f"{self.name}: the lease of epoch {self.epoch} is no longer ours; {row.owner if row else 'nobody'} has it"
                )
            if (late := _now(connection) - row.expires_at) >= 0:
                raise Lost(
                    f"{self.name}: our lease of epoch {self.epoch} lapsed {late} s ago and may be taken over; nobody has renewed it"
                )

    def hold(self, connection: Connection) -> None:
        """Keep it ours to the end of this transaction: whoever takes it waits for that."""
        table = tables.leases
        query = select(table.c.owner, table.c.epoch).where(table.c.name == self.name).with_for_update(read=True)
        row = connection.execute(query).one_or_none()
        if row is None or (row.owner, row.epoch) != (self.owner, self.epoch):
            raise Lost(f"{self.name}: the lease of epoch {self.epoch} was taken over; nothing was written")

    def release(self) -> None:
        with self.database.writing() as connection:
            try:
                self._change(connection, 0, owner="nobody")
            except Lost:
                return

    def _change(self, connection: Connection, expires_at: int, **more: Any) -> None:
        table = tables.leases
        own = (table.c.name == self.name, table.c.owner == self.owner, table.c.epoch == self.epoch)
        if not connection.execute(update(table).where(*own).values(expires_at=expires_at, **more)).rowcount:
            raise Lost(f"{self.name}: the lease of epoch {self.epoch} was taken over")


def _now(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        return int(time.time())
    return int(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def _is_dead(owner: str) -> bool:
    """Whether an owner on this host has ended: killed, it could not release."""
    place, _, pid = owner.rpartition(":")
    if place.rpartition(":")[0] != _place() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
