"""The series that rules and boards may name: the exporters' families, and what the platform says about itself.

Both are imported, so that a renamed metric fails here and not as an empty panel.
"""

from __future__ import annotations

from sankofa_exporters.model import catalogue
from sankofa_exporters.model.family import Family
from sankofa_exporters.registry import SYSTEM_NAMES, system
from sankofa_observe import telemetry

from .prometheus import FOREIGN

TARGET_LABELS = frozenset({"site", "tier", "region", "system", "observer", "network", "instance", "job"})


def series_labels() -> dict[str, frozenset[str]]:
    """Every raw series a query may name, with the labels it may carry."""
    known = {"up": TARGET_LABELS, **{name: TARGET_LABELS | labels for name, labels in FOREIGN.items()}} | exported()
    for series in telemetry.SERIES:
        bound = {"le"} if series.kind == "histogram" else set()
        known |= {name: TARGET_LABELS | set(series.labels) | bound for name in series.names}
    return known


def exported() -> dict[str, frozenset[str]]:
    """What exporters show of others, and of themselves at each probe."""
    known: dict[str, frozenset[str]] = {}
    for family in (*catalogue.FAMILIES, *(family for name in SYSTEM_NAMES for family in system(name).families)):
        known |= _of_family(family)
    return known


def _of_family(family: Family) -> dict[str, frozenset[str]]:
    labels = TARGET_LABELS | set(family.labels)
    if family.kind != "histogram":
        return {family.name: labels}
    return {f"{family.name}_bucket": labels | {"le"}, f"{family.name}_count": labels, f"{family.name}_sum": labels}
