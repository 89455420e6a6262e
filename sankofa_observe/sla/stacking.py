"""What the credits of several promises come to in a period, and what those of several periods come to in a year.

In this order: the promises together (their sum, or the largest), the cap of the period, the minimum credit, the cap of the year. Each
step keeps the order of amounts, so more bad never pays less in a period, and never less in a year; none looks at the order of promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.window import CalendarWindow, Window
from sankofa_observe.units import Period


class Stacking(StrEnum):
    """What several promises come to that were missed in one period."""

    SUM = "sum"
    LARGEST = "largest"  # credits are not combined; the one best for the tenant is paid


class BelowMinimum(StrEnum):
    """What becomes of a credit that is smaller than the minimum."""

    NOTHING = "nothing"  # it is not paid
    MINIMUM = "minimum"  # the minimum is paid in its place


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Until when a credit may be claimed after its period's end: so many days, or to the end of so many further periods."""

    days: int = 0
    periods: int = 0

    def __post_init__(self) -> None:
        if (self.days > 0) == (self.periods > 0) or min(self.days, self.periods) < 0:
            raise ValueError(
                f"a claim within {self.days} days and {self.periods} periods: expected exactly one, above 0"
            )


@dataclass(frozen=True, kw_only=True)
class CreditRules:
    """What is agreed of all credits of an agreement together, beside the cap of a period. The defaults are what the contract computes.

    Amounts are in minor units of the fee's currency; 0 is none, and None for the claim is that nothing has to be claimed.
    """

    stacking: Stacking = Stacking.SUM
    minimum_minor: int = 0
    below_minimum: BelowMinimum = BelowMinimum.NOTHING
    cap_year_minor: int = 0
    claim: Claim | None = None


def period_credit(rules: CreditRules, most_minor: int, credits_minor: Iterable[int]) -> int:
    """What the promises' credits of one period come to, of which `most_minor` is the cap."""
    together = sum(credits_minor) if rules.stacking is Stacking.SUM else max(credits_minor, default=0)
    owed = min(together, most_minor)
    if not owed or owed >= rules.minimum_minor:
        return owed
    return min(rules.minimum_minor, most_minor) if rules.below_minimum is BelowMinimum.MINIMUM else 0


def year_credits(rules: CreditRules, periods_minor: Sequence[int]) -> list[int]:
    """What is paid of the credits of one year's periods, oldest first, until the year's cap is used up."""
    if not rules.cap_year_minor:
        return list(periods_minor)
    left, paid = rules.cap_year_minor, []
    for owed in periods_minor:
        paid.append(min(owed, left))
        left -= paid[-1]
    return paid


def agreement_year(window: Window, starts_at: int, period: Period) -> int:
    """Which year of an agreement a period begins in, counted from 0; years end at the anniversary, in the window's zone."""
    zone = ZoneInfo(window.zone) if isinstance(window, CalendarWindow) else UTC
    first, begins = (datetime.fromtimestamp(at, zone).replace(tzinfo=None) for at in (starts_at, period.starts_at))
    not_yet = (begins.month, begins.day, begins.time()) < (first.month, first.day, first.time())
    return begins.year - first.year - not_yet


def claim_ends_at(claim: Claim, window: Window, period: Period) -> int:
    """The first second at which a credit of this period can no longer be claimed."""
    ends_at = period.ends_at + claim.days * DAY_SECONDS
    for _ in range(claim.periods):
        ends_at = window.period_at(ends_at).ends_at
    return ends_at


def rule_problems(rules: CreditRules, most_minor: int) -> list[tuple[str, str]]:
    """What is wrong with the rules beside a cap of the period, by the name of the rule."""
    problems = []
    if rules.minimum_minor > most_minor:
        problems.append(
            ("minimum_minor", f"{rules.minimum_minor}, more than the cap of a period, {most_minor} minor units")
        )
    if 0 < rules.cap_year_minor < rules.minimum_minor:
        problems.append(
            ("cap_year_minor", f"{rules.cap_year_minor}, less than the minimum credit, {rules.minimum_minor}")
        )
    return problems
