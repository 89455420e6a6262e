"""Is an answer the expected one, is it known when it came, is the target there? Pure.

What we did while a request ran is watched for the same stretch of time whether the answer came early or never: from the
request's begin to a little past the bound (`watched_seconds`). So a request is left out by our own delay, never by how quick
the target was, and leaving it out takes no side (decision 0032).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sankofa_exporters.probe.delay import BEAT_SECONDS, PUNCTUAL_SECONDS, UNNOTICED_TURNS, Measured
from sankofa_exporters.probe.source import Verdict

from .snapshot import Ended, Failure, Outcome, Reply, Unknown

REFUSED_TO_US = frozenset({401, 403})
BORNE_PART = 2  # a delay of half of the bound is borne, and 5 ms always


def borne_seconds(objective_seconds: float) -> float:
    """The delay of our own up to which a request is known."""
    return max(PUNCTUAL_SECONDS, objective_seconds / BORNE_PART)


def decided_seconds(objective_seconds: float) -> float:
    """From a request's begin: who has not answered by then would be late without us too, whatever delay was borne."""
    unnoticed = UNNOTICED_TURNS * (BEAT_SECONDS + PUNCTUAL_SECONDS)
    return objective_seconds + borne_seconds(objective_seconds) + unnoticed + PUNCTUAL_SECONDS


def watched_seconds(objective_seconds: float) -> float:
    """The stretch in which a delay leaves a request out: short, for one that had none decides nearly always by its end."""
    past = 2 * borne_seconds(objective_seconds) + 2 * PUNCTUAL_SECONDS
    return min(objective_seconds + past, decided_seconds(objective_seconds))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an answer must be."""

    statuses: frozenset[int]
    pattern: re.Pattern[bytes] | None = None  # somewhere in the body
    with_credentials: bool = False

    def outcome(self, reply: Reply) -> Outcome:
        """Nothing is known of what we could not read, nor of who is to blame when our credentials are refused."""
        if reply.status not in self.statuses:
            return Unknown.CREDENTIALS if self.with_credentials and reply.status in REFUSED_TO_US else Failure.STATUS
        if self.pattern is None:
            return None
        if not reply.plain:
            return Unknown.UNREADABLE
        if self.pattern.search(reply.body):
            return None
        return Failure.BODY if reply.whole else Unknown.UNREADABLE


def settled(
    outcome: Outcome, *, took: Measured, watched: Measured, later: Measured, objective_seconds: float
) -> Outcome:
    """What is known of a request: `took` to its end, `watched` for the stretch, `later` until it must be decided.

    Unknown when we were held up in the stretch, when only our own delay and work may have put it over the bound, and for a
    timeout that came before the bound was surely passed.
    """
    if isinstance(outcome, Unknown):
        return outcome
    if watched.delay.seconds > borne_seconds(objective_seconds):
        return Unknown.DELAY
    # Whoever had not answered at one of these moments was late if it was: what delayed us afterwards changes nothing.
    silent = [one for one in (watched, later) if one.seconds <= took.seconds]
    late = any(one.exceeds(objective_seconds) for one in (took, *silent))
    if outcome is None and took.seconds > objective_seconds and not late:
        return Unknown.DELAY
    if outcome is Failure.TIMEOUT and not late:
        return Unknown.DELAY
    return outcome


def judge(newest: Ended | None) -> Verdict:
    """Of the newest request that is known and recent; None when there is none."""
    if newest is None or not newest.is_known:
        return Verdict.UNKNOWN
    return Verdict.UP if newest.outcome is None else Verdict.DOWN
