"""What the past would have cost, over the objective: a curve of steps, between what is certain and what is possible.

Its scale is that of nines: 90, 99 and 99.9 % are equally far apart. Amounts are exact; only where they are drawn is rounded.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from sankofa_observe.sla.what_if import Owed, Step
from sankofa_observe.units import PPM, Money

TICKS = (0, 500_000, 900_000, 950_000, 990_000, 995_000, 999_000, 999_500, 999_900, 999_990)
RIGHT_NINES = 5  # where the scale ends: 99.999 %


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The steps with what is told beside them."""

    title: str
    steps: Sequence[Step]
    currency: str
    exponent: int
    marks: Sequence[tuple[int, str]]  # objectives that are pointed at, each with its words

    def at(self, target_ppm: int) -> Owed:
        """What the past comes to under an objective."""
        place = bisect_right(self.steps, target_ppm, key=lambda step: step.target_ppm)
        return self.steps[place - 1].owed if place else Owed()

    @property
    def left_nines(self) -> int:
        """Where the scale begins: at 90 %, or at 0 % where an objective that is pointed at lies below."""
        return 1 if all(target_ppm >= TICKS[2] for target_ppm, _ in self.marks) else 0

    @property
    def ticks(self) -> list[int]:
        return [one for one in TICKS if place(self, one) >= 0]

    @property
    def most_minor(self) -> int:
        """The most that any objective of the scale costs, and no less than one unit."""
        left = self.at(_ppm(self.left_nines))
        inside = [one.owed for one in self.steps if 0 <= place(self, one.target_ppm) <= 1]
        return max(1, left.high_minor, *(one.high_minor for one in inside))

    def money(self, owed: Owed) -> str:
        """One amount, or from the certain to the possible one."""
        low, high = (
            Money(amount_minor=one, currency=self.currency, exponent=self.exponent)
            for one in (owed.low_minor, owed.high_minor)
        )
        return str(low) if low == high else f"{str(low).partition(' ')[0]} to {high}"

    def told(self) -> list[tuple[str, str]]:
        """The objectives of the scale, and those that are pointed at, each with what it would have cost."""
        words = dict(self.marks)
        every = sorted({*self.ticks, PPM - 10, *words} - {0})
        return [
            (f"{percent(one)}{f' ({words[one]})' if one in words else ''}", self.money(self.at(one))) for one in every
        ]


def place(curve: Curve, target_ppm: int) -> float:
    """Where an objective stands on the scale, from 0 at its left end to 1."""
    nines = -math.log10(max(PPM - target_ppm, 1) / PPM)
    return (nines - curve.left_nines) / (RIGHT_NINES - curve.left_nines)


def target_at(curve: Curve, where: float) -> int:
    """The objective at a place of the scale, in whole ppm, rounded down."""
    return _ppm(curve.left_nines + where * (RIGHT_NINES - curve.left_nines))


def _ppm(nines: float) -> int:
    return PPM - math.ceil(round(math.pow(10, -nines) * PPM, 6))


def percent(ppm: int) -> str:
    """`995000` as `99.5 %`, exact."""
    digits = f"{ppm % 10_000:04d}".rstrip("0")
    return f"{ppm // 10_000}{'.' if digits else ''}{digits} %"
