"""The burn-rate table, and the proofs each of its rows must pass."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from sankofa_observe.slo.burn_rate import BURN_WINDOWS, DAY, HOUR, unprovable


@pytest.mark.parametrize(
    ("row", "budget_share", "hours"), [(0, Fraction(2, 100), 1), (1, Fraction(5, 100), 6), (2, Fraction(10, 100), 24), (3, Fraction(10, 100), 72)]
)  # fmt: skip
def test_a_factor_is_the_budget_share_over_the_window(row: int, budget_share: Fraction, hours: int) -> None:
    """Each factor spends its share of a 30-day budget within its long window; the short window is a twelfth."""
    window = BURN_WINDOWS[row]

    assert (hours * HOUR, hours * HOUR // 12) == (window.long_seconds, window.short_seconds)
    assert budget_share * 30 * DAY / window.long_seconds == window.factor


def test_every_row_is_provable_for_the_architectures_targets() -> None:
    """Core, regional, edge and query targets can all fire, outside the objective, on enough scrapes."""
    targets = (999_900, 999_000, 995_000, 990_000)

    assert [reason for row in BURN_WINDOWS for t in targets if (reason := unprovable(row, t, 15))] == []


@pytest.mark.parametrize(
    ("target_ppm", "scrape_seconds", "factor", "reason"),
    [
        (900_000, 15, Fraction(144, 10), "can never fire: factor 72/5 x budget is 1.44"),
        (930_000, 15, Fraction(144, 10), "can never fire"),
        (999_000, 15, Fraction(933, 1000), "fires inside the objective"),
        (999_000, 76, Fraction(144, 10), "cannot be measured: 300 s hold fewer than 4 scrapes of 76 s"),
    ],
)
def test_an_alert_that_cannot_be_trusted_is_named(
    target_ppm: int, scrape_seconds: int, factor: Fraction, reason: str
) -> None:
    """A page that can never fire, fires within the objective, or measures noise is refused with the reason."""
    assert reason in str(unprovable(replace(BURN_WINDOWS[0], factor=factor), target_ppm, scrape_seconds))
