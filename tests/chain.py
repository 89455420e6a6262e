"""A real chain for tests: one anvil, one contract, and fresh agreements on it; time moves when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from eth_account import Account

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from deploy.parts import need_program
from sankofa_observe.adapters import parties
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.contract import artifact, typed_batch
from sankofa_observe.adapters.keys import KeystoreSigner
from sankofa_observe.adapters.node import Node
from sankofa_observe.ports import AttestorSet, Signer
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import ChainIdentity, Report
from tests import builders

GENESIS_AT = builders.START + 30 * 86_400  # every period a test reports has long ended
WINDOW_SECONDS, WINDOW_BLOCKS = 100, 2


def new_signer() -> Signer:
    """Whoever has a key that nobody had before."""
    return KeystoreSigner(Account.create())


@dataclass(kw_only=True)
class TestChain:
    """One anvil with the contract; the accounts need no funds, because gas is free."""

    __test__ = False

    node: Node
    identity: ChainIdentity
    block_number: int
    admin: Signer
    sender: Signer
    attestors: tuple[Signer, ...]
    provider: Signer
    tenant: Signer
    numbers: Iterator[int] = field(default_factory=count)

    def contract_chain(self, node: Node | None = None, sender: Signer | None = None) -> ContractChain:
        return ContractChain(node or self.node, self.identity, sender or self.sender, self.block_number)

    def agree(self, **changes: Any) -> Agreement:
        """A new agreement, proposed and accepted."""
        made = builders.agreement(
            f"chain-{next(self.numbers)}",
            provider_account=self.provider.account.lower(),
            tenant_account=self.tenant.account.lower(),
            dispute_window_seconds=WINDOW_SECONDS,
            dispute_window_blocks=WINDOW_BLOCKS,
            **changes,
        )
        parties.propose(self.node, self.identity.contract, made, self.provider)
        parties.accept(self.node, self.identity.contract, made, self.tenant)
        return made

    def signatures(self, reports: Sequence[Report], members: AttestorSet, number: int = 2) -> list[bytes]:
        """Signatures of the first `number` attestors, in the contract's order."""
        document = typed_batch(reports, members, self.identity)
        return [one.sign_typed_data(document) for one in self.attestors[:number]]

    def pass_window(self) -> None:
        """Let the dispute window close: its seconds and its blocks."""
        self.rpc("evm_increaseTime", WINDOW_SECONDS)
        self.rpc("anvil_mine", hex(WINDOW_BLOCKS + 1))

    def now(self) -> int:
        """The time of the newest block: the chain is its own clock."""
        return int(self.node.web3.eth.get_block("latest")["timestamp"])

    def contract(self) -> Any:
        address = self.node.web3.to_checksum_address(self.identity.contract)
        return self.node.web3.eth.contract(address=address, abi=artifact()["abi"])

    def events(self, name: str, settlement_id: str) -> list[Any]:
        wanted = {"settlementId": bytes.fromhex(settlement_id[2:])}
        return list(self.contract().events[name]().get_logs(from_block=self.block_number, argument_filters=wanted))

    def call(self, function: str, *arguments: Any) -> Any:
        """What a view of the contract answers."""
        return self.contract().functions[function](*arguments).call()

    def balance(self, agreement: Agreement) -> tuple[int, int, int]:
        """Accrued, redeemed and revoked credit of an agreement, as the contract holds them."""
        accrued, redeemed, revoked = self.call("balanceOf", bytes.fromhex(agreement.id[2:]))
        return accrued, redeemed, revoked

    def rpc(self, method: str, *params: Any) -> Any:
        return self.node.web3.manager.request_blocking(method, list(params))  # type: ignore[arg-type]  # anvil's own


@contextmanager
def running(folder: Path, signer: Callable[[], Signer] = new_signer) -> Iterator[TestChain]:
    """Start anvil, deploy the contract with three attestors of whom two must sign, and let one account report; `signer` makes each role's."""
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
    admin, sender, *others = (signer() for _ in range(5))
    attestors = tuple(sorted(others, key=lambda one: int(one.account, 16)))
    made = parties.deploy(node, admin, [one.account for one in attestors], 2, 0)
    parties.grant_reporter(node, made.identity.contract, admin, sender.account)
    return TestChain(
        node=node,
        identity=made.identity,
        block_number=made.block_number,
        admin=admin,
        sender=sender,
        attestors=attestors,
        provider=signer(),
        tenant=signer(),
    )
