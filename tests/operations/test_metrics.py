"""The platform's metrics: every series that is named is made, and counts what it says."""

from __future__ import annotations

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sankofa_observe import telemetry
from sankofa_observe.errors import InvalidInput, InvariantBroken, Refused, Unavailable, kind_of
from sankofa_observe.operations.metrics import PipelineMetrics, ProcessMetrics, RequestMetrics
from sankofa_observe.sla.catalog import Catalog


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
    found = {}
    for family in text_string_to_metric_families(generate_latest(process.registry).decode()):
        if not family.name.endswith("_created"):
            found[family.name + ("_total" if family.type == "counter" else "")] = (family.type, family.documentation)
    assert found == {one.name: (one.kind, one.meaning) for one in telemetry.SERIES}


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
    assert value(process, "sankofa_errors_total", "scheduler", "invalid_input") == 0


def test_an_error_is_of_the_kind_of_who_has_to_act() -> None:
    """Each leaf of the tree of errors has the word of its branch."""
    errors = [InvalidInput("x"), Unavailable("x"), Refused("x"), InvariantBroken("x"), ValueError("x")]
    assert [kind_of(one) for one in errors] == [
        "invalid_input", "unavailable", "unavailable", "invariant_broken", "unexpected",
    ]  # fmt: skip
