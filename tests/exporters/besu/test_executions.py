"""Contracts by their receipts: calls, reverts, gas and named events, each block once, whatever happens to the exporter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.processes import Processes
from sankofa_exporters.besu.network.snapshot.receipts import Receipt, parse_receipts
from sankofa_exporters.besu.network.system.executions import SECURITY_EVENTS
from sankofa_exporters.besu.rpc.snapshot.keys import keccak256
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Rejected, counted_in

from .exporter_process import configured, start, start_chain
from .labchain import chain
from .test_events import PERMISSIONS, SLA, TOPIC

TOKEN = "0x" + "cc" * 20
SECURITY = {one.partition("(")[0]: "0x" + keccak256(one.encode()).hex() for one in SECURITY_EVENTS}
WATCHED = {"contracts": {"token": TOKEN}, "permission_contracts": [PERMISSIONS], "sla_contracts": [SLA]}


def counted(found: dict[tuple[str, ...], Any], contract: str = "token") -> tuple[float, ...]:
    """Transactions, reverts and gas of a contract."""
    return tuple(found[f"besu_contract_{name}_total", contract] for name in ("transactions", "reverts", "gas_used"))


async def test_calls_reverts_gas_and_events_are_counted_and_go_on_after_a_restart(
    processes: Processes, tmp_path: Path
) -> None:
    """What happened while no exporter ran is in the counters of the next one, for its cursor is in a file."""
    lab = start_chain(processes, "--backlog", "10")
    module = {**WATCHED, "cursor_file": str(tmp_path / "{target}.cursor"), "max_clock_skew_seconds": 3_600}
    config = configured(tmp_path, module, lab.target())
    exporter = start(processes, config)
    first = await exporter.values()
    for switch in (
        f"call/{TOKEN}", f"revert/{TOKEN}", f"emit/{TOKEN}/{SECURITY['Paused']}", f"emit/{PERMISSIONS}/{SECURITY['RoleGranted']}",
        f"emit/{SLA}/{TOPIC['AttestorsSet']}", "transactions/3", "advance/2",
    ):  # fmt: skip
        lab.do(switch)
    second = await exporter.values()
    exporter.child.kill()
    for switch in (f"revert/{TOKEN}", "advance/3"):
        lab.do(switch)
    third = await start(processes, config).values()

    assert counted(first) == (0, 0, 0)
    assert counted(second) == (3, 1, 50_000 + 30_000 + 50_000)
    assert counted(third) == (1, 1, 30_000)
    assert [
        second["besu_contract_events_total", *labels]
        for labels in (("token", "Paused"), (PERMISSIONS, "RoleGranted"), (SLA, "AttestorsSet"), ("token", "Unpaused"))
    ] == [1, 1, 1, 0]
    assert [found["besu_contract_block",] for found in (first, second, third)] == [10, 12, 15]
    stored = json.loads((tmp_path / "t.cursor").read_text())
    assert (stored["block"], stored["network"]["chain_id"], stored["network"]["contracts"]) == (
        15,
        1337,
        sorted([TOKEN, PERMISSIONS, SLA]),
    )


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "{",
        "[]",
        '{"chain_id": 1337, "block": 3}',
        '{"network": {"chain_id": 1337}, "block": 3}',
    ],
)
async def test_cursor_that_is_not_this_chains_begins_at_the_head(tmp_path: Path, stored: str) -> None:
    """Empty, broken, of another chain or beyond the head: what was before is not counted."""
    file = tmp_path / "cursor"
    file.write_text(stored)
    async with chain() as lab, lab.watched(**WATCHED, cursor_file=str(file)) as source:
        lab.do(f"call/{TOKEN}")
        lab.do("advance/1")
        found = await lab.seen(source)

    assert (counted(found), found["besu_contract_block",]) == ((0, 0, 0), 25)


@pytest.mark.parametrize(
    ("seconds", "names", "changes", "calls", "refused"),
    [
        (0, (), {}, 1, 0),
        (60, (), {}, 0, 1),
        (0, ("validator-1", "validator-2"), {}, 0, 1),
        (0, (), {"sla_contracts": []}, 0, 1),
    ],
)
async def test_cursor_of_another_network_is_refused_once(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    seconds: float,
    names: tuple[str, ...],
    changes: dict[str, Any],
    calls: int,
    refused: int,
) -> None:
    """Another genesis, other witnesses or other contracts under the same chain id: counting begins at the head."""
    module = {**WATCHED, "cursor_file": str(tmp_path / "shared.cursor")}
    async with chain() as lab, lab.watched(**module) as source:
        await lab.seen(source)
        lab.do("advance/1")
        await lab.seen(source)
    async with chain(added_seconds=seconds) as lab:
        for switch in ("advance/2", f"call/{TOKEN}", "advance/2"):
            lab.do(switch)
        async with lab.watched(*names, **{**module, **changes}) as source:
            found = [await lab.seen(source) for _ in range(2)]

    assert [one["besu_contract_transactions_total", "token"] for one in found] == [calls, calls]
    assert sum("cursor of another network" in record.getMessage() for record in caplog.records) == refused
    assert sum(one.get(("collector_rejected_total", "executions", "unreadable"), 0) for one in found) == refused


async def test_node_without_receipts_by_block_is_asked_by_transaction() -> None:
    """GoQuorum has no such method: transactions sent to the contracts are still seen, with what they emitted."""
    async with chain() as lab, lab.watched(**WATCHED) as source:
        for node in lab.network.nodes.values():
            node.knows_block_receipts = False
        await lab.seen(source)
        for switch in (
            f"call/{TOKEN}",
            f"revert/{TOKEN}",
            f"emit/{TOKEN}/{SECURITY['Unpaused']}",
            "transactions/2",
            "advance/2",
        ):
            lab.do(switch)
        report = await lab.probe(source)
        found = await lab.seen(source)

    assert report.failures == {}
    assert (counted(found), found["besu_contract_events_total", "token", "Unpaused"]) == ((3, 1, 130_000), 1)


async def test_block_without_transactions_costs_no_request() -> None:
    """The verified header says that there is nothing to read."""
    async with chain() as lab, lab.watched(contracts={"token": TOKEN}) as source:
        await lab.seen(source)
        lab.do("advance/1")
        found = await lab.seen(source)
        lab.do(f"call/{TOKEN}")
        lab.do("advance/1")
        more = await lab.seen(source)

    assert more["probe_upstream_calls",] == found["probe_upstream_calls",] + 1
    assert more["besu_contract_transactions_total", "token"] == 1


def receipt(**more: Any) -> dict[str, Any]:
    return {
        "transactionHash": "0x" + "01" * 32, "blockNumber": "0x9", "to": TOKEN.upper().replace("0X", "0x"), "status": "0x1",
        "gasUsed": "0x5208", "logs": [{"address": TOKEN, "topics": [SECURITY["Paused"]]}], **more,
    }  # fmt: skip


def test_receipt_is_read_and_equal_rows_are_one() -> None:
    """Twice the same transaction is once; two that differ are not known, and counted."""
    rejected = Rejected()
    with counted_in(rejected, "executions"):
        same = parse_receipts([receipt(), receipt()], number=9, expected=2)
        differ = parse_receipts([receipt(), receipt(status="0x0")], number=9, expected=2)

    assert same == [Receipt(contract=TOKEN, reverted=False, gas_used=21_000, events=((TOKEN, SECURITY["Paused"]),))]
    assert (differ, rejected) == ([], {("executions", "contradicting"): 2})


@pytest.mark.parametrize(
    "row",
    [None, {}, receipt(status=None), receipt(status="0x2"), receipt(gasUsed="many"), receipt(to=7), receipt(logs=None),
     receipt(logs=[{}]), receipt(transactionHash=None), receipt(blockNumber=None)],
)  # fmt: skip
def test_unreadable_receipt_is_counted_and_costs_no_other(row: Any) -> None:
    """One bad row beside a good one."""
    rejected = Rejected()
    good = receipt(transactionHash="0x" + "02" * 32)
    with counted_in(rejected, "executions"):
        found = parse_receipts([row, good], number=9, expected=2)

    assert (len(found), rejected) == (1, {("executions", "unreadable"): 1})


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), ({}, None), ([receipt()], 2), ([], 1), ([receipt(blockNumber="0x8")], 1)]
)
def test_receipts_that_are_not_the_blocks_move_no_cursor(value: Any, expected: int | None) -> None:
    """No list, fewer than the header has, or of another block."""
    with pytest.raises(CollectorError) as caught:
        parse_receipts(value, number=9, expected=expected)

    assert caught.value.failure.kind is Kind.DECODE
