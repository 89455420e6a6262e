"""What the credits of several promises come to in a period, and what those of several periods come to in a year.

One rule of money, here and in the contract (`period_credit`). In this order: the shares of the promises together (their sum, or the
largest), the cap of the period, one division by which a share becomes minor units, the minimum credit; then the cap of the year. Each step
keeps the order of amounts, so more bad never pays less in a period, and never less in a year; none looks at the order of promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise

from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, Window
from sankofa_observe.units import Period, share_floor

_YEAR_PERIODS = {CalendarUnit.DAY: 365, CalendarUnit.WEEK: 52, CalendarUnit.MONTH: 12, CalendarUnit.QUARTER: 4}
MOST_YEAR_PERIODS = 2**16 - 1


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


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What missing one promise is worth: a share of the fee by its bands, or an amount by its formula; nothing where it was met."""

    share_ppm: int = 0
    amount_minor: int = 0  # the contract computes no formulas, so where one is agreed nothing is settled


def period_credit(rules: CreditRules, fee_minor: int, cap_ppm: int, found: Iterable[Credit]) -> int:
    """What the promises' credits of one period come to, in minor units: **the rule of money**, the contract's own.

    Shares are added up, or the largest is taken, and cut at the cap before the one division, which rounds down: the provider keeps less
    than one minor unit of a period, not of each promise. The minimum comes after it, and never above the cap.
    """
    every, cap_minor = list(found), share_floor(fee_minor, cap_ppm)
    if rules.stacking is Stacking.SUM:
        together = _minor(fee_minor, cap_ppm, sum(one.share_ppm for one in every))
        together += sum(one.amount_minor for one in every)
    else:
        together = _minor(fee_minor, cap_ppm, max((one.share_ppm for one in every), default=0))
        together = max([together, *(one.amount_minor for one in every)])
    owed = min(together, cap_minor)
    if not owed or owed >= rules.minimum_minor:
        return owed
    return min(rules.minimum_minor, cap_minor) if rules.below_minimum is BelowMinimum.MINIMUM else 0


def _minor(fee_minor: int, cap_ppm: int, share_ppm: int) -> int:
    return share_floor(fee_minor, min(share_ppm, cap_ppm))


def year_credits(rules: CreditRules, periods_minor: Sequence[int]) -> list[int]:
    """What is paid of the credits of one year's periods, in the order in which they become final, until the year's cap is used up.

    The cap is of their uncut sum, so what is paid of all of them is the same in every order.
    """
    if not rules.cap_year_minor:
        return list(periods_minor)
    paid = [min(one, rules.cap_year_minor) for one in accumulate(periods_minor, initial=0)]
    return [later - one for one, later in pairwise(paid)]


def year_periods(window: Window) -> int:
    """How many periods of a window a year of an agreement has: 12 months, 4 quarters, 52 weeks, 365 days; 1 to `MOST_YEAR_PERIODS`.

    The contract holds no more: of windows under eight minutes, which laboratories have, a year is shorter.
    """
    if isinstance(window, CalendarWindow):
        return _YEAR_PERIODS[window.unit]
    return min(max(1, 365 * DAY_SECONDS // window.seconds), MOST_YEAR_PERIODS)


def agreement_year(first_index: int, year_periods: int, index: int) -> int:
    """Which year of an agreement a period is in, from 0: years are counted in periods from its first one, as the contract does."""
    return (index - first_index) // year_periods


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
