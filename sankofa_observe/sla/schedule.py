"""How much a miss of one promise is worth: by bands of attainment, by steps, or in proportion to what was bad.

Data, and one function that prices it, `credit_of`. All of it is integers. Bands make a share of the fee, which becomes an amount only with
those of the other promises, in `sla.stacking`; a formula makes an amount, with one division, which comes last and rounds down. A promise
that was met costs nothing under any schedule, and more bad never costs less.

Published schedules of the trade, and which of them these three forms hold: `tests/unit/sla/published.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from sankofa_observe.sla.stacking import Credit
from sankofa_observe.units import PPM, ratio_below, share_floor


@dataclass(frozen=True, kw_only=True)
class CreditBand:
    """Attainment under `below_ppm` credits `credit_ppm` of the fee; the edge itself belongs to the better band."""

    below_ppm: int
    credit_ppm: int


class Counted(StrEnum):
    """What of a missed period is priced."""

    ALL = "all"  # everything bad, once the objective is missed
    BEYOND = "beyond-objective"  # only what is bad beyond what the objective allows


class Rounding(StrEnum):
    """Which steps count."""

    COMPLETED = "completed"  # those that were bad from end to end
    STARTED = "started"  # "or portion thereof"


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Each step of bad time, or of attainment that is missing, credits `credit_ppm` of the fee; together the whole fee at most.

    Exactly one of `each_seconds` (bad slots, added up) and `each_ppm` (of attainment) is above 0.
    """

    credit_ppm: int
    each_seconds: int = 0
    each_ppm: int = 0
    counted: Counted = Counted.ALL
    rounding: Rounding = Rounding.COMPLETED

    def __post_init__(self) -> None:
        if (self.each_seconds > 0) == (self.each_ppm > 0) or min(self.each_seconds, self.each_ppm) < 0:
            raise ValueError(
                f"steps of {self.each_seconds} s and {self.each_ppm} ppm: expected exactly one of them, above 0"
            )
        if not 0 < self.credit_ppm <= PPM:
            raise ValueError(f"a step credits {self.credit_ppm} ppm, expected 1 to {PPM}")


@dataclass(frozen=True, kw_only=True)
class Proportional:
    """The share of the period that was bad, `factor_ppm` times over: 1,000,000 is the fee of the lost time; the whole fee at most."""

    factor_ppm: int
    counted: Counted = Counted.ALL

    def __post_init__(self) -> None:
        if self.factor_ppm <= 0:
            raise ValueError(f"a factor of {self.factor_ppm} ppm, expected more than 0")


Formula = Steps | Proportional
Schedule = tuple[CreditBand, ...] | Formula


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is priced: `good` of `valid` slots of so many seconds, or of events, which have none."""

    good: int
    valid: int
    slot_seconds: int = 0

    @property
    def bad(self) -> int:
        return self.valid - self.good


def credit_of(schedule: Schedule, fee_minor: int, target_ppm: int, measured: Measured) -> Credit:
    """The credit of one promise in one period, before anything that is agreed of several.

    Raises:
        ValueError: the schedule counts seconds, and events have none.
    """
    if not ratio_below(measured.good, measured.valid, target_ppm):
        return Credit()
    match schedule:
        case Steps():
            share_ppm = min(_steps(schedule, target_ppm, measured) * schedule.credit_ppm, PPM)
            return Credit(amount_minor=share_floor(fee_minor, share_ppm))
        case Proportional():
            bad = _bad_ppm(schedule.counted, target_ppm, measured)
            amount_minor = fee_minor * schedule.factor_ppm * bad // (measured.valid * PPM * PPM)
            return Credit(amount_minor=min(amount_minor, fee_minor))
        case bands:
            return Credit(share_ppm=credit_ppm(measured.good, measured.valid, bands))


def most_of(schedule: Schedule, fee_minor: int) -> Credit:
    """The most that a miss can cost, whatever its size: where nobody can tell how much was bad, so much is at stake."""
    if isinstance(schedule, Formula):
        return Credit(amount_minor=fee_minor)
    return Credit(share_ppm=max(one.credit_ppm for one in schedule))


def credit_ppm(good: int, valid: int, bands: Sequence[CreditBand]) -> int:
    """The credit of the lowest band that the attainment falls under; 0 when it falls under none."""
    deepest = 0
    for band in bands:
        if ratio_below(good, valid, band.below_ppm):
            deepest = band.credit_ppm
    return deepest


def _bad_ppm(counted: Counted, target_ppm: int, measured: Measured) -> int:
    """What is priced, in millionths of a slot or event: the objective may allow a part of one."""
    allowed = (PPM - target_ppm) * measured.valid if counted is Counted.BEYOND else 0
    return measured.bad * PPM - allowed


def _steps(steps: Steps, target_ppm: int, measured: Measured) -> int:
    bad = _bad_ppm(steps.counted, target_ppm, measured)
    if steps.each_ppm:
        dividend, divisor = bad, steps.each_ppm * measured.valid
    elif measured.slot_seconds:
        dividend, divisor = bad * measured.slot_seconds, steps.each_seconds * PPM
    else:
        raise ValueError(f"a credit for each {steps.each_seconds} s: events have no seconds")
    return -(-dividend // divisor) if steps.rounding is Rounding.STARTED else dividend // divisor


def band_problems(bands: Sequence[CreditBand], objective_ppm: int) -> list[str]:
    """What is wrong with bands: they must start at the objective, fall strictly, and pay strictly more each step."""
    if not bands:
        return ["no band: a promise without a credit is no promise"]
    problems = []
    if bands[0].below_ppm != objective_ppm:
        problems.append(
            f"the first band starts at {bands[0].below_ppm} ppm, expected the objective, {objective_ppm} ppm"
        )
    for upper, lower in pairwise(bands):
        if lower.below_ppm >= upper.below_ppm:
            problems.append(f"band {lower.below_ppm} ppm follows {upper.below_ppm} ppm, expected a lower one")
        if lower.credit_ppm <= upper.credit_ppm:
            problems.append(f"credit {lower.credit_ppm} ppm follows {upper.credit_ppm} ppm, expected a higher one")
    problems += [
        f"band below {band.below_ppm} ppm credits {band.credit_ppm} ppm, expected 1 to {PPM}"
        for band in bands
        if not 0 < band.credit_ppm <= PPM
    ]
    return problems
