"""Stretches of time as Prometheus writes them."""

from __future__ import annotations

_DURATION_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def duration(seconds: int) -> str:
    """Prometheus' word for a stretch of time, in the largest unit that divides it: 5m, 6h, 3d."""
    size, unit = next((size, unit) for size, unit in _DURATION_UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def half_open(seconds: int) -> str:
    """The range without its left edge: before Prometheus 3 a sample exactly there would count in two steps."""
    return f"{seconds - 1}s999ms"
