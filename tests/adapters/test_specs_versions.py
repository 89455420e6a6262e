"""Versions in the specs: they stand beside each other, each from its boundary on, and whatever does not follow is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.units import instant
from tests.adapters.spec_documents import (
    AGREEMENT,
    FLEET,
    LATENCY,
    OBJECTIVE,
    SLO,
    Change,
    Document,
    Expected,
    changed,
    found,
    named,
    note,
    notes,
    put,
    violations,
    write,
    zone,
)

MARCH, APRIL = "2027-03-01T00:00:00Z", "2027-04-01T00:00:00Z"
BANDS, OLD_BANDS = ([{"belowPpm": ppm, "creditPpm": 100_000}] for ppm in (990_000, 995_000))


def later(number: int, since: str, *changes: Change) -> Document:
    """A later version of the SLO, with another target."""
    return changed(SLO, notes(version=str(number), **{"from": since}), put(OBJECTIVE + "target", 0.99), *changes)


def amended(number: int, since: str, *changes: Change) -> Document:
    """A later version of the agreement, which promises what the SLO promises then."""
    bands = put("spec|promises|0|bands", BANDS)
    return changed(AGREEMENT, put("spec|version", number), put("spec|startsAt", since), bands, *changes)


def folder(path: Path, **documents: Document | None) -> Path:
    """The committed documents with others beside them or in their place; None takes one out."""
    every: dict[str, Document | None] = {
        "fleet": FLEET,
        "slo": SLO,
        "latency": LATENCY,
        "terms": AGREEMENT,
        **documents,
    }
    return write(path, **{name: document for name, document in every.items() if document is not None})


def loaded(path: Path, **documents: Document | None) -> Catalog:
    return load_catalog([folder(path, **documents)])


def at(text: str) -> int:
    return int(instant(text).timestamp())


def test_each_version_holds_from_its_boundary_to_the_next(tmp_path: Path) -> None:
    """Whatever order the files are read in; the id stays, and periods and years are counted from the first version on."""
    catalog = loaded(tmp_path, a_slo=later(2, MARCH), a_terms=amended(2, MARCH))
    [(first, second)] = catalog.agreements_by_id().values()

    assert (first.id, first.version, first.starts_at, first.ends_at) == (
        second.id,
        1,
        at("2027-01-01T00:00:00Z"),
        at(MARCH),
    )
    assert (second.version, second.starts_at, second.ends_at) == (2, at(MARCH), None)
    assert first.key == second.key
    assert (second.calendar, second.first_period, second.year_periods) == (first.calendar, 2, 12)
    march = first.window.period_at(at(MARCH))
    assert first.year_at(march) == second.year_at(march) == 0
    assert [(one.promises[0].slo.version, one.promises[0].slo.target_ppm) for one in (first, second)] == [
        (1, 995_000),
        (2, 990_000),
    ]
    assert {one.promises[1].slo.counted_as for one in (first, second)} == {"latency-chain-query"}
    assert list(catalog.slos) == ["availability-edge@2", "latency-chain-query", "availability-edge"]
    for instant_at, version in ((0, 1), (at(MARCH) - 1, 1), (at(MARCH), 2), (at(MARCH) + 10**9, 2)):
        holding = catalog.agreement_at(first.id, instant_at), catalog.slo_at("availability-edge", instant_at)
        assert [one and one.version for one in holding] == [version, version]


def test_a_later_version_changes_nothing_of_what_was_agreed_before(tmp_path: Path) -> None:
    """The terms hash of version 1 is that of the folder in which it stood alone."""
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    for path in (alone, beside):
        path.mkdir()
    [before] = loaded(alone).agreements.values()
    catalog = loaded(beside, second=later(2, MARCH), amended=amended(2, MARCH))

    assert catalog.agreements[before.version_id].terms_hash == before.terms_hash
    assert catalog.slos["availability-edge"].digest == before.promises[0].slo.digest


def test_an_agreement_may_be_amended_without_its_slos(tmp_path: Path) -> None:
    """Another fee alone: both versions lean on the same slots."""
    fee = put("spec|fee|amountMinor", 150_000)
    catalog = loaded(tmp_path, amended=changed(AGREEMENT, put("spec|version", 2), put("spec|startsAt", MARCH), fee))
    [(first, second)] = catalog.agreements_by_id().values()
    assert (first.fee_minor, second.fee_minor) == (125_000, 150_000)
    assert first.promises == second.promises


def test_a_years_cap_changes_where_a_year_of_the_agreement_begins(tmp_path: Path) -> None:
    """Twelve months after the first one; the terms of both say in which calendar and from which period on."""
    cap, since = put("spec|credits", {"capYearMinor": 500_000}), put("spec|startsAt", "2028-01-01T00:00:00Z")
    catalog = loaded(tmp_path, amended=changed(AGREEMENT, put("spec|version", 2), since, cap))
    [(first, second)] = catalog.agreements_by_id().values()
    assert [one.credit_rules.cap_year_minor for one in (first, second)] == [0, 500_000]
    assert [json.loads(one.terms_document)["calendar"] for one in (first, second)] == [
        {"id": first.calendar.id, "began_at": first.starts_at, "first_period": index, "year_periods": 12}
        for index in (0, 12)
    ]
    assert second.year_at(second.window.period_at(second.starts_at)) == 1


def test_a_version_may_be_replaced_before_it_ever_holds(tmp_path: Path) -> None:
    """Of one boundary the later version holds; the earlier one stays on record, and no period is its own."""
    catalog = loaded(tmp_path, second=later(2, MARCH), third=amended(2, MARCH), fourth=amended(3, MARCH))
    [(_, second, third)] = catalog.agreements_by_id().values()
    assert not any(second.covers(at(MARCH) + days * 86_400) for days in range(-60, 60))
    assert catalog.agreement_at(second.id, at(MARCH)) is third


TWO = "two.yaml#1:"
INDICATOR = SLO["spec"]["indicator"]["spec"]
SLI = {"apiVersion": "openslo/v1", "kind": "SLI", "metadata": {"name": "x"}, "spec": INDICATOR}
SLOS: dict[str, tuple[dict[str, Document], Expected]] = {
    "a hole": ({"two": later(3, MARCH)}, [("slo.version", TWO + note("version"))]),
    "two holes": (
        {"two": later(3, MARCH), "three": later(5, APRIL)},
        [("slo.version", f"{file}.yaml#1:" + note("version")) for file in ("three", "two")],
    ),
    "before any agreement": ({"two": later(2, "1970-01-01T00:00:00Z")}, [("slo.annotation", TWO + note("from"))]),
    "after any agreement": ({"two": later(2, "9999-12-01T00:00:00Z")}, [("slo.annotation", TWO + note("from"))]),
    "no boundary": ({"two": changed(SLO, notes(version="2"))}, [("slo.boundary", TWO + note("version"))]),
    "a first version with a boundary": (
        {"two": named(changed(SLO, notes(**{"from": MARCH})), "other")},
        [("slo.annotation", TWO + note("from"))],
    ),
    "no number": ({"two": later(2, MARCH, notes(version="two"))}, [("slo.annotation", TWO + note("version"))]),
    "a number without quotes": (
        {"two": later(2, MARCH, put("metadata|annotations|sankofa.observe/version", 2))},
        [("spec.string-type", TWO + note("version"))],
    ),
    "no instant": ({"two": later(2, "in March")}, [("slo.annotation", TWO + note("from"))]),
    "twice": ({"two": later(2, MARCH), "three": later(2, APRIL)}, [("slo.twice", TWO + "/metadata/name")]),
    "not in order": (
        {"two": later(2, APRIL), "three": later(3, MARCH)},
        [("slo.boundary", "three.yaml#1:" + note("from"))],
    ),
    "inside a slot of both": ({"two": later(2, "2027-03-01T00:00:30Z")}, 2 * [("slo.boundary", TWO + note("from"))]),
    "inside a slot of one": (
        {"two": later(2, "2027-03-01T00:01:00Z", put(OBJECTIVE + "timeSliceWindow", "5m"))},
        [("slo.boundary", TWO + note("from"))],
    ),
    "another tier": (
        {"two": later(2, MARCH, notes(tier="regional", sources="besu"))},
        [("slo.version", TWO + note("tier"))],
    ),
    "an SLI": (
        {"two": changed(SLI, put("metadata|annotations", {"sankofa.observe/version": "2"}))},
        [("slo.annotation", TWO + note("version"))],
    ),
}
LEAN = "terms.yaml#1:/spec/promises/0/slo"
SECOND = {"second": later(2, MARCH)}
AGREEMENTS: dict[str, tuple[dict[str, Document | None], Expected]] = {
    "its SLO has a later version": ({"two": later(2, MARCH)}, [("agreement.boundary", LEAN)]),
    "its SLO changes inside a period": (
        {"second": later(2, "2027-03-15T00:00:00Z"), "two": amended(2, APRIL)},
        [("agreement.boundary", LEAN)],
    ),
    "its SLO changes later": (
        {"second": later(2, APRIL), "two": changed(AGREEMENT, put("spec|version", 2), put("spec|startsAt", MARCH))},
        [("agreement.boundary", TWO + "/spec/promises/0/slo")],
    ),
    "a hole": (
        {**SECOND, "two": amended(3, MARCH)},
        [("agreement.boundary", LEAN), ("agreement.version", TWO + "/spec/version")],
    ),
    "another salt": (
        {**SECOND, "two": amended(2, MARCH, put("spec|salt", "0x" + "5a" * 32))},
        [("agreement.boundary", LEAN), ("agreement.version", TWO + "/spec/version")],
    ),
    "twice": ({"two": changed(AGREEMENT, put("spec|startsAt", MARCH))}, [("agreement.twice", TWO + "/metadata/name")]),
    "not in order": (
        {
            "three": changed(AGREEMENT, put("spec|version", 2), put("spec|startsAt", APRIL)),
            "two": changed(AGREEMENT, put("spec|version", 3), put("spec|startsAt", MARCH)),
        },
        [("agreement.boundary", TWO + "/spec/startsAt")],
    ),
    "another window": (
        {
            "latency": None,
            "second": changed(later(2, MARCH), put("spec|timeWindow|0|duration", "1d")),
            "slo": changed(SLO, zone("UTC", duration="1Q")),
            "terms": changed(AGREEMENT, put("spec|promises|1", ...)),
            "two": amended(2, MARCH, put("spec|promises|1", ...)),
        },
        [("agreement.version", TWO + "/spec/promises")],
    ),
    "another account of the tenant": (
        {**SECOND, "two": amended(2, MARCH, put("spec|tenant|account", "0x" + "5c" * 20))},
        [("agreement.version", TWO + "/spec/tenant/account")],
    ),
    "another account of the provider": (
        {**SECOND, "two": amended(2, MARCH, put("spec|provider|account", "0x" + "5c" * 20))},
        [("agreement.version", TWO + "/spec/provider/account")],
    ),
    "another year's cap in the middle of a year": (
        {**SECOND, "two": amended(2, MARCH, put("spec|credits", {"capYearMinor": 500_000}))},
        [("agreement.year", TWO + "/spec/credits/capYearMinor")],
    ),
    "after the calendar": (
        {"two": changed(AGREEMENT, put("spec|version", 2), put("spec|startsAt", "2037-01-01T00:00:00Z"))},
        [("agreement.calendar", TWO + "/spec/startsAt")],
    ),
    "another tenant": (
        {**SECOND, "two": amended(2, MARCH, put("spec|tenant|id", "baobab"))},
        [("agreement.version", TWO + "/spec/tenant/id")],
    ),
    "with bands of the old target": (
        {**SECOND, "two": amended(2, MARCH, put("spec|promises|0|bands", OLD_BANDS))},
        [("agreement.bands", TWO + "/spec/promises/0/bands")],
    ),
    "its number cannot be read": (
        {**SECOND, "two": amended(2, MARCH, put("spec|version", "two"))},
        [("spec.int-type", TWO + "/spec/version")],
    ),
    "another currency": (
        {**SECOND, "two": amended(2, MARCH, put("spec|fee|currency", "KES"))},
        [("agreement.version", TWO + "/spec/fee/currency")],
    ),
}


@pytest.mark.parametrize("case", SLOS)
def test_versions_of_an_slo_that_do_not_follow_are_refused(case: str, tmp_path: Path) -> None:
    """Each by the place that has to change, and nothing else is said."""
    documents, expected = SLOS[case]
    assert found(folder(tmp_path, terms=None, **documents)) == expected


@pytest.mark.parametrize("case", AGREEMENTS)
def test_versions_of_an_agreement_that_do_not_follow_are_refused(case: str, tmp_path: Path) -> None:
    """Each by the place that has to change, and nothing else is said."""
    documents, expected = AGREEMENTS[case]
    assert found(folder(tmp_path, **documents)) == expected


def test_a_refusal_says_what_to_write(tmp_path: Path) -> None:
    """The next version with its instant; where that is no edge of the agreement's periods, where else the SLO may change."""
    [march] = violations(folder(tmp_path, two=later(2, MARCH)))
    assert march.problem.startswith(
        "version 2 of availability-edge begins at 2027-03-01T00:00:00Z, and version 1 of this"
    )
    assert march.hint == "write version 2 of the agreement, with startsAt 2027-03-01T00:00:00Z"
    [inside] = violations(folder(tmp_path, two=later(2, "2027-03-15T00:00:00Z")))
    assert inside.hint.endswith("move the boundary of the SLO to 2027-03-01T00:00:00Z or 2027-04-01T00:00:00Z")


