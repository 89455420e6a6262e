"""What a board may be narrowed to, and the selectors that follow: tier, region, site, system."""

from __future__ import annotations

from sankofa_observe import telemetry

from .board import Variable

AT_SITE = '{site="$site"}'
IN_SCOPE = '{tier=~"$tier", region=~"$region"}'
AT_SITES = 'tier=~"$tier", region=~"$region", site=~"$site"'
"""Matchers, without braces."""

TIER = Variable(name="tier", label="Tier", query=f"label_values({telemetry.SITE_STATE}, tier)", several=True)
REGION = Variable(
    name="region", label="Region", query=f'label_values({telemetry.SITE_STATE}{{tier=~"$tier"}}, region)', several=True
)
SITES = Variable(name="site", label="Site", query=f"label_values({telemetry.SITE_STATE}{IN_SCOPE}, site)", several=True)
# Of the time that is shown: a site that left the inventory can be opened as long as it is in it.
SITE = Variable(name="site", label="Site", query=f"label_values({telemetry.SITE_STATE}, site)")
SYSTEM = Variable(
    name="system",
    label="System",
    query=f"label_values({telemetry.TARGET_INFO}{AT_SITE}, system)",
    several=True,
    hidden=True,
    all_value=None,
)


def selected(matchers: str, *more: str) -> str:
    """Braces around these matchers."""
    return "{" + ", ".join((*more, matchers)) + "}"
