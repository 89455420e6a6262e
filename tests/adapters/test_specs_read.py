"""SLO documents that are right: what they become, what they lean on in each other and in the fleet, and what they are warned of."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    Operator,
    RatioIndicator,
    Rule,
    StateIndicator,
    Together,
)
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow, RollingWindow
from tests.adapters.spec_documents import (
    BUCKET,
    FLEET,
    LATENCY,
    NOTE,
    OBJECTIVE,
    SLO,
    Change,
    Document,
    Expected,
    changed,
    composite,
    found,
    level,
    named,
    note,
    notes,
    put,
    rolling,
    violations,
    write,
    zone,
)


def selectors(good: str, total: str, *, bad: bool = False) -> Change:
    def change(document: Document) -> None:
        metric = {name: {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}
                  for name, query in (("bad" if bad else "good", good), ("total", total))}  # fmt: skip
        put("spec|indicator|spec", {"ratioMetric": {"counter": True, **metric}})(document)

    return change


GOOD_BUCKET = f'{BUCKET}{{le="0.2"}}'
INDICATORS: dict[str, tuple[Document, list[Change], Indicator]] = {
    "states": (SLO, [], StateIndicator(up="sankofa_pve_up", known="sankofa_pve_known", system="proxmox")),
    "states-as-seen": (
        SLO,
        [put(NOTE + "sources", ...), notes(combine="any")],
        StateIndicator(up="sankofa_pve_up", known="sankofa_pve_known", combine=Combine(rule=Rule.ANY)),
    ),
    "states-at-least-2": (
        SLO,
        [notes(combine="atLeast: 2")],
        StateIndicator(
            up="sankofa_pve_up",
            known="sankofa_pve_known",
            system="proxmox",
            combine=Combine(rule=Rule.AT_LEAST, at_least=2),
        ),
    ),
    "events": (
        LATENCY,
        [selectors(GOOD_BUCKET, "duration_seconds_count")],
        RatioIndicator(good=GOOD_BUCKET, valid="duration_seconds_count", system="besu"),
    ),
    "events-of-all-in-a-bucket": (
        LATENCY,
        [selectors(f"{BUCKET}{{le='1.0'}}", f'{BUCKET}{{le="+Inf"}}')],
        RatioIndicator(good=f"{BUCKET}{{le='1.0'}}", valid=f'{BUCKET}{{le="+Inf"}}', system="besu"),
    ),
    "bad-events-of-pods": (
        LATENCY,
        [
            selectors('requests_total{code=~"5.."}', "requests_total", bad=True),
            notes(sources="changing", start_time='process_start_time_seconds{job="app"}', leaves="1m"),
        ],
        RatioIndicator(
            good='requests_total{code=~"5.."}',
            valid="requests_total",
            counts_bad=True,
            changing=True,
            started='process_start_time_seconds{job="app"}',
        ),
    ),
    "level": (
        SLO,
        [level(op="lte", value=900.5)],
        LevelIndicator(level="lag_seconds", operator=Operator.LTE, bound=Decimal("900.5"), system="proxmox"),
    ),
    "composite": (SLO, [composite()], CompositeIndicator(together=Together.ALL, weights={"power": 1, "network": 1})),
    "composite-any": (SLO, [composite("any", "a")], CompositeIndicator(together=Together.ANY, weights={"a": 1})),
    "composite-weighted": (
        SLO,
        [composite("weighted 0.75", "power=3, network")],
        CompositeIndicator(together=Together.WEIGHTED, weights={"power": 3, "network": 1}, share_ppm=750_000),
    ),
}


@pytest.mark.parametrize("case", INDICATORS)
def test_specs_read_every_kind_of_indicator(case: str, tmp_path: Path) -> None:
    """Events with good or bad, states, levels and composites, with their sources."""
    document, changes, expected = INDICATORS[case]
    parts = {part: named(SLO, part) for part in getattr(expected, "weights", {})}
    slo = changed(named(document, "whole"), *changes)
    assert load_catalog([write(tmp_path, whole=slo, **parts)]).slos["whole"].indicator == expected


def test_specs_read_every_length_of_counting(tmp_path: Path) -> None:
    """Each setting of a slot of events becomes its field."""
    lengths = notes(
        sources="changing", slot="5m", scrape="30s", longest_gap="10m", history="2h", leaves="45s",
        settles="1m", burst_factor="3",
    )  # fmt: skip
    (slo,) = load_catalog([write(tmp_path, slo=changed(LATENCY, lengths))]).slos.values()
    assert slo.slot == SlotRule(
        seconds=300,
        scrape_seconds=30,
        longest_gap_seconds=600,
        history_seconds=7200,
        burst_factor=3,
        settles_seconds=60,
        leaves_seconds=45,
    )


WINDOWS = {
    "month": (zone("UTC"), CalendarWindow(unit=CalendarUnit.MONTH, zone="UTC")),
    "kathmandu": (
        zone("Asia/Kathmandu", slot="15m"),
        CalendarWindow(unit=CalendarUnit.MONTH, zone="Asia/Kathmandu"),
    ),
    "day-of-utc": (zone("UTC", duration="1d", slot="1d"), CalendarWindow(unit=CalendarUnit.DAY, zone="UTC")),
    "quarter": (
        zone("Africa/Nairobi", "2026-04-01 00:00:00", "1Q", "1h"),
        CalendarWindow(unit=CalendarUnit.QUARTER, zone="Africa/Nairobi"),
    ),
    "midnight-that-was-skipped": (  # in Cairo the clock goes from 00:00 to 01:00
        zone("Africa/Cairo", "2026-04-24 00:00:00", "1d"),
        CalendarWindow(unit=CalendarUnit.DAY, zone="Africa/Cairo"),
    ),
    "rolling-weeks": (rolling("4w"), RollingWindow(seconds=2_419_200, step_seconds=86_400)),
    "rolling-hours": (rolling("36h"), RollingWindow(seconds=129_600, step_seconds=60)),
    "seconds": (zone("UTC", duration="600s"), FixedWindow(seconds=600, anchor_at=1_767_225_600)),
}


@pytest.mark.parametrize("case", WINDOWS)
def test_specs_read_windows_that_fit_their_slots(case: str, tmp_path: Path) -> None:
    """Calendar periods in any zone whose edges are edges of slots; a length is anchored at its calendar's start."""
    change, expected = WINDOWS[case]
    assert load_catalog([write(tmp_path, slo=changed(SLO, change))]).slos["availability-edge"].window == expected


