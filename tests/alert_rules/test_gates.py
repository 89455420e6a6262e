"""What every rule must be, whoever writes it: fresh, bounded in number, about series that exist, labelled and explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sankofa_dashboards.book import BOARDS
from sankofa_rules import book, burn, metrics
from sankofa_rules.__main__ import main
from sankofa_rules.rule import RUNBOOK_BASE, Alert, Record
from sankofa_rules.slo import Watched, watched
from tests.alert_rules.cases import CASES
from tests.alert_rules.promql import has_bare_zero, parsed, selectors, series_of_integrations, unknown_names

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
LABELS = {"severity", "kind", "scope", "system", "tier", "region", "site"}
HEADINGS = [
    "In one line",
    "First 5 minutes",
    "Us or the observer?",
    "Fix",
    "Silence or exclude?",
    "Why this threshold",
]
KNOWN = series_of_integrations() | metrics.series_labels() | book.recorded_labels()
RULES = tuple(book.rules())
NAMES = [rule.name if isinstance(rule, Alert) else f"{rule.record} {rule.labels.get('slo', '')}" for rule in RULES]


def test_committed_rules_are_what_the_code_says() -> None:
    """`python -m sankofa_rules --check` passes."""
    assert main(["--check"]) == 0


def test_a_stale_rule_file_is_named(tmp_path: Path) -> None:
    """An edited, a missing and a foreign file are each found."""
    written = book.write(tmp_path)
    assert book.stale(tmp_path) == []
    written[0].write_text("groups: []\n")
    written[1].unlink()
    (tmp_path / "foreign.yaml").touch()
    assert book.stale(tmp_path) == sorted([written[0], written[1], tmp_path / "foreign.yaml"])


def test_a_lab_gets_the_same_rules_at_its_own_pace(tmp_path: Path) -> None:
    """Another step changes paces and ranges of a step, and neither names nor windows."""
    assert main(["--write", "--into", str(tmp_path), "--step-seconds", "5"]) == 0
    lab = (tmp_path / "slo.yaml").read_text()
    assert "interval: 5s" in lab
    assert "sum_over_time(sankofa:slo_bad:step[3599s999ms])" in lab


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_rules_name_only_series_and_labels_that_exist(rule: Record | Alert) -> None:
    """Every selector finds its metric in a catalogue or among the recorded series, and only labels that it has."""
    parsed(rule.expr)
    assert unknown_names(rule.expr, KNOWN) == []
    assert not has_bare_zero(rule.expr)


def test_rules_do_not_grow_with_sites() -> None:
    """No rule names a site or an instance, and four SLOs, two of them of events, fit into forty rules."""
    for rule in RULES:
        assert not [name for name, labels in selectors(rule.expr) if labels & {"site", "region", "instance"}]
    names = ("availability-edge", "latency-chain-query", "latency-edge-user", "rpo")
    four = Watched(slos=tuple(slo for slo in watched().slos if slo.name in names), promised=frozenset(names))
    assert sum(len(group.rules) for group in burn.groups(four, 60)) <= 40


def test_recorded_series_are_recorded_once_for_each_promise() -> None:
    """No two rules write the same series."""
    written = [(rule.record, rule.labels.get("slo")) for rule in RULES if isinstance(rule, Record)]
    assert len(set(written)) == len(written)


def test_alerts_are_named_once_and_carry_the_closed_set_of_labels() -> None:
    """Each alert that fires in the table has exactly the labels of the set, and slo when it is about a promise."""
    alerts = {alert.name: alert for alert in book.alerts()}
    assert len(alerts) == len(book.alerts())
    for case in CASES:
        for identity, _ in case.fires:
            alert = alerts[case.alert]
            carried = {name for name, text in alert.document()["labels"].items() if text} | set(identity)
            assert carried == LABELS | ({"slo"} if alert.kind == "slo" else set()), case


@pytest.mark.parametrize("alert", book.alerts(), ids=lambda alert: alert.name)
def test_alerts_are_explained(alert: Alert) -> None:
    """The summary is short and whole, the runbook and the board exist."""
    annotations = alert.document()["annotations"]
    assert annotations["runbook_url"] == f"{RUNBOOK_BASE}/{alert.name}"
    assert annotations["dashboard"] in {board.uid for board in BOARDS}
    assert annotations["description"].endswith(".")
    assert "$value" not in annotations["summary"]


def test_runbooks_and_alerts_are_the_same_set() -> None:
    """Every alert has one page, and every page an alert."""
    assert {alert.name for alert in book.alerts()} == {page.stem for page in RUNBOOKS.glob("*.md")}


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_runbooks_have_each_part_and_their_queries_run(page: Path) -> None:
    """Six headings in order, none empty; every query in backticks names series that exist."""
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(part.strip() for part in parts[2::2])
    for quoted in re.findall(r"`([^`]*sankofa[_:][^`]*|up\{[^`]*)`", text):
        if "/" not in quoted or " / " in quoted:  # a path of this repository is no query
            assert unknown_names(quoted, KNOWN) == [], quoted
