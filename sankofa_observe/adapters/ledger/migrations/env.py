"""Alembic's entry: runs the migrations on the connection that `SqlLedger` hands over."""

from __future__ import annotations

from alembic import context

from sankofa_observe.adapters.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
