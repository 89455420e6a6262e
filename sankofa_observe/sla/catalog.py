"""Everything an installation promises: its sites, its SLOs, its agreements, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from sankofa_observe.errors import Violation
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.totals import DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class Catalog:
    sites: dict[str, Site] = field(default_factory=dict)
    slos: dict[str, Slo] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)  # by agreement id
    warnings: list[Violation] = field(default_factory=list)  # what is allowed and will surprise

    @property
    def since_at(self) -> dict[str, int]:
        """When sites were deployed, of those of which the fleet file says so."""
        return {site.name: site.since_at for site in self.sites.values() if site.since_at is not None}

    def sites_of(self, slo: Slo) -> list[str]:
        """The sites an SLO covers: those of its tier."""
        return sorted(site.name for site in self.sites.values() if site.tier == slo.tier)

    def begins_at(self, slo: Slo, now: int) -> int:
        """Where an SLO's slots begin: with the first agreement that leans on it, else with the last hour."""
        starts = [one.starts_at for one in self._leaning_on(slo)]
        # The slot before the first one says which of its events are of valid ones before the start.
        return min(starts, default=now - 3600) - slo.slot.seconds

    def longest_grace(self, slo: Slo) -> int:
        """For how many seconds after its end a day may still change a verdict."""
        return max((one.grace_seconds for one in self._leaning_on(slo)), default=0)

    def needed_days(self, now: int) -> int:
        """For how many days slots are kept at least: a verdict on the longest period may still be drawn from them."""
        longest = (one.window.period_at(now).seconds + one.grace_seconds for one in self.agreements.values())
        return max(longest, default=0) // DAY_SECONDS + 7  # months and years differ in length

    def _leaning_on(self, slo: Slo) -> list[Agreement]:
        return [
            one for one in self.agreements.values() if any(promise.slo.name == slo.name for promise in one.promises)
        ]
