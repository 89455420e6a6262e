"""Every alert, run by the real promtool: it fires when it must, and is silent when it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sankofa_observe import telemetry
from sankofa_rules.book import GENERATED, alerts, groups_by_file
from sankofa_rules.rule import Alert
from tests.alert_rules.case import Case
from tests.alert_rules.cases import CASES, pve
from tests.alert_rules.cases_burn import LONG, PAGE, TICKET
from tests.alert_rules.promql import selectors
from tests.alert_rules.promtool import case_files, committed, document, named, run, under
from tests.alert_rules.world import SCRAPE_SECONDS

RECORDING = ("slo.yaml", "board.yaml")


def _alerts_of(name: str) -> set[str]:
    return {rule.name for group in groups_by_file()[name] for rule in group.rules if isinstance(rule, Alert)}


def _beside(name: str) -> tuple[str, ...]:
    """The file and what its alerts read of another one."""
    return ("state.yaml", name) if name == "platform.yaml" else (name,)


@pytest.mark.real("promtool")
def test_rules_are_accepted_by_prometheus() -> None:
    """Prometheus 2.42 loads every generated file."""
    done = run(["check", "rules", *sorted(GENERATED.glob("*.yaml"))])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
@pytest.mark.parametrize("name", [name for name in groups_by_file() if name not in RECORDING])
def test_alerts_fire_when_they_must_and_only_then(tmp_path: Path, name: str) -> None:
    """Each case of the table holds, labels and annotations to the letter."""
    of_file = [case for case in CASES if case.alert in _alerts_of(name)]
    done = run(["test", "rules", *case_files(tmp_path, of_file, 15, _beside(name))])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
@pytest.mark.parametrize(("cases", "seconds"), [(PAGE, 60), (TICKET, 60), (LONG, 600)], ids=["page", "ticket", "long"])
def test_budgets_burn_when_they_must_and_only_then(tmp_path: Path, cases: Sequence[Case], seconds: int) -> None:
    """Each case of a budget holds; its alerts lean on recorded series."""
    done = run(["test", "rules", *case_files(tmp_path, cases, seconds, ("slo.yaml",))])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
def test_a_wrong_expectation_is_found(tmp_path: Path) -> None:
    """The harness itself can fail: a case that claims too much is refused by promtool."""
    claims_too_much = replace(PAGE[1], fires=PAGE[0].fires)
    assert run(["test", "rules", *case_files(tmp_path, [claims_too_much], 60, ("slo.yaml",))]).returncode == 1


@pytest.mark.parametrize("name", [name for name in groups_by_file() if name not in RECORDING[1:]])
def test_an_alert_is_tried_on_the_committed_rules_and_lacks_none_that_it_reads(name: str) -> None:
    """What its cases leave out is nothing that a rule of theirs selects; what they keep is as committed, and in its order."""
    whole = [(group["name"], rule) for file in _beside(name) for group in committed(file) for rule in group["rules"]]
    recorded = {named(rule) for _, rule in whole}
    for alert in _alerts_of(name):
        kept = [(group["name"], rule) for group in under(alert, _beside(name)) for rule in group["rules"]]
        assert kept == [one for one in whole if one in kept]
        read = {series for _, rule in kept for series, _ in selectors(rule["expr"])}
        assert {alert, *(read & recorded)} <= {named(rule) for _, rule in kept}


@pytest.mark.real("promtool")
def test_rules_fail_in_no_world_in_which_everything_breaks_at_once(tmp_path: Path) -> None:
    """All files beside each other, on the series of a firing case of every alert: no rule meets a sample twice, or two of which it takes one."""
    series: dict[str, str] = {}
    for case in (case for case in CASES if case.fires and case.interval_seconds == SCRAPE_SECONDS):
        series = {**case.series, **series}
    asked = {"expr": "vector(1)", "eval_time": "8m", "exp_samples": [{"labels": "{}", "value": 1}]}
    world = {
        "interval": f"{SCRAPE_SECONDS}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [asked],
    }
    tests = tmp_path / "all.test.yaml"
    tests.write_text(document([world], SCRAPE_SECONDS, tuple(groups_by_file())))
    done = run(["test", "rules", tests])
    assert done.returncode == 0, done.stdout + done.stderr


def test_cases_cover_every_alert_in_both_directions_and_in_doubt() -> None:
    """Each alert has a world in which it fires and one in which it does not; unless doubt is its subject, doubt is silent. A heartbeat always is."""
    assert {alert.name for alert in alerts()} == {case.alert for case in CASES if case.fires}
    names = {alert.name for alert in alerts() if alert.severity != "heartbeat"}
    assert names == {case.alert for case in CASES if not case.fires}
    about_doubt = {"SystemNotKnown", "TunnelDisputed"}
    assert names - about_doubt <= {case.alert for case in CASES if case.unknown and not case.fires}


@pytest.mark.real("promtool")
def test_the_pace_of_a_burning_budget_is_recorded_for_boards(tmp_path: Path) -> None:
    """Twenty minutes down are 70 times as fast as a budget of half a percent allows over an hour; a site that is up spends none."""
    up = {name.replace("edge-1", "edge-2"): values for name, values in pve(known="1x100", up="1x100").items()}
    labels = 'region="r1", slo="availability-edge", system="proxmox", tier="edge"'
    expected = {
        "expr": telemetry.SLO_BURN,
        "eval_time": "20m",
        "exp_samples": [
            {"labels": f'{telemetry.SLO_BURN}{{site="{site}", {labels}}}', "value": value}
            for site, value in (("edge-1", 70), ("edge-2", 0))
        ],
    }
    series = [{"series": name, "values": values} for name, values in (pve(known="1x100", up="0x100") | up).items()]
    tests = tmp_path / "burn.test.yaml"
    tests.write_text(
        document([{"interval": "15s", "input_series": series, "promql_expr_test": [expected]}], 60, RECORDING)
    )
    done = run(["test", "rules", tests])
    assert done.returncode == 0, done.stdout + done.stderr
