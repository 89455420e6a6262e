"""A BFT network in one process: nodes, validators that propose in turn, votes, crashes, splits, and what each node holds.

Time is the wall clock plus what tests add, so that nothing has to be waited for; a network that runs on the clock waits for
its rounds, so that no block is ahead of it. Transactions come to one pool that all nodes share, at a rate, and a block takes
as many as it may. It follows the rules that Besu
documents: two thirds rounded up commit, a block is imported at that moment, the proposer changes with each block, a round
whose proposer is away costs a timeout that doubles, more than half of the validators vote one in or out. It has no
transactions' state, no peers' protocol, and no byzantine validator but the one that `equivocate` makes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from eth_hash.auto import keccak

from .sealing import Block, Key

GAS_OF_TRANSFER = 21_000
MAX_ROUNDS = 12


@dataclass(frozen=True, kw_only=True)
class Log:
    """An event of a contract."""

    number: int
    address: str
    topic: str
    transaction: bytes
    gas_used: int = 50_000


@dataclass(frozen=True, kw_only=True)
class Execution:
    """A transaction that was sent to somebody."""

    to: str
    reverted: bool = False
    gas_used: int = 50_000


@dataclass(kw_only=True)
class Node:
    """One client; a validator when its address is in the set."""

    name: str
    key: Key
    chain: list[Block] = field(default_factory=list)
    alive: bool = True
    lagging: bool = False
    slow: bool = False  # its commits always come after the quorum
    group: int = 0
    votes: dict[bytes, bool] = field(default_factory=dict)
    off: set[str] = field(default_factory=set)  # APIs that are switched off
    knows_block_receipts: bool = True
    call_seconds: float = 0  # by which every eth_call is late
    fault: str = "ok"

    @property
    def head(self) -> Block:
        return self.chain[-1]


@dataclass(kw_only=True)
class Network:
    """All nodes, and the blocks they make."""

    dialect: str
    nodes: dict[str, Node]
    validators: list[bytes]
    period: int = 2
    timeout: int = 4
    empty_period: int = 0
    in_contract: bool = False
    chain_id: int = 1337
    added_seconds: float = 0
    ahead: int = 0
    equivocate: bool = False
    pool: int = 0
    arriving: int = 0  # transactions a second that come to the pool while the network runs by the clock
    capacity: int | None = None  # of a block; None takes all that wait
    clock: Callable[[], float] = time.time
    sets: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)  # by block: who decides the block after it
    ballots: dict[bytes, dict[bytes, bool]] = field(default_factory=dict)  # by candidate: voter and word
    logs: list[Log] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)  # of the next block
    calls: list[Execution] = field(default_factory=list)  # of the next block
    executed: dict[bytes, Execution] = field(default_factory=dict)  # by transaction; what is not in it was a transfer
    _arriving_since: float = 0

    @classmethod
    def of(
        cls,
        *,
        dialect: str,
        validators: int,
        replicas: int = 0,
        backlog: int = 0,
        prefix: str = "validator",
        **more: object,
    ) -> Network:
        names = [f"{prefix}-{number}" for number in range(1, validators + 1)]
        names += [f"replica-{number}" for number in range(1, replicas + 1)]
        nodes = {name: Node(name=name, key=Key.of(name)) for name in names}
        addresses = sorted(nodes[name].key.address for name in names[:validators])
        network = cls(dialect=dialect, nodes=nodes, validators=addresses, **more)  # type: ignore[arg-type]
        started = int(network.now()) - (backlog + 1) * network.period
        genesis = Block(
            dialect=dialect, number=0, parent_hash=bytes(32), timestamp=started, proposer=bytes(20),
            validators=() if network.in_contract else tuple(addresses),
        )  # fmt: skip
        network.sets[genesis.hash] = tuple(addresses)
        for node in nodes.values():
            node.chain.append(genesis)
        network.added_seconds -= backlog * network.period
        network.advance(backlog)
        return network

    def now(self) -> float:
        return self.clock() + self.added_seconds

    def arrive(self, number: int) -> None:
        """From now on so many transactions a second; those that came until now stay in the pool."""
        self.pool, self._arriving_since = self.waiting(), self.now()
        self.arriving = number

    def waiting(self) -> int:
        """Transactions in the pool."""
        return self.pool + int(self.arriving * max(0.0, self.now() - self._arriving_since))

    def advance(self, blocks: int) -> None:
        """Let the time of so many blocks pass, and in each group make what its validators can."""
        for _ in range(blocks):
            self.added_seconds += self.period
            self._make_in_each_group(waits=False)

    def tick(self) -> None:
        """One block in each group whose time has come; one whose first rounds fail comes when their time has passed."""
        self._make_in_each_group(waits=True)

    def _make_in_each_group(self, *, waits: bool) -> None:
        made = [self._make(group, waits=waits) for group in sorted({node.group for node in self.nodes.values()})]
        if any(made):
            self.events.clear()
            self.calls.clear()

    def _make(self, group: int, *, waits: bool) -> bool:
        members = [node for node in self.nodes.values() if node.group == group]
        live = [node for node in members if node.alive and not node.lagging]
        if not live:
            return False
        history = max((node.chain for node in live), key=len)[:]
        parent = history[-1]
        if self.empty_period and not self.waiting() and self.now() < parent.timestamp + self.empty_period:
            return False
        order = self.sets[parent.hash]
        signers = [node for node in (self.nodes.values() if self.equivocate else live) if node.key.address in order]
        if len(signers) < quorum(len(order)):
            return False
        turn = self._turn(parent, order, signers)
        if turn is None:
            return False
        proposer, number = turn
        spent = self.timeout * (2**number - 1)
        if not waits:
            self.added_seconds += spent
        elif spent and self.now() < parent.timestamp + self.period + spent:
            return False
        made = self._block(parent, order, proposer, number, salt=group)
        self._decide(made, order)
        for at, node in enumerate(live):
            if node.head.hash != parent.hash:
                node.chain = history[:]  # it was away, and fetches what it lacks
            node.chain.append(made.sealed(self._committers(signers, made, at)))
        return True

    def _turn(self, parent: Block, order: Sequence[bytes], signers: Sequence[Node]) -> tuple[Node, int] | None:
        """The first proposer in turn who takes part, and the round; each round before costs a timeout."""
        names = {node.key.address: node for node in signers}
        first = order.index(parent.proposer) + 1 if parent.proposer in order else self._next_after(parent, order)
        for number in range(MAX_ROUNDS):
            proposer = names.get(order[(first + number) % len(order)])
            if proposer is not None:
                return proposer, number
        return None

    @staticmethod
    def _next_after(parent: Block, order: Sequence[bytes]) -> int:
        later = [at for at, address in enumerate(order) if address > parent.proposer]
        return later[0] if later else 0

    def _block(self, parent: Block, order: Sequence[bytes], proposer: Node, number: int, salt: int) -> Block:
        emitted = [keccak_of(parent.number + 1, at) for at in range(len(self.events))]
        waiting = self.waiting()
        taken = waiting if self.capacity is None else min(waiting, self.capacity)
        sent = [keccak_of(parent.number + 1, -1 - at) for at in range(taken)]
        self.logs += [
            Log(number=parent.number + 1, address=address, topic=topic, transaction=transaction)
            for transaction, (address, topic) in zip(emitted, self.events, strict=True)
        ]
        called = [keccak_of(parent.number + 1, 2_000_000 + at) for at in range(len(self.calls))]
        self.executed |= dict(zip(called, self.calls, strict=True))
        self.executed |= {
            transaction: Execution(to=address) for transaction, (address, _) in zip(emitted, self.events, strict=True)
        }
        self.pool, self._arriving_since = waiting - taken, self.now()
        made = Block(
            dialect=self.dialect,
            number=parent.number + 1,
            parent_hash=parent.hash,
            timestamp=max(parent.timestamp + 1, int(self.now()) + self.ahead),
            proposer=proposer.key.address,
            validators=() if self.in_contract else tuple(order),
            vote=next(((who, add) for who, add in proposer.votes.items() if (who in order) != add), None),
            round=number,
            gas_used=GAS_OF_TRANSFER * len(sent) + sum(self.executed[one].gas_used for one in (*emitted, *called)),
            transactions=(*emitted, *called, *sent),
            state_root=keccak_of(parent.number + 1, 1_000_000 + salt),
        )
        return made.proposed_by(proposer.key)

    def _committers(self, signers: Sequence[Node], block: Block, at: int) -> list[Key]:
        """The quorum that this node heard first: another for each node and block; slow ones only when nobody else is left."""
        quick = [node for node in signers if not node.slow]
        turn = (block.number + at) % len(quick) if quick else 0
        heard = [*quick[turn:], *quick[:turn], *(node for node in signers if node.slow)]
        return [node.key for node in heard[: quorum(len(self.sets[block.parent_hash]))]]

    def _decide(self, block: Block, order: Sequence[bytes]) -> None:
        """Count the block's vote; who decides the next block."""
        decided = list(order)
        if block.vote is not None:
            candidate, add = block.vote
            words = self.ballots.setdefault(candidate, {})
            words[block.proposer] = add
            if sum(word == add for voter, word in words.items() if voter in order) > len(order) // 2:
                decided = sorted({*order, candidate}) if add else [one for one in order if one != candidate]
                del self.ballots[candidate]
                for node in self.nodes.values():
                    node.votes.pop(candidate, None)
        self.sets[block.hash] = tuple(decided)
        self.validators = decided

    def heal(self) -> None:
        """One network again; everybody takes over the longest history."""
        best = max((node for node in self.nodes.values() if node.alive), key=lambda node: node.head.number)
        for node in self.nodes.values():
            node.group, node.lagging = 0, False
            if node.alive and node.head.hash != best.head.hash:
                node.chain = list(best.chain)

    def split(self, names: Sequence[str]) -> None:
        """Cut these nodes off from the others."""
        for node in self.nodes.values():
            node.group = 1 if node.name in names else 0

    def vote(self, name: str, *, add: bool) -> None:
        """Every validator is told to vote; the blocks that they propose carry it."""
        candidate = self.nodes[name].key.address
        for node in self.nodes.values():
            if node.key.address in self.validators:
                node.votes[candidate] = add

    def tampered(self, block: Block, how: str) -> Block:
        """What a lying node says of a block: another state under the same hash, or another round above the same seals."""
        return (
            replace(block, round=block.round + 5) if how == "lying-round" else replace(block, state_root=b"\x01" * 32)
        )

    def peers(self, node: Node) -> Iterator[Node]:
        for other in self.nodes.values():
            if other is not node and other.alive and other.group == node.group:
                yield other


def quorum(validators: int) -> int:
    return (2 * validators + 2) // 3


def keccak_of(*numbers: int) -> bytes:
    return keccak(repr(numbers).encode())
