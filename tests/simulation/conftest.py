"""Thousands of turns read the same documents again; what is a function of their bytes is computed once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest

from sankofa_observe.pipeline import documents
from sankofa_observe.sla import evidence
from sankofa_observe.testing import ledger


@pytest.fixture(scope="session", autouse=True)
def _documents_read_once() -> Iterator[None]:
    parse = lru_cache(maxsize=4096)(evidence.parse)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "parse", parse)
        patch.setattr(ledger, "parse", parse)
        yield
