"""A real chain for tests: one anvil, both books, and fresh agreements on it; time moves when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from eth_account import Account

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from deploy.parts import need_program
from sankofa_observe.adapters.agreement_acts import Parties
from sankofa_observe.adapters.books import Books
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.contract import as_bytes, key_fields, typed_batch
from sankofa_observe.adapters.deployment import Deployment, Holders, deploy
from sankofa_observe.adapters.keys import KeystoreSigner
from sankofa_observe.adapters.node import Node
from sankofa_observe.ports import AttestorSet, Signer
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementKey
from tests import builders

GENESIS_AT = builders.START + 30 * 86_400
WINDOW_SECONDS, WINDOW_BLOCKS = 100, 2
RULING_SECONDS, CHANGE_DELAY_SECONDS = 300, 50
PERIODS_PASSED = 20  # of an agreement, once it was accepted: those that a test reports have ended


def new_signer() -> Signer:
    """Whoever has a key that nobody had before."""
    return KeystoreSigner(Account.create())


@dataclass(kw_only=True)
class TestChain:
    """One anvil with both books; the accounts need no funds, because gas is free."""

    __test__ = False

    node: Node
    identity: ChainIdentity
    block_number: int
    admin: Signer
    arbiter: Signer
    billing: Signer
    guardian: Signer
    sender: Signer
    attestors: tuple[Signer, ...]
    provider: Signer
    tenant: Signer
    numbers: Iterator[int] = field(default_factory=count)

    @cached_property
    def books(self) -> Books:
        return Books.at(self.node, self.identity.contract)

    @property
    def parties(self) -> Parties:
        return Parties(books=self.books, first_block=self.block_number)

    def contract_chain(self, node: Node | None = None, sender: Signer | None = None) -> ContractChain:
        return ContractChain(node or self.node, self.identity, sender or self.sender, self.block_number)

    def terms(self, **changes: Any) -> Agreement:
        """The terms of a new agreement that begins with the next period but one, by the chain's clock."""
        begun = (self.now() - builders.START) // builders.PERIOD_SECONDS + 2
        own: dict[str, Any] = {
            "provider_account": self.provider.account.lower(),
            "tenant_account": self.tenant.account.lower(),
            "starts_at": builders.START + begun * builders.PERIOD_SECONDS,
            "dispute_window_seconds": WINDOW_SECONDS,
            "dispute_window_blocks": WINDOW_BLOCKS,
            "ruling_seconds": RULING_SECONDS,
        }
        return builders.agreement(f"chain-{next(self.numbers)}", **{**own, **changes})

    def agree(self, *, passed: int = PERIODS_PASSED, **changes: Any) -> Agreement:
        """A new agreement, proposed and accepted, of which so many periods have passed."""
        made = self.terms(**changes)
        self.parties.propose(made, self.provider)
        self.parties.accept(made, self.tenant)
        self.pass_periods(made, passed)
        return made

    def pass_periods(self, agreement: Agreement, passed: int) -> None:
        """Let the clock reach the end of so many periods of an agreement."""
        ends_at = agreement.starts_at + passed * builders.PERIOD_SECONDS
        if ends_at > self.now():
            self.rpc("evm_setNextBlockTimestamp", ends_at)
            self.rpc("anvil_mine", hex(1))

    def signatures(self, rows: Sequence[Row], members: AttestorSet, number: int = 2) -> list[bytes]:
        """Signatures of the first `number` attestors, in the contract's order."""
        document = typed_batch(rows, members, self.identity)
        return [one.sign_typed_data(document) for one in self.attestors[:number]]

    def pass_window(self, more_seconds: int = 0) -> None:
        """Let the dispute window close: its seconds and its blocks."""
        self.rpc("evm_increaseTime", WINDOW_SECONDS + more_seconds)
        self.rpc("anvil_mine", hex(WINDOW_BLOCKS + 1))

    def now(self) -> int:
        """The time of the newest block: the chain is its own clock."""
        return int(self.node.web3.eth.get_block("latest")["timestamp"])

    def events(self, name: str, key: SettlementKey) -> list[Any]:
        """What was logged of a settlement under a name, newest first."""
        return list(self.books.of_settlement((name,), key, first_block=self.block_number))

    def call(self, function: str, *arguments: Any) -> Any:
        """What a view of the settlement book answers."""
        return self.books.settlements.functions[function](*arguments).call()

    def act(self, by: Signer, function: str, *arguments: Any) -> None:
        """Whoever's own call of the settlement book, mined."""
        self.node.transact(self.books.settlements.functions[function](*arguments), by, function)

    def dispute(self, row: Row, by: Signer) -> None:
        self.act(by, "disputeSettlement", key_fields(row.key), row.revision, b"\x01" * 32, b"\0" * 32)

    def balance(self, agreement: Agreement) -> tuple[int, int, int]:
        """Accrued, revoked and redeemed credit of an agreement, as the contract holds them."""
        found = self.call("balanceOf", as_bytes(agreement.key))
        return found.accrued, found.revoked, found.redeemed

    def rpc(self, method: str, *params: Any) -> Any:
        return self.node.web3.manager.request_blocking(method, list(params))  # type: ignore[arg-type]  # anvil's own


@contextmanager
def running(folder: Path, signer: Callable[[], Signer] = new_signer) -> Iterator[TestChain]:
    """Start anvil and deploy both books with three attestors of whom two must sign; `signer` makes each one's key."""
    port = free_port()
    command = [
        need_program("anvil"), "--port", str(port), "--gas-price", "0", "--block-base-fee-per-gas", "0",
        "--timestamp", str(GENESIS_AT), "--silent",
    ]  # fmt: skip
    with Processes(folder=folder) as processes, patch("sankofa_observe.adapters.node.POLL_SECONDS", 0.005):
        child = processes.start("anvil", command)
        node = Node(f"http://127.0.0.1:{port}")
        try:
            processes.wait_until(child, node.web3.is_connected)
            yield _deployed(node, signer)
        finally:
            node.close()


def _deployed(node: Node, signer: Callable[[], Signer]) -> TestChain:
    roles = [signer() for _ in range(5)]
    attestors = tuple(sorted((signer() for _ in range(3)), key=lambda one: int(one.account, 16)))
    admin, arbiter, billing, guardian, sender = roles
    made = deployed(node, admin, (admin, arbiter, billing, guardian), attestors)
    return TestChain(
        node=node,
        identity=made.identity,
        block_number=made.block_number,
        admin=admin,
        arbiter=arbiter,
        billing=billing,
        guardian=guardian,
        sender=sender,
        attestors=attestors,
        provider=signer(),
        tenant=signer(),
    )


def deployed(node: Node, deployer: Signer, roles: Sequence[Signer], attestors: Sequence[Signer]) -> Deployment:
    """Both books, with admin, arbiter, billing and guardian in this order, and two attestors that must sign."""
    admin, arbiter, billing, guardian = (one.account for one in roles)
    return deploy(
        node,
        deployer,
        Holders(admin=admin, arbiter=arbiter, billing=billing, guardian=guardian),
        [one.account for one in attestors],
        2,
        change_delay_seconds=CHANGE_DELAY_SECONDS,
        minimum_window_seconds=1,
    )
