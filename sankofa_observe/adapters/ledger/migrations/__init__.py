"""Bring a database's tables to the newest revision, with Alembic; imported only where there is something to do."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the connection's transaction; of a revision that stands in no file here, it does not know how."""
    config = Config()
    config.set_main_option("script_location", "sankofa_observe.adapters.ledger:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
