"""Every panel of every board, asked of a real Prometheus that runs our configuration and our rules, has data to show."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from deploy.prometheus.render import Exporter, render
from sankofa_dashboards.fleet import FLEET
from sankofa_dashboards.queries import PanelQuery, panel_queries
from sankofa_dashboards.site import SITE
from sankofa_rules import book as rules
from tests.pace import limit

EDGE = {"targets": ["pve-1"], "labels": {"site": "edge-1", "tier": "edge", "region": "r1"}}
REPLICA = {
    "targets": ["besu-1"],
    "labels": {"site": "reg-1", "tier": "regional", "region": "r2", "network": "mainland"},
}
USERS = {"targets": ["canary-1"], "labels": {"site": "edge-1", "tier": "edge", "region": "r1"}}
GROUPS = {"proxmox": EDGE, "besu": REPLICA, "canary": USERS}
SITE_OF = {"proxmox": "edge-1", "besu": "reg-1", "canary": "edge-1", "": "edge-1"}
STEP_SECONDS = 2
PATIENCE_SECONDS = 40


def _proxmox(_: int) -> str:
    return """
sankofa_pve_up 1
sankofa_pve_known 1
sankofa_pve_cluster_quorate 1
sankofa_pve_node_online{node="n1"} 1
sankofa_pve_quorum_margin_votes 1
sankofa_probe_delay_seconds 0.001
"""


def _besu(calls: int) -> str:
    return f"""
sankofa_besu_up 1
sankofa_besu_known 1
sankofa_besu_head_block {calls}
sankofa_besu_head_timestamp_seconds {time.time():.0f}
sankofa_besu_head_gas_used_ratio 0.25
sankofa_besu_eth_call_duration_seconds_bucket{{le="0.2"}} {calls}
sankofa_besu_eth_call_duration_seconds_bucket{{le="+Inf"}} {calls}
sankofa_besu_eth_call_duration_seconds_count {calls}
sankofa_besu_eth_call_duration_seconds_sum {calls / 10}
sankofa_besu_eth_call_not_known_total 0
sankofa_probe_delay_seconds 0.002
"""


def _canary(asked: int) -> str:
    return f"""
sankofa_canary_up 1
sankofa_canary_known 1
sankofa_canary_requests_total {asked}
sankofa_canary_failures_total{{outcome="timeout"}} 0
sankofa_canary_not_known_total{{reason="delay"}} 0
sankofa_canary_request_duration_seconds_bucket{{le="0.01"}} {asked}
sankofa_canary_request_duration_seconds_bucket{{le="+Inf"}} {asked}
sankofa_canary_request_duration_seconds_count {asked}
sankofa_canary_request_duration_seconds_sum {asked / 200}
"""


def _platform(_: int) -> str:
    slo = 'slo="availability-edge",tier="edge"'
    return f"""
sankofa_site_info{{site="edge-1",tier="edge",region="r1"}} 1
sankofa_site_info{{site="reg-1",tier="regional",region="r2"}} 1
sankofa_slo_objective_ratio{{{slo}}} 0.995
sankofa_slo_period_slots{{{slo},site="edge-1",state="GOOD"}} 5
sankofa_slo_attainment_low_ratio{{{slo},site="edge-1"}} 0.999
sankofa_slo_attainment_high_ratio{{{slo},site="edge-1"}} 1
sankofa_slo_error_budget_spent_ratio{{{slo},site="edge-1"}} 0.2
sankofa_settlements{{state="final"}} 1
sankofa_undetermined_verdicts{{slo="availability-edge"}} 1
sankofa_undetermined_at_stake{{currency="USD"}} 500
sankofa_waiting{{subject="period"}} 0
sankofa_observer_newest_slot_timestamp_seconds{{observer="observer-1"}} {time.time():.0f}
sankofa_observer_verdicts{{observer="observer-1",alone="otherwise"}} 0
sankofa_pipeline_last_success_timestamp_seconds{{stage="observe"}} {time.time():.0f}
sankofa_pipeline_failures_total{{stage="observe"}} 0
sankofa_chain_head_age_seconds 2
"""


class _Exporter(BaseHTTPRequestHandler):
    """The exporters and the platform; the counters grow with each scrape."""

    scrapes = 0

    def do_GET(self) -> None:
        _Exporter.scrapes += 1
        target = parse_qs(urlsplit(self.path).query).get("target", [""])[0]
        text = {"pve-1": _proxmox, "besu-1": _besu, "canary-1": _canary}.get(target, _platform)(
            _Exporter.scrapes
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def exporter() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Exporter) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def prometheus(processes: Processes, exporter: str, tmp_path: Path) -> str:
    """The address of a Prometheus with the lab's configuration, scraping every second."""
    for name, group in GROUPS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps([group]))
    config = tmp_path / "prometheus.yml"
    config.write_text(
        render(
            scrape_interval="1s",
            evaluation_interval="1s",
            exporters={name: Exporter(address=exporter, folder=str(tmp_path)) for name in GROUPS},
            platform=exporter,
            alertmanager=None,
            rule_files=[str(path) for path in rules.write(tmp_path / "rules", STEP_SECONDS)],
        )
    )
    address = f"127.0.0.1:{free_port()}"
    command = [need_program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    child = processes.start("prometheus", [*command, f"--web.listen-address={address}", "--log.level=warn"])
    processes.wait_until(child, answers(f"http://{address}/-/ready"))
    return f"http://{address}"


def _result(prometheus: str, query: PanelQuery) -> list[Any]:
    """What the panel gets: one moment, or the last ten seconds (`@ end ()` needs a range)."""
    now = time.time()
    instant = {"query": query.expr, "time": f"{now}"}
    over_time = {"query": query.expr, "start": f"{now - 10}", "end": f"{now}", "step": "1"}
    path, parameters = ("query", instant) if query.instant else ("query_range", over_time)
    answer = local.get(f"{prometheus}/api/v1/{path}", params=parameters).json()
    assert answer["status"] == "success", (query, answer)
    return list(answer["data"]["result"])


def _all_queries() -> list[PanelQuery]:
    sites = [
        query
        for system, site in SITE_OF.items()
        for query in panel_queries(SITE.document(), {"site": site})
        if query.system == system
    ]
    return panel_queries(FLEET.document(), {}) + sites


@pytest.mark.real("prometheus")
def test_every_panel_has_data_on_a_running_lab(prometheus: str) -> None:
    """One edge site, one read replica and the platform are enough for each query to answer."""
    waiting = _all_queries()
    deadline = time.monotonic() + limit(PATIENCE_SECONDS)
    while waiting and time.monotonic() < deadline:
        waiting = [query for query in waiting if not _result(prometheus, query)]
        time.sleep(0.2)
    assert waiting == []
