"""Specs from disk: every violation in one run, with its place; what is valid becomes whole values."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.schedule import CreditBand
from sankofa_observe.slo.indicator import RatioIndicator, StateIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow

SPECS = CHECKOUT / "deploy" / "specs"
Document = dict[str, Any]
Change = Callable[[Document], object]


def committed(name: str) -> Document:
    loaded: Document = yaml.safe_load((SPECS / f"{name}.yaml").read_text())
    return loaded


FLEET, SLO = committed("fleet"), committed("slos/availability-edge")
LATENCY, AGREEMENT = committed("slos/latency-chain-query"), committed("agreements/example-edge")


def put(path: str, value: object) -> Change:
    """Set, or with `...` take out, what stands at a path of the document."""

    def change(document: Document) -> None:
        *folders, name = [int(part) if part.isdigit() else part for part in path.split("|")]
        place: Any = document
        for folder in folders:
            place = place[folder]
        if value is ...:
            del place[name]
        else:
            place[name] = value

    return change


def write(folder: Path, **documents: Document | str) -> Path:
    for name, document in documents.items():
        text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
        (folder / f"{name}.yaml").write_text(text)
    return folder


def found(folder: Path) -> list[tuple[str, str]]:
    """The violations as (code, place), without the folder."""
    with pytest.raises(InvalidInput) as caught:
        load_catalog([folder])
    return [(one.code, one.where.removeprefix(f"{folder}/")) for one in caught.value.violations]


NOTE = "metadata|annotations|sankofa.observe/"
OBJECTIVE, RATIO, WINDOW = "spec|objectives|0|", "spec|indicator|spec|ratioMetric|", "spec|timeWindow|0|"
QUERY = RATIO + "good|metricSource|spec|query"
BROKEN_SLOS: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "target-over-1": (put(OBJECTIVE + "target", 99.5), [("slo.target-range", "/spec/objectives/0/target")]),
    "target-1": (put(OBJECTIVE + "target", 1), [("slo.target-range", "/spec/objectives/0/target")]),
    "target-0": (put(OBJECTIVE + "target", 0), [("slo.target-range", "/spec/objectives/0/target")]),
    "target-negative": (put(OBJECTIVE + "target", -0.5), [("slo.target-range", "/spec/objectives/0/target")]),
    "target-too-fine": (put(OBJECTIVE + "target", 0.99950001), [("slo.ppm", "/spec/objectives/0/target")]),
    "target-enormous": (put(OBJECTIVE + "target", "1E+999999"), [("slo.target-range", "/spec/objectives/0/target")]),
    "target-nan": (put(OBJECTIVE + "target", float("nan")), [("spec.finite-number", "/spec/objectives/0/target")]),
    "target-missing": (put(OBJECTIVE + "target", ...), [("slo.target", "/spec/objectives/0/target")]),
    "target-twice": (put(OBJECTIVE + "targetPercent", 99.5), [("slo.target", "/spec/objectives/0/target")]),
    "slot-of-a-month": (
        put(OBJECTIVE + "timeSliceWindow", "1M"),
        [("slo.duration", "/spec/objectives/0/timeSliceWindow")],
    ),
    "period-of-a-minute": (put(WINDOW + "duration", "1m"), [("slo.duration", "/spec/timeWindow/0/duration")]),
    "period-of-two-months": (put(WINDOW + "duration", "2M"), [("slo.duration", "/spec/timeWindow/0/duration")]),
    "period-without-unit": (
        put(WINDOW + "duration", "30"),
        [("spec.string-pattern-mismatch", "/spec/timeWindow/0/duration")],
    ),
    "period-off-slots": (put(WINDOW + "duration", "90s"), [("slo.period-slot", "/spec/timeWindow/0")]),
    "rolling": (put(WINDOW + "isRolling", True), [("spec.literal-error", "/spec/timeWindow/0/isRolling")]),
    "zone-unknown": (
        put(WINDOW + "calendar|timeZone", "Kenya/Nairobi"),
        [("slo.calendar", "/spec/timeWindow/0/calendar")],
    ),
    "zone-a-folder": (put(WINDOW + "calendar|timeZone", "Africa"), [("slo.calendar", "/spec/timeWindow/0/calendar")]),
    "zone-a-path": (put(WINDOW + "calendar|timeZone", "../etc"), [("slo.calendar", "/spec/timeWindow/0/calendar")]),
    "start-no-date": (put(WINDOW + "calendar|startTime", "soon"), [("slo.calendar", "/spec/timeWindow/0/calendar")]),
    "slot-too-short": (
        put(OBJECTIVE + "timeSliceWindow", "15s"),
        [("slo.slot", "/spec/objectives/0/timeSliceWindow")],
    ),
    "slot-not-whole-scrapes": (
        put(OBJECTIVE + "timeSliceWindow", "40s"),
        [("slo.slot", "/spec/objectives/0/timeSliceWindow")],
    ),
    "slot-not-of-a-day": (
        put(OBJECTIVE + "timeSliceWindow", "7m"),
        [("slo.slot", "/spec/objectives/0/timeSliceWindow")],
    ),
    "slice-target-over-1": (
        put(OBJECTIVE + "timeSliceTarget", 1.5),
        [("slo.share", "/spec/objectives/0/timeSliceTarget")],
    ),
    "rate": (put(QUERY, "rate(up[5m])"), [("slo.selector", f"/{QUERY.replace('|', '/')}")]),
    "sum": (put(QUERY, "sum(up)"), [("slo.selector", f"/{QUERY.replace('|', '/')}")]),
    "range": (put(QUERY, "up[5m]"), [("slo.selector", f"/{QUERY.replace('|', '/')}")]),
    "newline": (put(QUERY, 'up{job="pve"}\n'), [("slo.selector", f"/{QUERY.replace('|', '/')}")]),
    "no-query": (put(QUERY, ""), [("slo.selector", f"/{QUERY.replace('|', '/')}")]),
    "floor-no-number": (
        put(NOTE + "coverage-floor", "most"),
        [("slo.share", "/metadata/annotations/sankofa.observe/coverage-floor")],
    ),
    "floor-a-percentage": (
        put(NOTE + "coverage-floor", "80"),
        [("slo.share", "/metadata/annotations/sankofa.observe/coverage-floor")],
    ),
    "floor-unquoted": (
        put(NOTE + "coverage-floor", 0.8),
        [("spec.string-type", "/metadata/annotations/sankofa.observe/coverage-floor")],
    ),
    "tier-unknown": (put(NOTE + "tier", "moon"), [("slo.annotation", "/metadata/annotations/sankofa.observe/tier")]),
    "tier-missing": (put(NOTE + "tier", ...), [("slo.annotation", "/metadata/annotations/sankofa.observe/tier")]),
    "setting-unknown": (put(NOTE + "teir", "edge"), [("slo.annotation", "/metadata/annotations/sankofa.observe/teir")]),
    "no-traffic-unknown": (
        put(NOTE + "no-traffic", "bad"),
        [("slo.annotation", "/metadata/annotations/sankofa.observe/no-traffic")],
    ),
    "field-unknown": (put("spec|objective", {}), [("spec.extra-forbidden", "/spec/objective")]),
    "field-missing": (put("spec|service", ...), [("spec.missing", "/spec/service")]),
    "name-with-capitals": (put("metadata|name", "Edge"), [("spec.string-pattern-mismatch", "/metadata/name")]),
    "kind-unknown": (put("kind", "Slo"), [("spec.kind", "/")]),
    "version-unknown": (put("apiVersion", "openslo/v2"), [("spec.kind", "/")]),
}


@pytest.mark.parametrize("case", BROKEN_SLOS)
def test_specs_name_what_is_wrong_with_an_slo(case: str, tmp_path: Path) -> None:
    """Each mistake has its code and its place, and none hides behind a traceback."""
    change, expected = BROKEN_SLOS[case]
    document = copy.deepcopy(SLO)
    change(document)
    assert found(write(tmp_path, slo=document)) == [(code, f"slo.yaml#1:{path}") for code, path in expected]


PROMISE = "spec|promises|0|"
BANDS = ("agreement.bands", "/spec/promises/0/bands")
BROKEN_AGREEMENTS: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "unknown-slo": (put(PROMISE + "slo", "latency"), [("agreement.slo", "/spec/promises/0/slo")]),
    "unknown-site": (put(PROMISE + "site", "moon-1"), [("agreement.site", "/spec/promises/0/site")]),
    "both-unknown": (
        lambda document: document["spec"]["promises"][0].update(slo="no", site="no"),
        [("agreement.slo", "/spec/promises/0/slo"), ("agreement.site", "/spec/promises/0/site")],
    ),
    "other-tier": (put(PROMISE + "site", "regional-nairobi-1"), [("agreement.tier", "/spec/promises/0")]),
    "promised-twice": (
        lambda document: document["spec"]["promises"].append(document["spec"]["promises"][0]),
        [("agreement.twice", "/spec/promises")],
    ),
    "no-band": (put(PROMISE + "bands", []), [BANDS]),
    "band-not-at-target": (put(PROMISE + "bands|0|belowPpm", 994_000), [BANDS]),
    "band-rises": (put(PROMISE + "bands|1|belowPpm", 996_000), [BANDS]),
    "credit-falls": (put(PROMISE + "bands|1|creditPpm", 100_000), [BANDS]),
    "bands-doubly-wrong": (
        put(PROMISE + "bands", [{"belowPpm": 1, "creditPpm": 2}, {"belowPpm": 1, "creditPpm": 1}]),
        [BANDS] * 3,
    ),
    "more-bands-than-the-contract-holds": (
        put(PROMISE + "bands", [{"belowPpm": 995_000 - n, "creditPpm": 1 + n} for n in range(9)]),
        [("spec.too-long", "/spec/promises/0/bands")],
    ),
    "credit-over-the-fee": (
        put(PROMISE + "bands|2|creditPpm", 1_000_001),
        [("spec.less-than-equal", "/spec/promises/0/bands/2/creditPpm")],
    ),
    "fee-with-decimals": (put("spec|fee|amountMinor", 1250.5), [("spec.int-type", "/spec/fee/amountMinor")]),
    "fee-as-text": (put("spec|fee|amountMinor", "1250"), [("spec.int-type", "/spec/fee/amountMinor")]),
    "fee-over-exact": (put("spec|fee|amountMinor", 2**53), [("spec.less-than-equal", "/spec/fee/amountMinor")]),
    "currency-in-small": (put("spec|fee|currency", "usd"), [("spec.string-pattern-mismatch", "/spec/fee/currency")]),
    "grace-wider-than-the-contract": (
        put("spec|graceSeconds", 2**32),
        [("spec.less-than-equal", "/spec/graceSeconds")],
    ),
    "no-dispute-window": (
        put("spec|disputeWindowSeconds", 0),
        [("spec.greater-than-equal", "/spec/disputeWindowSeconds")],
    ),
    "version-enormous": (put("spec|version", 2**60), [("spec.less-than-equal", "/spec/version")]),
    "start-no-instant": (put("spec|startsAt", "2027-01-01"), [("agreement.instant", "/spec/startsAt")]),
    "start-inside-a-period": (put("spec|startsAt", "2027-01-02T00:00:00Z"), [("agreement.start", "/spec/startsAt")]),
    "account-short": (
        put("spec|tenant|account", "0x22"),
        [("spec.string-pattern-mismatch", "/spec/tenant/account")],
    ),
    "salt-short": (put("spec|salt", "0xsecret"), [("spec.string-pattern-mismatch", "/spec/salt")]),
    "no-promise": (put("spec|promises", []), [("spec.too-short", "/spec/promises")]),
}


@pytest.mark.parametrize("case", BROKEN_AGREEMENTS)
def test_specs_name_what_is_wrong_with_an_agreement(case: str, tmp_path: Path) -> None:
    """Each mistake has its code and its place, beside a fleet and SLOs that are right."""
    change, expected = BROKEN_AGREEMENTS[case]
    document = copy.deepcopy(AGREEMENT)
    change(document)
    folder = write(tmp_path, fleet=FLEET, edge=SLO, latency=LATENCY, agreement=document)
    assert found(folder) == [(code, f"agreement.yaml#1:{path}") for code, path in expected]


BAD_FILES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "no-yaml": ("a: [1\nb: 2", [("spec.yaml", "file.yaml")]),
    "tab": ("a:\n\tb: 1", [("spec.yaml", "file.yaml")]),
    "no-such-date": ("a: 2026-02-30", [("spec.yaml", "file.yaml")]),
    "a-program": ("!!python/object/apply:os.system ['true']", [("spec.yaml", "file.yaml")]),
    "key-twice": ("kind: SLO\napiVersion: openslo/v1\nkind: Fleet", [("spec.yaml", "file.yaml")]),
    "nested-key-twice": ("spec: {target: 0.9, target: 0.5}", [("spec.yaml", "file.yaml")]),
    "a-list": ("- 1\n- 2", [("spec.kind", "file.yaml#1:/")]),
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


def test_specs_tell_every_violation_in_one_run(tmp_path: Path) -> None:
    """Faults in several files, several documents and several fields come out together, in the order of the files."""
    slo = copy.deepcopy(SLO)
    put(OBJECTIVE + "target", 99.5)(slo)
    put(OBJECTIVE + "timeSliceWindow", "1M")(slo)
    put(QUERY, "rate(up[5m])")(slo)
    fleet = copy.deepcopy(FLEET)
    put("spec|sites|1|name", "regional-nairobi-1")(fleet)
    twins = yaml.safe_dump_all([SLO, SLO])
    folder = write(tmp_path, a=slo, b=fleet, c="a: [", d=twins, e=put_name(AGREEMENT, "Example"))
    (tmp_path / "f.yaml").write_bytes(b"\xff\xfe")
    assert set(found(folder)) == {
        ("slo.target-range", "a.yaml#1:/spec/objectives/0/target"),
        ("slo.duration", "a.yaml#1:/spec/objectives/0/timeSliceWindow"),
        ("slo.selector", f"a.yaml#1:/{QUERY.replace('|', '/')}"),
        ("fleet.twice", "b.yaml#1:/spec/sites/1/name"),
        ("spec.yaml", "c.yaml"),
        ("slo.twice", "d.yaml#2:/metadata/name"),
        ("spec.string-pattern-mismatch", "e.yaml#1:/metadata/name"),
        ("spec.yaml", "f.yaml"),
    }


def put_name(document: Document, name: str) -> Document:
    return {**document, "metadata": {**document["metadata"], "name": name}}


def test_specs_name_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A mistyped folder is a violation, not an empty installation."""
    with pytest.raises(InvalidInput) as caught:
        load_catalog([tmp_path / "specs"])
    assert [(one.code, one.where) for one in caught.value.violations] == [("spec.missing", str(tmp_path / "specs"))]


