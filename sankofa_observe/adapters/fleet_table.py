"""A fleet as a table: how many places of each tier a zone has, and which systems are watched there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from sankofa_observe.slo.site import DATACENTERS, TIERS, Site

NO_ZONE = "-"


def table(sites: Collection[Site]) -> Iterator[str]:
    """Lines of at most 100 characters, as long as names are not."""
    columns = [tier for tier in TIERS if tier in DATACENTERS or any(site.tier == tier for site in sites)]
    zones = sorted({site.zone or NO_ZONE for site in sites}, key=lambda zone: (zone == NO_ZONE, zone))
    rows = [[zone, *_counts([one for one in sites if (one.zone or NO_ZONE) == zone], columns)] for zone in zones]
    yield from _aligned([["zone", *columns], *rows, ["all", *_counts(sites, columns)]])
    roles = Counter(site.role for site in sites if site.role)
    if roles:
        yield f"core datacenters: {', '.join(f'{count} {role}' for role, count in sorted(roles.items()))}"
    watched = Counter(system for site in sites for system in site.targets for _ in site.targets[system])
    yield f"targets: {', '.join(f'{count} {system}' for system, count in sorted(watched.items())) or 'none'}"


def _counts(sites: Collection[Site], columns: Sequence[str]) -> list[str]:
    found = Counter(site.tier for site in sites)
    return [str(found[tier]) if found[tier] else "" for tier in columns]


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
