"""The fleet file, and what SLOs lean on in it and in each other: looked at when all documents are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sankofa_observe.adapters.spec_faults import Draft, Fault, Place, note_path
from sankofa_observe.adapters.spec_models import FleetDocument, SiteSpec
from sankofa_observe.sla.terms import counting_digest
from sankofa_observe.slo.indicator import (
    DERIVED,
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    Members,
    MembersIndicator,
    OutageIndicator,
    RatioIndicator,
    Rule,
    StateIndicator,
)
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import DATACENTERS, GROUPS, Site
from sankofa_observe.units import instant, rfc3339


def add_sites(place: Place, document: FleetDocument, draft: Draft) -> None:
    sites, faults = draft.catalog.sites, []
    taken = {
        (system, name): one.name for one in sites.values() for system in one.targets for name in one.targets[system]
    }
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
        targets = {system: tuple(named) for system, named in spec.targets.items()}
        faults += _place_faults(spec, path)
        faults += _zone_twice(spec, path, sites)
        faults += _target_twice(spec, path, taken)
        sites[spec.name] = Site(
            name=spec.name,
            tier=spec.tier,
            region=spec.region,
            zone=spec.zone,
            jurisdiction=spec.jurisdiction,
            owner=spec.owner,
            role=spec.role,
            needs=spec.needs or 0,
            since_at=_since(spec.since, f"{path}/since", faults),
            targets=targets,
        )
    draft.tell(place, faults)


def link(draft: Draft) -> None:
    """Give each SLO the sources that the fleet file lists, and each composite its parts."""
    for key, slo in list(draft.catalog.slos.items()):
        if system := getattr(slo.indicator, "system", ""):
            draft.tell(draft.slo_place(slo), _unlisted(slo, system, draft))
            tier = [site for site in draft.catalog.sites.values() if site.tier == slo.tier]
            sources = {site.name: site.targets.get(system, ()) for site in tier}
            draft.catalog.slos[key] = replace(slo, sources=sources)
    _link_parts(draft, CompositeIndicator)
    _link_parts(draft, (OutageIndicator, MembersIndicator))  # which may be of composites


def _link_parts(draft: Draft, kinds: type | tuple[type, ...]) -> None:
    for key, slo in list(draft.catalog.slos.items()):
        if not isinstance(slo.indicator, kinds):
            continue
        wanted = parts_of(slo.indicator)
        draft.tell(draft.slo_place(slo), _unfit(slo, wanted, draft))
        parts = {part: found for part in wanted if (found := draft.slo(part, slo.starts_at or 0))}
        whole = replace(slo, parts=parts)
        draft.warn(draft.slo_place(slo), _placeless(slo, draft))
        if isinstance(slo.indicator, MembersIndicator) and parts:
            faults: list[Fault] = []
            whole = replace(whole, members=_members(whole, slo.indicator, draft, faults))
            draft.tell(draft.slo_place(slo), faults)
        draft.catalog.slos[key] = replace(whole, digest=counting_digest(whole))


def parts_of(indicator: Indicator) -> tuple[str, ...]:
    """The names of the SLOs that an indicator is made of."""
    match indicator:
        case CompositeIndicator():
            return tuple(indicator.weights)
        case OutageIndicator() | MembersIndicator():
            return (indicator.of,)
        case _:
            return ()


def _place_faults(spec: SiteSpec, path: str) -> Iterator[Fault]:
    if spec.role and spec.tier != "core":
        yield Fault(f"{path}/role", "fleet.role", f"a place of tier {spec.tier} has no role; core datacenters have")
    if spec.tier == "region" and (spec.needs is None or not spec.zone):
        problem = "a region needs its zone, and how many sites carry its load (needs)"
        yield Fault(path, "fleet.region", problem, "like zone: africa-east, needs: 2")
    if spec.tier != "region" and spec.needs is not None:
        yield Fault(f"{path}/needs", "fleet.region", f"a place of tier {spec.tier} needs no sites; regions do")


def _target_twice(spec: SiteSpec, path: str, taken: dict[tuple[str, str], str]) -> Iterator[Fault]:
    """A target's name is its `instance`: two of one system would be one source, and an exporter refuses them."""
    for system, named in spec.targets.items():
        for name in named:
            if (first := taken.setdefault((system, name), spec.name)) != spec.name:
                problem = f"target {name} of {system} is at {first} too"
                yield Fault(f"{path}/targets/{system}/{name}", "fleet.target-twice", problem, "a name of its own")


def _zone_twice(spec: SiteSpec, path: str, sites: Mapping[str, Site]) -> Iterator[Fault]:
    """A zone is one region: two would count, and promise, the same sites."""
    if spec.tier != "region" or not spec.zone:
        return
    for other in sites.values():
        if other.tier == "region" and other.zone == spec.zone and other.name != spec.name:
            problem = f"zone {spec.zone} is that of region {other.name} already; expected one region a zone"
            yield Fault(f"{path}/zone", "fleet.region", problem, "give it a zone of its own, or leave one of them out")


def _since(text: str | None, path: str, faults: list[Fault]) -> int | None:
    if text is None:
        return None
    try:
        return int(instant(text).timestamp())
    except ValueError:
        faults.append(Fault(path, "fleet.since", f"{text[:80]!r}; expected an instant like 2026-01-01T00:00:00Z"))
        return None


