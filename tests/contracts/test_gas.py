"""What a batch costs on a chain: anvil's receipts against the figures that forge keeps, and a network of small blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from web3 import Web3
from web3.types import TxReceipt

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from deploy.parts import CHECKOUT, need_program

SNAPSHOT = CHECKOUT / "contracts" / "snapshots" / "SettlementBook.json"
ABI_FOLDER = CHECKOUT / "sankofa_observe" / "adapters" / "abi"
# The stage of contracts/test/support/Fixture.sol. The same deployer with the same nonces makes the same addresses, so the signatures are
# the same, and with them every byte of calldata that a transaction pays for.
FORGE_TEST = Web3.to_checksum_address("0x7FA9385bE102ac3EAc297483Dd6233D62b3e1496")
PROVIDER, TENANT, ADMIN, ARBITER, BILLING, GUARDIAN = (
    Web3.to_checksum_address(f"0x{number:040x}") for number in (0x9A, 0x7E, 0xAD, 0xA4, 0xB1, 0x6D)
)
DAY = 86_400
ANCHOR, PERIOD_SECONDS, PERIODS, FIRST, PERIOD = 1_800_000_000, 30 * DAY, 120, 2, 12
SIGNED_AT = ANCHOR + PERIOD_SECONDS
NOW = ANCHOR + 14 * PERIOD_SECONDS + 15 * DAY
WINDOW_SECONDS, WINDOW_BLOCKS, CHANGE_DELAY, MINIMUM_WINDOW = 7 * DAY, 100, 2 * DAY, 3_600
FEE = 1_000_003
SHAPE = "3 SLOs, both caps"
ROWS = 100
FREE: Any = {"gasPrice": 0}  # nobody of this stage has funds
SMALL_BLOCK = 4_700_000  # of the networks this is meant for


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    return bytes(Web3().codec.encode(types, values))


@dataclass(kw_only=True)
class Stage:
    """Both books on an anvil, and what forge's gas test does with them."""

    web3: Web3
    book: Any
    sla: Any
    calendar: bytes
    gas_limit: int  # of a block
    keys: Sequence[bytes]  # of the attestors, of whom three sign

    def send(self, call: Any, sender: str = FORGE_TEST) -> TxReceipt:
        sent = call.transact({"from": sender, "gas": self.gas_limit, **FREE})  # an estimate would be of another second
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)
        assert receipt["status"] == 1
        return receipt

    def activate(self, number: int) -> bytes:
        """Agreement `number` of a hundred, proposed and accepted."""
        reference = Web3.keccak(
            encode(["string", "string", "uint256", "uint256"], ["gas", SHAPE, ROWS, number]),
        )
        terms, until = terms_of(self.calendar), ANCHOR + FIRST * PERIOD_SECONDS
        self.send(self.book.functions.proposeAgreement(reference, terms, until), PROVIDER)
        agreement_id = bytes(self.book.functions.agreementIdOf(PROVIDER, reference).call())
        self.send(self.book.functions.acceptProposal(agreement_id, terms, until), TENANT)
        return agreement_id

    def rpc(self, method: str, *params: Any) -> Any:
        return self.web3.manager.request_blocking(method, list(params))  # type: ignore[arg-type]  # anvil's own

    def submit(self, rows: Sequence[tuple[Any, ...]]) -> TxReceipt:
        digest = self.sla.functions.batchDigest(rows).call()
        signatures = [Account.unsafe_sign_hash(digest, key).signature for key in self.keys[:3]]
        return self.send(self.sla.functions.submitReports(rows, signatures))

    def pass_window(self) -> None:
        self.rpc("evm_increaseTime", WINDOW_SECONDS)
        self.rpc("anvil_mine", hex(WINDOW_BLOCKS))


def attestor_keys(count: int) -> list[bytes]:
    """The keys of the fixture, ascending by address."""
    keys = [bytes(Web3.keccak(encode(["string", "uint256"], ["attestor", number]))) for number in range(count)]
    return sorted(keys, key=lambda key: int(Account.from_key(key).address, 16))


def terms_of(calendar: bytes) -> dict[str, Any]:
    bands = [
        {"belowPpm": 999_000, "creditPpm": 100_000},
        {"belowPpm": 990_000, "creditPpm": 250_000},
        {"belowPpm": 950_000, "creditPpm": 300_000},
    ]
    return {
        "provider": PROVIDER,
        "tenant": TENANT,
        "termsHash": Web3.keccak(text="terms document"),
        "calendar": calendar,
        "firstPeriod": FIRST,
        "yearPeriods": 12,
        "currency": b"EUR",
        "exponent": 2,
        "feeMinor": FEE,
        "capPpm": 300_000,
        "yearCapMinor": 10 * FEE,
        "minimumMinor": 0,
        "belowMinimum": 0,
        "stacking": 0,
        "graceSeconds": DAY,
        "disputeWindowSeconds": WINDOW_SECONDS,
        "disputeWindowBlocks": WINDOW_BLOCKS,
        "rulingSeconds": 14 * DAY,
        "reportSeconds": 60 * DAY,
        "restateSeconds": 180 * DAY,
        "noticeSeconds": 20 * DAY,
        "slos": [{"sloId": (0x510 + number).to_bytes(32, "big"), "bands": bands} for number in range(3)],
    }


