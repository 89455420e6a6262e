"""The contract is watched: on the double for what goes wrong, on a real chain for what is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sankofa_observe import telemetry
from sankofa_observe.adapters.deployment import Role
from sankofa_observe.errors import Unavailable
from sankofa_observe.operations import contract
from sankofa_observe.operations.contract import ContractMetrics, ContractWatch, whole
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.operations.state_file import StateFile
from sankofa_observe.ports import CHANGES, SettlementChain
from sankofa_observe.telemetry import Series
from sankofa_observe.testing import FakeChain, FixedClock
from tests import chain
from tests.builders import START
from tests.chain import CHANGE_DELAY_SECONDS, TestChain


class Watching:
    """A watch of a process that can be started anew; its file stays."""

    def __init__(self, of: SettlementChain, file: Path, from_block: int = 0) -> None:
        self.chain, self.file, self.from_block = of, file, from_block
        self.restart()

    def restart(self) -> None:
        self.process = ProcessMetrics()
        self.watch = ContractWatch(
            chain=self.chain,
            file=StateFile(path=self.file, whole=whole),
            metrics=ContractMetrics(self.process),
            from_block=self.from_block,
            now=lambda: START + 7,
        )

    def value(self, series: Series, *labels: str) -> float | None:
        return self.process.registry.get_sample_value(str(series), dict(zip(series.labels, labels, strict=True)))

    def look(self) -> dict[str, float]:
        """What is told of changes after a look, without what never was."""
        self.watch.look()
        address = self.chain.identity.contract
        told = {event: self.value(telemetry.CONTRACT_CHANGES, address, event) for event in CHANGES}
        return {event: total for event, total in told.items() if total}

    @property
    def paused(self) -> float | None:
        return self.value(telemetry.CONTRACT_PAUSED, self.chain.identity.contract)


def fake(**changes: object) -> FakeChain:
    return FakeChain(clock=FixedClock(at=START), members=("0x" + "a" * 40,), threshold=1, **changes)  # type: ignore[arg-type]


def test_changes_are_counted_once_however_often_one_looks_and_restarts(tmp_path: Path) -> None:
    """The total goes on after a restart, and what changed meanwhile is in it."""
    of = fake(number=3, changed=[(1, "AttestorsSet"), (3, "RoleChanged")])
    watching, seen = Watching(of, tmp_path / "seen.json"), []
    steps: list[Callable[[], None]] = [lambda: None, lambda: None, watching.restart]
    steps.append(lambda: of.changed.append((4, "RoleChanged")))
    for step in steps:
        step()
        seen.append(watching.look())
    of.number = 5
    watching.restart()
    seen.append(watching.look())

    assert seen == [{"AttestorsSet": 1, "RoleChanged": 1}] * 4 + [{"AttestorsSet": 1, "RoleChanged": 2}]


def test_a_lost_file_counts_all_again_and_tells_the_same(tmp_path: Path) -> None:
    """Nothing but the log of the contract decides; a file that is no JSON is as one that is gone."""
    of, file = fake(number=3, changed=[(1, "AttestorsSet")]), tmp_path / "seen.json"
    watching = Watching(of, file)
    seen = [watching.look()]
    for harm in (
        file.unlink,
        lambda: file.write_text("{"),
        lambda: file.write_text("[]"),
        lambda: file.write_text('{"block": "3"}'),
    ):
        harm()
        watching.restart()
        seen.append(watching.look())

    assert seen == [{"AttestorsSet": 1}] * 5


def test_no_total_is_told_before_all_blocks_were_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long history takes several looks, and would seem to grow meanwhile."""
    monkeypatch.setattr(contract, "BLOCKS_A_LOOK", 2)
    watching = Watching(fake(number=4, changed=[(1, "Paused"), (4, "Unpaused")]), tmp_path / "seen.json", from_block=1)
    assert [watching.look(), watching.look()] == [{}, {"Paused": 1, "Unpaused": 1}]


def test_another_chain_is_counted_anew(tmp_path: Path) -> None:
    """One that was wiped, or another contract: what stands in the file is of the other."""
    watching = Watching(fake(number=9, changed=[(8, "RoleChanged")]), tmp_path / "seen.json")
    assert watching.look() == {"RoleChanged": 1}
    watching.chain = fake(number=2, changed=[(1, "AttestorsSet")])
    watching.restart()
    assert watching.look() == {"AttestorsSet": 1}


def test_a_chain_that_is_away_leaves_what_was_known(tmp_path: Path) -> None:
    """Neither paused nor not, and no head: at first nothing is told, later what was told last."""
    of = fake(number=3, paused=True)
    watching, heads = Watching(of, tmp_path / "seen.json"), []
    of.faults.away = True
    with pytest.raises(Unavailable):
        watching.look()
    heads.append(watching.value(telemetry.CHAIN_HEAD))
    assert watching.paused is None
    of.faults.away = False
    watching.look()
    of.faults.away = True
    with pytest.raises(Unavailable):
        watching.look()
    heads.append(watching.value(telemetry.CHAIN_HEAD))

    assert watching.paused == 1
    assert math.isnan(heads[0] or 0)
    assert (heads[1], watching.value(telemetry.CHAIN_ASKED)) == (START, START + 7)


@pytest.fixture
def anvil(tmp_path: Path) -> Iterator[TestChain]:
    """One of its own: a contract that was paused is of no use to others."""
    with chain.running(tmp_path) as running:
        yield running


@pytest.mark.real("anvil")
def test_a_pause_a_role_and_an_attestor_set_on_chain_are_told(anvil: TestChain, tmp_path: Path) -> None:
    """From the contract's own log, each once, with the set and the role that came with the deployment."""
    watching = Watching(anvil.contract_chain(), tmp_path / "seen.json", anvil.block_number)
    accounts = [one.account for one in anvil.attestors]
    first, paused = watching.look(), watching.paused
    anvil.act(anvil.guardian, "pause")
    anvil.act(anvil.admin, "announceRole", Role.GUARDIAN, anvil.admin.account)
    anvil.act(anvil.admin, "announceAttestors", accounts, 3)
    anvil.rpc("evm_increaseTime", CHANGE_DELAY_SECONDS)
    anvil.rpc("anvil_mine", hex(1))
    anvil.act(anvil.sender, "applyRole", Role.GUARDIAN)
    anvil.act(anvil.sender, "applyAttestors", accounts, 3)
    watching.restart()
    second = watching.look()

    assert (paused, watching.paused) == (0, 1)
    assert first == {"AttestorsSet": 1, "RoleChanged": 4}  # with the deployment
    assert second == {
        "AttestorsSet": 2,
        "AttestorsAnnounced": 1,
        "RoleChanged": 5,
        "RoleChangeAnnounced": 1,
        "Paused": 1,
    }
