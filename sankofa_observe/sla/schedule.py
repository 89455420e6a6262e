"""How much a miss is worth: bands of attainment, each with the share of the fee that is credited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sankofa_observe.units import PPM, ratio_below


@dataclass(frozen=True, kw_only=True)
class CreditBand:
    """Attainment under `below_ppm` credits `credit_ppm` of the fee; the edge itself belongs to the better band."""

    below_ppm: int
    credit_ppm: int


def credit_ppm(good: int, valid: int, bands: Sequence[CreditBand]) -> int:
    """The credit of the lowest band that the attainment falls under; 0 when it falls under none."""
    deepest = 0
    for band in bands:
        if ratio_below(good, valid, band.below_ppm):
            deepest = band.credit_ppm
    return deepest


def band_problems(bands: Sequence[CreditBand], objective_ppm: int) -> list[str]:
    """What is wrong with a schedule: it must start at the objective, fall strictly, and pay strictly more each step."""
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
