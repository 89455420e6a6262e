"""Bring a database's tables to the newest revision, with Alembic; imported only where there is something to do."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.util import CommandError as NewerTables
from sqlalchemy import Connection

__all__ = ["NewerTables", "upgrade"]


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the connection's transaction; `NewerTables` for a revision that nobody here knows."""
    config = Config()
    config.set_main_option("script_location", "sankofa_observe.adapters.ledger:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
