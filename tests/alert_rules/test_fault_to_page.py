"""The bound of each page follows from what it waits for, and from what Prometheus and Alertmanager are set to."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deploy.alertmanager.render import render as routes
from deploy.parts import CHECKOUT
from sankofa_rules.book import GENERATED, alerts
from sankofa_rules.fault_to_page import PRODUCTION, Evidence, Timing, fault_to_page, of_samples

SLOW = Timing(scrape=30, scrape_timeout=20, evaluation=60, group_wait=45, group_interval=10)


@pytest.mark.parametrize(
    ("evidence", "timing", "seconds"),
    [
        (Evidence(), PRODUCTION, 15 + 10 + 15 + 30),
        (Evidence(needed=5, of=8), PRODUCTION, 8 * 15 + 10 + 15 + 30),
        (Evidence(needed=2, of=5, after_seconds=30), PRODUCTION, 30 + 5 * 15 + 10 + 15 + 30),
        (Evidence(groups=2), PRODUCTION, 15 + 10 + 2 * 15 + 30),
        (Evidence(needed=2, of=2), SLOW, 2 * 30 + 20 + 60 + 45),
    ],
)
def test_bound_adds_what_a_fault_has_to_wait_for(evidence: Evidence, timing: Timing, seconds: int) -> None:
    """Age, looks with as many lost ones as may be, a late answer, evaluations, and Alertmanager's longer wait."""
    assert fault_to_page(evidence, timing) == seconds


def test_lost_samples_never_ask_for_more_than_the_window_holds() -> None:
    assert (of_samples(1, lost=3), of_samples(7, lost=3)) == (
        Evidence(needed=1, of=4),
        Evidence(needed=7, of=8),
    )


@pytest.mark.parametrize("fields", [{"needed": 0}, {"needed": 3, "of": 2}, {"after_seconds": -1}, {"groups": 0}])
def test_evidence_that_cannot_be_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected 1 <= needed <= of"):
        Evidence(**fields)


def test_pages_and_nothing_else_say_their_bound() -> None:
    """In the rule files, as a number of seconds."""
    rules = [
        rule
        for file in sorted(GENERATED.glob("*.yaml"))
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    said = {rule["alert"]: rule["annotations"].get("fault_to_page") for rule in rules}

    assert said == {
        alert.name: str(fault_to_page(alert.evidence)) if alert.severity == "page" and alert.evidence else None
        for alert in alerts()
    }
    assert [alert.name for alert in alerts() if alert.severity == "page" and alert.evidence is None] == []


def test_no_page_waits_twice() -> None:
    """What it waits for is in its state, which outlives a restart: neither `for` nor `keep_firing_for`."""
    assert [alert.name for alert in alerts() if alert.severity == "page" and alert.for_seconds] == []


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-file-sd.yml"])
def test_bounds_are_reckoned_from_what_prometheus_is_set_to(name: str) -> None:
    """Were the committed configuration slower, each bound would be a promise that nobody keeps."""
    settings = yaml.safe_load(Path(CHECKOUT, "deploy", "prometheus", name).read_text())["global"]

    assert settings == {
        "scrape_interval": f"{PRODUCTION.scrape}s",
        "evaluation_interval": f"{PRODUCTION.evaluation}s",
        "scrape_timeout": f"{PRODUCTION.scrape_timeout}s",
    }


def test_bounds_are_reckoned_from_what_alertmanager_is_set_to() -> None:
    pages = [
        route
        for route in yaml.safe_load(routes("http://127.0.0.1:9099"))["route"]["routes"]
        if 'severity="page"' in route["matchers"]
    ]

    assert [(route["group_by"], route["group_wait"], route["group_interval"]) for route in pages] == [
        (["..."], f"{PRODUCTION.group_wait}s", f"{PRODUCTION.group_interval}s")
    ] * len(pages)
    assert pages
