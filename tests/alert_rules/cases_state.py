"""Worlds of a few sites: when the alerts of their state must fire, and when they must not, to the letter of what they say.

What happens minute by minute, and in storms, is in test_sites.py and test_storms.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.alert_rules.case import Case
from tests.alert_rules.world import Target, World, over

MINUTES = 11
WELL = over((MINUTES, "1"))
ENDS = over((4, "1"), (MINUTES - 4, "0"))  # down, or not known, or not scraped, from minute 4 on
GONE = over((4, "1"), (MINUTES - 4, "_"))


def site(name: str, system: str = "proxmox", **shown: str) -> Target:
    values = {"known": WELL, "up": WELL, **shown}
    return Target(site=name, system=system, **values)  # type: ignore[arg-type]


def down(name: str, system: str = "proxmox", **more: str) -> Target:
    return site(name, system, up=ENDS, **more)


def blind(name: str, system: str = "proxmox", **more: str) -> Target:
    return site(name, system, up=ENDS, known=ENDS, **more)


def unscraped(name: str, **more: str) -> Target:
    return site(name, up=GONE, known=GONE, scraped=ENDS, **more)


def world(*targets: Target) -> dict[str, str]:
    return World(targets=targets, minutes=MINUTES).series()


def each(make: object, *names: str, **more: str) -> tuple[Target, ...]:
    return tuple(make(name, **more) for name in names)  # type: ignore[operator]


FEW = ("a", "b", "c", "d", "e")
NEAR, FAR = ("a", "b", "c"), ("k", "l", "m")
WELL_TOO = each(site, "n", "o", "p", "q")


def place(name: str, system: str = "all") -> dict[str, str]:
    return {"tier": "edge", "region": "r1", "site": name, "system": system}


# Of a gateway, which no exporter of ours probes, the platform tells what its fleet file lists.
OF_GATEWAY = 'site="b", tier="edge", region="r1", system="gateway"'
GATEWAY_TOLD = f'sankofa_target_info{{job="sankofa-platform", {OF_GATEWAY}, target="gw-1"}}'
GATEWAY_UP = f'up{{job="gateway", {OF_GATEWAY}, instance="gw-1", observer="observer-1"}}'
SITE_TOLD = 'sankofa_site_info{job="sankofa-platform", site="b", tier="edge", region="r1"}'
EVERYWHERE = {"tier": "all", "region": "all", "site": "all"}
TWO_REGIONS = (*each(down, *NEAR), *each(down, *FAR, region="r2"))


def case(alert: str, about: str, *targets: Target, **more: object) -> Case:
    given: Mapping[str, object] = {"minute": 8, "series": world(*targets), **more}
    return Case(alert=alert, world=about, **given)  # type: ignore[arg-type]


def fires(identity: Mapping[str, str], value: str = "") -> Iterable[tuple[Mapping[str, str], str]]:
    return ((identity, value),)


CASES = (
    case(
        "SiteDown", "two of its systems", down("a"), down("a", "ceph"), site("a", "cloudflare"), *WELL_TOO,
        fires=fires(place("a")), said=" ceph proxmox",
    ),
    case("SiteDown", "a Besu node and a canary are parts of it", down("a", "besu"), down("a", "canary"), *WELL_TOO),
    case("SiteDown", "nobody knows", blind("a"), *WELL_TOO, unknown=True),
    case("SiteSilent", "nobody knows", blind("a"), *WELL_TOO, fires=fires(place("a"))),
    case("SiteSilent", "one of its systems is seen", blind("a"), site("a", "ceph"), *WELL_TOO),
    case("SiteSilent", "it is down", down("a"), *WELL_TOO),
    case("SiteSilent", "its observer is cut off", *each(unscraped, "a", "b"), unknown=True),
    case(
        "FleetDown", "six of two regions", *TWO_REGIONS,
        fires=fires({"tier": "edge", "region": "all", "site": "all", "system": "all"}), said="6",
    ),
    case("FleetDown", "three", *each(down, *NEAR), *WELL_TOO),
    case("FleetDown", "nobody knows", *each(blind, *NEAR), *each(blind, *FAR, region="r2"), unknown=True),
    case(
        "RegionDown", "all three of one", *each(down, *NEAR), *each(site, *FAR, region="r2"),
        fires=fires({"tier": "all", "region": "r1", "site": "all", "system": "all"}), said="3",
    ),
    case("RegionDown", "two of three", *each(down, "a", "b"), site("c")),
    case("RegionDown", "nobody knows many", *each(blind, *FEW), *each(site, *FAR, region="r2"), unknown=True),
    case(
        "ObserverIsolated", "two targets are all it has", *each(unscraped, "a", "b", observer="observer-2"), *WELL_TOO,
        fires=fires({**EVERYWHERE, "system": "observer", "observer": "observer-2"}),
    ),
    case("ObserverIsolated", "one target cannot tell", unscraped("a", observer="observer-2"), *WELL_TOO),
    case("ObserverIsolated", "it scrapes, and nothing is known", *each(blind, *FEW), unknown=True),
    case(
        "FleetNotKnown", "all five for 6 minutes", *each(blind, *FEW), site("a", "ceph"), minute=10.5,
        fires=fires({**EVERYWHERE, "system": "all"}), said="5 proxmox, ",
    ),
    case("FleetNotKnown", "all five for 3 minutes", *each(blind, *FEW), minute=7, unknown=True),
    case("FleetNotKnown", "all five are down", *each(down, *FEW), minute=10.5),
    case(
        "SystemNotKnown", "one of two systems", blind("a"), site("a", "ceph"), *WELL_TOO,
        fires=fires(place("a", "proxmox")),
    ),
    case("SystemNotKnown", "known to be down", down("a"), site("a", "ceph"), *WELL_TOO),
    case("SystemNotKnown", "the whole site is silent, which is a page", blind("a"), *WELL_TOO),
    case("SystemNotKnown", "with all others of its kind, which is a page", *each(blind, *FEW), *each(site, *FEW, system="ceph")),
    Case(
        alert="SystemNotKnown",
        world="disputed, which is a ticket of its own",
        minute=8,
        series=world(blind("a", "cloudflare"), site("a", "ceph"), *WELL_TOO)
        | {'sankofa_tunnel_disputed{job="sankofa-cloudflare", instance="a-cloudflare", site="a", tier="edge", region="r1", system="cloudflare"}': WELL},
    ),
    Case(
        alert="TargetsMissing",
        world="told and not scraped",
        minute=5.5,
        series=world(site("a"), site("b", scraped="_")),
        fires=fires(place("b", "proxmox"), "1"),  # type: ignore[arg-type]
    ),
    Case(
        alert="TargetsMissing",
        world="a site of the inventory without any target",
        minute=5.5,
        series=world(site("a"))
        | {f'sankofa_site_info{{job="sankofa-platform", site="{name}", tier="edge", region="r1"}}': WELL for name in "ab"},
        fires=fires(place("b"), "1"),  # type: ignore[arg-type]
    ),
    case("TargetsMissing", "all are scraped", *WELL_TOO, minute=5.5),
    Case(
        alert="TargetsMissing",
        world="a gateway, which no exporter of ours probes, is told and not scraped",
        minute=5.5,
        series=world(*WELL_TOO) | {GATEWAY_TOLD: WELL},
        fires=fires(place("b", "gateway"), "1"),  # type: ignore[arg-type]
    ),
    Case(
        alert="TargetsMissing",
        world="a site whose gateway is scraped has no other target",
        minute=5.5,
        series=world(site("a")) | {GATEWAY_TOLD: WELL, GATEWAY_UP: WELL, SITE_TOLD: WELL},
    ),
    Case(
        alert="SystemNotKnown",
        world="a gateway has no families that say what is known of it",
        minute=8,
        series=world(*WELL_TOO) | {GATEWAY_TOLD: WELL, GATEWAY_UP: WELL},
    ),
    case("TargetsMissing", "scraped in vain", unscraped("a"), *WELL_TOO, unknown=True, minute=10.5),
)  # fmt: skip
