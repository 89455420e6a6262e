"""The chain lane: a thousand rows to the contract and final, an idle turn over ten thousand settlements, and states in one question."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.attestor_in_thread import wait_until
from sankofa_observe.adapters.clock import within
from sankofa_observe.adapters.contract import key_fields
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.settle import Settle
from sankofa_observe.ports import StateChange
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.settlement import SettlementState
from tests.adapters.test_lane import Willing
from tests.builders import breach, digest_of
from tests.chain import PERIODS_PASSED, TestChain, running

from .evidence import best
from .report import Row, Table, less

AGREEMENTS = 50
ROWS = AGREEMENTS * PERIODS_PASSED
IDLE = 10_000


def run() -> Table:
    with TemporaryDirectory() as folder, running(Path(folder)) as anvil:
        rows = [*_settled(anvil, Path(folder)), _idle(anvil, Path(folder)), _states(anvil)]
    return Table(
        title=f"The chain lane: {ROWS:,} rows, and {IDLE:,} settlements at rest",
        peer="a call a row, by web3",
        how=(
            "On anvil with a block each second; two attestors agree at once. Wall time of a turn that reports all rows and one that makes all final, "
            "the window between them jumped; CPU is of this process, without the node."
        ),
        rows=rows,
    )


def _settled(anvil: TestChain, folder: Path) -> list[Row]:
    agreements = [anvil.agree() for _ in range(AGREEMENTS)]
    breaches = [breach(one, n, chain=anvil.identity) for one in agreements for n in range(PERIODS_PASSED)]
    archive, first_block = FolderArchive(folder / "evidence"), anvil.node.web3.eth.block_number + 1
    anvil.rpc("evm_setAutomine", False)
    anvil.rpc("evm_setIntervalMining", 1)
    with closing(SqlLedger(f"sqlite:///{folder / 'ledger.sqlite'}")) as ledger:
        for one in breaches:
            archive.put(one.document)
            ledger.add_penalty(one.penalty)
        lane = Settle(
            ledger=ledger,
            archive=archive,
            chain=anvil.contract_chain(),
            attestors=[Willing(name=f"attestor-{n}", key=key) for n, key in enumerate(anvil.attestors[:2])],
            clock=anvil,
            agreements=agreements,
            from_block=first_block,
            wait=wait_until,
            wait_a_while=within(10),
        )
        report = _measured(lambda: list(lane.run()))
        anvil.pass_window()
        final = _measured(lambda: list(lane.run()))
        granted = _measured(lambda: list(credit(ledger=ledger, chain=anvil.contract_chain())))
        states = {one.state for one in ledger.settlements_of([one.penalty.settlement_id for one in breaches])}
        count = len(ledger.read(OPERATOR).credits(limit=10_000).items)
    anvil.rpc("evm_setAutomine", True)
    anvil.rpc("evm_setIntervalMining", 0)
    if (states, count) != ({SettlementState.FINAL}, ROWS):
        raise AssertionError(f"not all are final and granted: {states}, {count}")
    return [
        Row(what=f"{what} {ROWS:,} rows", ours=f"{wall:.1f} s, CPU {cpu:.1f} s")
        for what, (wall, cpu) in (("report", report), ("make final", final), ("grant", granted))
    ]


def _idle(anvil: TestChain, folder: Path) -> Row:
    """Reported, with open windows: nothing is due, and nothing was logged."""
    with closing(SqlLedger(f"sqlite:///{folder / 'idle.sqlite'}")) as ledger:
        penalty = breach(anvil.terms(), 0, chain=anvil.identity).penalty
        for n in range(IDLE):
            one = replace(penalty, settlement_id=digest_of(f"s{n}"), site=f"edge-{n}")
            ledger.add_penalty(one)
            change = StateChange(state=SettlementState.REPORTED, at=1, revision=1, due_at=2**40)
            ledger.add_state(one.settlement_id, change)
        head = anvil.contract_chain().head()
        lane = Settle(
            ledger=ledger,
            archive=FolderArchive(folder / "evidence"),
            chain=anvil.contract_chain(),
            attestors=[],
            clock=anvil,
            from_block=head.number + 1,
        )
        list(lane.run())
        return Row(
            what=f"an idle turn over {IDLE:,} that are reported",
            ours=f"CPU {1000 * best(lambda: list(lane.run())):.0f} ms",
        )


def _states(anvil: TestChain) -> Row:
    """What the contract holds of a thousand settlements."""
    agreement, chain = anvil.terms(), anvil.contract_chain()
    keys = [replace(breach(agreement, 0, chain=anvil.identity).penalty.key, period_index=n) for n in range(ROWS)]
    ours = best(lambda: chain.settlements(keys))
    call = anvil.books.settlements.functions.getSettlement
    peer = best(lambda: [call(key_fields(key)).call() for key in keys[:100]]) * ROWS / 100
    return less(f"states of {ROWS:,} settlements, CPU", 1000 * ours, 1000 * peer, "ms", 0)


def _measured(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - wall, time.process_time() - cpu
