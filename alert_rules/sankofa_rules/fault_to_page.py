"""How long it takes at most from a fault to its page: reckoned from what the alert, Prometheus and Alertmanager are set to.

The clock starts when the target would answer otherwise, and stops when Alertmanager sends. It holds while at most `of - needed`
scrapes in a row of `of` say nothing, and while evaluations are not missed: RulerLate tells when they are, and in such minutes no
bound holds. What carries a notification on from there (a pager's own network) is not ours to promise.
"""

from __future__ import annotations

from dataclasses import dataclass

STEP_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What Prometheus and Alertmanager are set to, in seconds."""

    scrape: int = STEP_SECONDS
    scrape_timeout: int = 10
    evaluation: int = STEP_SECONDS
    group_wait: int = 0
    group_interval: int = 30


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What must be seen before a state is paged: `needed` samples of the last `of`, each a scrape or an evaluation apart.

    `after_seconds` have to pass first: the age that a fact itself must have, or another window that is read before this one.
    `groups` of rules lie between sample and alert; one that is recorded elsewhere may be an evaluation old.
    """

    needed: int = 1
    of: int = 1
    after_seconds: int = 0
    groups: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.needed <= self.of or self.after_seconds < 0 or self.groups < 1:
            raise ValueError(f"{self}: expected 1 <= needed <= of, no negative seconds, and a group of rules at least")


PACE = Pace()


def fault_to_page(evidence: Evidence, pace: Pace = PACE) -> int:
    """Seconds from a fault to the webhook: at worst it falls right after a scrape, and right after its group was sent."""
    seen = evidence.of * pace.scrape + pace.scrape_timeout
    judged = evidence.groups * pace.evaluation
    return evidence.after_seconds + seen + judged + max(pace.group_wait, pace.group_interval)
