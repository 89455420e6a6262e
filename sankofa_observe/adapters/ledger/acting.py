"""Writing to a ledger in somebody's name, and only while a lease is held where one is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, Self

from sqlalchemy import Connection

from sankofa_observe.adapters.ledger.database import Database
from sankofa_observe.adapters.ledger.lease import LedgerLease
from sankofa_observe.errors import InvalidInput
from sankofa_observe.ports import Lease

NOBODY = "stage:unnamed"


class Acting:
    """A database, who writes to it, and the lease without which nothing is written."""

    _database: Database
    _actor: str = NOBODY
    _lease: LedgerLease | None = None

    def acting(self, actor: str) -> Self:
        other = copy(self)
        other._actor = actor  # noqa: SLF001  the same class
        return other

    def fenced(self, lease: Lease) -> Self:
        if not isinstance(lease, LedgerLease):
            raise InvalidInput(f"a ledger is fenced by a lease that stands in it, and {lease!r} does not")
        other = copy(self)
        other._lease = lease  # noqa: SLF001
        return other

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._database.writing() as connection:
            if self._lease:
                self._lease.hold(connection)
            yield connection

    def _by(self, at: int) -> dict[str, Any]:
        return {"actor": self._actor, "written_at": at}
