"""Specs from disk: every violation in one run, with its place; what is valid becomes whole values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.schedule import CreditBand
from sankofa_observe.slo.indicator import RatioIndicator, StateIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from tests.adapters.spec_documents import (
    AGREEMENT,
    FLEET,
    LATENCY,
    NOTE,
    OBJECTIVE,
    QUERY,
    RATIO,
    SLO,
    SPECS,
    WINDOW,
    Change,
    Expected,
    at,
    changed,
    found,
    level,
    named,
    note,
    notes,
    put,
    violations,
    write,
)

BAD_FILES: dict[str, tuple[str, Expected]] = {
    "no-yaml": ("a: [1\nb: 2", [("spec.yaml", "file.yaml")]),
    "tab": ("a:\n\tb: 1", [("spec.yaml", "file.yaml")]),
    "no-such-date": ("a: 2026-02-30", [("spec.yaml", "file.yaml")]),
    "a-program": ("!!python/object/apply:os.system ['true']", [("spec.yaml", "file.yaml")]),
    "key-twice": ("kind: SLO\napiVersion: openslo/v1\nkind: Fleet", [("spec.yaml", "file.yaml")]),
    "nested-key-twice": ("spec: {target: 0.9, target: 0.5}", [("spec.yaml", "file.yaml")]),
    "brackets-without-end": ("[" * 1_200, [("spec.yaml", "file.yaml")]),
    "a-list": ("- 1\n- 2", [("spec.kind", "file.yaml#1:/0"), ("spec.kind", "file.yaml#1:/1")]),
    "a-list-in-a-list": ("- [1]", [("spec.kind", "file.yaml#1:/0")]),
    "a-list-of-documents": (
        yaml.safe_dump([FLEET, changed(SLO, put(OBJECTIVE + "target", 99.5))]),
        [("slo.target-range", "file.yaml#1:/1/spec/objectives/0/target")],
    ),
    "a-word": ("hello", [("spec.kind", "file.yaml#1:/")]),
    "second-of-two": (
        "---\n" + yaml.safe_dump(FLEET) + "---\nkind: Fleeet\n",
        [("spec.kind", "file.yaml#2:/")],
    ),
    "both-of-two": ("kind: A\n---\nkind: B\n", [("spec.kind", "file.yaml#1:/"), ("spec.kind", "file.yaml#2:/")]),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_specs_name_the_document_of_a_bad_file(case: str, tmp_path: Path) -> None:
    """A file that is no YAML, or holds something else, is named with the number of the document."""
    text, expected = BAD_FILES[case]
    assert found(write(tmp_path, file=text)) == expected


OTHERS = (
    "version: prometheus/v1\nservice: web\nslos: []",
    "apiVersion: sloth.slok.dev/v1\nkind: PrometheusServiceLevel",
    "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective",
    "apiVersion: openslo/v1\nkind: AlertPolicy",
    "apiVersion: openslo/v1alpha\nkind: SLO",
)


@pytest.mark.parametrize("text", OTHERS)
def test_specs_of_others_are_named_with_the_command_that_reads_them(text: str, tmp_path: Path) -> None:
    """sloth, pyrra and the rest of OpenSLO are refused by name, with the way to import them."""
    (told,) = violations(write(tmp_path, file=text))
    assert (told.code, "specs import FILE" in told.hint) == ("spec.kind", True)


def test_specs_tell_every_violation_in_one_run(tmp_path: Path) -> None:
    """Faults in several files, several documents and several fields come out together, in the order of the files."""
    slo = changed(
        SLO,
        put(OBJECTIVE + "target", 99.5),
        put(OBJECTIVE + "timeSliceWindow", "1M"),
        put(QUERY, "rate(up[5m])"),
    )
    fleet = changed(FLEET, put("spec|sites|1|name", "regional-nairobi-1"))
    twins = yaml.safe_dump_all([SLO, SLO])
    folder = write(tmp_path, a=slo, b=fleet, c="a: [", d=twins, e=named(AGREEMENT, "Example"))
    (tmp_path / "f.yaml").write_bytes(b"\xff\xfe")
    assert found(folder) == [
        ("slo.target-range", "a.yaml#1:/spec/objectives/0/target"),
        ("slo.selector", f"a.yaml#1:{at(QUERY)}"),
        ("slo.duration", "a.yaml#1:/spec/objectives/0/timeSliceWindow"),
        ("fleet.twice", "b.yaml#1:/spec/sites/1/name"),
        ("spec.yaml", "c.yaml"),
        ("slo.twice", "d.yaml#1:/metadata/name"),  # a.yaml is the first of that name
        ("slo.twice", "d.yaml#2:/metadata/name"),
        ("spec.string-pattern-mismatch", "e.yaml#1:/metadata/name"),
        ("spec.yaml", "f.yaml"),
    ]


SLO_AT, FLEET_AT, TERMS_AT = "slo.yaml#1:", "fleet.yaml#1:", "terms.yaml#1:"
TARGET = ("slo.target-range", f"{SLO_AT}/spec/objectives/0/target")
MIXED: dict[str, tuple[dict[str, list[Change]], Expected]] = {
    "value-and-a-bound": (
        {"slo": [put(OBJECTIVE + "target", 99.5), put(OBJECTIVE + "op", "gt")]},
        [TARGET, ("slo.threshold", f"{SLO_AT}/spec/objectives/0")],
    ),
    "value-and-no-such-bound": (
        {"slo": [put(OBJECTIVE + "target", 99.5), put(OBJECTIVE + "op", "above")]},
        [("spec.literal-error", f"{SLO_AT}/spec/objectives/0/op"), TARGET],
    ),
    "value-and-an-unknown-field": (
        {"slo": [put(OBJECTIVE + "target", 99.5), put("spec|objective", {})]},
        [("spec.extra-forbidden", f"{SLO_AT}/spec/objective"), TARGET],
    ),
    "value-and-a-missing-field": (
        {"slo": [put(OBJECTIVE + "target", 99.5), put("spec|service", ...)]},
        [("spec.missing", f"{SLO_AT}/spec/service"), TARGET],
    ),
    "target-no-number": (
        {"slo": [put(OBJECTIVE + "target", "high"), put(NOTE + "tier", "moon")]},
        [
            ("spec.decimal-parsing", f"{SLO_AT}/spec/objectives/0/target"),
            ("slo.annotation", f"{SLO_AT}{note('tier')}"),
        ],
    ),
    "slot-no-text": (  # a slot that is put in its place does not fit such scrapes: that is not told
        {"slo": [put(OBJECTIVE + "timeSliceWindow", 60), notes(scrape="7s")]},
        [("spec.string-type", f"{SLO_AT}/spec/objectives/0/timeSliceWindow")],
    ),
    "zone-no-text": (
        {"slo": [put(WINDOW + "calendar|timeZone", 3), put(WINDOW + "calendar|startTime", "soon")]},
        [
            ("spec.string-type", f"{SLO_AT}/spec/timeWindow/0/calendar/timeZone"),
            ("slo.calendar", f"{SLO_AT}/spec/timeWindow/0/calendar/startTime"),
        ],
    ),
    "zone-no-text-and-an-odd-start": (
        {"slo": [put(WINDOW + "calendar|timeZone", 3), put(WINDOW + "calendar|startTime", "2025-12-31 21:00:00")]},
        [("spec.string-type", f"{SLO_AT}/spec/timeWindow/0/calendar/timeZone")],
    ),
    "rolling-without-a-calendar": (
        {"slo": [put("spec|timeWindow", [{"duration": "30d", "isRolling": True}])]},
        [("agreement.rolling", f"{TERMS_AT}/spec/promises")],
    ),
    "rolling-mistyped": (  # of the calendar, which follows from it, nothing is said
        {"slo": [put("spec|timeWindow", [{"duration": "30d", "isRolling": "yes"}])]},
        [("spec.bool-type", f"{SLO_AT}/spec/timeWindow/0/isRolling")],
    ),
    "counter-mistyped": (  # of the kind that follows from it nothing is said
        {"slo": [put(RATIO + "counter", "maybe"), notes(settles="30s"), put("spec|budgetingMethod", "Occurrences")]},
        [("spec.bool-parsing", f"{SLO_AT}{at(RATIO + 'counter')}")],
    ),
    "good-mistyped": (
        {"slo": [put(RATIO + "good", "up"), put(RATIO + "total|metricSource|spec|query", "sum(up)")]},
        [
            ("spec.model-type", f"{SLO_AT}{at(RATIO + 'good')}"),
            ("slo.selector", f"{SLO_AT}{at(RATIO + 'total|metricSource|spec|query')}"),
        ],
    ),
    "level-with-a-mistyped-bound": (
        {"slo": [level(op="lte", value="much")]},
        [("spec.decimal-parsing", f"{SLO_AT}/spec/objectives/0/value")],
    ),
    "parts-no-text": (
        {"slo": [put("spec|indicator", ...), put(NOTE + "parts", 5)]},
        [("spec.string-type", f"{SLO_AT}{note('parts')}")],
    ),
    "labels-mistyped": (
        {"slo": [put("metadata|labels", {"a": {"b": "c"}}), put(OBJECTIVE + "target", 99.5)]},
        [
            ("spec.string-type", f"{SLO_AT}/metadata/labels/a/str"),
            ("spec.list-type", f"{SLO_AT}/metadata/labels/a/list[str]"),
            TARGET,
        ],
    ),
    "spec-no-map": ({"slo": [put("spec", "x")]}, [("spec.model-type", f"{SLO_AT}/spec")]),
    "name-of-the-slo": ({"slo": [put("metadata|name", "Edge")]}, [("spec.string-pattern-mismatch", f"{SLO_AT}/metadata/name")]),
    "kind-of-the-slo": ({"slo": [put("kind", "Slo")]}, [("spec.kind", f"{SLO_AT}/")]),
    "name-of-a-site": (
        {"fleet": [put("spec|sites|1|name", "Edge 1")]},
        [("spec.string-pattern-mismatch", f"{FLEET_AT}/spec/sites/1/name")],
    ),
    "tier-of-a-site": (
        {"fleet": [put("spec|sites|1|tier", "moon")]},
        [("spec.literal-error", f"{FLEET_AT}/spec/sites/1/tier")],
    ),
    "targets-of-a-site": (
        {"fleet": [put("spec|sites|1|targets", [])]},
        [("spec.dict-type", f"{FLEET_AT}/spec/sites/1/targets")],
    ),
    "no-sites": ({"fleet": [put("spec|sites", ...)]}, [("spec.missing", f"{FLEET_AT}/spec/sites")]),
    "terms": (
        {"terms": [put("spec|fee|currency", 7), put("spec|fee|exponent", 0), put("spec|tenant|id", "sankofa-cloud")]},
        [
            ("spec.string-type", f"{TERMS_AT}/spec/fee/currency"),
            ("agreement.parties", f"{TERMS_AT}/spec/tenant/id"),
        ],
    ),
    "terms-of-an-unknown-slo": (
        {"terms": [put("spec|version", "1"), put("spec|promises|1|slo", "nothing")]},
        [("spec.int-type", f"{TERMS_AT}/spec/version"), ("agreement.slo", f"{TERMS_AT}/spec/promises/1/slo")],
    ),
    "terms-beside-a-wrong-slo": (
        {"slo": [put(OBJECTIVE + "target", 99.5)], "terms": [put("spec|promises|1|site", "moon-1")]},
        [TARGET, ("agreement.site", f"{TERMS_AT}/spec/promises/1/site")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MIXED)
def test_specs_tell_shape_and_values_at_once_and_nothing_false(case: str, tmp_path: Path) -> None:
    """What has no shape hides no wrong value beside it, and nothing is said that only follows from it."""
    changes, expected = MIXED[case]
    documents = {"fleet": FLEET, "slo": SLO, "latency": LATENCY, "terms": AGREEMENT}
    folder = write(tmp_path, **{name: changed(one, *changes.get(name, [])) for name, one in documents.items()})
    assert found(folder) == expected


def places(document: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every part of a document, with its path."""
    if path:
        yield path, document
    parts = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, part in parts:
        yield from places(part, f"{path}|{name}" if path else str(name))


