"""Worlds of tunnels: when their alerts must fire, and when they must not. A table, no logic."""

from __future__ import annotations

from tests.alert_rules.case import Case

LABELS = 'job="sankofa-cloudflare", instance="tunnel-1", site="edge-1", tier="edge", region="r1"'
EDGE = {"tier": "edge", "region": "r1", "site": "edge-1", "system": "cloudflare"}


def tunnel(**series: str) -> dict[str, str]:
    return {f"sankofa_tunnel_{name}{{{LABELS}}}": values for name, values in series.items()}


def traffic(*, requests: str, errors: str, up: str = "1x60", known: str = "1x60") -> dict[str, str]:
    """Two connectors of one tunnel, which share its requests."""
    counters = {
        f'sankofa_tunnel_{name}_total{{{LABELS}, connector="{connector}"}}': values
        for connector in ("a", "b")
        for name, values in (("requests", requests), ("request_errors", errors))
    }
    return tunnel(up=up, known=known) | counters


CASES = (
    Case(alert="TunnelDown", world="down", series=tunnel(known="1x40", up="0x40"), minute=2, fires=((EDGE, "1"),)),
    Case(alert="TunnelDown", world="up", series=tunnel(known="1x40", up="1x40"), minute=2),
    Case(alert="TunnelDown", world="down for half a minute", series=tunnel(known="1x40", up="1x4 0x1 1x30"), minute=2),
    Case(alert="TunnelDown", world="nobody knows", unknown=True, series=tunnel(known="0x40", up="0x40"), minute=5),
    Case(
        alert="TunnelDown",
        world="disputed",
        unknown=True,
        series=tunnel(known="0x40", up="0x40", disputed="1x40"),
        minute=5,
    ),
    Case(
        alert="TunnelDisputed",
        world="for six minutes",
        series=tunnel(known="0x40", disputed="1x40"),
        minute=6,
        fires=((EDGE, "1"),),
    ),
    Case(alert="TunnelDisputed", world="settled in time", series=tunnel(known="1x40", disputed="1x16 0x30"), minute=6),
    Case(
        alert="TunnelDisputed",
        world="nobody says anything",
        unknown=True,
        series=tunnel(known="0x40", disputed="0x40"),
        minute=6,
    ),
    Case(
        alert="TunnelOneSiteLeft",
        world="one of two",
        series=tunnel(known="1x60", up="1x60", edge_sites="1x60"),
        minute=11,
        fires=((EDGE, "1"),),
    ),
    Case(alert="TunnelOneSiteLeft", world="two", series=tunnel(known="1x60", up="1x60", edge_sites="2x60"), minute=11),
    Case(
        alert="TunnelOneSiteLeft",
        world="none: TunnelDown says so",
        series=tunnel(known="1x60", up="0x60", edge_sites="0x60"),
        minute=11,
    ),
    Case(
        alert="TunnelOneSiteLeft",
        world="nobody knows",
        unknown=True,
        series=tunnel(known="0x60", up="0x60", edge_sites="1x60"),
        minute=11,
    ),
    Case(
        alert="TunnelOriginFailing",
        world="every tenth request",
        series=traffic(requests="0+30x60", errors="0+3x60"),
        minute=8,
        fires=((EDGE, "10.0"),),
    ),
    Case(
        alert="TunnelOriginFailing",
        world="every thirtieth",
        series=traffic(requests="0+30x60", errors="0+1x60"),
        minute=8,
    ),
    Case(alert="TunnelOriginFailing", world="no requests", series=traffic(requests="9x60", errors="3x60"), minute=8),
    Case(
        alert="TunnelOriginFailing",
        world="the tunnel itself is down",
        series=traffic(requests="0+30x60", errors="0+3x60", up="0x60"),
        minute=8,
    ),
    Case(
        alert="TunnelOriginFailing",
        world="nobody knows",
        unknown=True,
        series=traffic(requests="0+30x60", errors="0+3x60", up="0x60", known="0x60"),
        minute=8,
    ),
)