def test_specs_never_print_a_salt(tmp_path: Path) -> None:
    """What hides the terms on chain is not shown by the error about it."""
    document = copy.deepcopy(AGREEMENT)
    put("spec|salt", "0xsecret")(document)
    with pytest.raises(InvalidInput) as caught:
        load_catalog([write(tmp_path, fleet=FLEET, edge=SLO, latency=LATENCY, agreement=document)])
    assert "0xsecret" not in str(caught.value)


HINTS = {
    "percent": (put(OBJECTIVE + "target", 99.5), "did you mean targetPercent: 99.5?"),
    "minutes": (put(WINDOW + "duration", "1m"), "1M is a month"),
    "months": (put(OBJECTIVE + "timeSliceWindow", "1M"), "M is a month; a minute is m"),
    "rate": (put(QUERY, "rate(up[5m])"), "no rate(), sum() or range"),
}


@pytest.mark.parametrize("case", HINTS)
def test_specs_hint_at_the_next_step(case: str, tmp_path: Path) -> None:
    """The usual slips are told with what was probably meant."""
    change, hint = HINTS[case]
    document = copy.deepcopy(SLO)
    change(document)
    with pytest.raises(InvalidInput) as caught:
        load_catalog([write(tmp_path, slo=document)])
    assert hint in str(caught.value)