def row_of(agreement_id: bytes, number: int) -> tuple[Any, ...]:
    """A breach of period 12, as the fixture's `rowOf` makes it."""
    good, valid = 980_000 + number, 1_000_000
    document = Web3.keccak(
        encode(
            ["string", "bytes32", "uint32", "uint8", "uint64", "uint64"],
            ["document", agreement_id, PERIOD, 0, good, valid],
        )
    )
    return agreement_id, PERIOD, 0, 1, good, valid, document


def deploy(web3: Web3, name: str, *arguments: Any) -> Any:
    artefact = json.loads((ABI_FOLDER / f"{name}.json").read_text())
    made = web3.eth.contract(abi=artefact["abi"], bytecode=artefact["bytecode"])
    sent = made.constructor(*arguments).transact({"from": FORGE_TEST, **FREE})
    receipt = web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)
    assert receipt["status"] == 1
    return web3.eth.contract(address=receipt["contractAddress"], abi=artefact["abi"])


@contextmanager
def staged(folder: Path, *options: str, attestors: int) -> Iterator[Stage]:
    """An anvil of forge's hard fork and chain id; every account is unlocked and gas is free."""
    port = free_port()
    command = [
        need_program("anvil"), "--port", str(port), "--gas-price", "0", "--block-base-fee-per-gas", "0",
        "--timestamp", str(SIGNED_AT), "--hardfork", "shanghai", "--chain-id", "31337", "--auto-impersonate",
        "--silent", *options,
    ]  # fmt: skip
    with Processes(folder=folder) as processes:
        child = processes.start("anvil", command)
        web3 = Web3(Web3.HTTPProvider(f"http://127.0.0.1:{port}"))
        processes.wait_until(child, web3.is_connected)
        yield prepared(web3, attestor_keys(attestors))


def prepared(web3: Web3, keys: Sequence[bytes]) -> Stage:
    """Forge's test contract has made the agreement book, a settlement book that its gas test does not use, the calendar, and its own."""
    web3.manager.request_blocking("anvil_setNonce", [FORGE_TEST, "0x1"])  # type: ignore[arg-type]  # anvil's own
    book = deploy(web3, "AgreementBook", MINIMUM_WINDOW)
    members = [Account.from_key(key).address for key in keys]
    web3.manager.request_blocking("anvil_setNonce", [FORGE_TEST, "0x4"])  # type: ignore[arg-type]  # anvil's own
    holders = [ADMIN, ARBITER, BILLING, GUARDIAN]
    sla = deploy(web3, "SettlementBook", book.address, CHANGE_DELAY, holders, members, 3)
    calendar = encode(["uint48", "uint32", "uint32"], [ANCHOR, PERIOD_SECONDS, PERIODS])
    limit = web3.eth.get_block("latest")["gasLimit"]
    name = bytes(Web3.keccak(calendar))[:16]
    stage = Stage(web3=web3, book=book, sla=sla, calendar=name, gas_limit=limit, keys=keys)
    stage.send(book.functions.publishFixedCalendar(ANCHOR, PERIOD_SECONDS, PERIODS))
    return stage


@pytest.mark.real("anvil")
@pytest.mark.timeout(240)
def test_a_receipt_of_a_real_chain_says_what_forge_says_of_a_batch_of_100(tmp_path: Path) -> None:
    """Forge's isolated calls are whole transactions: base fee, calldata and cold storage are in the figures of the README."""
    snapshot = json.loads(SNAPSHOT.read_text())
    with staged(tmp_path, attestors=5) as stage:
        rows = [row_of(stage.activate(number), number) for number in range(ROWS)]
        stage.rpc("evm_setNextBlockTimestamp", NOW)
        submitted = stage.submit(rows)
        stage.pass_window()
        finalized = stage.send(stage.sla.functions.finalizeSettlements([row[:3] for row in rows]))
    name = f"{ROWS} rows, {SHAPE}, first of their agreements"
    assert snapshot[f"submitReports, {name}"] == str(submitted["gasUsed"])
    assert snapshot[f"finalizeSettlements, {name}"] == str(finalized["gasUsed"])


@pytest.mark.real("anvil")
@pytest.mark.timeout(240)
def test_both_books_and_a_batch_of_100_fit_into_blocks_of_4_700_000_gas(tmp_path: Path) -> None:
    """A network of small blocks deploys both books with three attestors, reports a hundred rows, and finalises them in two batches."""
    with staged(tmp_path, "--gas-limit", str(SMALL_BLOCK), attestors=3) as stage:
        assert stage.gas_limit == SMALL_BLOCK
        rows = [row_of(stage.activate(number), number) for number in range(ROWS)]
        stage.rpc("evm_setNextBlockTimestamp", NOW)
        submitted = stage.submit(rows)
        stage.pass_window()
        keys = [row[:3] for row in rows]
        for half in (keys[:50], keys[50:]):
            stage.send(stage.sla.functions.finalizeSettlements(half))
        reported = stage.sla.events.SettlementReported().process_receipt(submitted)
        states = {stage.sla.functions.getSettlement(key).call()[0][0] for key in keys}
    assert len(reported) == ROWS
    assert {5} == states  # Final
