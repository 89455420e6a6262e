"""The simulation can fail: with a part that is broken on purpose it finds what README.md says it looks for.

Two walls keep a second write from the chain: the pipeline looks before it reports, and the contract refuses. Either is enough
under every schedule here; only without both is a settlement written twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sankofa_observe.pipeline.settle import Attested, Ended, Moved, Settle, Waiting
from sankofa_observe.ports import Attempt
from sankofa_observe.sla.settlement import MAX_BATCH
from sankofa_observe.testing import FakeChain
from tests.simulation import test_simulation, world
from tests.simulation.test_simulation import lived, peaceful

SEEDS = range(8)


class HastySettle(Settle):
    """Sends first and stores afterwards: what it sent is forgotten when the process ends in between."""

    def _send(self, attempt: Attempt) -> Iterator[Moved | Waiting]:
        self.chain.send(attempt)
        yield from super()._send(attempt)


class BlindSettle(Settle):
    """Reports what its own ledger calls new, and looks at the chain only afterwards."""

    def run(self) -> Iterator[Moved | Waiting | Attested | Ended]:
        yield from self._close_attempts()
        if not self.ledger.open_attempts():
            yield from self._report(MAX_BATCH)
        yield from super().run()


class GullibleChain(FakeChain):
    """A contract that takes a second report of a settlement as it took the first."""

    def _is_reported(self, settlement_id: str) -> bool:
        return False


def failures(monkeypatch: pytest.MonkeyPatch, settle: type[Settle], chain: type[FakeChain]) -> list[str]:
    """What the simulation objects to, one sentence for each seed that fails."""
    ends = {seed: peaceful(seed) for seed in SEEDS}
    monkeypatch.setattr(world, "Settle", settle)
    monkeypatch.setattr(world, "FakeChain", chain)
    found = []
    for seed in SEEDS:
        try:
            assert ends[seed] == lived(seed).outcome(), "invariant 6"
        except AssertionError as error:
            found.append(str(error).partition("\n")[0])
    return found


@pytest.mark.parametrize(
    ("settle", "chain"),
    [(Settle, GullibleChain), (BlindSettle, FakeChain)],
    ids=["the pipeline looks", "the contract refuses"],
)
def test_one_wall_is_enough(monkeypatch: pytest.MonkeyPatch, settle: type[Settle], chain: type[FakeChain]) -> None:
    """Invariant 1 holds while either the pipeline looks before it writes or the contract refuses the second write."""
    assert failures(monkeypatch, settle, chain) == []


def test_without_both_walls_a_settlement_is_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 1 is seen to break when a settle that does not look meets a contract that does not refuse."""
    assert "invariant 1: written twice" in failures(monkeypatch, BlindSettle, GullibleChain)


def test_sending_before_storing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 3 is seen to break when a process can end between what it sent and what it stored."""
    found = failures(monkeypatch, HastySettle, FakeChain)

    assert set(found) == {"invariant 3: a transaction was sent before it was stored"}


def test_failure_names_its_seed_and_the_command_that_replays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees a failure can run that very schedule again."""
    monkeypatch.setattr(world, "Settle", HastySettle)
    seed = next(one for one in SEEDS if _fails(one))
    with pytest.raises(AssertionError) as raised:
        lived(seed)

    assert raised.value.__notes__ == [f"seed {seed}; replay it with: {test_simulation.REPLAY.format(seed=seed)}"]


def _fails(seed: int) -> bool:
    try:
        lived(seed)
    except AssertionError:
        return True
    return False
