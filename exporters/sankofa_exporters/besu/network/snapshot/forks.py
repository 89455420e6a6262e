"""Do the witnesses hold one history? Two blocks at one height, each sealed by a quorum, prove that they do not.

A node that lags is no fork; a node of a partition's minority holds the same blocks up to where it stands. Clique has no
finality, so its heads differ now and then and prove nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sankofa_exporters.besu.network.snapshot.chains import Chains
from sankofa_exporters.besu.network.snapshot.consensus import sealed_by_quorum
from sankofa_exporters.besu.network.snapshot.headers import Header
from sankofa_exporters.besu.network.snapshot.view import ChainView
from sankofa_exporters.model.failure import Failure


@dataclass(frozen=True, kw_only=True)
class Forks:
    """`disputed` heights differ, under a dialect in which that must not be. `unproven` heads were not what they say."""

    compared: int
    forked: int
    disputed: int
    proven: bool
    unproven: Mapping[str, Failure]


def forks_of(view: ChainView, chains: Chains) -> Forks:
    compared = [_headers(view, holders) for holders in view.shared(chains.runs)]
    compared += [
        [chains.anchors[run[-1].number], run[-1]] for run in chains.runs.values() if run[-1].number in chains.anchors
    ]
    forked = [headers for headers in compared if len({header.hash for header in headers}) > 1]
    final = [headers for headers in forked if any(header.dialect != "clique" for header in headers)]
    return Forks(
        compared=len(compared),
        forked=len(forked),
        disputed=len(final),
        proven=any(_contradict(headers) for headers in final),
        unproven=chains.failures,
    )


def _headers(view: ChainView, holders: Mapping[str, bytes]) -> list[Header]:
    return [view.headers[block_hash] for block_hash in set(holders.values()) if block_hash in view.headers]


def _contradict(headers: Sequence[Header]) -> bool:
    """Two of them sealed by quorums that have a validator in common; without one they are two networks, not a fork."""
    sealed = [header for header in headers if sealed_by_quorum(header)]
    return any(
        one.hash != other.hash and set(one.validators) & set(other.validators) for one, other in combinations(sealed, 2)
    )
