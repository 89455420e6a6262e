"""Routes and inhibition: proved by the real amtool, and for what amtool cannot see, over the rules themselves."""

from __future__ import annotations

import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.alertmanager.render import CONFIG, render
from deploy.parts import need_program
from sankofa_rules.book import alerts
from sankofa_rules.rule import Alert
from tests.pace import limit

EVALUATION_SECONDS = 15
PAGE_SECONDS = 60
DOCUMENT: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
RECEIVERS = {"page": "pager", "ticket": "tickets", "info": "nobody"}
_UNITS = {"s": 1, "m": 60, "h": 3600}


def _seconds(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]]


def _labels(alert: Alert) -> dict[str, str]:
    """The alert's labels; those that its expression brings stand for themselves."""
    fixed = {name: text for name, text in alert.document()["labels"].items() if text}
    brought = {"tier": "edge", "region": "r1", "site": "s1", "system": "proxmox"}
    slo = {"slo": "availability-edge"} if alert.kind == "slo" else {}
    return {"alertname": alert.name, **brought, **slo, **fixed}


def _matches(matchers: list[str], labels: dict[str, str]) -> bool:
    for matcher in matchers:
        found = re.fullmatch(r'(\w+)(=~|=)"(.*)"', matcher)
        assert found, matcher
        name, operator, value = found.groups()
        wanted = value if operator == "=~" else re.escape(value)
        if not re.fullmatch(wanted, labels.get(name, "")):
            return False
    return True


def _edges() -> list[tuple[Alert, Alert, list[str]]]:
    """(source, target, equal) for every pair of alerts that a rule of inhibition names."""
    return [
        (source, target, rule["equal"])
        for rule in DOCUMENT["inhibit_rules"]
        for source in alerts()
        if _matches(rule["source_matchers"], _labels(source))
        for target in alerts()
        if _matches(rule["target_matchers"], _labels(target))
    ]


def _amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need_program("amtool"), *arguments], capture_output=True, text=True, check=False, timeout=limit(20)
    )


@pytest.mark.real("amtool")
@pytest.mark.parametrize("webhook", ["http://127.0.0.1:9099", "http://127.0.0.1:4711/hook/"])
def test_configuration_is_accepted_as_committed_and_as_rendered(tmp_path: Path, webhook: str) -> None:
    """Alertmanager's own checker takes both, and every receiver posts under the given address."""
    config = tmp_path / "alertmanager.yml"
    config.write_text(render(webhook))
    done = _amtool("check-config", str(config))
    assert done.returncode == 0, done.stdout + done.stderr
    urls = [
        hook["url"] for one in yaml.safe_load(render(webhook))["receivers"] for hook in one.get("webhook_configs", [])
    ]
    assert urls == [f"{webhook.rstrip('/')}/page", f"{webhook.rstrip('/')}/ticket"]


@pytest.mark.real("amtool")
@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_alerts_reach_their_receiver(alert: Alert) -> None:
    """A page goes to the pager, a ticket to the tickets."""
    pairs = [f"{name}={value}" for name, value in _labels(alert).items()]
    receiver = f"--verify.receivers={RECEIVERS[alert.severity]}"
    done = _amtool("config", "routes", "test", "--config.file", str(CONFIG), receiver, *pairs)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_do_not_wait_long_in_a_group() -> None:
    """The first page of a group waits at most 60 s, and so does the second."""
    pages = next(route for route in DOCUMENT["route"]["routes"] if route["receiver"] == "pager")
    assert _seconds(pages["group_wait"]) <= PAGE_SECONDS
    assert _seconds(pages["group_interval"]) <= PAGE_SECONDS


def test_inhibition_compares_only_labels_that_both_sides_carry() -> None:
    """Alertmanager takes a label that both lack as equal: one region-less source would mute the world."""
    for source, target, equal in _edges():
        assert set(equal) <= set(_labels(source)), source.name
        assert set(equal) <= set(_labels(target)), target.name


def test_inhibition_has_no_cycle_and_each_rule_mutes_something() -> None:
    """A cycle would mute both sides; a rule without a pair is a typing error."""
    graph: dict[str, set[str]] = {}
    for source, target, _ in _edges():
        graph.setdefault(target.name, set()).add(source.name)
    TopologicalSorter(graph).prepare()
    for rule in DOCUMENT["inhibit_rules"]:
        assert any(_matches(rule["source_matchers"], _labels(alert)) for alert in alerts()), rule
        assert any(_matches(rule["target_matchers"], _labels(alert)) for alert in alerts()), rule


def test_inhibition_arrives_before_what_it_mutes() -> None:
    """The source is firing before the target's group is sent: for + evaluation <= for + group_wait of the target."""
    wait = _seconds(DOCUMENT["route"]["group_wait"])
    for source, target, equal in _edges():
        meet = all(_labels(source)[name] == _labels(target)[name] for name in equal)  # else it never mutes it
        if meet and source.kind != "slo":  # burn alerts do not begin at one moment of one fault
            assert source.for_seconds + EVALUATION_SECONDS <= target.for_seconds + wait, (source.name, target.name)
