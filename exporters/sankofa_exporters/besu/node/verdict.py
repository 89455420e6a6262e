"""Is a node up, down or unknown? Its head alone decides. Pure."""

from __future__ import annotations

from sankofa_exporters.besu.node.snapshot import Head
from sankofa_exporters.probe.source import Verdict


def head_verdict(head: Head | None, *, now: float, max_age_seconds: float, max_skew_seconds: float) -> Verdict:
    """Up with a young head, down with an old one, unknown without one.

    A head from the future proves that two clocks disagree, and then age proves nothing.
    """
    if head is None or head.age_seconds(now) < -max_skew_seconds:
        return Verdict.UNKNOWN
    return Verdict.UP if head.age_seconds(head.judged_at(now)) <= max_age_seconds else Verdict.DOWN
