"""Both contracts put on a chain, and what their admin and guardian do there afterwards. Administrative, one call at a time.

A change of role or attestors is announced, waits for the contract's delay, and is then put in force by anybody. What was done before is
done: a command may be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from web3 import Web3

from sankofa_observe.adapters.artefacts import AGREEMENTS, SETTLEMENTS, artefact
from sankofa_observe.adapters.books import Books
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvalidInput
from sankofa_observe.ports import Signer
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.units import rfc3339

DEPLOYMENT_GAS = 8_000_000
NOBODY = "0x" + "00" * 20


class Role(IntEnum):
    """Who may do more than anybody, by the contract's number of each."""

    ADMIN = 0
    ARBITER = 1
    BILLING = 2
    GUARDIAN = 3


@dataclass(frozen=True, kw_only=True)
class Holders:
    """One account a role; each may be a contract of several signers. Without billing, providers and tenants redeem."""

    admin: str
    arbiter: str
    guardian: str
    billing: str = NOBODY

    @property
    def in_order(self) -> list[str]:
        return [Web3.to_checksum_address(one) for one in (self.admin, self.arbiter, self.billing, self.guardian)]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    identity: ChainIdentity
    block_number: int
    genesis: str  # hash of the chain's first block


def deploy(
    node: Node,
    deployer: Signer,
    holders: Holders,
    attestors: Sequence[str],
    threshold: int,
    *,
    change_delay_seconds: int,
    minimum_window_seconds: int,
) -> Deployment:
    """Deploy both books; the deployer keeps no right in them."""
    book = _create(node, deployer, AGREEMENTS, minimum_window_seconds)
    arguments = (book["contractAddress"], change_delay_seconds, holders.in_order, ascending(attestors), threshold)
    made = _create(node, deployer, SETTLEMENTS, *arguments)
    with node.asking("deployment"):
        chain_id = node.web3.eth.chain_id
        genesis = "0x" + bytes(node.web3.eth.get_block(0)["hash"]).hex()
    return Deployment(
        identity=ChainIdentity(chain_id=chain_id, contract=made["contractAddress"].lower()),
        block_number=book["blockNumber"],
        genesis=genesis,
    )


def ascending(attestors: Sequence[str]) -> list[str]:
    """Accounts in the order in which the contract takes them."""
    return sorted((Web3.to_checksum_address(one) for one in attestors), key=lambda one: int(one, 16))


def _create(node: Node, deployer: Signer, contract: str, *arguments: Any) -> Any:
    factory = node.web3.eth.contract(abi=artefact(contract)["abi"], bytecode=artefact(contract)["bytecode"])
    return node.transact(factory.constructor(*arguments), deployer, f"deployment of {contract}", gas=DEPLOYMENT_GAS)


def announce_attestors(books: Books, admin: Signer, attestors: Sequence[str], threshold: int) -> str:
    """Announce another set; answers what was done, or that it stood so."""
    members, functions = ascending(attestors), books.settlements.functions
    digest = Web3.keccak(books.node.web3.codec.encode(["address[]", "uint8"], [members, threshold]))
    announced = books.ask("announced attestors", functions.announcedAttestors())
    if bytes(announced.digest) == bytes(digest):
        return (
            f"this set was announced before, to be in force from {rfc3339(announced.effectiveAt)} on; nothing was sent"
        )
    standing = books.ask("attestors", functions.attestors())
    if not announced.effectiveAt and (list(standing.members), standing.threshold) == (members, threshold):
        return "this set is in force; nothing was sent"
    must_hold(books, admin, Role.ADMIN)  # also the set in force: it takes the place of another one that was announced
    books.node.transact(functions.announceAttestors(members, threshold), admin, "announcement of attestors")
    due = books.ask("announced attestors", functions.announcedAttestors()).effectiveAt
    return f"announced; from {rfc3339(due)} on anybody puts it in force"


def apply_attestors(books: Books, anybody: Signer, attestors: Sequence[str], threshold: int) -> str:
    """Put an announced set in force."""
    members, functions = ascending(attestors), books.settlements.functions
    standing = books.ask("attestors", functions.attestors())
    if (list(standing.members), standing.threshold) == (members, threshold):
        return "this set is in force; nothing was sent"
    announced = books.ask("announced attestors", functions.announcedAttestors())
    if not announced.effectiveAt:
        return "nothing is announced: the set in force is another one; nothing was sent"
    books.node.transact(functions.applyAttestors(members, threshold), anybody, "change of attestors")
    return "in force: signatures made for the set before no longer count"


def announce_role(books: Books, admin: Signer, role: Role, holder: str) -> str:
    """Announce another holder of a role."""
    functions, wanted = books.settlements.functions, Web3.to_checksum_address(holder)
    announced = books.ask("announced role", functions.announcedRole(role))
    if announced.effectiveAt and announced.holder == wanted:
        return f"it was announced before, to be in force from {rfc3339(announced.effectiveAt)} on; nothing was sent"
    if not announced.effectiveAt and books.ask("role", functions.holderOf(role)) == wanted:
        return "it holds the role; nothing was sent"
    must_hold(books, admin, Role.ADMIN)
    books.node.transact(functions.announceRole(role, wanted), admin, f"announcement of the {role.name.lower()}")
    due = books.ask("announced role", functions.announcedRole(role)).effectiveAt
    return f"announced; from {rfc3339(due)} on anybody puts it in force"


def apply_role(books: Books, anybody: Signer, role: Role) -> str:
    """Put an announced holder in force."""
    functions = books.settlements.functions
    if not books.ask("announced role", functions.announcedRole(role)).effectiveAt:
        holder = books.ask("role", functions.holderOf(role)).lower()
        return f"nothing is announced: the {role.name.lower()} is {holder}; nothing was sent"
    books.node.transact(functions.applyRole(role), anybody, f"change of the {role.name.lower()}")
    return f"in force: the {role.name.lower()} is {books.ask('role', functions.holderOf(role)).lower()}"


def pause(books: Books, guardian: Signer, *, paused: bool) -> str:
    """Stop or resume: the guardian stops, the admin resumes."""
    functions = books.settlements.functions
    if books.ask("paused", functions.paused()) == paused:
        return f"it is {'paused' if paused else 'running'}; nothing was sent"
    must_hold(books, guardian, Role.GUARDIAN if paused else Role.ADMIN)
    books.node.transact(
        functions.pause() if paused else functions.unpause(), guardian, "pause" if paused else "resumption"
    )
    return (
        "paused: disputes stay open, and the clocks of all windows stand still"
        if paused
        else "running: every window goes on where it stood"
    )


def must_hold(books: Books, key: Signer, role: Role) -> None:
    holder = books.ask("role", books.settlements.functions.holderOf(role))
    if key.account != holder:
        raise InvalidInput(
            f"the key is of account {key.account.lower()}, expected the {role.name.lower()}'s, {holder.lower()}; nothing was sent"
        )
