"""Boards on a real Prometheus with our configuration and our rules: what they say of a good, a bad and a blind fleet, as Grafana shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from sankofa_dashboards.queries import PanelQuery, generated_boards, panel_queries
from sankofa_dashboards.states import COLOURS, GOOD_COLOUR
from sankofa_exporters.registry import SYSTEM_NAMES
from sankofa_observe import telemetry
from sankofa_observe.telemetry import State
from tests.dashboards.grafana import Shown, shown
from tests.dashboards.world import World, configuration, served
from tests.pace import limit, until

pytestmark = pytest.mark.real("prometheus", "prometheus-alertmanager", "node", "tsc")

STEP_SECONDS = 2
SITES = {
    "core-0": ("core", "r1", SYSTEM_NAMES),
    "reg-1": ("regional", "r1", ("besu", "proxmox")),
    "edge-1": ("edge", "r1", ("canary", "cloudflare", "proxmox")),
    "edge-2": ("edge", "r2", ("cloudflare", "proxmox")),
}
BOARDS = generated_boards()
CHOSEN = {"tier": ".*", "region": ".*", "site": "core-0", "system": "ceph", "__rate_interval": "6s"}
PRICED = 'agreement="gold",slo="availability-core",site="core-0",tenant="acme",currency="USD"'
UNSEEN = 'agreement="gold",slo="availability-edge",site="edge-2",tenant="acme",currency="EUR"'
"""Of this one nobody knows yet what it costs."""
_JUDGED = 'agreement="gold",slo="availability-core",site="core-0",tier="core"'


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
sankofa_priced_promise{{{PRICED}}} 1
sankofa_priced_promise{{{UNSEEN}}} 1
sankofa_credit_now{{{PRICED}}} 100.5
sankofa_credit_next{{{PRICED}}} 250
sankofa_credit_at_risk{{{PRICED}}} 149.5
sankofa_slots_to_next_band{{agreement="gold",slo="availability-core",site="core-0"}} 7
sankofa_seconds_to_next_band{{agreement="gold",slo="availability-core",site="core-0"}} 420
sankofa_judged_verdict{{{_JUDGED},verdict="met"}} 0
sankofa_judged_verdict{{{_JUDGED},verdict="breach"}} 1
sankofa_judged_verdict{{{_JUDGED},verdict="undetermined"}} 0
sankofa_judged_period_end_timestamp_seconds{{{_JUDGED}}} {now - 90:.0f}
sankofa_judged_attainment_low_ratio{{{_JUDGED}}} 0.97
sankofa_judged_attainment_high_ratio{{{_JUDGED}}} 0.98
sankofa_judged_error_budget_spent_ratio{{{_JUDGED}}} 4
sankofa_undetermined_verdicts{{slo="availability-edge"}} 1
sankofa_undetermined_at_stake{{currency="USD"}} 500
sankofa_waiting{{subject="period"}} 0
sankofa_waiting_seconds{{kind="period",reason="late"}} 0
sankofa_observer_newest_slot_timestamp_seconds{{observer="observer-1"}} {now:.0f}
sankofa_observer_verdicts{{observer="observer-1",alone="otherwise"}} 0
sankofa_pipeline_last_success_timestamp_seconds{{stage="observe"}} {now:.0f}
sankofa_pipeline_failures_total{{stage="observe"}} 0
sankofa_chain_head_timestamp_seconds {now - 2:.0f}
sankofa_chain_asked_timestamp_seconds {now:.0f}
"""


@pytest.fixture
def world() -> World:
    return World(sites=SITES, platform=_platform())


