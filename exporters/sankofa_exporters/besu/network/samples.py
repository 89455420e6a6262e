"""From the witnesses' answers to samples: pure functions, one for each collector of a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sankofa_exporters.besu.network import families as f
from sankofa_exporters.besu.network.snapshot.consensus import Consensus
from sankofa_exporters.besu.network.snapshot.forks import Forks
from sankofa_exporters.besu.network.snapshot.heads import Heads
from sankofa_exporters.besu.network.snapshot.presence import Presence
from sankofa_exporters.besu.network.snapshot.waiting import Waiting
from sankofa_exporters.besu.network.verdict import trusted
from sankofa_exporters.besu.rpc.snapshot.keys import text_of
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.family import Sample, present


def head_samples(heads: Heads, forks: Any, module: BesuModule, names: tuple[str, ...]) -> Iterator[Sample]:
    """What the trusted witnesses show; one whose header is false is not known, and nobody lags behind it."""
    believed = {one.witness: one for one in trusted(heads, forks)}
    best = max((one.number for one in believed.values()), default=None)
    if best is not None:
        yield Sample(f.NETWORK_HEAD_BLOCK, best)
        yield Sample(f.NETWORK_HEAD_TIMESTAMP, max(one.head.timestamp for one in believed.values()))
    yield Sample(f.WITNESSES, len(believed))
    yield Sample(f.WITNESSES_REQUIRED, module.min_witnesses)
    for name in names:
        yield Sample(f.WITNESS_KNOWN, float(name in believed), (name,))
    for name, failure in heads.failures.items():
        yield Sample(f.WITNESS_ERROR, 1, (name, failure.kind))
    for name, one in believed.items():
        yield Sample(f.WITNESS_HEAD, one.number, (name,))
    for name, one in believed.items():
        yield Sample(f.WITNESS_LAG, (best or 0) - one.number, (name,))


def fork_samples(forks: Forks) -> Iterator[Sample]:
    yield Sample(f.COMPARED, forks.compared)
    yield Sample(f.FORKED, forks.forked)
    yield Sample(f.FORK_PROVEN, float(forks.proven))
    for name, failure in forks.unproven.items():
        yield Sample(f.WITNESS_ERROR, 1, (name, failure.kind))


def validator_samples(consensus: Consensus) -> Iterator[Sample]:
    if consensus.validators:
        yield Sample(f.VALIDATORS, len(consensus.validators))
    if consensus.quorum is not None and consensus.tolerance is not None:
        yield Sample(f.QUORUM, consensus.quorum)
        yield Sample(f.TOLERANCE, consensus.tolerance)


def consensus_samples(consensus: Consensus, presence: Presence | None) -> Iterator[Sample]:
    yield Sample(f.CONSENSUS_INFO, 1, (consensus.dialect,))
    yield from present(
        (),
        (f.WINDOW_BLOCKS, consensus.blocks),
        (f.WINDOW_ROUNDS, consensus.rounds),
        (f.WINDOW_UNATTRIBUTED, consensus.unattributed_rounds),
        (f.WINDOW_SPAN, consensus.span_seconds),
        (f.WINDOW_TRANSACTIONS, consensus.transactions),
        (f.THROUGHPUT, consensus.transactions_per_second),
        (f.WINDOW_GAS, consensus.gas_used / consensus.gas_limit if consensus.gas_limit else None),
    )
    yield from validator_samples(consensus)
    if consensus.quorum is not None:
        yield from present((), (f.DISTINCT, consensus.distinct_committers))
    yield from _by_validator(consensus)
    if presence is not None:
        yield from presence_samples(presence)


def presence_samples(presence: Presence) -> Iterator[Sample]:
    """Who takes part now; a sum only where each is decided."""
    if presence.margin is not None:
        yield Sample(f.PRESENT, len(presence.present))
        yield Sample(f.MARGIN, presence.margin)
    for validator in sorted(presence.present | presence.absent):
        yield Sample(f.ABSENT, float(validator in presence.absent), (text_of(validator),))


def waiting_samples(waiting: Waiting) -> Iterator[Sample]:
    if waiting.told is not None:
        yield Sample(f.NETWORK_WAITING, waiting.told.total)
    for name, pool in waiting.pools.items():
        yield Sample(f.WAITING, pool.value.total, (name,))
    for name, pool in waiting.pools.items():
        yield Sample(f.WAITING_AGE, pool.age_seconds, (name,))


def next_validator_samples(validators: tuple[bytes, ...] | None) -> Iterator[Sample]:
    yield from present((), (f.NEXT_VALIDATORS, None if validators is None else len(validators)))


def _by_validator(consensus: Consensus) -> Iterator[Sample]:
    """For each validator of today; one that has left is in no series any more."""
    for family, counts in (
        (f.PROPOSED, consensus.proposed),
        (f.MISSED, consensus.missed),
        (f.COMMITTED, consensus.committed),
    ):
        if counts is not None:
            for validator in consensus.validators:
                yield Sample(family, counts.get(validator, 0), (text_of(validator),))
    for validator in consensus.validators:
        if validator in consensus.last_committed:
            yield Sample(f.LAST_COMMITTED, consensus.last_committed[validator], (text_of(validator),))
