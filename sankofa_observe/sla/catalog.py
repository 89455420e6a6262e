"""Everything an installation promises: its sites, its SLOs, its agreements, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from sankofa_observe.errors import Violation
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import Site


@dataclass(frozen=True, kw_only=True)
class Catalog:
    sites: dict[str, Site] = field(default_factory=dict)
    slos: dict[str, Slo] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)  # by agreement id
    warnings: list[Violation] = field(default_factory=list)  # what is allowed and will surprise

    def sites_of(self, slo: Slo) -> list[str]:
        """The sites an SLO covers: those of its tier."""
        return sorted(site.name for site in self.sites.values() if site.tier == slo.tier)
