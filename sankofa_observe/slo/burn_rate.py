"""When to page: the multi-window burn-rate table, as data with its source, and the proofs a window must pass.

Factor = share of the budget x period / long window. The table is that of the SRE workbook, chapter "Alerting on SLOs", for
30 days; the short window is a twelfth of the long one, so that an alert resets soon after the burning stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sankofa_observe.units import PPM


@dataclass(frozen=True, kw_only=True)
class BurnWindow:
    """One row: page or ticket when both windows burn `factor` times faster than the budget allows."""

    severity: str
    long_seconds: int
    short_seconds: int
    factor: Fraction

    def threshold(self, target_ppm: int) -> Fraction:
        """The error ratio above which the row fires."""
        return self.factor * Fraction(PPM - target_ppm, PPM)


HOUR = 3600
DAY = 24 * HOUR

BURN_WINDOWS = (
    BurnWindow(severity="page", long_seconds=HOUR, short_seconds=5 * 60, factor=Fraction(144, 10)),
    BurnWindow(severity="page", long_seconds=6 * HOUR, short_seconds=30 * 60, factor=Fraction(6)),
    BurnWindow(severity="ticket", long_seconds=DAY, short_seconds=2 * HOUR, factor=Fraction(3)),
    BurnWindow(severity="ticket", long_seconds=3 * DAY, short_seconds=6 * HOUR, factor=Fraction(1)),
)


def unprovable(window: BurnWindow, target_ppm: int, scrape_seconds: int) -> str | None:
    """Why an alert of this row can never be trusted, or None.

    An error ratio cannot exceed 1, so a threshold of 1 or more never fires; a factor under 1 fires inside the objective; a
    window of fewer than four scrapes measures noise.
    """
    if window.threshold(target_ppm) >= 1:
        return f"can never fire: factor {window.factor} x budget is {float(window.threshold(target_ppm)):g}, 1 or more"
    if window.factor < 1:
        return f"fires inside the objective: factor {window.factor} is under 1"
    if window.short_seconds < 4 * scrape_seconds:
        return f"cannot be measured: {window.short_seconds} s hold fewer than 4 scrapes of {scrape_seconds} s"
    return None
