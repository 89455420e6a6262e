"""From what the witnesses showed to samples and a verdict: pure functions, one for each collector of a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sankofa_exporters.model.family import Sample
from sankofa_exporters.probe.source import Verdict

from . import network_families as f
from .consensus import Consensus
from .forks import Forks
from .seals import text_of
from .settings import BesuModule
from .witnesses import Heads, Sighting


def network_verdict(heads: Any, forks: Any, *, now: float, module: BesuModule) -> Verdict:
    """Up with a young head, down with an old one or with two proven histories, unknown without witnesses that agree.

    `heads` and `forks` are collectors' results: a value or a `Failure`. A head whose header is not what it says is not
    counted beside heads that are; when none could be read, the reader may be at fault, and the heads' words must do.
    """
    if not isinstance(heads, Heads):
        return Verdict.UNKNOWN
    trusted = _trusted(heads, forks)
    if len(trusted) < module.min_witnesses:
        return Verdict.UNKNOWN
    if isinstance(forks, Forks) and forks.proven:
        return Verdict.DOWN
    if forks.disputed if isinstance(forks, Forks) else _heads_differ(heads):
        return Verdict.UNKNOWN
    # Where no header was looked at, one witness alone could claim a young head: as many as are required must have one.
    vouching = 1 if isinstance(forks, Forks) else module.min_witnesses
    deciding = sorted((one.head for one in trusted), key=lambda head: head.timestamp, reverse=True)[vouching - 1]
    return Verdict.UP if deciding.age_seconds(deciding.judged_at(now)) <= module.oldest_head_seconds else Verdict.DOWN


def _trusted(heads: Heads, forks: Any) -> list[Sighting]:
    """The sightings whose header is not known to be false."""
    unproven = forks.unproven if isinstance(forks, Forks) else {}
    return [one for one in heads.believed if one.witness.name not in unproven]


def _heads_differ(heads: Heads) -> bool:
    """Two nodes name different blocks at one height, and nobody could look closer."""
    claimed: dict[int, set[str]] = {}
    for one in heads.believed:
        claimed.setdefault(one.number, set()).add(one.claimed_hash)
    return any(len(hashes) > 1 for hashes in claimed.values())


def head_samples(heads: Heads, forks: Any, module: BesuModule, names: tuple[str, ...]) -> Iterator[Sample]:
    """What the trusted witnesses show; one whose header is false is not known, and nobody lags behind it."""
    believed = {one.witness.name: one for one in _trusted(heads, forks)}
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


def consensus_samples(consensus: Consensus) -> Iterator[Sample]:
    yield Sample(f.CONSENSUS_INFO, 1, (consensus.dialect,))
    yield Sample(f.WINDOW_BLOCKS, consensus.blocks)
    if consensus.rounds is not None:
        yield Sample(f.WINDOW_ROUNDS, consensus.rounds)
    if consensus.unattributed_rounds is not None:
        yield Sample(f.WINDOW_UNATTRIBUTED, consensus.unattributed_rounds)
    if consensus.span_seconds is not None:
        yield Sample(f.WINDOW_SPAN, consensus.span_seconds)
    if consensus.gas_limit:
        yield Sample(f.WINDOW_GAS, consensus.gas_used / consensus.gas_limit)
    yield from validator_samples(consensus)
    if consensus.distinct_committers is not None and consensus.quorum is not None:
        yield Sample(f.DISTINCT, consensus.distinct_committers)
        yield Sample(f.MARGIN, consensus.distinct_committers - consensus.quorum)
    yield from _by_validator(consensus)


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
