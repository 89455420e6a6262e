"""Worlds of users' addresses: when their alerts must fire, and when they must not. A table, no logic."""

from __future__ import annotations

from tests.alert_rules.case import Case


def labels(tier: str, name: str) -> str:
    return f'job="sankofa-canary", instance="{name}", site="{tier}-1", tier="{tier}", region="r1"'


def site(tier: str) -> dict[str, str]:
    return {"tier": tier, "region": "r1", "site": f"{tier}-1", "system": "canary"}


def canary(tier: str = "edge", name: str = "api", **series: str) -> dict[str, str]:
    return {f"sankofa_canary_{key}{{{labels(tier, name)}}}": values for key, values in series.items()}


def answers(tier: str, *, within: dict[str, str], count: str, known: str = "1x60", up: str = "1x60") -> dict[str, str]:
    """Answers by bucket bound, and all of them."""
    name = "sankofa_canary_request_duration_seconds"
    buckets = {f'{name}_bucket{{{labels(tier, "api")}, le="{bound}"}}': values for bound, values in within.items()}
    return canary(tier, known=known, up=up) | buckets | {f"{name}_count{{{labels(tier, 'api')}}}": count}


LEFT_OUT = "sankofa_canary_not_known_total"


def turns(*, delay: str, missed: str, interval: str = "1x60") -> dict[str, str]:
    """Requests that the exporter's delay has spoiled, of one each interval."""
    there = canary(interval_seconds=interval)
    left_out = {"delay": delay, "missed": missed, "network": "0x60"}
    return there | {
        f'{LEFT_OUT}{{{labels("edge", "api")}, reason="{one}"}}': values for one, values in left_out.items()
    }


CASES = (
    Case(
        alert="CanaryDown", world="down", series=canary(known="1x40", up="0x40"), minute=2, fires=((site("edge"), "1"),)
    ),
    Case(
        alert="CanaryDown",
        world="two addresses of a site",
        series=canary(known="1x40", up="0x40") | canary(name="web", known="1x40", up="0x40"),
        minute=2,
        fires=((site("edge"), "2"),),
    ),
    Case(alert="CanaryDown", world="up", series=canary(known="1x40", up="1x40"), minute=2),
    Case(alert="CanaryDown", world="down for half a minute", series=canary(known="1x40", up="1x4 0x1 1x30"), minute=2),
    Case(alert="CanaryDown", world="nobody knows", unknown=True, series=canary(known="0x40", up="0x40"), minute=5),
    Case(
        alert="CanarySlow",
        world="an edge where every second answer takes over 10 ms",
        series=answers("edge", within={"0.01": "0+15x60", "0.05": "0+30x60", "0.1": "0+30x60"}, count="0+30x60"),
        minute=8,
        fires=((site("edge"), "50.0"),),
    ),
    Case(
        alert="CanarySlow",
        world="a regional site may take 50 ms",
        series=answers("regional", within={"0.01": "0+15x60", "0.05": "0+30x60", "0.1": "0+30x60"}, count="0+30x60"),
        minute=8,
    ),
    Case(
        alert="CanarySlow",
        world="a core site where a third takes over 100 ms",
        series=answers("core", within={"0.01": "0x60", "0.05": "0+6x60", "0.1": "0+20x60"}, count="0+30x60"),
        minute=8,
        fires=((site("core"), "33.3"),),
    ),
    Case(
        alert="CanarySlow",
        world="no answers",
        series=answers("edge", within={"0.01": "9x60"}, count="12x60", up="0x60"),
        minute=8,
    ),
    Case(
        alert="CanarySlow",
        world="nobody knows",
        unknown=True,
        series=answers("edge", within={"0.01": "0+15x60"}, count="0+30x60", known="0x60"),
        minute=8,
    ),
    Case(
        alert="CanaryStarved",
        world="every third request is left out",
        series=turns(delay="0+4x60", missed="0+1x60"),
        minute=11,
        fires=((site("edge"), "33.3"),),
    ),
    Case(
        alert="CanaryStarved",
        world="one of fifteen",
        series=turns(delay="0+1x60", missed="0x60"),
        minute=11,
    ),
    Case(
        alert="CanaryStarved",
        world="each of those that are asked every 15 s",
        series=turns(delay="0+1x60", missed="0x60", interval="15x60"),
        minute=11,
        fires=((site("edge"), "100.0"),),
    ),
    Case(
        alert="CanaryStarved",
        world="nobody knows, for want of a name server",
        unknown=True,
        series=canary(known="0x60", interval_seconds="1x60")
        | {f'{LEFT_OUT}{{{labels("edge", "api")}, reason="resolver"}}': "0+15x60"},
        minute=11,
    ),
)
