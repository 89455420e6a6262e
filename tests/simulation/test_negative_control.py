"""The simulation can fail: with a part that is broken on purpose it finds what README.md says it looks for.

Two walls keep a second write from the chain: the pipeline looks before it reports, and the contract refuses. Either is enough
under every schedule here; only without both is a settlement written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import pytest

from sankofa_observe.pipeline import settle
from sankofa_observe.pipeline.following import Following, Moved
from sankofa_observe.pipeline.lane_waits import Waiting
from sankofa_observe.pipeline.sending import Sending
from sankofa_observe.ports import ChainHead, Signed
from sankofa_observe.testing import FakeChain
from tests.simulation import test_simulation, world
from tests.simulation.test_simulation import lived, peaceful

SEEDS = range(8)


class Hasty(Sending):
    """Sends first and stores afterwards: what it sent is forgotten when the process ends in between."""

    def send(self, signed: Signed, priced: Mapping[str, int] | None = None) -> Iterator[Waiting]:
        self.chain.send(signed.attempt)
        yield from super().send(signed, priced)


class Blind(Following):
    """Reports what its own ledger calls new, and looks at the chain only afterwards, or in every other turn."""

    turns = count()
    calls = looks = 0

    def follow(self, head: ChainHead, ids: Iterable[str] = ()) -> Iterator[Moved | Waiting]:
        self.calls += 1
        if self.calls == 1:
            self.looks = next(self.turns) % 2
        if self.looks or self.calls > 2:  # the first is when a turn begins, the second before it reports
            yield from super().follow(head, ids)

    def look(self, ids: Sequence[str]) -> Iterator[Moved | Waiting]:
        yield from ()


class GullibleChain(FakeChain):
    """A contract that takes a second report of a settlement as it took the first."""

    def _is_reported(self, settlement_id: str) -> bool:
        return False


def failures(
    monkeypatch: pytest.MonkeyPatch,
    *,
    sending: type[Sending] = Sending,
    following: type[Following] = Following,
    chain: type[FakeChain] = FakeChain,
) -> list[str]:
    """What the simulation objects to, one sentence for each seed that fails."""
    ends = {seed: peaceful(seed) for seed in SEEDS}
    monkeypatch.setattr(settle, "Sending", sending)
    monkeypatch.setattr(settle, "Following", following)
    monkeypatch.setattr(world, "FakeChain", chain)
    found = []
    for seed in SEEDS:
        try:
            assert ends[seed] == lived(seed).outcome(), "invariant 6"
        except AssertionError as error:
            found.append(str(error).partition("\n")[0])
    return found


@pytest.mark.parametrize(
    ("following", "chain"),
    [(Following, GullibleChain), (Blind, FakeChain)],
    ids=["the pipeline looks", "the contract refuses"],
)
def test_one_wall_is_enough(
    monkeypatch: pytest.MonkeyPatch, following: type[Following], chain: type[FakeChain]
) -> None:
    """Invariant 1 holds while either the pipeline looks before it writes or the contract refuses the second write."""
    assert failures(monkeypatch, following=following, chain=chain) == []


def test_without_both_walls_a_settlement_is_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 1 is seen to break when a settle that does not look meets a contract that does not refuse."""
    assert "invariant 1: written twice" in failures(monkeypatch, following=Blind, chain=GullibleChain)


def test_sending_before_storing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 3 is seen to break when a process can end between what it sent and what it stored."""
    found = failures(monkeypatch, sending=Hasty)

    assert set(found) == {"invariant 3: a transaction was sent before it was stored"}


def test_failure_names_its_seed_and_the_command_that_replays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees a failure can run that very schedule again."""
    monkeypatch.setattr(settle, "Sending", Hasty)
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