def test_committed_specs_load_whole() -> None:
    """The specs of this repository are valid, and become exactly these values."""
    catalog = load_catalog([SPECS])
    month = CalendarWindow(unit=CalendarUnit.MONTH, zone="UTC")
    edge, latency = catalog.slos["availability-edge"], catalog.slos["latency-chain-query"]
    (made,) = catalog.agreements.values()
    assert catalog.sites == {
        "regional-nairobi-1": Site(name="regional-nairobi-1", tier="regional", region="ke-nairobi"),
        "edge-nairobi-1": Site(name="edge-nairobi-1", tier="edge", region="ke-nairobi"),
    }
    assert replace(edge, description="", digest="") == Slo(
        name="availability-edge",
        tier="edge",
        indicator=StateIndicator(up="sankofa_pve_up", known="sankofa_pve_known"),
        target_ppm=995_000,
        budgeting=Budgeting.TIMESLICES,
        window=month,
        slot=SlotRule(seconds=60, scrape_seconds=15, coverage_floor_ppm=800_000, target_ppm=1_000_000),
        no_traffic=NoTraffic.GOOD,
    )
    assert replace(latency, description="", digest="") == Slo(
        name="latency-chain-query",
        tier="regional",
        indicator=RatioIndicator(
            good='sankofa_besu_eth_call_duration_seconds_bucket{le="0.2"}',
            valid="sankofa_besu_eth_call_duration_seconds_count",
        ),
        target_ppm=990_000,
        budgeting=Budgeting.OCCURRENCES,
        window=month,
        slot=SlotRule(seconds=60, scrape_seconds=15),
        no_traffic=NoTraffic.EXCLUDED,
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
    plain, percent = copy.deepcopy(SLO), put_name(copy.deepcopy(SLO), "percent")
    put(OBJECTIVE + "target", 0.999999)(plain)
    put(OBJECTIVE + "target", ...)(percent)
    put(OBJECTIVE + "targetPercent", 99.9999)(percent)
    catalog = load_catalog([write(tmp_path, plain=plain, percent=percent)])
    assert [one.target_ppm for one in catalog.slos.values()] == [999_999, 999_999]


def test_specs_take_a_period_of_seconds_for_trials(tmp_path: Path) -> None:
    """A short period is anchored at its calendar's start."""
    document = copy.deepcopy(SLO)
    put(WINDOW + "duration", "600s")(document)
    catalog = load_catalog([write(tmp_path, slo=document)])
    assert catalog.slos["availability-edge"].window == FixedWindow(seconds=600, anchor_at=1_767_225_600)


def test_specs_of_two_documents_in_one_file_both_count(tmp_path: Path) -> None:
    """Files are only folders of documents; empty documents are skipped, and `.yml` is read too."""
    (tmp_path / "all.yml").write_text("---\n---\n" + yaml.safe_dump_all([FLEET, SLO, LATENCY, AGREEMENT]))
    catalog = load_catalog([tmp_path])
    assert (len(catalog.sites), len(catalog.slos), len(catalog.agreements)) == (2, 2, 1)


def test_agreement_terms_change_with_an_slo_they_lean_on(tmp_path: Path) -> None:
    """Another target in a spec is another hash of the terms, under the same agreement id."""
    before = next(iter(load_catalog([SPECS]).agreements.values()))
    slo = copy.deepcopy(SLO)
    put("spec|indicator|spec|ratioMetric|good|metricSource|spec|query", "other_up")(slo)
    after = next(iter(load_catalog([write(tmp_path, f=FLEET, s=slo, l=LATENCY, a=AGREEMENT)]).agreements.values()))
    assert (after.id == before.id, after.terms_hash == before.terms_hash) == (True, False)


def test_agreement_of_one_name_twice_is_refused(tmp_path: Path) -> None:
    """Two agreements with one name and one salt have one id."""
    folder = write(tmp_path, f=FLEET, s=SLO, l=LATENCY, a=AGREEMENT, b=AGREEMENT)
    assert found(folder) == [("agreement.twice", "b.yaml#1:/metadata/name")]
