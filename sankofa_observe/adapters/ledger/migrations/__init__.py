"""Bring a database's tables to the newest revision, with Alembic; imported only where there is something to do."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from alembic import command
from alembic.config import Config
from alembic.util import CommandError as NewerTables
from sqlalchemy import Connection

__all__ = ["Guards", "NewerTables", "guards", "upgrade"]


@dataclass(frozen=True, kw_only=True)
class Guards:
    """What keeps rows of PostgreSQL from being changed, or seen by others, by name."""

    triggers: tuple[str, ...]
    policies: tuple[str, ...]
    hidden: tuple[str, ...]  # tables of which nobody sees a row without a policy


def guards() -> Guards:
    """Those of the newest revision."""
    records = import_module(f"{__name__}.versions.0002_records")
    hidden = (*records.OF_TENANTS, *records.OF_THE_OPERATOR, "attainment")
    return Guards(
        triggers=tuple(f"{table}_no_change" for table in records.RECORDS),
        policies=tuple(f"{table}_own" for table in hidden),
        hidden=hidden,
    )


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the connection's transaction; `NewerTables` for a revision that nobody here knows."""
    config = Config()
    config.set_main_option("script_location", "sankofa_observe.adapters.ledger:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
