"""Settling through a node that fails: whatever the faults, the chain ends as in the run without them, with one settlement each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from sankofa_observe.adapters import bounded
from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.attestor import LocalAttestor
from sankofa_observe.adapters.attestor_in_thread import MemoryAnswers, ThreadAttestor, wait_until
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.clock import within
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import SankofaError, Unavailable
from sankofa_observe.pipeline.answering import Answering
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.settle import Settle
from sankofa_observe.ports import Ledger
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.testing import MemoryExclusions, ScriptedSamples
from tests.builders import CREDIT_MINOR, CREDIT_PPM, breach, period_of, slots_in
from tests.chain import TestChain
from tests.faulty_rpc import ON_READING, ON_SENDING, SENDING, Fault, FaultyRpc, Plan, once, seeded
from tests.on_chain import can_finalise, finalisation, settlement
from tests.pace import limit

PERIODS = 2
SEEDS = range(int(os.environ.get("FAULT_SEEDS", "1")))  # a thousand take a quarter of an hour


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is left of a run, on the chain and in the ledger."""

    on_chain: tuple[tuple[str, int, bool], ...]  # per settlement: state, share of the fee, and whether it is our row
    events: tuple[tuple[int, int], ...]  # per settlement: how often reported, how often finalised
    balance: tuple[int, int, int]
    recorded: tuple[str, ...]
    granted: tuple[int, ...]


FAULT_FREE = Outcome(
    on_chain=(("final", CREDIT_PPM, True),) * PERIODS,
    events=((1, 1),) * PERIODS,
    balance=(PERIODS * CREDIT_MINOR, 0, 0),
    recorded=("final",) * PERIODS,
    granted=(CREDIT_MINOR,) * PERIODS,
)


@dataclass(kw_only=True)
class Run:
    """One settling of two breaches, turn after turn, each with nothing in memory but the stores."""

    anvil: TestChain
    chain: ContractChain
    ledger: Ledger
    archive: FolderArchive
    agreement: Agreement
    penalties: tuple[Penalty, ...]

    def settle(self) -> Settle:
        catalog, samples = Catalog(agreements={self.agreement.version_id: self.agreement}), _samples(self.agreement)
        witnesses = [
            LocalAttestor(name=f"attestor-{n}", key=key, source=samples, catalog=catalog, exclusions=MemoryExclusions())
            for n, key in enumerate(self.anvil.attestors[:2])
        ]
        clock = self.anvil
        attestors = [
            ThreadAttestor(one, Answering(witness=one, memory=MemoryAnswers(), clock=clock).answer, clock)
            for one in witnesses
        ]
        return Settle(
            ledger=self.ledger,
            archive=self.archive,
            chain=self.chain,
            attestors=attestors,
            clock=clock,
            wait=wait_until,
            wait_a_while=within(0.2, look_seconds=0.02),
        )

    def turn(self) -> None:
        """One turn of the scheduler: a stage that fails is tried again at the next."""
        _quietly(lambda: self.settle().run())
        _quietly(lambda: credit(ledger=self.ledger, chain=self.chain))

    def finish(self) -> Outcome:
        waited = False
        deadline = time.monotonic() + limit(20)
        while time.monotonic() < deadline:
            self.turn()
            states = {record.state for record in self.ledger.read(OPERATOR).settlements().items}
            if not waited and states == {SettlementState.REPORTED}:
                self.anvil.pass_window()
                waited = True
            if len(self.ledger.read(OPERATOR).credits().items) == PERIODS and not self.ledger.open_attempts():
                return self.outcome()
            time.sleep(0.002)  # a node mines after it has answered
        pytest.fail(f"not settled after {limit(20):.0f} s: {states}, {self.ledger.open_attempts()}")

    def outcome(self) -> Outcome:
        truth = self.anvil.contract_chain()
        keys = [one.key for one in self.penalties]
        held = [settlement(truth, one) for one in keys]
        return Outcome(
            on_chain=tuple(
                (one.standing.state.value, one.standing.credit_ppm, one.standing.commitment == penalty.row().commitment)
                for one, penalty in zip(held, self.penalties, strict=True)
                if one
            ),
            events=tuple(
                (len(self.anvil.events("SettlementReported", one)), len(self.anvil.events("SettlementFinalized", one)))
                for one in keys
            ),
            balance=self.anvil.balance(self.agreement),
            recorded=tuple(record.state.value for record in self.ledger.read(OPERATOR).settlements().items),
            granted=tuple(one.amount.amount_minor for one in self.ledger.read(OPERATOR).credits().items),
        )


def _samples(agreement: Agreement) -> ScriptedSamples:
    """What an attestor's own Prometheus holds: the samples the slots were drawn from."""
    source = ScriptedSamples()
    labels = {"site": "edge-1", "job": "sankofa-proxmox", "instance": "pve"}
    rows = [
        ((one.starts_at + 15 * n) * 1000, int(n >= one.bad))
        for index in range(PERIODS)
        for one in slots_in(period_of(agreement, index))
        for n in range(4)
    ]
    source.add("sankofa_pve_up", rows, **labels)
    source.add("sankofa_pve_known", [(at, 1) for at, _ in rows], **labels)
    return source


