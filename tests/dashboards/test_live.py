"""Boards on a real Prometheus with our configuration and our rules: what they say of a good, a bad and a blind fleet, as Grafana shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from sankofa_dashboards.queries import generated_boards, panel_queries
from sankofa_dashboards.states import GOOD_COLOUR
from sankofa_exporters.registry import SYSTEM_NAMES
from sankofa_rules import book as rules
from tests.dashboards.grafana import Shown, shown
from tests.dashboards.world import World, configuration, served
from tests.pace import limit, until

pytestmark = pytest.mark.real("prometheus", "prometheus-alertmanager", "node", "tsc")

STEP_SECONDS = 2
WATCHDOG, ALERTS = "Watchdog", {alert.name for alert in rules.alerts()}
SITES = {
    "core-0": ("core", "r1", SYSTEM_NAMES),
    "reg-1": ("regional", "r1", ("besu", "proxmox")),
    "edge-1": ("edge", "r1", ("canary", "cloudflare", "proxmox")),
    "edge-2": ("edge", "r2", ("cloudflare", "proxmox")),
}
BOARDS = generated_boards()
CHOSEN = {"tier": ".*", "region": ".*", "site": "core-0", "system": "ceph", "__rate_interval": "6s"}
PRICED = 'agreement="gold",slo="availability-core",site="core-0",tenant="acme",currency="USD"'


def _platform(high: float = 1) -> str:
    now = time.time()
    promises = "".join(
        f"""
sankofa_slo_objective_ratio{{slo="availability-{tier}",tier="{tier}"}} 0.995
sankofa_slo_period_slots{{slo="availability-{tier}",tier="{tier}",site="{site}",state="GOOD"}} 5
sankofa_slo_attainment_low_ratio{{slo="availability-{tier}",tier="{tier}",site="{site}"}} 0.98
sankofa_slo_attainment_high_ratio{{slo="availability-{tier}",tier="{tier}",site="{site}"}} {high if site == "reg-1" else 1}
sankofa_slo_error_budget_spent_ratio{{slo="availability-{tier}",tier="{tier}",site="{site}"}} 0.25
"""
        for site, (tier, *_) in SITES.items()
    )
    fleet = "".join(
        f'sankofa_site_info{{site="{site}",tier="{tier}",region="{region}"}} 1\n'
        for site, (tier, region, _) in {**SITES, "edge-9": ("edge", "r2", ())}.items()
    )
    return f"""{fleet}{promises}
