"""From a real Alertmanager to `incidents list`, and from an approved exclusion to a silence there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.alertmanager.render import render
from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.config import load_settings
from sankofa_observe.receivers import Incidents
from tests.builders import KOFI, agreement, exclusion
from tests.cli.running import Run, introduced
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures
from tests.cli.test_exclusions import PLAN
from tests.cli.test_serve import Installation, serving
from tests.pace import until

SECOND_MS = 20
ALERT = {
    "labels": {
        "alertname": "SiteDown", "severity": "page", "kind": "cause", "scope": "site", "system": "all", "tier": "edge",
        "region": "ke-nairobi", "site": "edge-nairobi-1",
    },
    "startsAt": "2026-01-01T00:00:00.5Z",
    "annotations": {"summary": "edge-nairobi-1 is DOWN: proxmox", "runbook_url": "https://runbooks.example/SiteDown"},
}  # fmt: skip


class World:
    """An installation with an Alertmanager that tells it of pages."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder, self.processes = folder, processes
        self.address, self.listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.token = folder / "incidents.token"
        self.token.touch(mode=0o600)
        self.token.write_text("correct-horse-battery")
        told = {
            "listen": self.listen, "url": f"http://{self.listen}/v1/alerts", "token_file": "./incidents.token",
            "metrics_listen": f"127.0.0.1:{free_port()}",
        }  # fmt: skip
        alerting = {"alertmanager_url": f"http://{self.address}", "incidents": told}
        change(folder, "sankofa.yaml", lambda one: one.update(alerting=alerting))
        own = Incidents(url=f"http://{self.listen}/v1/alerts", token_file=self.token)
        nobody = f"http://127.0.0.1:{free_port()}"
        (folder / "alertmanager.yml").write_text(render(nobody, second_ms=SECOND_MS, incidents=own))
        self.child = self.start()

    def start(self) -> Child:
        return start_alertmanager(self.processes, self.folder / "alertmanager.yml", self.address)

    def tell(self, **more: Any) -> None:
        local.post(f"http://{self.address}/api/v2/alerts", json=[ALERT | more]).raise_for_status()

    def installed(self) -> Installation:
        return Installation(folder=self.folder, key="")

    def silences(self) -> list[dict[str, Any]]:
        found = local.get(f"http://{self.address}/api/v2/silences").json()
        return [one for one in found if one["status"]["state"] != "expired"]


@pytest.fixture
def world(installation: Path) -> Iterator[World]:  # noqa: F811
    with Processes(folder=installation) as processes:
        yield World(installation, processes)


def listed(run: Run, world: World, *more: str) -> Any:
    ended = run("incidents", "list", *config(world.folder), "--json", *more)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


@pytest.mark.real("prometheus-alertmanager")
def test_a_page_is_an_incident_once_and_its_end_reaches_a_receiver_that_was_away(run: Run, world: World) -> None:
    """Told again and again it is one record; the receiver ends and begins, and Alertmanager has lost nothing meanwhile."""
    introduced(world.folder)
    with serving(world.installed(), "incidents") as first:
        first.wait_for(lambda lines: any(one["msg"] == "ready" for one in lines))
        world.tell()
        until(lambda: listed(run, world))
        for _ in range(3):
            world.tell()
        assert first.end() == 0
    world.tell(endsAt="2026-01-01T00:10:00Z")
    with serving(world.installed(), "incidents") as second:
        until(lambda: listed(run, world)[0]["state"] == "resolved")
        metrics = load_settings(world.folder / "sankofa.yaml").alerting
        assert metrics and metrics.incidents and metrics.incidents.metrics_listen  # noqa: PT018  as it was set
        text = local.get(f"http://{metrics.incidents.metrics_listen}/metrics").text
        assert 'sankofa_incident_alerts_total{outcome="refused"} 0.0' in text
        assert second.end() == 0
    [one] = listed(run, world, "--site", "edge-nairobi-1")
    assert [act["state"] for act in one["acts"]] == ["firing", "resolved"]
    assert (one["alert"], one["annotations"], one["slots"]) == ("SiteDown", ALERT["annotations"], None)
    shown = run("incidents", "show", one["ref"], *config(world.folder)).out
    assert "  availability-edge at edge-nairobi-1: " in shown
    assert "  runbook_url: https://runbooks.example/SiteDown" in shown
    assert listed(run, world, "--site", "edge-9") == []