def _quietly(stage: Callable[[], Iterable[object]]) -> None:
    with suppress(SankofaError):
        list(stage())


MakeRun = Callable[[Plan], tuple[Run, FaultyRpc]]


@pytest.fixture
def faulty_run(anvil: TestChain, tmp_path: Path) -> Iterator[MakeRun]:
    """Makes a run through a proxy with the given plan."""

    def make(plan: Plan) -> tuple[Run, FaultyRpc]:
        proxy = opened.enter_context(FaultyRpc(target=anvil.node.shown, plan=plan))
        node = opened.enter_context(closing(Node(proxy.url)))
        ledger = opened.enter_context(closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")))
        agreement, archive = anvil.agree(), FolderArchive(tmp_path / "evidence")
        breaches = [breach(agreement, n, chain=anvil.identity) for n in range(PERIODS)]
        for one in breaches:
            archive.put(one.document)
            ledger.add_penalty(one.penalty)
        run = Run(
            anvil=anvil,
            chain=anvil.contract_chain(node),
            ledger=ledger,
            archive=archive,
            agreement=agreement,
            penalties=tuple(one.penalty for one in breaches),
        )
        return run, proxy

    with ExitStack() as opened:
        yield make


pytestmark = pytest.mark.real("anvil")


def test_settling_without_faults_ends_final(faulty_run: MakeRun) -> None:
    """Two breaches become two final settlements and two credits."""
    run, proxy = faulty_run(lambda _: None)
    assert (run.finish(), proxy.met) == (FAULT_FREE, [])


@pytest.mark.parametrize("fault", ON_SENDING)
def test_settling_survives_a_fault_while_sending(faulty_run: MakeRun, fault: Fault) -> None:
    """Each way in which a sent transaction can get lost or doubled ends as the run without it."""
    run, proxy = faulty_run(once(SENDING, fault, times=2))
    assert run.finish() == FAULT_FREE
    assert {one for _, one in proxy.met} == {fault}


@pytest.mark.parametrize("method", [SENDING, "eth_getTransactionReceipt", "eth_getTransactionCount", "eth_call"])
def test_settling_that_is_cut_by_the_end_of_its_process_goes_on_in_the_next(
    faulty_run: MakeRun, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node has done what it was asked, and its answer is not waited for: ledger and chain agree after the next start."""
    monkeypatch.setattr(bounded, "_LOOK_SECONDS", 0.001)
    ended: list[str] = []

    def hold(called: str) -> Fault | None:
        if called == method and not ended:
            ended.append(called)
            return Fault.DELAY
        return None

    run, proxy = faulty_run(hold)
    whole, answered = run.chain, Event()
    proxy.hold = partial(answered.wait, 60)
    with closing(Node(proxy.url, waits_no_more=lambda: bool(ended))) as cut:
        run.chain = run.anvil.contract_chain(cut)
        turns = (told for _ in range(1000) for told in run.settle().run())  # attestors may need more than one
        with pytest.raises(Unavailable, match="the process ends, and waits for no answer"):
            list(turns)
        with pytest.raises(Unavailable, match="the process ends"):
            list(run.settle().run())
    answered.set()
    run.chain = whole
    assert (run.finish(), proxy.met) == (FAULT_FREE, [(method, Fault.DELAY)])


READS = ("eth_getTransactionReceipt", "eth_getTransactionCount", "eth_call", "eth_getLogs", "eth_getBlockByNumber")


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("fault", [Fault.LOSE_REPLY, Fault.NULL, Fault.LAG])
def test_settling_survives_a_fault_while_reading(faulty_run: MakeRun, method: str, fault: Fault) -> None:
    """A read that fails, says nothing, or comes from a node behind, never becomes a second write."""
    run, proxy = faulty_run(once(method, fault, times=2))
    assert (run.finish(), len(proxy.met)) == (FAULT_FREE, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_settling_ends_the_same_under_any_schedule_of_faults(faulty_run: MakeRun, seed: int) -> None:
    """Faults at random on a third of all calls: the chain ends as without them; the seed replays the schedule."""
    run, proxy = faulty_run(seeded(seed))
    assert run.finish() == FAULT_FREE
    assert len(proxy.met) > 10


@pytest.mark.parametrize("fault", [*ON_READING, Fault.NULL])
def test_node_that_fails_every_time_is_unavailable(faulty_run: MakeRun, fault: Fault) -> None:
    """A fault of the node is one of our errors in every question, with no library's name for it; delay is no fault."""
    run, _ = faulty_run(lambda _: fault)
    questions = (
        run.chain.head,
        run.chain.attestor_set,
        run.chain.next_nonce,
        lambda: settlement(run.chain, run.penalties[0].key),
        lambda: can_finalise(run.chain, run.penalties[0].key),
        lambda: finalisation(run.chain, run.penalties[0].key, 1),
        lambda: run.chain.agreement(run.agreement.key),
    )
    for question in questions:
        if fault is Fault.DELAY:
            question()
            continue
        with pytest.raises(Unavailable):
            question()
