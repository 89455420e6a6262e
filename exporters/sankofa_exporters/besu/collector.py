"""From what a node said to samples and a verdict: pure functions, one for each collector."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_exporters.family import Sample
from sankofa_exporters.runtime import Verdict

from . import families as f
from .snapshot import Chain, Head


def head_verdict(head: Head | None, *, now: float, max_age_seconds: float, max_skew_seconds: float) -> Verdict:
    """Up with a young head, down with an old one, unknown without one.

    A head from the future proves that two clocks disagree, and then age proves nothing.
    """
    if head is None or head.age_seconds(now) < -max_skew_seconds:
        return Verdict.UNKNOWN
    return Verdict.UP if head.age_seconds(now) <= max_age_seconds else Verdict.DOWN


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
