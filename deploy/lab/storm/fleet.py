"""A fleet of 325 sites as values: what each site has, who observes it, and in which metro it stands.

Sizes are parameters, since thresholds are shares: a small fleet shows the same storm for a fraction of the scrapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

OBSERVERS = ("observer-1", "observer-2")
SYSTEMS = {"core": ("besu", "ceph", "proxmox"), "regional": ("besu", "ceph"), "edge": ("proxmox", "cloudflare")}
WITHOUT_TUNNEL = 4  # each fourth edge site has no tunnel
NETWORK, FORKING = CHAINS = ("mainland", "island")  # the nodes of sites are of the first


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place, and the systems its fleet entry names: each is one target, called SYSTEM.SITE."""

    name: str
    tier: str
    region: str
    systems: tuple[str, ...]
    observer: str

    def labels(self, system: str) -> dict[str, str]:
        """The labels that the target has in Prometheus; a chain's network is a label of its own."""
        network = {"network": self.name if self.tier == "chain" else NETWORK} if system == "besu" else {}
        identity = {"tier": self.tier, "region": self.region, "site": self.name}
        return {**identity, "system": system, "observer": self.observer, **network}


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Core, regional and edge sites over as many metros as there are regional ones; a chain is a place of its own."""

    core: int = 13
    regional: int = 65
    edge: int = 247

    @cached_property
    def sites(self) -> dict[str, Site]:
        counts = {"core": self.core, "regional": self.regional, "edge": self.edge}
        places = [site for tier, count in counts.items() for site in self._tier(tier, count)]
        chains = [
            Site(name=name, tier="chain", region="all", systems=("besu",), observer=OBSERVERS[0]) for name in CHAINS
        ]
        return {site.name: site for site in (*places, *chains)}

    def _tier(self, tier: str, count: int) -> list[Site]:
        return [
            Site(
                name=f"{tier}-{number}",
                tier=tier,
                region=f"metro-{number % self.regional}",
                systems=self._systems(tier, number),
                observer=OBSERVERS[number % self.regional % len(OBSERVERS)],
            )
            for number in range(count)
        ]

    @staticmethod
    def _systems(tier: str, number: int) -> tuple[str, ...]:
        if tier == "edge" and number % WITHOUT_TUNNEL == WITHOUT_TUNNEL - 1:
            return ("proxmox",)
        return SYSTEMS[tier]

    def of(self, *, tier: str | None = None, region: str | None = None) -> list[str]:
        """Names of the sites of a tier, of a region, or of both."""
        return [
            site.name for site in self.sites.values() if tier in (None, site.tier) and region in (None, site.region)
        ]

    def edges_of_metros(self, metros: range) -> list[str]:
        """The edge sites that a core site of these metros takes along."""
        return [name for metro in metros for name in self.of(tier="edge", region=f"metro-{metro}")]


SMALL = Fleet(core=5, regional=12, edge=60)
