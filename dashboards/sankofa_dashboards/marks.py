"""What every board marks on its time: faults that were paged, ends of periods, exclusions."""

from __future__ import annotations

from sankofa_observe import telemetry

from .board import Mark
from .states import BREACH_COLOUR, EXCLUDED_COLOUR, NOT_KNOWN_COLOUR

_PAGED = 'severity="page", alertstate="firing"'


def faults(matchers: str) -> Mark:
    """Pages that fired."""
    return Mark(
        name="Pages",
        expr=f"max by (alertname, scope, tier, region, site) (ALERTS{{{_PAGED}, {matchers}}})",
        title="{{alertname}}",
        text="{{scope}} {{tier}} {{region}} {{site}}",
        colour=BREACH_COLOUR,
    )


def period_ends(matchers: str = "") -> Mark:
    """A promise's slots of the current period are fewer than they were a moment ago: another one has begun."""
    slots = f"{telemetry.SLO_SLOTS}{{{matchers}}}"
    return Mark(
        name="Period ends",
        expr=f"count by (slo) (sum by (slo, site) ({slots}) < sum by (slo, site) ({slots} offset 5m))",
        title="Period of {{slo}} ended",
        text="",
        colour=NOT_KNOWN_COLOUR,
    )


def exclusions(matchers: str = "") -> Mark:
    """Sites that an exclusion covers."""
    return Mark(
        name="Exclusions",
        expr=f"count by (tier, region) ({telemetry.SITE_STATE}{{{matchers}}} == {telemetry.State.EXCLUDED.value})",
        title="Excluded",
        text="{{tier}} {{region}}",
        colour=EXCLUDED_COLOUR,
    )
