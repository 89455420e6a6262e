"""What a run of headers proves about consensus: who proposed, who missed a slot, who committed, and what is not known.

Exact or absent: a slot is called missed only where the rotation rule names its owner beyond doubt. A header's number of
seals is no margin, because a block is imported at the moment the quorum is there; only distinct committers over many
blocks, as several nodes saw them, show who takes part. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sankofa_exporters.besu.network.snapshot.headers import SEALED, Header

ROTATING = frozenset({"qbft", "ibft2"})  # the round is in the header, and the proposer changes with each block


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """The figures of a window. None is "cannot be known from these headers"."""

    dialect: str
    blocks: int
    span_seconds: int | None
    rounds: int | None
    unattributed_rounds: int | None
    validators: tuple[bytes, ...]
    proposed: Mapping[bytes, int]
    missed: Mapping[bytes, int] | None
    committed: Mapping[bytes, int] | None
    last_committed: Mapping[bytes, int]
    gas_used: int
    gas_limit: int
    transactions: int

    @property
    def quorum(self) -> int | None:
        return quorum_of(len(self.validators)) if self.validators and self.dialect in SEALED else None

    @property
    def tolerance(self) -> int | None:
        """How many validators may fail before blocks stop, if all the others take part."""
        return len(self.validators) - self.quorum if self.quorum is not None else None

    @property
    def transactions_per_second(self) -> float | None:
        """Over the window's span; None without a span."""
        return self.transactions / self.span_seconds if self.span_seconds else None

    @property
    def distinct_committers(self) -> int | None:
        """How many of today's validators are known to have committed at least one block of the window."""
        if self.committed is None or not self.validators:
            return None
        return sum(1 for validator in self.validators if self.committed.get(validator))


def quorum_of(validators: int) -> int:
    """Two thirds, rounded up."""
    return -(-2 * validators // 3)


def sealed_by_quorum(header: Header) -> bool:
    """Whether the seals alone prove that the header's own validators decided it."""
    return (
        header.dialect in SEALED
        and bool(header.validators)
        and len(header.committers) >= quorum_of(len(header.validators))
    )


def consensus_of(headers: Sequence[Header], *, window_blocks: int) -> Consensus:
    """The figures of the last `window_blocks` of a contiguous run, oldest first; one more header serves as parent.

    The genesis was made by nobody and is never counted.
    """
    run = list(headers)[-(window_blocks + 1) :]
    counted = [header for header in run[-window_blocks:] if header.number > 0]
    newest = run[-1]
    missed, unattributed = _missed(run, counted)
    committed = _committed(counted)
    return Consensus(
        dialect=newest.dialect,
        blocks=len(counted),
        span_seconds=_span(run, counted),
        rounds=_rounds(counted),
        unattributed_rounds=unattributed,
        validators=newest.validators,
        proposed=Counter(header.proposer for header in counted),
        missed=missed,
        committed=committed,
        last_committed={signer: header.number for header in counted for signer in header.committed_by},
        gas_used=sum(header.gas_used for header in counted),
        gas_limit=sum(header.gas_limit for header in counted),
        transactions=sum(header.transactions for header in counted),
    )


def _span(run: Sequence[Header], counted: Sequence[Header]) -> int | None:
    """From the parent of the first block to the last; the time in a genesis is no block's."""
    parent = run[0]
    if not counted or parent.number != counted[0].number - 1 or parent.number == 0:
        return None
    return run[-1].timestamp - parent.timestamp


def _rounds(counted: Sequence[Header]) -> int | None:
    rounds = [header.round for header in counted]
    return sum(one for one in rounds if one) if counted and None not in rounds else None


def _committed(counted: Sequence[Header]) -> Mapping[bytes, int] | None:
    """Blocks by committer; None for a dialect without seals. Where a header lists no validators, its signers count."""
    if any(header.dialect not in SEALED for header in counted):
        return None
    return Counter(signer for header in counted for signer in header.committed_by)


def _missed(run: Sequence[Header], counted: Sequence[Header]) -> tuple[Mapping[bytes, int] | None, int | None]:
    """Slots missed by validator, and rounds whose owner the headers cannot name."""
    if not counted or any(header.dialect not in ROTATING or header.round is None for header in counted):
        return None, None
    parents = {child.number: parent for parent, child in pairwise(run)}
    found: Counter[bytes] = Counter()
    unattributed = 0
    for header in counted:
        owners = missed_by(header, parents.get(header.number)) if header.round else {}
        if owners is None:
            unattributed += header.round or 0
        else:
            found.update(owners)
    return found, unattributed


def missed_by(header: Header, parent: Header | None) -> Mapping[bytes, int] | None:
    """Whose slots went by before this block, or None where that is not certain.

    Certain means: the parent is there, both were decided by one validator set, and the rule names this very proposer for
    this round. A block that was proposed again unchanged in a later round carries its first proposer and fails that.
    """
    if parent is None or not header.validators or parent.validators != header.validators or header.round is None:
        return None
    order, rounds = header.validators, header.round
    first = first_slot(order, parent.proposer)
    if order[(first + rounds) % len(order)] != header.proposer:
        return None
    whole, rest = divmod(rounds, len(order))
    slots = {validator: whole for validator in order if whole}
    for step in range(rest):
        owner = order[(first + step) % len(order)]
        slots[owner] = slots.get(owner, 0) + 1
    return slots


def first_slot(order: Sequence[bytes], previous: bytes) -> int:
    """Round 0 belongs to the validator after the previous proposer; after one who left, to the next higher address."""
    if previous in order:
        return (order.index(previous) + 1) % len(order)
    return next((at for at, validator in enumerate(order) if validator > previous), 0)
