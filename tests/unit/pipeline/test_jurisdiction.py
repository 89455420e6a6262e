"""jurisdiction: a place is where it is by whole names, and all that would lie in a wrong one is told at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.jurisdiction import inside, refuse_misplaced, shown
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.site import Site
from tests.builders import agreement

PG = "postgresql+psycopg://user:word@db.gh.example:5433/ledger"
PLACES = {"the ledger": PG, "the slot table": "s3://gh-slots/table", "evidence": "/srv/gh/evidence"}
GHANA = ["/srv/gh", "s3://gh-slots", "postgresql://db.gh.example:5433"]


@pytest.mark.parametrize(
    ("place", "of", "is_inside"),
    [
        ("/srv/gh/evidence", "/srv/gh", True),
        ("/srv/gh", "/srv/gh", True),
        ("/srv/gh-other", "/srv/gh", False),  # not by how a text begins
        ("/srv/gh/../de", "/srv/gh", False),
        ("/srv", "/srv/gh", False),
        ("s3://gh-slots/table", "s3://gh-slots", True),
        ("s3://gh-slots-2/table", "s3://gh-slots", False),
        ("/gh-slots/table", "s3://gh-slots", False),
        (PG, "postgresql://db.gh.example:5433", True),
        (PG, "postgresql://db.gh.example:5433/ledger", True),
        (PG, "postgresql://db.gh.example:5433/led", False),
        (PG, "postgresql://db.gh.example", False),  # another port is another server
        (PG, "postgresql://example:5433", False),
        (
            "postgresql://db.gh.example/l?host=db.de.example",
            "postgresql://db.gh.example",
            False,
        ),  # libpq goes where the query says
        ("postgresql:///l?host=db.gh.example", "postgresql://db.gh.example", True),
        ("postgresql://db.gh.example/l?host=db.gh.example,db.de.example", "postgresql://db.gh.example", False),
        ("postgresql://db.gh.example:5433/l?port=5434", "postgresql://db.gh.example:5433", False),  # the query's wins
        ("postgresql://db.gh.example:5433/l?port=5434", "postgresql://db.gh.example:5434", True),
        ("postgresql://db.gh.example/l?service=main", "postgresql://db.gh.example", False),  # nobody can tell
        ("postgresql:///l", "postgresql:///l", False),
    ],
)
def test_a_place_is_inside_of_another_by_whole_names(place: str, of: str, is_inside: bool) -> None:  # noqa: FBT001  a parameter
    assert inside(place, of) is is_inside


def catalog(site: str = "", tenant: str = "", other: str | None = None) -> Catalog:
    """A site, and a tenant that has one agreement or two."""
    one = replace(agreement(), jurisdiction=tenant)
    second = {} if other is None else {"b": replace(agreement("second"), jurisdiction=other)}
    sites = {"edge-1": Site(name="edge-1", tier="edge", region="gh", jurisdiction=site)}
    return Catalog(sites=sites, agreements={"a": one, **second})


def faults(of: Catalog, jurisdictions: dict[str, list[str]]) -> list[str]:
    with pytest.raises(InvalidInput) as told:
        refuse_misplaced(of, jurisdictions, PLACES)
    assert "word" not in str(told.value)
    return [f"{one.where} {one.problem}" for one in told.value.violations]


def test_nothing_that_says_no_jurisdiction_is_refused_where_none_is_set() -> None:
    """An installation that needs none has nothing to write."""
    refuse_misplaced(catalog(), {}, PLACES)


def test_what_lies_in_its_own_places_is_served() -> None:
    """Each place inside of one of those of its jurisdiction; several may be served by the same."""
    refuse_misplaced(catalog("gh", "gh"), {"gh": GHANA}, PLACES)
    refuse_misplaced(catalog("gh", "eu-de"), {"gh": GHANA, "eu-de": GHANA}, PLACES)


def test_every_wrong_place_of_every_site_and_tenant_is_told_at_once() -> None:
    """By name, with where it would lie; what no settings name, and what says nothing, too."""
    found = faults(catalog("eu-de", "gh"), {"gh": GHANA, "eu-de": ["/srv/de", "s3://gh-slots"]})
    assert found == [
        "site edge-1 is of jurisdiction eu-de, and the ledger is at postgresql://db.gh.example:5433/ledger",
        "site edge-1 is of jurisdiction eu-de, and evidence is at /srv/gh/evidence",
    ]
    assert faults(catalog("fr", "gh"), {"gh": GHANA}) == [
        "site edge-1 is of jurisdiction fr, and the settings name no places of it"
    ]
    assert faults(catalog("", ""), {"gh": GHANA}) == [
        "site edge-1 says no jurisdiction, and others do", "tenant acme says no jurisdiction, and others do",
    ]  # fmt: skip
    assert faults(catalog("gh", "gh"), {}) == [
        "site edge-1 is of jurisdiction gh, and the settings name no places of it",
        "tenant acme is of jurisdiction gh, and the settings name no places of it",
    ]
    assert faults(catalog("gh", "gh", "eu-de"), {"gh": GHANA, "eu-de": GHANA}) == [
        "tenant acme is of eu-de and of gh in its agreements"
    ]


def test_a_password_is_not_shown() -> None:
    assert shown(PG + "?password=word") == "postgresql://db.gh.example:5433/ledger"
