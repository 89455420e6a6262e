"""Which slots an incident lies over."""

from __future__ import annotations

from dataclasses import replace

from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.incident import Covered, IncidentState, covered
from sankofa_observe.slo.site import Site
from sankofa_observe.units import Period
from tests.builders import START, incident, slo

SITES = {
    name: Site(name=name, tier=tier, region=region)
    for name, tier, region in (("edge-1", "edge", "ke"), ("edge-2", "edge", "ke"), ("core-1", "core", "ke"))
}
LATENCY = slo("latency-edge-user")
CATALOG = Catalog(sites=SITES, slos={one.name: one for one in (slo(), LATENCY, slo("availability-core", tier="core"))})
ENDED = replace(incident(), started_at=START + 59, ended_at=START + 61, state=IncidentState.RESOLVED)
TWO = Period(starts_at=START, ends_at=START + 120)


def at(**labels: str) -> list[tuple[str, str]]:
    told = replace(ENDED, labels={**ENDED.labels, **labels})
    return [(one.slo, one.site) for one in covered(told, CATALOG, START + 600)]


def test_an_incident_covers_every_slot_that_it_touches() -> None:
    """Two seconds over an edge are two slots, of each promise of the site's tier."""
    assert list(covered(ENDED, CATALOG, START + 600)) == [
        Covered(slo=name, site="edge-1", stretch=TWO, slots=2) for name in ("availability-edge", "latency-edge-user")
    ]


def test_an_incident_that_goes_on_covers_until_now_and_at_least_its_first_slot() -> None:
    """Now may be before it, where clocks differ; one that ends as it begins, in the last second of a slot, is of that slot alone."""
    assert {one.slots for one in covered(incident(), CATALOG, START + 600)} == {10}
    assert {one.slots for one in covered(incident(), CATALOG, START - 600)} == {1}
    assert {one.slots for one in covered(replace(ENDED, ended_at=START + 59), CATALOG, START + 600)} == {1}


def test_an_incident_covers_the_places_that_its_labels_name() -> None:
    """A promise's own alert, a region's, a tier's, the platform's, and one that names no place."""
    edge = [("availability-edge", "edge-1"), ("latency-edge-user", "edge-1")]
    both = [(name, site) for name, _ in edge for site in ("edge-1", "edge-2")]
    assert at(slo="latency-edge-user") == edge[1:]
    assert at(tier="all", site="all") == [("availability-core", "core-1"), *both]
    assert at(site="all", region="all") == both
    assert at(site="platform", region="all", tier="core") == []
    assert at(site="all", region="all", tier="all") == []


def test_a_version_covers_what_it_holds() -> None:
    """Before its boundary the version before is meant."""
    old, new = replace(slo(), ends_at=START + 60), replace(slo(), version=2, starts_at=START + 60)
    catalog = Catalog(sites=SITES, slos={"old": old, "new": new})
    assert [one.slots for one in covered(ENDED, catalog, START + 600)] == [1, 1]
    assert [one.slots for one in covered(replace(ENDED, ended_at=START + 60), catalog, START + 600)] == [1]
