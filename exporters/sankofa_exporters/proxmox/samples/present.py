"""An absent value is an absent series, never a zero."""

from __future__ import annotations

from sankofa_exporters.model.family import Family, Sample


def present(labels: tuple[str, ...], *values: tuple[Family, float | None]) -> list[Sample]:
    """Samples of the values that are there."""
    return [Sample(family, value, labels) for family, value in values if value is not None]


def unless_zero(value: float | None) -> float | None:
    """A time, where Proxmox writes 0 for none."""
    return value or None