def with_site(**targets: Document) -> Document:
    return changed(FLEET, put("spec|sites|1|targets", targets))


TWO_NODES: Document = {"node-1": {}, "node-2": {}}
PARTS = {
    "unknown": (named(SLO, "power"), "network", "no SLO network"),
    "itself": (named(SLO, "power"), "whole", "whole is a composite itself; name its parts"),
    "other-tier": (changed(named(SLO, "power"), notes(tier="core")), "power", "power is of tier core"),
    "other-slots": (
        changed(named(SLO, "power"), put(OBJECTIVE + "timeSliceWindow", "5m")),
        "power",
        "power is of tier edge with slots of 300 s",
    ),
}


@pytest.mark.parametrize("case", PARTS)
def test_parts_of_a_composite_fit_together(case: str, tmp_path: Path) -> None:
    """A part is an SLO of the same tier and slots, and no composite; the fault stands at the composite's document."""
    other, parts, problem = PARTS[case]
    folder = write(tmp_path, power=other, whole=changed(named(SLO, "whole"), composite(parts=parts)))
    (told,) = violations(folder)
    assert (told.code, told.where) == ("slo.parts", f"{folder}/whole.yaml#1:{note('parts')}")
    assert problem in told.problem


def test_a_composite_carries_its_parts(tmp_path: Path) -> None:
    """The parts are whole SLOs with their own sources."""
    parts = {name: named(SLO, name) for name in ("power", "network")}
    whole = changed(named(SLO, "whole"), composite())
    found_parts = load_catalog([write(tmp_path, fleet=FLEET, whole=whole, **parts)]).slos["whole"].parts
    assert {name: dict(part.sources) for name, part in found_parts.items()} == {
        "power": {"edge-nairobi-1": ("edge-nairobi-1",)},
        "network": {"edge-nairobi-1": ("edge-nairobi-1",)},
    }


