"""From a node's answers to samples: pure functions, one for each collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sankofa_exporters.besu.network.families import NEXT_VALIDATORS, VALIDATORS
from sankofa_exporters.besu.rpc.snapshot.keys import text_of
from sankofa_exporters.model.family import Sample, present

from . import families as f
from .snapshot import Chain, Head, Peers, Periods, Pool, Sync, Validators


def head_samples(head: Head) -> Iterator[Sample]:
    yield from present(
        (),
        (f.HEAD_BLOCK, head.number),
        (f.HEAD_TIMESTAMP, head.timestamp),
        (f.HEAD_TRANSACTIONS, head.transactions),
        (f.HEAD_GAS_USED, head.gas_used_ratio),
    )


def chain_samples(chain: Chain) -> Iterator[Sample]:
    yield Sample(f.CHAIN_INFO, 1, (str(chain.chain_id), chain.client_version or ""))


def peer_samples(peers: int) -> Iterator[Sample]:
    yield Sample(f.PEERS, peers)


def sync_samples(sync: Sync) -> Iterator[Sample]:
    yield from present((), (f.SYNCING, sync.syncing), (f.SYNC_DISTANCE, sync.distance))


def gas_price_samples(wei: int) -> Iterator[Sample]:
    yield Sample(f.GAS_PRICE, wei)


def txpool_samples(pool: Pool) -> Iterator[Sample]:
    for part, count in pool.parts.items():
        yield Sample(f.TXPOOL, count, (part,))
    yield from present((), (f.TXPOOL_LIMIT, pool.limit))


def validator_samples(validators: Validators) -> Iterator[Sample]:
    following = None if validators.following is None else len(validators.following)
    yield from present((), (VALIDATORS, len(validators.newest)), (NEXT_VALIDATORS, following))


def own_samples(*, is_validator: bool) -> Iterator[Sample]:
    yield Sample(f.IS_VALIDATOR, float(is_validator))


def vote_samples(votes: Mapping[bytes, bool] | None) -> Iterator[Sample]:
    if votes is not None:
        yield Sample(f.PENDING_VOTES, sum(votes.values()), ("add",))
        yield Sample(f.PENDING_VOTES, sum(not add for add in votes.values()), ("drop",))


def validator_peer_samples(peers: Peers) -> Iterator[Sample]:
    for validator in peers.validators:
        yield Sample(f.VALIDATOR_PEER, float(validator in peers.connected), (text_of(validator),))
    for client, count in sorted(peers.clients.items()):
        yield Sample(f.PEERS_BY_CLIENT, count, (client,))


def period_samples(periods: Periods) -> Iterator[Sample]:
    yield from present(
        (),
        (f.BLOCK_PERIOD, periods.block),
        (f.EMPTY_BLOCK_PERIOD, periods.empty_block),
        (f.ROUND_TIMEOUT, periods.round_timeout),
    )