@pytest.mark.parametrize("name", ["fleet", "slo", "latency", "terms"])
def test_specs_say_nothing_false_of_what_has_no_shape(name: str, tmp_path: Path) -> None:
    """Whatever part of right documents has no shape, nothing but the shape is told."""
    documents = {"fleet": FLEET, "slo": SLO, "latency": LATENCY, "terms": AGREEMENT}
    write(tmp_path, **documents)
    for path, part in places(documents[name]):
        if "targets|" in path:  # the exporters' part of the file
            continue
        wrong: object = "x" if isinstance(part, int | float) else 1.5
        write(tmp_path, **{name: changed(documents[name], put(path, wrong))})
        assert {code.partition(".")[0] for code, _ in found(tmp_path)} == {"spec"}, path


def test_specs_name_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A mistyped folder is a violation, not an empty installation."""
    with pytest.raises(InvalidInput) as caught:
        load_catalog([tmp_path / "specs"])
    assert [(one.code, one.where) for one in caught.value.violations] == [("spec.missing", str(tmp_path / "specs"))]


def test_specs_never_print_a_salt(tmp_path: Path) -> None:
    """What hides the terms on chain is not shown by the error about it."""
    document = changed(AGREEMENT, put("spec|salt", "0xsecret"))
    with pytest.raises(InvalidInput) as caught:
        load_catalog([write(tmp_path, fleet=FLEET, edge=SLO, latency=LATENCY, agreement=document)])
    assert "0xsecret" not in str(caught.value)


def test_committed_specs_load_whole() -> None:
    """The specs of this repository are valid, and become exactly these values."""
    catalog = load_catalog([SPECS])
    month = CalendarWindow(unit=CalendarUnit.MONTH, zone="UTC")
    edge, latency = catalog.slos["availability-edge"], catalog.slos["latency-chain-query"]
    (made,) = catalog.agreements.values()
    assert {one.code for one in catalog.warnings} == {"agreement.example"}
    regional, at_edge = catalog.sites.values()
    assert (regional.name, regional.tier, regional.region) == ("regional-nairobi-1", "regional", "ke-nairobi")
    assert set(regional.targets) == {"besu", "ceph", "canary", "gateway", "blackbox", "kubernetes-api"}
    assert at_edge == Site(
        name="edge-nairobi-1",
        tier="edge",
        region="ke-nairobi",
        targets={"proxmox": ("edge-nairobi-1",), "canary": ("edge-nairobi-1",)},
    )
    assert replace(edge, description="", digest="") == Slo(
        name="availability-edge",
        tier="edge",
        indicator=StateIndicator(
            up='sankofa_pve_up{job="sankofa-proxmox"}',
            known='sankofa_pve_known{job="sankofa-proxmox"}',
            system="proxmox",
        ),
        target_ppm=995_000,
        budgeting=Budgeting.TIMESLICES,
        window=month,
        slot=SlotRule(seconds=60, scrape_seconds=15, target_ppm=1_000_000),
        no_traffic=NoTraffic.GOOD,
        sources={"edge-nairobi-1": ("edge-nairobi-1",)},
    )
    assert replace(latency, description="", digest="") == Slo(
        name="latency-chain-query",
        tier="regional",
        indicator=RatioIndicator(
            good='sankofa_besu_eth_call_duration_seconds_bucket{job="sankofa-besu",le="0.2"}',
            valid='sankofa_besu_eth_call_duration_seconds_count{job="sankofa-besu"}',
            system="besu",
        ),
        target_ppm=990_000,
        budgeting=Budgeting.OCCURRENCES,
        window=month,
        slot=SlotRule(seconds=60, scrape_seconds=15),
        no_traffic=NoTraffic.EXCLUDED,
        sources={"regional-nairobi-1": ("replica-1",)},
    )
    assert (made.name, made.tenant, made.fee_minor, made.currency, made.exponent, made.starts_at) == (
        "example-edge", "example", 125_000, "USD", 2, 1_798_761_600,
    )  # fmt: skip
    assert [(promise.label, promise.bands[0]) for promise in made.promises] == [
        ("availability-edge/edge-nairobi-1", CreditBand(below_ppm=995_000, credit_ppm=100_000)),
        ("latency-chain-query/regional-nairobi-1", CreditBand(below_ppm=990_000, credit_ppm=50_000)),
    ]


def test_specs_read_decimals_as_written(tmp_path: Path) -> None:
    """0.999999 is 999,999 ppm however its double looks, and a percentage is the same promise."""
    plain = changed(SLO, put(OBJECTIVE + "target", 0.999999))
    percent = changed(named(SLO, "percent"), put("spec|objectives|0", {"targetPercent": 99.9999}))
    catalog = load_catalog([write(tmp_path, plain=plain, percent=percent)])
    assert [one.target_ppm for one in catalog.slos.values()] == [999_999, 999_999]


def test_specs_of_two_documents_in_one_file_both_count(tmp_path: Path) -> None:
    """Files are only folders of documents; empty documents are skipped, and `.yml` is read too."""
    (tmp_path / "all.yml").write_text("---\n---\n" + yaml.safe_dump_all([FLEET, SLO, LATENCY, AGREEMENT]))
    catalog = load_catalog([tmp_path])
    assert (len(catalog.sites), len(catalog.slos), len(catalog.agreements)) == (2, 2, 1)


def test_specs_of_a_list_in_one_file_all_count(tmp_path: Path) -> None:
    """A list at the top is read as its documents, as OpenSLO writes them."""
    catalog = load_catalog([write(tmp_path, all=yaml.safe_dump([FLEET, SLO, LATENCY, AGREEMENT]))])
    assert (len(catalog.sites), len(catalog.slos), len(catalog.agreements)) == (2, 2, 1)


def test_specs_tell_the_line_of_every_violation(tmp_path: Path) -> None:
    """Of values, of what is missing, of what is no YAML, of a document in a list, and of what leans on another file."""
    good = yaml.safe_dump(SLO, sort_keys=False)
    slo = good.replace("target: 0.995", "target: 99.5").replace("  service: edge-sites\n", "")
    listed = yaml.safe_dump([FLEET, {"kind": "A"}], sort_keys=False)
    terms = yaml.safe_dump(changed(AGREEMENT, put("spec|fee|exponent", 0)), sort_keys=False)
    folder = write(tmp_path, a=slo, b="kind: 1\na: [", c=listed, d=terms, e=f"# twice\n---\n{good}")

    def line(text: str, words: str) -> int:
        return next(number for number, one in enumerate(text.splitlines(), 1) if one.startswith(words))

    told = {(one.code, Path(one.file).name, one.line) for one in violations(folder)}
    assert told == {
        ("spec.missing", "a.yaml", line(slo, "spec:")),
        ("slo.target-range", "a.yaml", line(slo, "  - displayName: up") + 1),
        ("spec.yaml", "b.yaml", 3),
        ("spec.kind", "c.yaml", line(listed, "- kind: A")),
        ("agreement.exponent", "d.yaml", line(terms, "    exponent")),
        ("slo.twice", "e.yaml", 3 + line(good, "  name:") - 1),
    }
    text = str(InvalidInput("", violations(folder)))
    assert f"{folder / 'a.yaml'}:{line(slo, 'spec:')}: /spec/service: Field required" in text
    assert f"defined twice, first in {folder / 'a.yaml'}:1 " in text
