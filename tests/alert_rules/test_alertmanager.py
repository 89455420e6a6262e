"""Routes and inhibition: proved by the real amtool, and for what amtool cannot see, over the rules themselves."""

from __future__ import annotations

import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.alertmanager.render import CONFIG, main, render
from deploy.parts import need_program
from sankofa_observe.errors import InvalidInput
from sankofa_observe.receivers import (
    Alerting,
    Email,
    Incidents,
    Opsgenie,
    PagerDuty,
    Receivers,
    Slack,
    Webhook,
)
from sankofa_rules.alertmanager import alertmanager
from sankofa_rules.book import alerts
from sankofa_rules.rule import Alert
from tests.pace import limit

EVALUATION_SECONDS = 15
DOCUMENT: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
RECEIVERS = {"page": "incidents,pager", "ticket": "tickets", "info": "nobody", "heartbeat": "heartbeat"}
_UNITS = {"s": 1, "m": 60, "h": 3600}
_FILE = Path("/etc/alertmanager/secret")
CHOICES = {
    "pagerduty": PagerDuty(routing_key_file=_FILE),
    "opsgenie": Opsgenie(api_key_file=_FILE),
    "slack": Slack(url_file=_FILE, channel="#noc"),
    "email": Email(to="noc@sankofa.example", sender="am@sankofa.example", smarthost="127.0.0.1:25", username="am", password_file=_FILE),
    "webhook": Webhook(url="https://noc.sankofa.example/page", token_file=_FILE, max_alerts=7),
}  # fmt: skip


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


def _check(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    config = folder / "alertmanager.yml"
    config.write_text(text)
    return _amtool("check-config", str(config))


@pytest.mark.real("amtool")
@pytest.mark.parametrize("webhook", ["http://127.0.0.1:9099", "http://127.0.0.1:4711/hook/"])
def test_configuration_is_accepted_as_rendered(tmp_path: Path, webhook: str) -> None:
    """Alertmanager's own checker takes it, and every receiver posts under the given address."""
    done = _check(tmp_path, render(webhook, second_ms=333))
    assert done.returncode == 0, done.stdout + done.stderr
    urls = [
        hook["url"] for one in yaml.safe_load(render(webhook))["receivers"] for hook in one.get("webhook_configs", [])
    ]
    assert urls == [f"{webhook.rstrip('/')}/{place}" for place in ("page", "ticket", "heartbeat")]


@pytest.mark.real("amtool")
@pytest.mark.parametrize("kind", [*CHOICES, "all"])
@pytest.mark.parametrize("with_incidents", [False, True])
def test_every_choice_of_receivers_is_accepted(tmp_path: Path, kind: str, with_incidents: bool) -> None:  # noqa: FBT001
    """Pages to one kind and tickets to it, and all kinds at once; the secret is named by its file."""
    chosen = CHOICES if kind == "all" else {kind: CHOICES[kind]}
    told = Receivers.model_validate({name: [one] for name, one in chosen.items()})
    own = Incidents(token_file=_FILE) if with_incidents else None
    text = alertmanager(Alerting(pages=told, tickets=told, incidents=own))
    done = _check(tmp_path, text)
    assert done.returncode == 0, done.stdout + done.stderr
    assert text.count(str(_FILE)) == 2 * len(chosen) + with_incidents


def test_committed_configuration_is_fresh_and_a_stale_one_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` says nothing of the file that is committed, and names one that differs."""
    assert main(["--check"]) == 0
    monkeypatch.setattr("deploy.alertmanager.render.CONFIG", tmp_path / "alertmanager.yml")
    (tmp_path / "alertmanager.yml").write_text("route: {}")
    assert main(["--check"]) == 1
    assert f"{tmp_path / 'alertmanager.yml'}: stale" in capsys.readouterr().err


def test_pages_that_nobody_would_get_are_refused() -> None:
    """Both are named in one run, and nothing is rendered."""
    with pytest.raises(
        InvalidInput, match=r"alerting\.pages and alerting\.tickets: nobody is told; expected a pagerduty"
    ):
        alertmanager(Alerting())


@pytest.mark.real("amtool")
@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_alerts_reach_their_receiver(alert: Alert) -> None:
    """A page goes to the pager and is an incident, a ticket goes to the tickets, one of a promise is an incident as well."""
    pairs = [f"{name}={value}" for name, value in _labels(alert).items()]
    own = "incidents," if (alert.severity, alert.kind) == ("ticket", "slo") else ""
    receiver = f"--verify.receivers={own}{RECEIVERS[alert.severity]}"
    done = _amtool("config", "routes", "test", "--config.file", str(CONFIG), receiver, *pairs)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_are_sent_one_by_one_and_at_once() -> None:
    """Grouped by all labels, none waits for another one, and what follows waits half a minute."""
    pages = [route for route in DOCUMENT["route"]["routes"] if route["receiver"] in {"pager", "incidents"}]
    told = [(one["group_by"], one["group_wait"], one["group_interval"]) for one in pages]
    assert told == [(["..."], "0s", "30s")] * 3


def test_no_page_is_ever_muted_by_another_alert() -> None:
    """A muted page would swallow an outage of its own: only tickets are targets of inhibition, and only pages sources."""
    assert {source.severity for source, _, _ in _edges()} == {"page"}
    assert {target.severity for _, target, _ in _edges()} == {"ticket"}
    assert {target.kind for _, target, _ in _edges()} <= {"cause", "meta"}


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
