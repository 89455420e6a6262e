"""Everything an installation promises: its sites, its SLOs, its agreements, checked against each other.

Each version of an SLO or an agreement stands by itself, with the stretch of time in which it holds. Whoever goes over all of
them does so version by version; whoever has a period asks for the version that held.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from sankofa_observe.errors import Violation
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.totals import DAY_SECONDS

Versioned = TypeVar("Versioned", Slo, Agreement)


@dataclass(frozen=True, kw_only=True)
class Catalog:
    sites: dict[str, Site] = field(default_factory=dict)
    slos: dict[str, Slo] = field(default_factory=dict)  # each version, by the name under which its slots stand
    agreements: dict[str, Agreement] = field(default_factory=dict)  # each version, by its `version_id`
    warnings: list[Violation] = field(default_factory=list)  # what is allowed and will surprise

    @property
    def since_at(self) -> dict[str, int]:
        """When sites were deployed, of those of which the fleet file says so."""
        return {site.name: site.since_at for site in self.sites.values() if site.since_at is not None}

    def sites_of(self, slo: Slo) -> list[str]:
        """The sites an SLO covers: those of its tier."""
        return sorted(site.name for site in self.sites.values() if site.tier == slo.tier)

    def slo_names(self) -> list[str]:
        return sorted({one.name for one in self.slos.values()})

    def slo_versions(self, name: str) -> list[Slo]:
        """Every version of an SLO, oldest first."""
        return _ordered([one for one in self.slos.values() if one.name == name])

    def slo_at(self, name: str, at: int) -> Slo | None:
        """The version of an SLO that holds at an instant."""
        return version_at(self.slo_versions(name), at)

    def slos_at(self, at: int) -> list[Slo]:
        """Of each SLO the version that holds at an instant."""
        return [
            one
            for one in self.slos.values()
            if (one.starts_at is None or one.starts_at <= at) and (one.ends_at is None or at < one.ends_at)
        ]

    def agreements_by_id(self) -> dict[str, list[Agreement]]:
        """Of each agreement its versions, oldest first."""
        found: dict[str, list[Agreement]] = {}
        for one in _ordered(list(self.agreements.values())):
            found.setdefault(one.id, []).append(one)
        return found

    def agreement_at(self, agreement_id: str, at: int) -> Agreement | None:
        """The version of an agreement that holds for a period that begins then; before the first one begins, that one."""
        return version_at(_ordered([one for one in self.agreements.values() if one.id == agreement_id]), at)

    def begins_at(self, slo: Slo, now: int) -> int:
        """Where the slots of an SLO's version begin: at its boundary, with the first agreement that leans on it, else with the last hour."""
        starts = [one.starts_at for one in self._leaning_on(slo)]
        # The slot before the first one says which of its events are of valid ones before the start.
        return (min(starts, default=now - 3600) if slo.starts_at is None else slo.starts_at) - slo.slot.seconds

    def longest_grace(self, slo: Slo) -> int:
        """For how many seconds after its end a day may still change a verdict."""
        return max((one.grace_seconds for one in self._leaning_on(slo)), default=0)

    def needed_days(self, now: int) -> int:
        """For how many days slots are kept at least: a verdict on the longest period may still be drawn from them."""
        longest = (one.window.period_at(now).seconds + one.grace_seconds for one in self.agreements.values())
        return max(longest, default=0) // DAY_SECONDS + 7  # months and years differ in length

    def _leaning_on(self, slo: Slo) -> list[Agreement]:
        return [
            one
            for one in self.agreements.values()
            if any(promise.slo.counted_as == slo.counted_as for promise in one.promises)
        ]


def version_at(versions: list[Versioned], at: int) -> Versioned | None:
    """The version that holds at an instant, of all that there are, oldest first."""
    return next((one for one in versions if one.ends_at is None or at < one.ends_at), None)


def _ordered(versions: list[Versioned]) -> list[Versioned]:
    return sorted(versions, key=lambda one: one.version)