SOURCES: dict[str, tuple[Document, Change, Expected]] = {
    "listed": (with_site(proxmox=TWO_NODES), notes(combine="atLeast: 2"), []),
    "no-such-system": (with_site(ceph=TWO_NODES), notes(), [("slo.sources", note("sources"))]),
    "no-targets": (with_site(proxmox={}), notes(), [("slo.sources", note("sources"))]),
    "no-site-of-the-tier": (with_site(proxmox=TWO_NODES), notes(tier="core"), []),
    "more-than-there-are": (
        with_site(proxmox=TWO_NODES),
        notes(combine="atLeast: 3"),
        [("slo.sources", note("combine"))],
    ),
}


@pytest.mark.parametrize("case", SOURCES)
def test_sources_are_those_of_the_fleet_file(case: str, tmp_path: Path) -> None:
    """A system that no site of the tier lists is a mistyped one; without such a site nothing can be said."""
    fleet, change, expected = SOURCES[case]
    folder = write(tmp_path, fleet=fleet, slo=changed(SLO, change))
    if expected:
        assert found(folder) == [(code, f"slo.yaml#1:{path}") for code, path in expected]
    else:
        (slo,) = load_catalog([folder]).slos.values()
        assert slo.sources == ({"edge-nairobi-1": ("node-1", "node-2")} if slo.tier == "edge" else {})


TIMESLICES = put("spec|budgetingMethod", "Timeslices")
WARNINGS: dict[str, tuple[list[Change], Expected]] = {
    "settles": ([TIMESLICES, notes(settles="30s")], [("slo.hardly-met", note("settles"))]),
    "settles-in-longer-slots": ([TIMESLICES, notes(settles="30s", slot="5m")], []),
    "settles-as-occurrences": ([notes(settles="30s")], []),
    "restarts": ([put(OBJECTIVE + "target", 0.9999)], [("slo.daily-restarts", "/spec/objectives/0")]),
    "restarts-below": ([put(OBJECTIVE + "target", 0.999899)], []),
    "restarts-as-slots": ([TIMESLICES, put(OBJECTIVE + "target", 0.9999)], []),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_will_surprise_is_a_warning(case: str, tmp_path: Path) -> None:
    """It is loaded all the same."""
    changes, expected = WARNINGS[case]
    folder = write(tmp_path, slo=changed(LATENCY, *changes))
    catalog = load_catalog([folder])
    assert [(one.code, one.where) for one in catalog.warnings] == [
        (code, f"{folder}/slo.yaml#1:{path}") for code, path in expected
    ]
    assert list(catalog.slos) == ["latency-chain-query"]


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
    roles = _derived("roles", tier="fleet", members_of="up", at_least="active=2, standby=1")
    spare = _derived("spare", tier="region", members_of="up", spare="1")
    catalog = load_catalog([write(tmp_path, fleet=_fleet_of(*sites), up=_up(), roles=roles, spare=spare)])

    found = {
        slo: [(one.role, one.needed, one.sites) for one in catalog.slos[slo].members[place]]
        for slo, place in (("roles", "all"), ("spare", "z-region"))
    }
    assert found == {"roles": [("active", 2, ("a", "c")), ("standby", 1, ("b",))], "spare": [("", 2, ("a", "c"))]}
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


@pytest.mark.parametrize("case", BAD_PLACES)
def test_places_that_make_no_sense_are_refused(case: str, tmp_path: Path) -> None:
    place, code, field = BAD_PLACES[case]
    where = f"/spec/sites/0{f'/{field}' if field else ''}"
    assert found(write(tmp_path, fleet=_fleet_of(place))) == [(code, f"fleet.yaml#1:{where}")]
