"""Every alert, run by the real promtool: it fires when it must, and is silent when it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sankofa_rules.book import GENERATED, alerts, groups_by_file
from sankofa_rules.rule import Alert
from tests.alert_rules.case import Case
from tests.alert_rules.cases import CASES, EDGE, OURS, PVE
from tests.alert_rules.cases_burn import LONG, PAGE, TICKET
from tests.alert_rules.promtool import alert_test, document, run

RECORDING = ("slo.yaml", "board.yaml")


@pytest.mark.real("promtool")
def test_rules_are_accepted_by_prometheus() -> None:
    """Prometheus 2.42 loads every generated file."""
    done = run(["check", "rules", *sorted(GENERATED.glob("*.yaml"))])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
@pytest.mark.parametrize("name", [name for name in groups_by_file() if name not in RECORDING])
def test_alerts_fire_when_they_must_and_only_then(tmp_path: Path, name: str) -> None:
    """Each case of the table holds, labels and annotations to the letter."""
    names = (*RECORDING, name) if name == "platform.yaml" else (name,)
    told = {rule.name for group in groups_by_file()[name] for rule in group.rules if isinstance(rule, Alert)}
    tests = tmp_path / "cases.test.yaml"
    tests.write_text(document([alert_test(case) for case in CASES if case.alert in told], 15, names))
    done = run(["test", "rules", tests])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
@pytest.mark.parametrize(("cases", "seconds"), [(PAGE, 60), (TICKET, 60), (LONG, 300)], ids=["page", "ticket", "long"])
def test_budgets_burn_when_they_must_and_only_then(tmp_path: Path, cases: Sequence[Case], seconds: int) -> None:
    """Each case of a budget holds; its alerts lean on recorded series."""
    tests = tmp_path / "cases.test.yaml"
    tests.write_text(document([alert_test(case) for case in cases], seconds, ("slo.yaml",)))
    done = run(["test", "rules", tests])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
def test_a_wrong_expectation_is_found(tmp_path: Path) -> None:
    """The harness itself can fail: a case that claims too much is refused by promtool."""
    claims_too_much = replace(PAGE[1], fires=PAGE[0].fires)
    tests = tmp_path / "cases.test.yaml"
    tests.write_text(document([alert_test(claims_too_much)], 60, ("slo.yaml",)))
    assert run(["test", "rules", tests]).returncode == 1


def test_cases_cover_every_alert_in_both_directions_and_in_doubt() -> None:
    """Each alert has a world in which it fires and one in which it does not; unless doubt is its subject, doubt is silent."""
    names = {alert.name for alert in alerts()}
    assert names == {case.alert for case in CASES if case.fires}
    assert names == {case.alert for case in CASES if not case.fires}
    about_doubt = {"PveNotKnown", "BesuNotKnown", "TunnelNotKnown", "TunnelDisputed"}
    assert names - about_doubt <= {case.alert for case in CASES if case.unknown and not case.fires}


SITE_OF_OURS = OURS.partition(", site")[0]


def _ours(name: str, **labels: str) -> str:
    inner = ", ".join([SITE_OF_OURS, *(f'{label}="{value}"' for label, value in labels.items())])
    return f"{name}{{{inner}}}"


SITES = ("breach", "silent", "doubt", "burning", "good")


def _world() -> dict[str, str]:
    """Five sites of the inventory: one is silent, one cannot say, one is down, and two are up."""
    series = {_ours("sankofa_site_info", site=site, tier="edge", region="r1"): "1x100" for site in SITES}
    series |= {_ours("sankofa_slo_objective_ratio", slo="availability-edge", tier="edge"): "0.995x100"}
    for site, high, spent in (("breach", "0.99x100", "2x100"), ("good", "1x100", "0.25x100")):
        labels = {"slo": "availability-edge", "site": site, "tier": "edge"}
        series[_ours("sankofa_slo_attainment_high_ratio", **labels)] = high
        series[_ours("sankofa_slo_error_budget_spent_ratio", **labels)] = spent
    for site, up, known in (("breach", 1, 1), ("doubt", 0, 0), ("burning", 0, 1), ("good", 1, 1)):
        labels_of = PVE.replace("edge-1", site).replace("pve-1", site)
        series[f"sankofa_pve_known{{{labels_of}}}"] = f"{known}x100"
        series[f"sankofa_pve_up{{{labels_of}}}"] = f"{up}x100"
    return series


def _samples(name: str, values: dict[str, float], more: str = "") -> dict[str, object]:
    labels = {site: f'{name}{{tier="edge", region="r1", site="{site}"{more}}}' for site in values}
    return {
        "expr": name,
        "eval_time": "20m",
        "exp_samples": [{"labels": labels[site], "value": value} for site, value in values.items()],
    }


@pytest.mark.real("promtool")
def test_site_states_rank_the_worst_first_and_keep_a_vanished_site(tmp_path: Path) -> None:
    """A proven breach, a silent site, one in doubt, a burning and a good one get their numbers and their order."""
    slo = f', system="{EDGE["system"]}", slo="availability-edge"'
    expected = [
        _samples("sankofa:site_state:now", {"breach": 2, "silent": 4, "doubt": 4, "burning": 1, "good": 0}),
        _samples("sankofa:site_rank:now", {"breach": 1002, "silent": 100, "doubt": 100, "burning": 10, "good": 0.25}),
        _samples("sankofa:slo_burn:1h", {"breach": 0, "burning": 70, "good": 0}, slo),
    ]
    series = [{"series": name, "values": values} for name, values in _world().items()]
    tests = tmp_path / "states.test.yaml"
    tests.write_text(
        document([{"interval": "15s", "input_series": series, "promql_expr_test": expected}], 60, RECORDING)
    )
    done = run(["test", "rules", tests])
    assert done.returncode == 0, done.stdout + done.stderr
