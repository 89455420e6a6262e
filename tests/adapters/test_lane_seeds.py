"""The production lane under any schedule of what goes wrong around it: the end is that of a run in which nothing did.

Real SQLite, a real archive, a real chain behind a node that fails; blocks are rewritten, the contract is paused, gas and prices change, clocks
jump, processes end in the middle or run beside each other, records are restored from before or cut in the middle of a write. Each seed is a
schedule and can be replayed: `LANE_SEEDS=7-7 pytest tests/adapters/test_lane_seeds.py`.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.attestor_in_thread import wait_until
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.clock import within
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvariantBroken, SankofaError
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.lane_acts import LaneActs
from sankofa_observe.pipeline.lane_waits import LANE, SETTLEMENT, Cause, cause_of
from sankofa_observe.pipeline.settle import LaneMemory, Settle
from sankofa_observe.ports import SettlementRecord
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import SettlementState
from tests.adapters.test_lane import Willing
from tests.builders import CREDIT_MINOR, Breach, breach, introduce
from tests.chain import TestChain
from tests.faulty_rpc import FaultyRpc, Plan, seeded
from tests.on_chain import can_finalise

pytestmark = [pytest.mark.real("anvil"), pytest.mark.timeout(120)]
SETTLEMENTS, STEPS, TURNS_IN_PEACE = 3, 14, 16
BLOCK_GAS = 30_000_000
FIRST, LAST = map(int, os.environ.get("LANE_SEEDS", "0-9").split("-"))
HARD = () if "LANE_SEEDS" in os.environ else (20, 157, 311, 451)  # which once found something
MET: Counter[str] = Counter()


class Crash(BaseException):
    """The process ends here: no handler of the platform sees it."""


@dataclass
class Fuse:
    """Ends the process before or after the nth call of a port."""

    port: Any
    calls_left: int
    after: bool

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.port, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls_left -= 1
            if self.calls_left == 0 and not self.after:
                raise Crash(name)
            answer = found(*arguments, **named)
            if self.calls_left == 0:
                raise Crash(name)
            return answer

        return call


@dataclass(kw_only=True)
class Storm:
    """One agreement with some breaches, and what happens around its lane."""

    anvil: TestChain
    folder: Path
    random: Random
    agreement: Agreement
    breaches: list[Breach]
    node: Node
    proxy: FaultyRpc
    first_block: int
    memory: LaneMemory = field(default_factory=LaneMemory)
    snapshot: str | None = None
    paused: bool = False
    ahead_seconds: int = 0
    met: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------------------------ parts

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'ledger.sqlite'}"

    @property
    def archive(self) -> FolderArchive:
        return FolderArchive(self.folder / "evidence")

    def now(self) -> int:
        return self.anvil.now() + self.ahead_seconds

    def settle(self, ledger: Any, chain: Any, archive: Any, memory: LaneMemory) -> Settle:
        return Settle(
            ledger=ledger,
            archive=archive,
            chain=chain,
            attestors=[Willing(name=f"attestor-{n}", key=key) for n, key in enumerate(self.anvil.attestors[:2])],
            clock=self,
            agreements=(self.agreement,),
            from_block=self.first_block,
            memory=memory,
            wait=wait_until,
            wait_a_while=within(0.3, look_seconds=0.02),
        )

    def chain(self) -> ContractChain:
        return self.anvil.contract_chain(self.node)

    # ------------------------------------------------------------------------------------------------------------ turns

    def turn(self, *, calls: int = -1, after: bool = False, beside: bool = False) -> bool:
        """One turn of the scheduler; whether it came to its end."""
        with closing(SqlLedger(self.url)) as ledger:
            for one in self.breaches:  # as assess does in each of its turns
                with suppress(SankofaError):
                    ledger.add_penalty(one.penalty)
            records, chain, archive = (Fuse(one, calls, after) for one in (ledger, self.chain(), self.archive))
            lane = self.settle(records, chain, archive, self.memory)
            try:
                told = lane.run()
                if beside:
                    next(told, None)
                    list(self.settle(ledger, self.chain(), self.archive, LaneMemory()).run())
                list(told)
                list(credit(ledger=records, chain=chain))
            except SankofaError:
                return False
            except Crash:
                self.memory = LaneMemory()
                return False
            return True

    def records(self) -> list[SettlementRecord]:
        with closing(SqlLedger(self.url)) as ledger:
            return list(ledger.read(OPERATOR).settlements().items)

    def nothing_waits_in_silence(self) -> None:
        """After a turn that came to its end: what does not move has a word, or its time is yet to come."""
        with closing(SqlLedger(self.url)) as ledger:
            waits = {one.subject_id for one in ledger.waits(SETTLEMENT)}
            lane, sent = (
                ledger.waits(LANE),
                {one for attempt in ledger.open_attempts() for one in attempt.settlement_ids},
            )
            unpaused = self.anvil.call("unpausedTime")
            for record in ledger.read(OPERATOR).settlements().items:
                last = record.history[-1]
                due = record.state is SettlementState.COMPUTED or (
                    not self.paused
                    and last.due_at is not None
                    and last.due_at <= unpaused
                    and not can_finalise(self.anvil.contract_chain(), record.penalty.key).startswith(
                        "SLADisputeWindowOpen"
                    )
                )
                told = lane or record.penalty.settlement_id in waits | sent
                assert not due or told, f"{record.penalty.settlement_id} is {record.state} and waits for nothing"

    # ----------------------------------------------------------------------------------------------------- what happens

    def happens(self, what: str) -> None:
        self.met.append(what)
        MET[what] += 1
        getattr(self, what)()

    def quiet_turn(self) -> None:
        if self.turn() and not self.proxy.met:
            self.nothing_waits_in_silence()

    def process_ends(self) -> None:
        self.turn(calls=self.random.randint(1, 60), after=self.random.random() < 0.5)

    def two_processes(self) -> None:
        self.turn(beside=True)

    def blocks_are_rewritten(self) -> None:
        """Back to where the last snapshot was; the next one is taken there."""
        if self.snapshot is not None:
            self.anvil.rpc("evm_revert", self.snapshot)
            self.anvil.rpc("anvil_mine", hex(self.random.randint(1, 3)))
            self.paused = bool(self.anvil.call("paused"))
        self.snapshot = self.anvil.rpc("evm_snapshot")

    def pause_or_resume(self) -> None:
        self._free_gas()  # or it could not be done at all
        by, what = (self.anvil.admin, "unpause") if self.paused else (self.anvil.guardian, "pause")
        self.anvil.act(by, what)
        self.paused = not self.paused

    def blocks_shrink_or_grow(self) -> None:
        self.anvil.rpc("evm_setBlockGasLimit", hex(self.random.choice((400_000, 600_000, BLOCK_GAS))))
        self.anvil.rpc("anvil_mine", hex(1))

    def base_fee_rises_or_falls(self) -> None:
        self.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(self.random.choice((0, 10**9))))
        self.anvil.rpc("anvil_mine", hex(1))

    def _free_gas(self) -> None:
        self.anvil.rpc("anvil_setNextBlockBaseFeePerGas", "0x0")
        self.anvil.rpc("anvil_mine", hex(1))

    def window_passes(self) -> None:
        self.anvil.pass_window()

    def clock_jumps(self) -> None:
        self.ahead_seconds = self.random.choice((-30, 0, 30, 3600, -3600))

    def evidence_is_lost(self) -> None:
        one = self.random.choice(self.breaches)
        path = self.folder / "evidence" / f"{one.penalty.document_hash[2:]}.json"
        if path.exists():
            path.unlink() if self.random.random() < 0.5 else path.write_bytes(path.read_bytes()[:-7])

    def ledger_is_kept(self) -> None:
        """A copy as a backup makes it: the file and its log, at one moment."""
        for suffix in ("", "-wal"):
            kept = self.folder / f"kept.sqlite{suffix}"
            kept.unlink(missing_ok=True)
            if (file := self.folder / f"ledger.sqlite{suffix}").exists():
                shutil.copyfile(file, kept)

    def ledger_is_restored(self) -> None:
        if (self.folder / "kept.sqlite").exists():
            self._put_back(cut=0)

    def write_is_cut(self) -> None:
        """The end of the log is gone, in the middle of a write or of several: what was committed last is lost."""
        self.ledger_is_kept()
        if (self.folder / "kept.sqlite").exists():
            self._put_back(cut=self.random.randint(1, 20_000))

    def _put_back(self, *, cut: int) -> None:
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"ledger.sqlite{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self.folder / "kept.sqlite", self.folder / "ledger.sqlite")
        (self.folder / "ledger.sqlite").chmod(0o600)
        log = self.folder / "kept.sqlite-wal"
        if log.exists():
            (self.folder / "ledger.sqlite-wal").write_bytes(log.read_bytes()[: -cut or None])
            (self.folder / "ledger.sqlite-wal").chmod(0o600)
        self.memory = LaneMemory()

    def ledger_is_full(self) -> None:
        """SQLite takes no further page for the length of a turn."""
        with closing(SqlLedger(self.url)) as ledger, suppress(SankofaError):
            full = self.settle(_Full(ledger), self.chain(), self.archive, LaneMemory())
            list(full.run())

    # -------------------------------------------------------------------------------------------------------------- end

    def calm(self) -> None:
        self.proxy.plan = lambda _: None
        self.ahead_seconds = 0
        self.anvil.rpc("evm_setBlockGasLimit", hex(BLOCK_GAS))
        self._free_gas()
        if self.paused:
            self.pause_or_resume()
        for one in self.breaches:  # as `evidence rebuild` does
            self.archive.put(one.document)

    def finish(self) -> None:
        self.calm()
        for number in range(TURNS_IN_PEACE):
            if number == TURNS_IN_PEACE // 2:
                self.person_releases()
            done = self.turn()
            if done:
                self.nothing_waits_in_silence()
            with closing(SqlLedger(self.url)) as ledger:
                states = [one.state for one in ledger.read(OPERATOR).settlements().items]
                granted = len(ledger.read(OPERATOR).credits().items)
                waits = ledger.waits(SETTLEMENT) + ledger.waits(LANE)
                if states == [SettlementState.FINAL] * SETTLEMENTS and granted == SETTLEMENTS and not waits:
                    return
            self.anvil.pass_window()
        raise AssertionError(f"not at its end after {TURNS_IN_PEACE} turns in peace: {states}, {granted} granted")

    def person_releases(self) -> None:
        """What the ledger says is gone, and stays so: a report whose nonce was spent in vain in the blocks that took the place of others."""
        with closing(SqlLedger(self.url)) as ledger:
            for wait in ledger.waits(SETTLEMENT):
                assert cause_of(wait.reason) == Cause.GONE, wait.reason
                if not ledger.persons():
                    introduce(ledger)
                acts = LaneActs(
                    ledger=ledger,
                    archive=self.archive,
                    chain=self.anvil.contract_chain(),
                    clock=self,
                    agreements={self.agreement.version_id: self.agreement},
                    by="amina",
                    reason="its blocks were rewritten",
                )
                acts.release(wait.subject_id)
                MET["released by a person"] += 1

    def outcome(self) -> None:
        """On the chain once each, in the ledger as there, and granted what was accrued."""
        truth = self.anvil.contract_chain()
        keys = [one.penalty.key for one in self.breaches]
        held = truth.settlements(keys)
        assert [one and (one.standing.state, one.standing.revision) for one in held] == [
            (SettlementState.FINAL, 1)
        ] * SETTLEMENTS
        assert [len(self.anvil.events("SettlementFinalized", one)) for one in keys] == [1] * SETTLEMENTS
        assert self.anvil.balance(self.agreement) == (SETTLEMENTS * CREDIT_MINOR, 0, 0)
        with closing(SqlLedger(self.url)) as ledger:
            reads = ledger.read(OPERATOR)
            assert [one.amount.amount_minor for one in reads.credits().items] == [CREDIT_MINOR] * SETTLEMENTS
            assert (ledger.open_attempts(), ledger.waits(SETTLEMENT), ledger.waits(LANE)) == ([], [], [])


@dataclass
class _Full:
    """A ledger that takes no write."""

    ledger: SqlLedger

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.ledger, name)
        if name.startswith(("add_", "close_", "move_", "change_", "end_", "begin_")):

            def full(*_: Any, **__: Any) -> Any:
                raise InvariantBroken("database or disk is full")

            return full
        return found


HAPPENINGS = (
    "quiet_turn", "quiet_turn", "quiet_turn", "process_ends", "process_ends", "two_processes", "blocks_are_rewritten", "blocks_are_rewritten",
    "blocks_are_rewritten", "pause_or_resume",
    "blocks_shrink_or_grow", "base_fee_rises_or_falls", "window_passes", "window_passes", "clock_jumps", "evidence_is_lost", "ledger_is_kept",
    "ledger_is_restored", "write_is_cut", "ledger_is_full",
)  # fmt: skip
MakeStorm = Callable[[int], Storm]


@pytest.fixture
def storm(anvil: TestChain, tmp_path: Path) -> Iterator[MakeStorm]:
    def make(seed: int) -> Storm:
        random = Random(seed)
        plan: Plan = seeded(seed, share=0.1) if random.random() < 0.5 else lambda _: None
        proxy = opened.enter_context(FaultyRpc(target=anvil.node.shown, plan=plan))
        agreement = anvil.agree()
        made = Storm(
            anvil=anvil,
            folder=tmp_path,
            random=random,
            agreement=agreement,
            breaches=[breach(agreement, n, chain=anvil.identity) for n in range(SETTLEMENTS)],
            node=opened.enter_context(closing(Node(proxy.url))),
            proxy=proxy,
            first_block=anvil.node.web3.eth.block_number + 1,
        )
        for one in made.breaches:
            made.archive.put(one.document)
        made.snapshot = anvil.rpc("evm_snapshot")
        return made

    with ExitStack() as opened:
        yield make


@pytest.mark.parametrize("seed", [*range(FIRST, LAST + 1), *HARD])
def test_any_schedule_ends_as_the_run_in_which_nothing_happens(storm: MakeStorm, seed: int) -> None:
    """Nothing is lost, nothing is paid twice, nothing waits in silence."""
    one = storm(seed)
    try:
        for _ in range(STEPS):
            one.happens(one.random.choice(HAPPENINGS))
        one.finish()
        one.outcome()
    except BaseException as error:
        error.add_note(f"seed {seed}: {', '.join(one.met)}; replay it with LANE_SEEDS={seed}-{seed} pytest {__file__}")
        raise
    finally:
        one.calm()


def test_schedules_meet_everything_that_can_happen() -> None:
    """Or the seeds would prove less than they say; run after them, in the same process."""
    if sum(MET[one] for one in set(HAPPENINGS)) < 10 * STEPS:
        pytest.skip("too few schedules were run in this process to say so")
    assert set(HAPPENINGS) - set(MET) == set()
