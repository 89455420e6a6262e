"""How long it takes at most from a fault to its page: reckoned from what the alert, Prometheus and Alertmanager are set to.

The clock starts when the target would answer otherwise, and stops when Alertmanager sends. It holds while at most `of - needed` of
the looks say nothing, and while no evaluation is missed: RulerLate tells when some are, and in such minutes no bound holds.
What carries a notification on from there (a pager's own network) is not ours to promise.
"""

from __future__ import annotations

from dataclasses import dataclass

from .alertmanager import PAGE_GROUP_INTERVAL_SECONDS, PAGE_GROUP_WAIT_SECONDS
from .pace import SCRAPE_SECONDS, SURE

SCRAPE_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What Prometheus and Alertmanager are set to, in seconds."""

    scrape: int = SCRAPE_SECONDS
    scrape_timeout: int = SCRAPE_TIMEOUT_SECONDS
    evaluation: int = SCRAPE_SECONDS
    group_wait: int = PAGE_GROUP_WAIT_SECONDS
    group_interval: int = PAGE_GROUP_INTERVAL_SECONDS


PRODUCTION = Timing()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What must be seen before a page: `needed` samples among `of`, each a scrape (or an evaluation, which is as long) apart.

    `after_seconds` pass first: the age that a fact itself must have, or another window that is read before this one. `groups` of rules
    lie between sample and alert; what another group recorded may be an evaluation old.
    """

    needed: int = 1
    of: int = 1
    after_seconds: int = 0
    groups: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.needed <= self.of or self.after_seconds < 0 or self.groups < 1:
            raise ValueError(
                f"{self}: expected 1 <= needed <= of, no negative seconds, and one group of rules at least"
            )


def of_samples(needed: int, *, lost: int, after_seconds: int = 0) -> Evidence:
    """So many samples within the window that is believed, although so many others may be lost."""
    return Evidence(needed=needed, of=min(SURE, needed + lost), after_seconds=after_seconds)


def fault_to_page(evidence: Evidence, timing: Timing = PRODUCTION) -> int:
    """Seconds from a fault to the webhook: at worst it comes right after a scrape, and right after its group was sent."""
    seen = evidence.of * timing.scrape + timing.scrape_timeout
    judged = evidence.groups * timing.evaluation
    return evidence.after_seconds + seen + judged + max(timing.group_wait, timing.group_interval)