sankofa_settlements{{state="final"}} 1
sankofa_settlements{{state="held"}} 0
sankofa_penalty{{currency="USD"}} 1250.5
sankofa_service_credit{{tenant="acme",currency="USD"}} 625.25
sankofa_credit_now{{{PRICED}}} 100.5
sankofa_credit_next{{{PRICED}}} 250
sankofa_credit_at_risk{{{PRICED}}} 149.5
sankofa_slots_to_next_band{{agreement="gold",slo="availability-core",site="core-0"}} 7
sankofa_undetermined_verdicts{{slo="availability-edge"}} 1
sankofa_undetermined_at_stake{{currency="USD"}} 500
sankofa_waiting{{subject="period"}} 0
sankofa_waiting_seconds{{kind="period",reason="late"}} 0
sankofa_observer_newest_slot_timestamp_seconds{{observer="observer-1"}} {now:.0f}
sankofa_observer_verdicts{{observer="observer-1",alone="otherwise"}} 0
sankofa_pipeline_last_success_timestamp_seconds{{stage="observe"}} {now:.0f}
sankofa_pipeline_failures_total{{stage="observe"}} 0
sankofa_chain_head_age_seconds 2
"""


@pytest.fixture
def world() -> World:
    return World(sites=SITES, platform=_platform())


@pytest.fixture
def prometheus(processes: Processes, world: World, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus that scrapes the world, itself and a real Alertmanager each second."""
    address, alertmanager = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with served(world) as (exporters, platform):
        config = configuration(world, exporters, platform, tmp_path, STEP_SECONDS)
        document = yaml.safe_load(config.read_text())
        document["scrape_configs"].append({"job_name": "own", "static_configs": [{"targets": [address, alertmanager]}]})
        config.write_text(yaml.safe_dump(document))
        _alertmanager(processes, alertmanager, tmp_path)
        command = [need_program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        child = processes.start("prometheus", [*command, f"--web.listen-address={address}", "--log.level=warn"])
        processes.wait_until(child, answers(f"http://{address}/-/ready"))
        yield f"http://{address}"


def _alertmanager(processes: Processes, address: str, folder: Path) -> None:
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    command = [
        need_program("prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'alerts'}",
    ]
    child = processes.start(
        "alertmanager", [*command, f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=warn"]
    )
    processes.wait_until(child, answers(f"http://{address}/-/ready"))


def _empty(prometheus: str) -> list[str]:
    """Queries of all boards that have no answer."""
    found = []
    now = time.time()
    for uid, board in BOARDS.items():
        chosen = CHOSEN | ({"system": uid.removeprefix("sk-")} if uid.removeprefix("sk-") in SYSTEM_NAMES else {})
        for query in panel_queries(board, chosen):
            path, when = (
                ("query", {"time": now})
                if query.instant
                else ("query_range", {"start": now - 10, "end": now, "step": 1})
            )
            answer = local.get(f"{prometheus}/api/v1/{path}", params={"query": query.expr, **when}).json()
            assert answer["status"] == "success", (query, answer)
            if not answer["data"]["result"] and not (WATCHDOG in query.expr and WATCHDOG not in ALERTS):
                found.append(f"{uid} {query.panel}: {query.expr}")
    return found


def _shown(prometheus: str, uid: str, **variables: str) -> Shown:
    request = {
        "board": BOARDS[uid],
        "prometheus": prometheus,
        "variables": variables,
        "end": time.time(),
        "range": 20,
        "scrape": 1,
    }
    (board,) = shown([request])
    return board


def _figures(board: Shown, *titles: str) -> list[str]:
    return [" ".join(word.text for word in board.of(title)) for title in titles]


def _row(board: Shown, panel: str, first: str) -> dict[str, str]:
    """Column to text, of the row of a table that has `first` in it."""
    words = board.of(panel)
    row = next((word.row for word in words if word.text == first), None)
    assert row is not None, (first, words)
    return {word.name: word.text for word in words if word.row == row}


STATES = ("DOWN", "BREACH", "Burning", "NOT KNOWN", "No target")


def _wall(prometheus: str) -> list[str]:
    return _figures(_shown(prometheus, "sk-fleet"), *STATES)


def _wait_for(seen: Callable[[], Any], expected: Any) -> None:
    """Until what is seen is as expected; else both are shown."""
    deadline = time.monotonic() + limit(60)
    while (now := seen()) != expected:
        assert time.monotonic() < deadline, f"{now} in place of {expected}"
        time.sleep(0.5)


def test_boards_say_what_is_so_in_a_good_a_bad_and_a_blind_world(prometheus: str, world: World) -> None:
    """Each query has data, and the figures are those of the world; what nobody sees any more is NOT KNOWN, never green and never zero."""
    _wait_for(lambda: _wall(prometheus), ["0", "0", "0", "0 5", "1"])
    _good(prometheus)

    world.conditions |= {"ceph/core-0": "down", "proxmox/edge-2": "blind"}
    world.platform = _platform(high=0.99)
    _wait_for(lambda: _wall(prometheus), ["1", "1", "0", "1 5", "1"])
    _bad(prometheus)

    world.is_gone = True  # the platform too: that edge-9 has no target is its word alone
    _wait_for(lambda: _wall(prometheus), ["1", "1", "0", "2 4", "0"])
    _blind(prometheus)


def _good(prometheus: str) -> None:
    until(lambda: not _empty(prometheus), seconds=60)
    ceph = _shown(prometheus, "sk-ceph")
    assert _figures(ceph, "Targets expected", "Found", "Known", "Up") == ["1", "1", "1", "1"]


def _bad(prometheus: str) -> None:
    wall = _shown(prometheus, "sk-fleet")
    core, blind, breach = (_row(wall, "Worst 25 sites", site) for site in ("core-0", "edge-2", "reg-1"))
    assert [core[name] for name in ("State", *SYSTEM_NAMES)] == ["DOWN", "up", "up", "DOWN", "up", "up"]
    assert (core["At risk"], core["currency"], core["Budget left"]) == ("149.5", "USD", "75%")
    assert [blind[name] for name in ("State", "besu", "cloudflare", "proxmox")] == [
        "NOT KNOWN",
        "no target",
        "up",
        "NOT KNOWN",
    ]
    assert (breach["State"], breach["At risk"], breach["currency"]) == ("BREACH", "NOT KNOWN", "-")
    assert [word.text for word in wall.of("Worst 25 sites") if word.name == "site"][:3] == ["core-0", "reg-1", "edge-2"]

    assert _figures(_shown(prometheus, "sk-ceph"), "Known", "Up") == ["1", "0"]
    proxmox = _shown(prometheus, "sk-proxmox")
    assert _figures(proxmox, "Targets expected", "Known", "Up") == ["4", "3", "3"]
    target = _row(proxmox, "Worst 15 targets", "edge-2/proxmox-edge-2")
    assert (target["State"], target["why"], target["scraped"]) == ("NOT KNOWN", "witnesses: timeout", "yes")

    site = _shown(prometheus, "sk-site", site="core-0")
    assert _figures(site, "State") == ["DOWN"]
    assert [word.text for word in site.of("This system")] == ["up", "up", "DOWN", "up", "up"]
    until(lambda: "SiteDown" in _alerts(prometheus), seconds=30)

    paging = _shown(prometheus, "sk-paging")
    assert _figures(paging, "Owed by now", "At risk", "Undetermined", "Credits granted", "Penalties") == [
        "100.5",
        "149.5",
        "500",
        "625.25",
        "1,250.5",
    ]


def _alerts(prometheus: str) -> list[str]:
    paging = _shown(prometheus, "sk-paging")
    return [word.text for word in paging.of("Pages that fire") if word.name == "Alert"]


def _blind(prometheus: str) -> None:
    wall = _shown(prometheus, "sk-fleet")
    assert [_row(wall, "Worst 25 sites", "edge-1")[name] for name in ("State", "proxmox", "besu")] == [
        "NOT KNOWN",
        "NOT KNOWN",
        "no target",
    ]
    assert not [word for word in wall.of("Worst 25 sites") if word.color == GOOD_COLOUR]
    ceph = _shown(prometheus, "sk-ceph")
    assert _figures(ceph, "Known", "Up", "Slowest probe") == ["0", "0", "NOT KNOWN"]
    paging = _shown(prometheus, "sk-paging")
    assert set(_figures(paging, "Owed by now", "At risk", "Credits granted", "Longest wait")) == {"NOT KNOWN"}