@pytest.fixture
def prometheus(processes: Processes, world: World, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus that scrapes the world, itself and a real Alertmanager each second."""
    address, alertmanager = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with served(world) as (exporters, platform):
        config = configuration(
            world, exporters, platform, tmp_path, STEP_SECONDS, own=address, alertmanager=alertmanager
        )
        _alertmanager(processes, alertmanager, tmp_path)
        command = [need_program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        child = processes.start("prometheus", [*command, f"--web.listen-address={address}", "--log.level=warn"])
        processes.wait_until(child, answers(f"http://{address}/-/ready"))
        yield f"http://{address}"


def _alertmanager(processes: Processes, address: str, folder: Path) -> None:
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    start_alertmanager(processes, config, address)


def _queries() -> list[PanelQuery]:
    """All queries of all boards, each system's of the site that has them all."""
    return [query for board in BOARDS.values() for query in panel_queries(board, CHOSEN)]


def _result(prometheus: str, query: PanelQuery) -> list[Any]:
    """What the panel gets: one moment, or the last ten seconds."""
    now = time.time()
    when = {"time": f"{now}"} if query.instant else {"start": f"{now - 10}", "end": f"{now}", "step": "1"}
    path = "query" if query.instant else "query_range"
    answer = local.get(f"{prometheus}/api/v1/{path}", params={"query": query.expr, **when}).json()
    assert answer["status"] == "success", (query, answer)
    return list(answer["data"]["result"])


def _wait_for_states(prometheus: str, **expected: str) -> None:
    """Until the recorded states are these, by site with _ for -."""
    query = PanelQuery(panel="", expr=telemetry.SITE_STATE, instant=True)
    wanted = {site.replace("_", "-"): word for site, word in expected.items()}
    deadline = time.monotonic() + limit(60)
    while (
        now := {one["metric"]["site"]: COLOURS[State(int(one["value"][1]))][0] for one in _result(prometheus, query)}
    ) != wanted:
        assert time.monotonic() < deadline, f"{now} in place of {wanted}"
        time.sleep(0.2)


def _shown(prometheus: str, *uids: str) -> list[Shown]:
    """Boards as Grafana shows them now, a site's of core-0."""
    now = {"prometheus": prometheus, "end": time.time(), "range": 20, "scrape": 1}
    return shown(
        [{"board": BOARDS[uid], "variables": {"site": "core-0"} if uid == "sk-site" else {}, **now} for uid in uids]
    )


def _figures(board: Shown, *titles: str) -> list[str]:
    return [" ".join(word.text for word in board.of(title)) for title in titles]


def _row(board: Shown, panel: str, first: str) -> dict[str, str]:
    """Column to text, of the row of a table that has `first` in it."""
    words = board.of(panel)
    row = next((word.row for word in words if word.text == first), None)
    assert row is not None, (first, words)
    return {word.name: word.text for word in words if word.row == row}


STATES = ("DOWN", "BREACH", "Burning", "NOT KNOWN", "No target")
MONEY = ("Owed by now", "At risk", "Undetermined", "Credits granted", "Penalties")


def test_boards_say_what_is_so_in_a_good_a_bad_and_a_blind_world(prometheus: str, world: World) -> None:
    """Each query has data, and the figures are those of the world; what nobody sees any more is NOT KNOWN, never green and never zero."""
    well = {"core_0": "good", "reg_1": "good", "edge_1": "good", "edge_2": "good", "edge_9": "no target"}
    _wait_for_states(prometheus, **well)
    _good(prometheus)

    world.conditions |= {"ceph/core-0": "down", "proxmox/edge-2": "blind"}
    world.platform = _platform(high=0.99)
    _wait_for_states(prometheus, **well | {"core_0": "DOWN", "reg_1": "BREACH", "edge_2": "NOT KNOWN"})
    fires = PanelQuery(panel="", expr='ALERTS{alertname="SiteDown", alertstate="firing"}', instant=True)
    until(lambda: _result(prometheus, fires), seconds=30)
    _bad(prometheus)

    world.is_gone = True  # the platform too: that edge-9 has no target is its word alone, and stays
    blind = {"core_0": "DOWN", "reg_1": "BREACH", "edge_1": "NOT KNOWN", "edge_2": "NOT KNOWN"}
    _wait_for_states(prometheus, **blind, edge_9="no target")
    up = PanelQuery(panel="", expr=f"{telemetry.SYSTEM_STATE} == {State.GOOD.value}", instant=True)
    until(lambda: not _result(prometheus, up), seconds=30)
    _blind(prometheus)


def _good(prometheus: str) -> None:
    waiting = _queries()

    def answered() -> bool:
        waiting[:] = [query for query in waiting if not _result(prometheus, query)]
        return not waiting

    with suppress(AssertionError):
        until(answered, seconds=60)
    assert waiting == []
    wall, site, ceph, paging = _shown(prometheus, "sk-fleet", "sk-site", "sk-ceph", "sk-paging")
    assert _figures(wall, *STATES) == ["0", "0", "0", "0 5", "1"]
    assert _row(wall, "Worst 25 sites", "core-0")["Last period"] == "BREACH"
    last = _row(site, "Last closed period", "gold/availability-core")
    assert [last[name] for name in ("Verdict", "At least", "At most", "Budget spent")] == [
        "BREACH",
        "97.000%",
        "98.000%",
        "400%",
    ]
    assert _figures(ceph, "Targets expected", "Found", "Known", "Up") == ["1", "1", "1", "1"]
    assert [paging.said(title)[0] for title in MONEY] == [
        ("USD", "100.5"),
        ("USD", "149.5"),
        ("USD", "500"),
        ("USD", "625.25"),
        ("USD", "1,250.5"),
    ]
    assert paging.said("At risk")[1:] == [("EUR", "NOT KNOWN")]
    _of_places(prometheus)


def _of_places(prometheus: str) -> None:
    """What has no price says so in words; what has one, and nobody knows which, is NOT KNOWN."""
    now = {"board": BOARDS["sk-site"], "prometheus": prometheus, "end": time.time(), "range": 20, "scrape": 1}
    free, unseen = shown([{**now, "variables": {"site": site}} for site in ("reg-1", "edge-2")])
    assert [text for _, text in free.said("Money")] == [
        "no promise has a price here",
        *"-" * (len(free.said("Money")) - 1),
    ]
    assert _row(free, "Last closed period", "none")["Verdict"] == "no price"
    price = _row(unseen, "Money", "gold/availability-edge/edge-2")
    assert (price["At risk"], price["Owed by now"], price["currency"]) == ("NOT KNOWN", "NOT KNOWN", "EUR")
    assert _row(unseen, "Last closed period", "none")["Verdict"] == "none yet"


def _bad(prometheus: str) -> None:
    wall, site, ceph, proxmox, paging = _shown(prometheus, "sk-fleet", "sk-site", "sk-ceph", "sk-proxmox", "sk-paging")
    assert _figures(wall, *STATES) == ["1", "1", "0", "1 5", "1"]
    core, blind, breach = (_row(wall, "Worst 25 sites", name) for name in ("core-0", "edge-2", "reg-1"))
    assert [core[name] for name in ("State", *SYSTEM_NAMES)] == ["DOWN", "up", "up", "DOWN", "up", "up"]
    assert (core["At risk"], core["currency"], core["Budget left"]) == ("149.5", "USD", "75%")
    assert (blind["At risk"], blind["Next step in"], blind["Last period"]) == ("NOT KNOWN", "NOT KNOWN", "none yet")
    assert [word.text for word in site.of("Firing at this site") if word.name == "severity"] == sorted(
        word.text for word in site.of("Firing at this site") if word.name == "severity"
    )
    assert [blind[name] for name in ("State", "besu", "cloudflare", "proxmox")] == [
        "NOT KNOWN",
        "-",
        "up",
        "NOT KNOWN",
    ]
    assert (breach["State"], breach["At risk"], breach["currency"]) == ("BREACH", "no price", "-")
    assert (breach["Next step in"], breach["Last period"]) == ("no price", "no price")
    assert [word.text for word in wall.of("Worst 25 sites") if word.name == "site"][:3] == ["core-0", "reg-1", "edge-2"]

    assert _figures(site, "State") == ["DOWN"]
    assert [word.text for word in site.of("This system")] == ["up", "up", "DOWN", "up", "up"]
    assert _figures(ceph, "Known", "Up") == ["1", "0"]
    assert _figures(proxmox, "Targets expected", "Known", "Up") == ["4", "3", "3"]
    target = _row(proxmox, "Worst 15 targets", "edge-2/proxmox-edge-2")
    assert (target["State"], target["why"], target["scraped"]) == ("NOT KNOWN", "witnesses: timeout", "yes")
    assert _row(paging, "Pages that fire", "SiteDown")["site"] == "core-0"


def _blind(prometheus: str) -> None:
    wall, ceph, paging = _shown(prometheus, "sk-fleet", "sk-ceph", "sk-paging")
    assert _figures(wall, *STATES) == ["1", "1", "0", "2 5", "1"]
    edge = _row(wall, "Worst 25 sites", "edge-1")
    assert [edge[name] for name in ("State", "proxmox", "besu")] == ["NOT KNOWN", "NOT KNOWN", "-"]
    assert {edge[name] for name in ("Budget left", "Last period", "Next step in", "At risk")} == {"NOT KNOWN"}
    assert not [word for word in wall.of("Worst 25 sites") if word.color == GOOD_COLOUR]
    assert _figures(ceph, "Known", "Up", "Slowest probe") == ["0", "0", "NOT KNOWN"]
    assert set(_figures(paging, *MONEY, "Longest wait", "What waits, and why")) == {"NOT KNOWN"}
    aged = [query for query in _queries() if query.panel == "Age of the settlement chain's head"]
    assert [_result(prometheus, replace(query, instant=True)) for query in aged] == [[]]
