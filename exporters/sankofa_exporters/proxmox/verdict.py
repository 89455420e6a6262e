"""Whether a cluster is up, from what its witnesses answer: pure functions.

One quorate witness proves that the cluster serves, for only one partition can be quorate. A witness without quorum proves that
it does not, as long as nobody contradicts it. Silence, refusals and answers about another cluster prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.source import Verdict

from .snapshot.cluster import Cluster


def agreed(views: Sequence[Cluster], expected: str | None) -> Cluster:
    """The view that counts of one or more: one that serves, else the first.

    Raises `decode` when they are of different clusters, or of none whose identity is `expected`: an address that has come to
    belong to somebody else must not vouch for this target.
    """
    ours = [view for view in views if expected in (None, view.identity)]
    if not ours:
        raise CollectorError(Kind.DECODE, f"cluster/status: {views[0].identity} answers, not {expected}")
    identities = sorted({view.identity for view in ours})
    if len(identities) > 1:
        raise CollectorError(
            Kind.DECODE, f"cluster/status: the seeds are of different clusters: {'; '.join(identities)}"
        )
    return next((view for view in ours if view.serves), ours[0])


def verdict(cluster: Cluster | None) -> Verdict:
    """`cluster` is None when there is no view."""
    serves = None if cluster is None else cluster.serves
    if serves is None:
        return Verdict.UNKNOWN
    return Verdict.UP if serves else Verdict.DOWN
