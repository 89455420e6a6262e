"""Real programs that several files here share: each is started once, and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters import postgres as postgresql


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgresql.Postgres]:
    """A PostgreSQL server; asked for only where it can run."""
    with postgresql.running(tmp_path_factory.mktemp("postgres")) as server:
        yield server
