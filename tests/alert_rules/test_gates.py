"""What every rule must be, whoever writes it: fresh, bounded in number, about series that exist, labelled and explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_dashboards.book import BOARDS
from sankofa_rules import book, burn, metrics
from sankofa_rules.__main__ import main
from sankofa_rules.rule import LINKS, Alert, Record
from sankofa_rules.slo import WatchedSlos, watched_slos
from tests.alert_rules.cases import CASES
from tests.alert_rules.promql import (
    aged_by_our_clock,
    has_bare_zero,
    joins_across_sites,
    parsed,
    selectors,
    series_of_integrations,
    unknown_names,
)

LABELS = {"severity", "kind", "scope", "system", "tier", "region", "site"}
KNOWN = series_of_integrations() | metrics.series_labels() | book.recorded_labels()
RULES = tuple(book.rules())
EXPORTED = metrics.exported()
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
    four = WatchedSlos(slos=tuple(slo for slo in watched_slos().slos if slo.name in names), promised=frozenset(names))
    assert sum(len(group.rules) for group in burn.groups(four, 60)) <= 40


def test_recorded_series_are_recorded_once_for_each_promise() -> None:
    """No two rules write the same series."""
    written = [(rule.record, *sorted(rule.labels.items())) for rule in RULES if isinstance(rule, Record)]
    assert len(set(written)) == len(written)


def test_alerts_are_named_once_and_carry_the_closed_set_of_labels() -> None:
    """Each alert that fires in the table has exactly the labels of the set, and slo or observer when it is about one."""
    alerts = {alert.name: alert for alert in book.alerts()}
    assert len(alerts) == len(book.alerts())
    for case in CASES:
        for identity, _ in case.fires:
            alert = alerts[case.alert]
            carried = {name for name, text in alert.document()["labels"].items() if text} | set(identity) - {"observer"}
            assert carried == LABELS | ({"slo"} if alert.kind == "slo" else set()), case


@pytest.mark.parametrize("alert", book.alerts(), ids=lambda alert: alert.name)
def test_alerts_are_explained(alert: Alert) -> None:
    """The summary is short and whole, the runbook and the board exist."""
    annotations = alert.document()["annotations"]
    assert annotations["runbook_url"].partition("?")[0] == f"{LINKS.runbooks}/{alert.name}"
    assert annotations["dashboard"].partition("?")[0] in {f"{LINKS.boards}/{board.uid}" for board in BOARDS}
    assert annotations["description"].endswith(".")
    assert "$value" not in annotations["summary"]


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_targets_are_matched_within_their_site(rule: Record | Alert) -> None:
    """`ceph-1` at two sites is two targets (R7): who joins raw series, or counts them by instance, names the site as well."""
    assert joins_across_sites(rule.expr) == []


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("sankofa_pve_up == 0 and on (job, instance) (sankofa_pve_known == 1)", ["on (job, instance)"]),
        ("sankofa_pve_up and on (job, instance, site) sankofa_pve_known", []),
        ("sum by (instance) (sankofa_pve_up)", ["by (instance)"]),
        ("rate(a[5m]) / on (network) b", ["on (network)"]),
        ("a * on (slo) group_left () max by (slo) (b)", []),
        ("up and on (observer) max_over_time(sankofa:observer_isolated:now[2m]) == 1", []),
    ],
)
def test_a_match_across_sites_is_found(expr: str, found: list[str]) -> None:
    """The gate itself: raw to raw without the site, or by instance; what is aggregated or recorded has its own labels."""
    assert joins_across_sites(expr) == found


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_facts_of_others_are_as_old_as_their_sample(rule: Record | Alert) -> None:
    """`timestamp(x) - x`, never `time() - x`, which ages while we do not scrape (R24)."""
    assert not {name for name in aged_by_our_clock(rule.expr) if name in EXPORTED}


@pytest.mark.parametrize("alert", [one for one in book.alerts() if one.severity == "page"], ids=lambda one: one.name)
def test_pages_wait_for_evidence_and_not_for_time(alert: Alert) -> None:
    """No `for`, which begins anew at each verdict that is lost (R2)."""
    assert alert.for_seconds == 0


def test_rules_of_the_present_are_one_group_of_some_fifty() -> None:
    """One timestamp for all of them; their number is that of the kinds of states, faults and pages."""
    (group,) = book.groups_by_file()["state.yaml"]
    assert group.interval_seconds is None
    assert len(group.rules) <= 52
