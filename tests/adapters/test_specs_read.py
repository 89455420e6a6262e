"""SLO documents that are right: what they become, what they lean on in each other and in the fleet, and what they are warned of."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Demand,
    Indicator,
    LevelIndicator,
    Operator,
    RatioIndicator,
    Reading,
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
    "level-with-demand": (
        SLO,
        [
            level(op="gte", value=5),
            notes(
                reading="rate",
                demand="queue{job='a or b > 1'} > 0.5 or rate dropped > 0 or rate lag_seconds > 0.95 * room",
            ),
        ],
        LevelIndicator(
            level="lag_seconds",
            operator=Operator.GTE,
            bound=Decimal(5),
            reading=Reading.RATE,
            demand=(
                Demand(series="queue{job='a or b > 1'}", above=Decimal("0.5")),
                Demand(series="dropped", reading=Reading.RATE),
                Demand(series="lag_seconds", reading=Reading.RATE, above=Decimal("0.95"), capacity="room"),
            ),
            system="proxmox",
        ),
    ),
    **{
        f"{reading}-{op}-{value}": (
            SLO,
            [level(op=op, value=value), notes(reading=reading)],
            LevelIndicator(
                level="lag_seconds",
                operator=Operator(op),
                bound=Decimal(str(value)),
                reading=Reading(reading),
                system="proxmox",
            ),
        )
        for reading, op, value in (
            ("rate", "lte", 0),  # a counter that stands still
            ("rate", "gt", 0),
            ("rate", "lt", 0.001),
            ("age", "lt", 1),
            ("value", "lt", 0),
            ("value", "gte", -5),
        )
    },
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


def with_site_and_another(**targets: Document) -> Document:
    """The second site of the tier lists nothing."""
    return changed(with_site(**targets), lambda one: one["spec"]["sites"].append(EDGE))


EDGE: Document = {"name": "edge-lagos-1", "tier": "edge", "region": "ng-lagos"}
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
    "some-site-without-targets": (with_site_and_another(proxmox=TWO_NODES), notes(), []),
    "a-sum-of-some-site-without-targets": (
        with_site_and_another(proxmox=TWO_NODES),
        lambda one: (level(op="gte", value=5)(one), notes(total="yes")(one)),
        [("slo.sources", note("total"))],
    ),
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
        listed = {site: own for site, own in slo.sources.items() if own}
        assert listed == ({"edge-nairobi-1": ("node-1", "node-2")} if slo.tier == "edge" else {})


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
