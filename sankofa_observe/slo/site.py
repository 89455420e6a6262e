"""A place that is promised something: a datacenter or an edge site, and the chain, a link, a region or the whole fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DATACENTERS = ("core", "regional", "edge")
TIERS = (*DATACENTERS, "chain", "link", "region", "fleet")
GROUPS = ("chain", "region", "fleet")
"""Tiers of places whose slots may be counted from those of sites."""


JURISDICTION = r"[a-z]{2}(-[a-z0-9]{1,16})*"  # like gh or eu-de


@dataclass(frozen=True, kw_only=True)
class Site:
    name: str
    tier: str
    region: str
    zone: str = ""  # a group of regions; the place of tier `region` with the same zone counts its regional sites
    owner: str = ""  # who is asked about it
    role: str = ""  # active or standby, of a core datacenter
    needs: int = 0  # of a place of tier `region`, how many sites carry its load
    jurisdiction: str = ""  # whose law says where its data may lie
    since_at: int | None = None  # before, it was not there: nothing is promised of it
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)  # by system, what is scraped there