def test_an_incident_that_is_not_there_is_told(run: Run, installation: Path) -> None:  # noqa: F811
    """With what names one."""
    run("ledger", "upgrade", *config(installation))
    ended = run("incidents", "show", "ffffffffffffffff", *config(installation))
    assert (ended.code, "0 incidents 'ffffffffffffffff'; expected one by its 16 digits" in ended.err) == (2, True)
    assert run("incidents", "list", *config(installation)).out == "no incident was told of\n"


def test_a_receiver_without_its_settings_says_so(run: Run, installation: Path) -> None:  # noqa: F811
    """A process that listens nowhere would look as if nothing ever happened."""
    with serving(Installation(folder=installation, key=""), "incidents") as one:
        assert one.process.wait(timeout=60) == 2
    assert "alerting.incidents is not set; expected its token_file" in one.log.read_text()


@pytest.mark.real("prometheus-alertmanager")
def test_an_approved_exclusion_is_a_silence_until_it_is_withdrawn(run: Run, world: World) -> None:
    """Made once by whoever announces, with who approved it and which it is; a proposal makes none."""
    introduced(world.folder)
    [one] = json.loads(run("exclusions", "propose", *config(world.folder), *PLAN, "--by", "amina", "--json").out)
    nothing = run("exclusions", "announce", *config(world.folder))
    assert (nothing.code, nothing.out) == (0, "every silence is as approved exclusions ask for\n"), nothing.err
    run("exclusions", "approve", one["ref"], *config(world.folder), "--by", "kofi")

    announced = [run("exclusions", "announce", *config(world.folder)) for _ in range(2)]
    assert announced[0].out.startswith("silenced region=ke-nairobi, site=edge-nairobi-1 ")
    assert announced[1].out == nothing.out
    [silence] = world.silences()
    assert (silence["createdBy"], silence["comment"][:41]) == (
        KOFI,
        f"sankofa-observe exclusion {one['ref'][:15]}",
    )
    assert {each["name"]: each["value"] for each in silence["matchers"]} == {
        "region": "ke-nairobi",
        "site": "edge-nairobi-1",
    }

    run("exclusions", "withdraw", one["ref"], *config(world.folder), "--reason", "no parts", "--by", "amina")
    assert run("exclusions", "announce", *config(world.folder)).out.startswith("no longer silenced ")
    assert world.silences() == []


@pytest.mark.real("prometheus-alertmanager")
def test_an_alertmanager_that_is_away_stops_no_approval(run: Run, world: World) -> None:
    """The approval stands, announcing ends with 1 and says when it is tried again; what waits is listed."""
    introduced(world.folder)
    world.child.kill()
    [one] = json.loads(run("exclusions", "propose", *config(world.folder), *PLAN, "--by", "amina", "--json").out)
    assert run("exclusions", "approve", one["ref"], *config(world.folder), "--by", "kofi").code == 0
    ended = run("exclusions", "announce", *config(world.folder))
    assert (ended.code, "silences are as they were, and tried again" in ended.err) == (1, True)
    assert "Alertmanager does not take silences" in run("verdicts", "waiting", *config(world.folder)).out
    world.start()
    assert run("exclusions", "announce", *config(world.folder)).out.startswith("silenced ")
    assert "Alertmanager" not in run("verdicts", "waiting", *config(world.folder)).out


def test_a_list_of_exclusions_for_programs_is_whole(run: Run, installation: Path) -> None:  # noqa: F811
    """An attestor that is told of the first hundred alone would object to all others; a person is told that there are more."""
    run("ledger", "upgrade", *config(installation))
    many = [replace(exclusion(agreement()), reason=f"CHG-{number}") for number in range(130)]
    with closing(SqlLedger(load_settings(installation / "sankofa.yaml").ledger_url)) as ledger:
        ledger.acting("person:amina").add_exclusions(many)
    whole = run("exclusions", "list", *config(installation), "--json")
    some = run("exclusions", "list", *config(installation), "--json", "--limit", "7")
    people = run("exclusions", "list", *config(installation))
    assert [len(json.loads(one.out)) for one in (whole, some)] == [130, 7]
    assert ([one.err.startswith("more: --after ") for one in (whole, some, people)], people.out.count("CHG-")) == (
        [False, True, True],
        100,
    )
    assert yaml.safe_load(whole.out)[0]["author"] == "person:amina"
