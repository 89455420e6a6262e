"""Real programs that several files here share: each is started once, and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.ports import Ledger
from sankofa_observe.testing import MemoryLedger
from tests import chain
from tests.adapters import postgres as postgresql
from tests.adapters.ledgers import SQL_KINDS, sql_ledger


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgresql.Postgres]:
    """A PostgreSQL server; asked for only where it can run."""
    with postgresql.running(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chain.TestChain]:
    """A real chain with the contract; tests bring agreements of their own, so that none disturbs another."""
    with chain.running(tmp_path_factory.mktemp("anvil")) as running:
        yield running


@pytest.fixture(params=["memory", *SQL_KINDS])
def any_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger in memory, and of each kind of database: what holds of one holds of all."""
    if request.param == "memory":
        yield MemoryLedger()
        return
    with sql_ledger(request.param, request, tmp_path) as opened:
        yield opened


@pytest.fixture(params=SQL_KINDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    """An empty ledger of each kind of database."""
    with sql_ledger(request.param, request, tmp_path) as opened:
        yield opened
