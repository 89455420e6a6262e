"""From a node's answers to samples: pure functions, one for each collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sankofa_exporters.besu.network.families import VALIDATORS
from sankofa_exporters.besu.node import families as f
from sankofa_exporters.besu.node.snapshot import Chain, Head, Peers, Pool
from sankofa_exporters.besu.rpc.snapshot.keys import text_of
from sankofa_exporters.model.family import Sample


def head_samples(head: Head) -> Iterator[Sample]:
    yield Sample(f.HEAD_BLOCK, head.number)
    yield Sample(f.HEAD_TIMESTAMP, head.timestamp)
    if head.transactions is not None:
        yield Sample(f.HEAD_TRANSACTIONS, head.transactions)
    if head.gas_used_ratio is not None:
        yield Sample(f.HEAD_GAS_USED, head.gas_used_ratio)


def chain_samples(chain: Chain) -> Iterator[Sample]:
    yield Sample(f.CHAIN_INFO, 1, (str(chain.chain_id), chain.client_version or ""))


def peer_samples(peers: int) -> Iterator[Sample]:
    yield Sample(f.PEERS, peers)


def sync_samples(*, syncing: bool) -> Iterator[Sample]:
    yield Sample(f.SYNCING, float(syncing))


def gas_price_samples(wei: int) -> Iterator[Sample]:
    yield Sample(f.GAS_PRICE, wei)


def txpool_samples(pool: Pool) -> Iterator[Sample]:
    for part, count in pool.parts.items():
        yield Sample(f.TXPOOL, count, (part,))
    if pool.limit is not None:
        yield Sample(f.TXPOOL_LIMIT, pool.limit)


def validator_samples(validators: tuple[bytes, ...]) -> Iterator[Sample]:
    yield Sample(VALIDATORS, len(validators))


def own_samples(*, is_validator: bool) -> Iterator[Sample]:
    yield Sample(f.IS_VALIDATOR, float(is_validator))


def vote_samples(votes: Mapping[bytes, bool]) -> Iterator[Sample]:
    yield Sample(f.PENDING_VOTES, sum(votes.values()), ("add",))
    yield Sample(f.PENDING_VOTES, sum(not add for add in votes.values()), ("drop",))


def validator_peer_samples(peers: Peers) -> Iterator[Sample]:
    for validator in peers.validators:
        yield Sample(f.VALIDATOR_PEER, float(validator in peers.connected), (text_of(validator),))
