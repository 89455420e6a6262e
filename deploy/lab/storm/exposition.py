"""What a target, an exporter and the platform say at one look, as text that Prometheus reads.

Names come from the exporters' families and from `telemetry`. Only what alert rules read is shown: a storm needs hundreds of
targets, and each is scraped every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from deploy.lab.storm.fleet import Site
from sankofa_exporters.besu.network import families as network
from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.ceph import families as ceph
from sankofa_exporters.cloudflare import families as tunnel
from sankofa_exporters.model.family import Family
from sankofa_exporters.proxmox import families as pve
from sankofa_observe import telemetry


class Look(Enum):
    """What one scrape of a target finds."""

    UP = (1, 1)
    DOWN = (1, 0)
    UNKNOWN = (0, 0)
    EMPTY = ()  # 200, without families


PAIRS: dict[str, tuple[Family, Family]] = {
    "besu": (besu.KNOWN, besu.UP),
    "ceph": (ceph.KNOWN, ceph.UP),
    "cloudflare": (tunnel.KNOWN, tunnel.UP),
    "network": (network.NETWORK_KNOWN, network.NETWORK_UP),
    "proxmox": (pve.KNOWN, pve.UP),
}


def sample(name: object, value: float, labels: Mapping[str, str] | None = None) -> str:
    """One line of the text format; values of labels are names of ours and need no escaping."""
    text = ",".join(f'{key}="{text}"' for key, text in (labels or {}).items())
    return f"{name}{{{text}}} {value!r}" if text else f"{name} {value!r}"


def target(pair: str, look: Look, more: Mapping[str, float]) -> str:
    """The pair of a target, and what else its system says while it is known."""
    if look is Look.EMPTY:
        return ""
    lines = [sample(family.name, value) for family, value in zip(PAIRS[pair], look.value, strict=True)]
    if look is not Look.UNKNOWN:
        lines += [sample(name, value) for name, value in more.items()]
    return "\n".join(lines) + "\n"


def expected(sites: Iterable[Site], systems: Iterable[str] | None = None) -> list[str]:
    """A line for every target that should be there."""
    asked = None if systems is None else set(systems)
    return [
        sample(telemetry.TARGET_INFO, 1, {**_identity(site), "system": system, "target": f"{system}.{site.name}"})
        for site in sites
        for system in site.systems
        if asked is None or system in asked
    ]


def inventory(sites: Iterable[Site]) -> list[str]:
    """A line for every site of the fleet file."""
    return [sample(telemetry.SITE_INFO, 1, _identity(site)) for site in sites]


def _identity(site: Site) -> dict[str, str]:
    return {"tier": site.tier, "region": site.region, "site": site.name}
