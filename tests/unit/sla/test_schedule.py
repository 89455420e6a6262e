"""Bands and credits."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.sla.schedule import CreditBand, band_problems, credit_ppm
from sankofa_observe.units import PPM

# Azure-like: under 99.99 % a tenth, under 99.9 % a quarter, under 95 % all of it.
BANDS = tuple(
    CreditBand(below_ppm=b, credit_ppm=c) for b, c in ((999_900, 100_000), (999_000, 250_000), (950_000, PPM))
)


@pytest.mark.parametrize(
    ("good", "valid", "credit"),
    [
        (10_000, 10_000, 0),
        (9_999, 10_000, 0),  # the edge belongs to the better band
        (99_989, 100_000, 100_000),
        (999, 1_000, 100_000),
        (9_989, 10_000, 250_000),
        (95, 100, 250_000),
        (9_499, 10_000, PPM),
        (0, 1, PPM),
    ],
)
def test_the_lowest_band_that_is_missed_is_paid(good: int, valid: int, credit: int) -> None:
    """Attainment under a band's edge credits that band; at the edge it is the better one."""
    assert credit == credit_ppm(good, valid, BANDS)


edges = st.lists(st.integers(1, PPM), min_size=1, max_size=6, unique=True).map(
    lambda found: sorted(found, reverse=True)
)


@given(edges=edges, good=st.integers(0, 10**12), bad=st.integers(0, 10**12))
def test_a_credit_is_that_of_an_exact_fraction(edges: list[int], good: int, bad: int) -> None:
    """Integers give what fractions give, and fewer good never credit less."""
    if good + bad == 0:
        return
    bands = [CreditBand(below_ppm=edge, credit_ppm=n * 1000) for n, edge in enumerate(edges, 1)]
    reached = [b.credit_ppm for b in bands if Fraction(good, good + bad) < Fraction(b.below_ppm, PPM)]

    assert max(reached, default=0) == credit_ppm(good, good + bad, bands)
    assert credit_ppm(good // 2, good + bad, bands) >= credit_ppm(good, good + bad, bands)


@pytest.mark.parametrize(
    ("bands", "problems"),
    [
        ([], ["no band: a promise without a credit is no promise"]),
        ([(990_000, 100)], ["the first band starts at 990000 ppm, expected the objective, 999900 ppm"]),
        ([(999_900, 100), (999_900, 200)], ["band 999900 ppm follows 999900 ppm, expected a lower one"]),
        ([(999_900, 100), (990_000, 100)], ["credit 100 ppm follows 100 ppm, expected a higher one"]),
        ([(999_900, 0)], ["band below 999900 ppm credits 0 ppm, expected 1 to 1000000"]),
        ([(999_900, 100), (990_000, 200)], []),
    ],
)
def test_a_schedule_falls_and_pays_more_at_each_step(bands: list[tuple[int, int]], problems: list[str]) -> None:
    """A schedule starts at the objective, falls strictly, and pays strictly more; what is not so is named."""
    made = [CreditBand(below_ppm=below, credit_ppm=credit) for below, credit in bands]

    assert problems == band_problems(made, 999_900)
