"""The fleet file, and what SLOs lean on in it and in each other: looked at when all documents are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sankofa_observe.adapters.spec_faults import Draft, Fault, Place, note_path
from sankofa_observe.adapters.spec_models import FleetDocument
from sankofa_observe.sla.terms import counting_digest
from sankofa_observe.slo.indicator import CompositeIndicator, LevelIndicator, Rule, StateIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import Site


def add_sites(place: Place, document: FleetDocument, draft: Draft) -> None:
    sites, faults = draft.catalog.sites, []
    for index, spec in enumerate(document.spec.sites):
        path = f"/spec/sites/{index}"
        if not place.stands(f"{path}/name"):
            draft.unread = True
            continue
        if not place.stands(path):
            draft.broken_sites.add(spec.name)
        if spec.name in sites:
            faults.append(Fault(f"{path}/name", "fleet.twice", f"site {spec.name} is named twice"))
            draft.broken_sites.add(spec.name)
        targets = {system: tuple(named) for system, named in spec.targets.items() if isinstance(named, dict)}
        sites[spec.name] = Site(name=spec.name, tier=spec.tier, region=spec.region, targets=targets)
    draft.tell(place, faults)


def link(draft: Draft) -> None:
    """Give each SLO the sources that the fleet file lists, and each composite its parts."""
    for name, slo in list(draft.catalog.slos.items()):
        if system := getattr(slo.indicator, "system", ""):
            draft.tell(draft.slo_places[name], _unlisted(slo, system, draft))
            tier = [site for site in draft.catalog.sites.values() if site.tier == slo.tier]
            sources = {site.name: site.targets.get(system, ()) for site in tier}
            draft.catalog.slos[name] = replace(slo, sources=sources)
    for name, slo in list(draft.catalog.slos.items()):
        if isinstance(slo.indicator, CompositeIndicator):
            draft.tell(draft.slo_places[name], _unfit(slo, slo.indicator, draft))
            parts = {part: found for part in slo.indicator.weights if (found := draft.slo(part))}
            whole = replace(slo, parts=parts)
            draft.catalog.slos[name] = replace(whole, digest=counting_digest(whole))


def _unlisted(slo: Slo, system: str, draft: Draft) -> Iterator[Fault]:
    """What the fleet file does not have of an SLO's sources; where it cannot be read, or has no such site, nothing is said."""
    tier = [site for site in draft.catalog.sites.values() if site.tier == slo.tier]
    if not tier or draft.unread or draft.broken_sites:
        return
    listed = {site.name: len(site.targets.get(system, ())) for site in tier}
    if not any(listed.values()):
        known = sorted({one for site in tier for one in site.targets})
        problem = f"no {slo.tier} site of the fleet has targets of {system!r}"
        yield Fault(note_path("sources"), "slo.sources", problem, f"they have: {', '.join(known) or 'none'}")
    if isinstance(slo.indicator, StateIndicator | LevelIndicator) and slo.indicator.combine.rule is Rule.AT_LEAST:
        least = slo.indicator.combine.at_least
        for site, count in listed.items():
            if 0 < count < least:
                problem = f"at least {least} of {count}: {site} has no more targets of {system!r}"
                yield Fault(note_path("combine"), "slo.sources", problem)


def _unfit(slo: Slo, composite: CompositeIndicator, draft: Draft) -> Iterator[Fault]:
    """What keeps SLOs from being parts of a composite."""
    for name in composite.weights:
        problem, part = "", draft.slo(name)
        if part is None:
            problem = f"no SLO {name}" if draft.no_slo(name) else ""
        elif isinstance(part.indicator, CompositeIndicator):
            problem = f"{name} is a composite itself; name its parts"
        elif (part.tier, part.slot.seconds) != (slo.tier, slo.slot.seconds):
            seen = f"{name} is of tier {part.tier} with slots of {part.slot.seconds} s"
            problem = f"{seen}, the composite of tier {slo.tier} with slots of {slo.slot.seconds} s"
        if problem:
            yield Fault(note_path("parts"), "slo.parts", problem)
