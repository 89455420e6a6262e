"""Is a network up, down or unknown? Pure."""

from __future__ import annotations

from typing import Any

from sankofa_exporters.besu.network.snapshot.forks import Forks
from sankofa_exporters.besu.network.snapshot.heads import Heads, Sighting
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.probe.source import Verdict


def network_verdict(heads: Any, forks: Any, *, now: float, module: BesuModule) -> Verdict:
    """Up with a young head, down with an old one or with two proven histories, unknown without witnesses that agree.

    `heads` and `forks` are collectors' results: a value or a `Failure`. A head whose header is not what it says is not
    counted beside heads that are; when none could be read, the reader may be at fault, and the heads alone must do.
    """
    if not isinstance(heads, Heads):
        return Verdict.UNKNOWN
    counted = trusted(heads, forks)
    if len(counted) < module.min_witnesses:
        return Verdict.UNKNOWN
    if isinstance(forks, Forks) and forks.proven:
        return Verdict.DOWN
    if forks.disputed if isinstance(forks, Forks) else _heads_differ(heads):
        return Verdict.UNKNOWN
    # Where no header was looked at, one witness alone could claim a young head: as many as are required must have one. Fewer
    # than these are no proof of a network that stands, either: the one may be right.
    young = [one for one in counted if one.head.age_seconds(one.head.judged_at(now)) <= module.oldest_head_seconds]
    vouching = 1 if isinstance(forks, Forks) else module.min_witnesses
    if len(young) >= vouching:
        return Verdict.UP
    return Verdict.UNKNOWN if young else Verdict.DOWN


def trusted(heads: Heads, forks: Any) -> list[Sighting]:
    """The sightings whose header is not known to be false."""
    unproven = forks.unproven if isinstance(forks, Forks) else {}
    return [one for one in heads.believed if one.witness not in unproven]


def _heads_differ(heads: Heads) -> bool:
    """Two nodes name different blocks at one height, and nobody could look closer."""
    claimed: dict[int, set[str]] = {}
    for one in heads.believed:
        claimed.setdefault(one.number, set()).add(one.claimed_hash)
    return any(len(hashes) > 1 for hashes in claimed.values())
