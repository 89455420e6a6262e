"""The platform's metrics: every series that is named is made, and counts what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sankofa_observe import telemetry
from sankofa_observe.errors import InvalidInput, InvariantBroken, Refused, Unavailable, Violation, kind_of
from sankofa_observe.operations.metrics import IncidentMetrics, PipelineMetrics, RequestMetrics
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.incidents import Stored
from sankofa_observe.pipeline.panel import Panel, alone
from sankofa_observe.ports import Outcome, Review
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import AttainmentRecord, Verdict
from sankofa_observe.slo.window import RollingWindow
from sankofa_observe.testing import FixedClock, MemoryLedger, MemorySlots
from sankofa_observe.units import Period
from tests.builders import START, agreement, period, slot, slots_of, verdict


def made() -> tuple[ProcessMetrics, PipelineMetrics, RequestMetrics]:
    process = ProcessMetrics()
    return process, PipelineMetrics(process, Catalog()), RequestMetrics(process)


def value(process: ProcessMetrics, name: str, *labels: str) -> float | None:
    """A sample by its labels, in the order of `telemetry`; None where there is none."""
    series = next(one for one in telemetry.SERIES if name in {*one.names})
    return process.registry.get_sample_value(name, dict(zip(series.labels, labels, strict=True)))


def test_every_series_that_is_named_is_made_with_its_labels() -> None:
    """A name in `telemetry` that nobody makes would be an empty panel; one that is made elsewhere has no reference."""
    process, *_ = made()
    IncidentMetrics(process)
    found = {}
    for family in text_string_to_metric_families(generate_latest(process.registry).decode()):
        if not family.name.endswith("_created"):
            found[family.name + ("_total" if family.type == "counter" else "")] = (family.type, family.documentation)
    assert found == {one.name: (one.kind, one.meaning) for one in telemetry.SERIES}


def test_every_target_of_the_fleet_file_is_expected() -> None:
    """Of each system that a site names, an exporter's or another's, and of places that are no sites."""
    process = ProcessMetrics()
    sites = [
        Site(name="edge-1", tier="edge", region="east", targets={"proxmox": ("pve-1", "pve-2"), "gateway": ("gw-1",)}),
        Site(name="mainland", tier="chain", region="global", targets={"besu": ("mainland",)}),
        Site(name="zone-east", tier="region", region="east"),
    ]
    PipelineMetrics(process, Catalog(sites={one.name: one for one in sites}))
    families = text_string_to_metric_families(generate_latest(process.registry).decode())
    samples = [one for family in families for one in family.samples if one.name == str(telemetry.TARGET_INFO)]

    assert {(*(one.labels[label] for label in telemetry.TARGET_INFO.labels), one.value) for one in samples} == {
        ("edge", "east", "edge-1", "proxmox", "pve-1", 1.0),
        ("edge", "east", "edge-1", "proxmox", "pve-2", 1.0),
        ("edge", "east", "edge-1", "gateway", "gw-1", 1.0),
        ("chain", "global", "mainland", "besu", "mainland", 1.0),
    }


def test_each_alert_that_was_told_of_is_counted_by_what_became_of_it() -> None:
    """From the start, so that a rate sees the first one."""
    process, *_ = made()
    metrics = IncidentMetrics(process)
    name = telemetry.INCIDENT_ALERTS.name
    assert [value(process, name, outcome) for outcome in Stored.OUTCOMES] == [0, 0, 0, 0]
    wrong = Violation(code="incident.alert", where="alerts/0", problem="no status")
    metrics.stored(Stored(stored=3, same=2, refused=(wrong,), truncated=7))
    assert [value(process, name, outcome) for outcome in Stored.OUTCOMES] == [3, 2, 1, 7]


def test_a_turn_of_a_stage_is_counted_with_its_seconds() -> None:
    """One that failed leaves the time of its last success, and is an error of its kind."""
    process, pipeline, _ = made()
    pipeline.started(["observe", "compact"], 100)
    pipeline.stage_done("observe", None, 0.5, 160)
    pipeline.stage_done("observe", Unavailable("away"), 0.25, 220)
    pipeline.stage_done("compact", None, 2, 230)
    assert value(process, "sankofa_pipeline_last_success_timestamp_seconds", "observe") == 160
    assert value(process, "sankofa_pipeline_last_success_timestamp_seconds", "compact") is None
    assert value(process, "sankofa_pipeline_failures_total", "observe") == 1
    assert value(process, "sankofa_pipeline_stage_duration_seconds_sum", "observe") == 0.75
    assert value(process, "sankofa_pipeline_stage_duration_seconds_count", "compact") == 1
    assert value(process, "sankofa_errors_total", "scheduler", "unavailable") == 1
    assert value(process, "sankofa_errors_total", "scheduler", "unexpected") == 0


def test_requests_are_counted_by_route_and_class() -> None:
    """And their errors by kind, beside those of the scheduler."""
    process, _, requests = made()
    requests.answered("/v1/settlements/{settlement_id}", 200, 0.5, "")
    requests.answered("/v1/settlements/{settlement_id}", 204, 0.25, "")
    requests.answered("/v1/settlements/{settlement_id}", 404, 0.125, "invalid_input")
    route = "/v1/settlements/{settlement_id}"
    assert value(process, "sankofa_api_request_duration_seconds_sum", route, "2xx") == 0.75
    assert value(process, "sankofa_api_request_duration_seconds_count", route, "4xx") == 1
    assert value(process, "sankofa_errors_total", "api", "invalid_input") == 1
    assert [value(process, "sankofa_api_answers_total", status) for status in ("200", "401", "403", "404")] == [
        1,
        0,
        0,
        1,
    ]
    assert value(process, "sankofa_errors_total", "scheduler", "invalid_input") == 0


def test_an_error_is_of_the_kind_of_who_has_to_act() -> None:
    """Each leaf of the tree of errors has the word of its branch."""
    errors = [InvalidInput("x"), Unavailable("x"), Refused("x"), InvariantBroken("x"), ValueError("x")]
    assert [kind_of(one) for one in errors] == [
        "invalid_input", "unavailable", "unavailable", "invariant_broken", "unexpected",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- third states


EDGE = agreement()
CATALOG = Catalog(
    sites={"edge-1": Site(name="edge-1", tier="edge", region="east")},
    slos={"availability-edge": EDGE.promises[0].slo},
    agreements={EDGE.name: EDGE},
)
PROMISE = ("availability-edge", "edge-1", "edge")
RATIOS = tuple(
    str(one) for one in (telemetry.SLO_LOW, telemetry.SLO_HIGH, telemetry.SLO_SPENT)
)  # of which none is given where nothing is known


def refreshed(pipeline: PipelineMetrics, ledger: MemoryLedger, table: MemorySlots, at: int = START + 300) -> None:
    pipeline.refresh_slots(table, FixedClock(at=at))
    pipeline.refresh_records(ledger, at)


def test_of_a_period_of_which_nothing_is_known_no_figure_is_given() -> None:
    """Neither 0 nor that of the period before: only its slots by state say what there is."""
    process = ProcessMetrics()
    pipeline, table, ledger = PipelineMetrics(process, CATALOG), MemorySlots(), MemoryLedger()
    table.append(slots_of(0, bad=1), START)
    table.append([slot(at, SlotState.UNKNOWN) for at in range(period(1).starts_at, period(1).ends_at, 60)], START)
    seen = []
    for index in (0, 1):
        refreshed(pipeline, ledger, table, period(index).ends_at - 1)
        seen.append([value(process, name, *PROMISE) for name in RATIOS])

    assert seen == [[0.9, 0.9, 20], [None, None, None]]
    assert value(process, "sankofa_slo_period_slots", *PROMISE, "UNKNOWN") == 10
    refreshed(pipeline, ledger, table, period(2).ends_at - 1)
    assert [value(process, "sankofa_slo_period_slots", *PROMISE, state.value) for state in SlotState] == [None] * 4


def test_a_rolling_budget_moves_on_with_its_window() -> None:
    """A miss counts for as long as it is inside, and is forgotten by itself; no period begins anew."""
    watched = replace(EDGE.promises[0].slo, window=RollingWindow(seconds=300, step_seconds=60))
    process = ProcessMetrics()
    pipeline, table = (
        PipelineMetrics(process, replace(CATALOG, slos={watched.name: watched}, agreements={})),
        MemorySlots(),
    )
    table.append(slots_of(0, bad=2), START)
    seen = []
    for minute in (5, 6, 7, 10):
        pipeline.refresh_slots(table, FixedClock(at=START + 60 * minute - 1))
        seen.append(value(process, str(telemetry.SLO_LOW), *PROMISE))

    assert seen == [0.6, 0.8, 1, 1]


def test_what_nobody_can_tell_is_told_with_its_age_and_what_is_at_stake() -> None:
    """Until a person has said it: then nothing is there but a zero."""
    process, ledger = ProcessMetrics(), MemoryLedger()
    pipeline = PipelineMetrics(process, CATALOG)
    names = ("sankofa_undetermined_verdicts", "sankofa_undetermined_period_end_timestamp_seconds")
    unclear = replace(verdict(EDGE), verdict=Verdict.UNDETERMINED, at_stake=EDGE.money(50_000))
    said = {"reason": "seen", "reference": "", "actor": "person:amina", "tenant": "acme"}
    seen = []
    for step in (
        lambda: None,
        lambda: ledger.add_verdict(unclear),
        lambda: ledger.add_review(Review(verdict=unclear.ref, outcome=Outcome.MET, at=9, **said)),
    ):
        step()
        refreshed(pipeline, ledger, MemorySlots())
        stake = value(process, "sankofa_undetermined_at_stake", "USD")
        seen.append((*(value(process, name, "availability-edge") for name in names), stake))

    assert seen == [(0, None, 0), (1, period().ends_at, 500), (0, None, 0)]


def test_an_slo_shows_the_version_that_holds() -> None:
    """From the boundary on the objective and the figures are those of the later version, under the same name."""
    first = agreement().promises[0].slo
    later = replace(first, target_ppm=900_000, version=2, starts_at=period(1).starts_at)
    first = replace(first, ends_at=later.starts_at)
    catalog = replace(CATALOG, slos={one.counted_as: one for one in (first, later)})
    process, table, clock = ProcessMetrics(), MemorySlots(), FixedClock(at=period(0).ends_at - 1)
    pipeline = PipelineMetrics(process, catalog)
    table.append(slots_of(0, bad=2), START)
    table.append([replace(one, slo=later.counted_as) for one in slots_of(1, bad=4)], START)
    seen = []
    for _ in range(2):
        pipeline.refresh_slots(table, clock)
        seen.append(
            (
                value(process, str(telemetry.SLO_OBJECTIVE), first.name, first.tier),
                value(process, str(telemetry.SLO_LOW), *PROMISE),
            )
        )
        clock.forward(600)

    assert seen == [(0.995, 0.8), (0.9, 0.6)]


# --------------------------------------------------------------------------------------------------------------- observers


def test_each_observer_is_told_with_how_far_it_has_come_and_what_it_says_alone() -> None:
    """One that never counted is at 0; views are of the newest judged period."""
    quorum = Quorum(names=("east", "north", "west"), bad=2, good=2)
    three = replace(EDGE, observers=quorum)
    process, ledger = ProcessMetrics(), MemoryLedger()
    pipeline = PipelineMetrics(process, replace(CATALOG, agreements={three.id: three}))
    tables = {name: MemorySlots() for name in quorum.names}
    tables["east"].append(slots_of(0, bad=0), START)
    tables["north"].append(slots_of(0, bad=1), START)

    def panel_of(asked: Quorum) -> Panel:
        return Panel(quorum=asked, tables=tuple(tables.values()))

    pipeline.refresh_observers("east", panel_of, ledger, period(0).ends_at)
    newest = [value(process, str(telemetry.OBSERVER_NEWEST), name) for name in quorum.names]
    assert newest == [period(0).ends_at - 60, period(0).ends_at - 60, 0]
    assert value(process, str(telemetry.OBSERVER_VERDICTS), "north", "otherwise") == 0

    tables["west"].append([replace(one, state=SlotState.UNKNOWN) for one in slots_of(0)], START)
    tables["north"].append(slots_of(0, bad=0), START)
    tables["east"].append(slots_of(0, bad=1), START)
    ledger.add_agreement(agreement_id=three.id, version=1, tenant="acme", terms_hash="", document="", at=1)
    list(evaluate([three], panel_of=panel_of, ledger=ledger, clock=FixedClock(at=period(0).ends_at)))
    pipeline.refresh_observers("east", panel_of, ledger, period(0).ends_at)
    words = [
        [
            value(process, str(telemetry.OBSERVER_VERDICTS), name, word)
            for word in ("the same", "otherwise", "cannot tell")
        ]
        for name in quorum.names
    ]
    assert ledger.verdicts[0].verdict is Verdict.UNDETERMINED
    assert words == [[1, 0, 0], [1, 0, 0], [1, 0, 0]]  # nobody could tell, and none of them alone says more

    tables["west"].append(slots_of(0, bad=0), START)
    list(evaluate([three], panel_of=panel_of, ledger=ledger, clock=FixedClock(at=period(0).ends_at)))
    pipeline.refresh_observers("east", panel_of, ledger, period(0).ends_at)
    assert ledger.verdicts[-1].verdict is Verdict.MET
    assert value(process, str(telemetry.OBSERVER_VERDICTS), "east", "otherwise") == 1


def test_stores_are_asked_of_an_slo_once_however_many_agreements_lean_on_it() -> None:
    """Another process's table answers from its files each time."""
    asked: list[str] = []

    class Watched(MemorySlots):
        def watermarks(self, slo: str) -> Mapping[str, int]:
            asked.append(slo)
            return super().watermarks(slo)

    class Read(MemoryLedger):
        def attainments(self, slo: str, period: Period) -> list[AttainmentRecord]:
            asked.append(f"attainments of {slo}")
            return super().attainments(slo, period)

    quorum = Quorum(names=("east", "north", "west"), bad=2, good=2)
    many = {f"0x{n:064x}": replace(EDGE, id=f"0x{n:064x}", observers=quorum) for n in range(9)}
    table, ledger = Watched(), Read()
    table.append(slots_of(0), START)
    panel = Panel(quorum=quorum, tables=(table, table, table))
    for one in many.values():
        ledger.add_agreement(agreement_id=one.id, version=1, tenant="acme", terms_hash="", document="", at=1)
    list(evaluate(many.values(), panel_of=lambda _: panel, ledger=ledger, clock=FixedClock(at=period(0).ends_at)))
    assert len(ledger.verdicts) == len(many)
    asked.clear()
    process = ProcessMetrics()
    pipeline = PipelineMetrics(process, replace(CATALOG, agreements=many))
    pipeline.refresh_observers("east", lambda _: panel, ledger, period(0).ends_at)

    assert sorted(asked) == ["attainments of availability-edge", *["availability-edge"] * 3]
    assert value(process, str(telemetry.OBSERVER_VERDICTS), "north", "the same") == len(many)


def test_one_observer_is_told_as_well() -> None:
    """By the name in the settings: how far it has come, and that nobody differs from it."""
    process, table = ProcessMetrics(), MemorySlots()
    table.append(slots_of(0), START)
    pipeline = PipelineMetrics(process, CATALOG)
    pipeline.refresh_observers("observer-1", alone(table), MemoryLedger(), period(0).ends_at)

    assert value(process, str(telemetry.OBSERVER_NEWEST), "observer-1") == period(0).ends_at - 60
    assert value(process, str(telemetry.OBSERVER_VERDICTS), "observer-1", "otherwise") == 0
