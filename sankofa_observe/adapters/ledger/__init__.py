"""The ledger in a SQL database: SQLite beside the process, PostgreSQL in the large."""

from sankofa_observe.adapters.ledger.store import SqlLedger

__all__ = ["SqlLedger"]
