"""Thousands of turns judge the same slots again; the root of equal slots is computed once, because it is a function of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import pytest

from sankofa_observe.pipeline import evaluate
from sankofa_observe.sla.evidence import slot_root
from sankofa_observe.slo.slot import Slot


@pytest.fixture(scope="session", autouse=True)
def _roots_computed_once() -> Iterator[None]:
    root_of = lru_cache(maxsize=1024)(slot_root)

    def remembered(slots: Sequence[Slot]) -> str:
        return root_of(tuple(slots))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "slot_root", remembered)
        yield
