"""Places of the fleet file, and SLOs that are made of others' slots: who their members are, and what makes no sense of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.slo.indicator import Members
from tests.adapters.spec_documents import (
    FLEET,
    OBJECTIVE,
    SLO,
    Document,
    changed,
    found,
    named,
    note,
    notes,
    put,
    violations,
    write,
)

CORE = {"tier": "core", "region": "r"}


def _fleet_of(*sites: Document) -> Document:
    return changed(FLEET, put("spec|sites", list(sites)))


def _up(tier: str = "core") -> Document:
    return changed(named(SLO, "up"), notes(tier=tier, sources="besu"))


def _derived(name: str, **settings: str) -> Document:
    document = changed(
        named(SLO, name), notes(**settings), put("spec|indicator", ...), put(OBJECTIVE + "timeSliceTarget", ...)
    )
    del document["metadata"]["annotations"]["sankofa.observe/sources"]
    return document


def test_members_are_the_sites_of_a_role_and_of_a_zone(tmp_path: Path) -> None:
    """A fleet counts all sites of the tier by role; a region those of its zone, one more than it needs."""
    sites: list[Document] = [
        {**CORE, "name": "a", "role": "active", "zone": "z", "targets": {"besu": {"n": {}}}},
        {**CORE, "name": "b", "role": "standby", "zone": "y", "targets": {"besu": {"n2": {}}}},
        {**CORE, "name": "c", "role": "active", "zone": "z", "targets": {"besu": {"n3": {}}}},
        {"name": "all", "tier": "fleet", "region": "r"},
        {"name": "z-region", "tier": "region", "region": "r", "zone": "z", "needs": 1},
    ]
    sites[2]["since"] = "2026-03-01T00:00:00Z"
    roles = _derived("roles", tier="fleet", members_of="up", at_least="active=2, standby=1")
    spare = _derived("spare", tier="region", members_of="up", spare="1")
    catalog = load_catalog([write(tmp_path, fleet=_fleet_of(*sites), up=_up(), roles=roles, spare=spare)])

    later = {"c": 1_772_323_200}
    active = Members(role="active", needed=2, sites=("a", "c"), since=later)
    assert catalog.slos["roles"].members["all"] == (active, Members(role="standby", needed=1, sites=("b",)))
    assert catalog.slos["spare"].members["z-region"] == (Members(role="", needed=2, sites=("a", "c"), since=later),)
    assert catalog.slos["roles"].sites_of("all") == ("a", "b", "c")
    assert [leaf.name for leaf in catalog.slos["roles"].leaves] == ["up"]


UNFIT: dict[str, tuple[Document, Document, str]] = {
    "too few": (
        _derived("whole", tier="fleet", members_of="up", at_least="3"),
        {"name": "all", "tier": "fleet", "region": "r"},
        "all has 1 core sites, and 3 of them must be good",
    ),
    "no role": (
        _derived("whole", tier="fleet", members_of="up", at_least="active=1"),
        {"name": "all", "tier": "fleet", "region": "r"},
        "all has 0 active core sites, and 1 of them must be good",
    ),
    "nothing needed": (
        _derived("whole", tier="fleet", members_of="up", spare="1"),
        {"name": "all", "tier": "fleet", "region": "r"},
        "all says not how many sites it needs",
    ),
    "no such SLO": (_derived("whole", tier="core", outage_of="down", limit="4h"), {**CORE, "name": "x"}, "no SLO down"),
    "another tier": (
        _derived("whole", tier="edge", outage_of="up", limit="4h"),
        {"name": "x", "tier": "edge", "region": "r"},
        "up is of tier core",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_an_slo_is_made_of_must_fit(case: str, tmp_path: Path) -> None:
    """Told at the document that leans on it, by name and number."""
    whole, place, problem = UNFIT[case]
    first = {**CORE, "name": "a", "targets": {"besu": {"n": {}}}}
    folder = write(tmp_path, fleet=_fleet_of(first, place), up=_up(), whole=whole)
    assert [problem in told.problem for told in violations(folder)] == [True]


BAD_PLACES: dict[str, tuple[Document, str, str]] = {
    "role of an edge": ({"name": "x", "tier": "edge", "region": "r", "role": "active"}, "fleet.role", "role"),
    "region without needs": ({"name": "x", "tier": "region", "region": "r", "zone": "z"}, "fleet.region", ""),
    "region without zone": ({"name": "x", "tier": "region", "region": "r", "needs": 2}, "fleet.region", ""),
    "needs of a core": ({**CORE, "name": "x", "needs": 2}, "fleet.region", "needs"),
    "since that is none": ({**CORE, "name": "x", "since": "soon"}, "fleet.since", "since"),
}


def test_a_zone_is_one_region(tmp_path: Path) -> None:
    """Two would count the same sites; told at the second, in whatever file it stands."""
    first, second, other = (
        {"name": name, "tier": "region", "region": "r", "zone": zone, "needs": 1}
        for name, zone in (("a", "z"), ("b", "z"), ("c", "y"))
    )
    folder = write(tmp_path, f1=_fleet_of(first, other), f2=_fleet_of(second))
    (told,) = violations(folder)
    assert (told.code, told.where) == ("fleet.region", f"{folder}/f2.yaml#1:/spec/sites/0/zone")
    assert "zone z is that of region a already" in told.problem


def test_members_of_no_place_are_a_warning(tmp_path: Path) -> None:
    """Where the fleet file names a fleet and no region; a fleet file of sites alone leaves such promises to others."""
    up = {**CORE, "name": "a", "targets": {"besu": {"n": {}}}}
    spare = _derived("spare", tier="region", members_of="up", spare="1")
    for more, codes in ([], []), ([{"name": "all", "tier": "fleet", "region": "r"}], ["slo.members"]):
        folder = write(tmp_path, fleet=_fleet_of(up, *more), up=_up(), spare=spare)
        catalog = load_catalog([folder])
        assert [one.code for one in catalog.warnings] == codes
        assert all(one.where == f"{folder}/spare.yaml#1:{note('tier')}" for one in catalog.warnings)


@pytest.mark.parametrize("case", BAD_PLACES)
def test_places_that_make_no_sense_are_refused(case: str, tmp_path: Path) -> None:
    place, code, field = BAD_PLACES[case]
    where = f"/spec/sites/0{f'/{field}' if field else ''}"
    assert found(write(tmp_path, fleet=_fleet_of(place))) == [(code, f"fleet.yaml#1:{where}")]