def _members(
    slo: Slo, indicator: MembersIndicator, draft: Draft, faults: list[Fault]
) -> dict[str, tuple[Members, ...]]:
    """The sites of each place by role; a place with fewer than it must have good can never keep the promise."""
    (part,) = slo.parts.values()
    found = {}
    certain = not draft.unread and not draft.broken_sites
    for place in [site for site in draft.catalog.sites.values() if site.tier == slo.tier]:
        sites = [one for one in draft.catalog.sites.values() if one.tier == part.tier]
        if place.tier == "region":
            sites = [one for one in sites if one.zone == place.zone]
        wanted = indicator.at_least or {"": place.needs}
        if certain and not indicator.at_least and not place.needs:
            problem = f"{place.name} says not how many sites it needs, and {note_path('at-least')} neither"
            faults.append(Fault(note_path("spare"), "slo.members", problem))
        found[place.name] = tuple(
            Members(
                role=role,
                needed=count + indicator.spare,
                sites=tuple(sorted(one.name for one in sites if role in {"", one.role})),
                since={one.name: at for one in sites if role in {"", one.role} and (at := one.since_at or 0) > 0},
            )
            for role, count in sorted(wanted.items())
        )
        for one in found[place.name] if certain else ():
            if len(one.sites) < one.needed:
                which = f"{one.role} {part.tier}".strip()
                problem = f"{place.name} has {len(one.sites)} {which} sites, and {one.needed} of them must be good"
                faults.append(Fault(note_path("at-least" if indicator.at_least else "spare"), "slo.members", problem))
    return found


def _placeless(slo: Slo, draft: Draft) -> Iterator[Fault]:
    """Members of no place: told where the fleet file has other places of such tiers, and so means to name all of them."""
    tiers = {site.tier for site in draft.catalog.sites.values()}
    if isinstance(slo.indicator, MembersIndicator) and slo.tier not in tiers and tiers & set(GROUPS):
        problem = f"the fleet file has no place of tier {slo.tier}: nothing is counted"
        hint = f"like {{name: all, tier: {slo.tier}, region: global}} under its sites"
        yield Fault(note_path("tier"), "slo.members", problem, hint)


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
    elif isinstance(slo.indicator, LevelIndicator) and slo.indicator.total:
        for site in [site for site, count in listed.items() if not count]:
            problem = (
                f"{site} lists no target of {system!r}: there is nothing to add up, and its slots are always UNKNOWN"
            )
            hint = f"list its targets under sites, {site}, targets, {system}"
            yield Fault(note_path("total"), "slo.sources", problem, hint)
    if isinstance(slo.indicator, StateIndicator | LevelIndicator) and slo.indicator.combine.rule is Rule.AT_LEAST:
        least = slo.indicator.combine.at_least
        for site, count in listed.items():
            if 0 < count < least:
                problem = f"at least {least} of {count}: {site} has no more targets of {system!r}"
                yield Fault(note_path("combine"), "slo.sources", problem)


_NOTES = {CompositeIndicator: "parts", OutageIndicator: "outage-of", MembersIndicator: "members-of"}
_MADE = {CompositeIndicator: "a composite", OutageIndicator: "about outages", MembersIndicator: "about members"}


def _unfit(slo: Slo, wanted: Sequence[str], draft: Draft) -> Iterator[Fault]:
    """What keeps SLOs from being what another one is made of."""
    for name in wanted:
        part = draft.slo(name, slo.starts_at or 0)
        if part and part.ends_at is not None and (slo.ends_at is None or part.ends_at < slo.ends_at):
            problem = f"version {part.version + 1} of {name} begins at {rfc3339(part.ends_at)}, and version {slo.version} goes on"
            hint = f"write version {slo.version + 1} of {slo.name} from then on: it counts what {name} counts"
            yield Fault(note_path(_NOTES[type(slo.indicator)]), "slo.boundary", problem, hint)
        problem = _misfit(slo, part) if part else f"no SLO {name}" if draft.no_slo(name) else ""
        if problem:
            yield Fault(note_path(_NOTES[type(slo.indicator)]), "slo.parts", problem)


def _misfit(slo: Slo, part: Slo) -> str:
    """Why an SLO cannot be made of another one, or nothing."""
    whole, of_members = slo.indicator, isinstance(slo.indicator, MembersIndicator)
    nested = DERIVED if isinstance(whole, CompositeIndicator) else (OutageIndicator, MembersIndicator)
    if isinstance(part.indicator, nested):
        return f"{part.name} is {_MADE[type(part.indicator)]} itself; name its parts"
    if part.slot.seconds != slo.slot.seconds or (part.tier != slo.tier and not of_members):
        seen = f"{part.name} is of tier {part.tier} with slots of {part.slot.seconds} s"
        return f"{seen}, this one of tier {slo.tier} with slots of {slo.slot.seconds} s"
    if of_members and part.tier not in DATACENTERS:
        return f"{part.name} is of tier {part.tier}; members are datacenters or edge sites"
    return _no_outage(whole, part) if isinstance(whole, OutageIndicator) else ""


def _no_outage(outage: OutageIndicator, part: Slo) -> str:
    if any(isinstance(leaf.indicator, RatioIndicator) for leaf in part.leaves):
        idle = "whose idle slots neither end an outage nor are part of one"
        return f"{part.name} counts events, {idle}; name an SLO of states or levels"
    if outage.limit_seconds % part.slot.seconds:
        return f"a limit of {outage.limit_seconds} s is no whole number of slots of {part.slot.seconds} s"
    return ""
