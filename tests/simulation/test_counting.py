"""The engine against worlds whose truth is known: no false verdict, no truth outside the bounds, and still it decides.

`WORLDS` says how many worlds are run, over all classes (200 by themselves, 800 in `make test-all`); `COUNTING_TABLE=FILE` keeps the table by class.
A failure names class and seed: `.venv/bin/python -m tests.simulation.oracle CLASS SEED` shows that world.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tests.simulation import events, oracle
from tests.simulation.oracle import Outcome

WORLDS = int(os.environ.get("WORLDS", "200"))
EACH = -(-WORLDS // len(events.CLASSES))
# Classes in which nothing says how many events there were: no bound, and so no verdict, is right.
AMBIGUOUS = {"replicas", "buckets"}
# Of these everything is known: what is not decided would be useless.
WHOLE = {"plain", "codes", "duplicates", "idle"}

_seen: dict[str, list[Outcome]] = defaultdict(list)


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    yield
    if file := os.environ.get("COUNTING_TABLE"):
        Path(file).write_text(oracle.table(_seen), encoding="utf-8")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", events.CLASSES)
def test_no_world_is_judged_against_its_truth(kind: str) -> None:
    """Period and slots: every verdict and state that is certain is the true one, and the truth lies within the bounds."""
    found = [oracle.outcome(kind, seed) for seed in range(EACH)]
    _seen[kind] += found
    assert [f"{kind} {one.seed}: {fault}" for one in found for fault in one.faults] == []


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_where_all_is_seen_all_is_decided(kind: str) -> None:
    """Bounds of no width, in every world."""
    found = _seen[kind] or [oracle.outcome(kind, seed) for seed in range(EACH)]
    assert [(one.decided, one.width) for one in found] == [(True, Fraction(0))] * len(found)


def test_most_worlds_are_decided() -> None:
    """`undetermined` always would be never false, and useless: over twenty minutes, full of faults, half is decided."""
    found = [
        one for kind in events.CLASSES if kind not in AMBIGUOUS for one in _seen[kind] or [oracle.outcome(kind, 0)]
    ]
    assert 2 * sum(one.decided for one in found) > len(found)


def test_an_engine_that_trusts_every_fall_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every fall taken for a restart the oracle finds false slots or bounds: it can fail."""
    from sankofa_observe.slo.counter import growth

    monkeypatch.setattr(growth, "_restarted", lambda *_: True)
    faults = [
        fault for kind in ("dip", "relabelled") for seed in range(6) for fault in oracle.outcome(kind, seed).faults
    ]
    assert faults
