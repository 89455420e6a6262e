"""Thousands of turns read the same slots again; the leaf of equal days is computed once, because it is a function of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import pytest

from sankofa_observe.sla import evidence
from sankofa_observe.slo.slot import Slot


@pytest.fixture(scope="session", autouse=True)
def _roots_computed_once() -> Iterator[None]:
    root_of = lru_cache(maxsize=1024)(evidence.slot_root)

    def remembered(slots: Sequence[Slot]) -> str:
        return root_of(tuple(slots))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "slot_root", remembered)
        yield