def test_what_an_slo_is_made_of_changes_with_it(tmp_path: Path) -> None:
    """An outage counts the slots of another SLO: it has a version from the same boundary on, made of that one's later version."""
    settings = put(
        "metadata|annotations",
        {
            "sankofa.observe/tier": "edge",
            "sankofa.observe/outage-of": "availability-edge",
            "sankofa.observe/limit": "1h",
        },
    )
    first = changed(named(SLO, "outage"), settings, put("spec|indicator", ...), put(OBJECTIVE + "timeSliceTarget", ...))
    second = changed(first, notes(version="2", **{"from": MARCH}))
    assert found(folder(tmp_path, terms=None, a_slo=later(2, MARCH), two=first)) == [
        ("slo.boundary", TWO + note("outage-of"))
    ]
    catalog = loaded(tmp_path, terms=None, a_slo=later(2, MARCH), two=first, three=second)
    parts = [one.parts["availability-edge"].version for one in catalog.slo_versions("outage")]
    assert parts == [1, 2]
    assert len({one.digest for one in catalog.slo_versions("outage")}) == len(parts)


def test_what_cannot_be_read_may_be_the_version_that_is_missing(tmp_path: Path) -> None:
    """Of a broken version 2 its own faults are told, and not that version 3 stands without it."""
    broken = amended(2, MARCH, put("spec|fee|amountMinor", 0))
    path = folder(tmp_path, second=later(2, MARCH), two=broken, three=amended(3, APRIL))
    assert found(path) == [("spec.greater-than-equal", TWO + "/spec/fee/amountMinor")]
