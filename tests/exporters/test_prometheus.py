"""A real Prometheus scrapes the exporter with the job that the documentation shows."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import CHECKOUT, need_program
from tests.pace import until


def documented_job(exporter_port: int) -> dict[str, Any]:
    """The scrape job of docs/exporters/besu.md, pointed at this test's exporter and hurried."""
    page = (CHECKOUT / "docs" / "exporters" / "besu.md").read_text()
    (job,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    job["relabel_configs"][-1]["replacement"] = f"127.0.0.1:{exporter_port}"
    return {**job, "scrape_interval": "1s", "scrape_timeout": "1s"}


KNOWN, BUCKET = "sankofa_besu_known", 'sankofa_besu_eth_call_duration_seconds_bucket{le="0.2"}'
LABELS = {
    "job": "sankofa-besu",
    "region": "ke-nairobi",
    "site": "edge-nairobi-1",
    "tier": "edge",
    "system": "besu",
    "observer": "observer-1",
    "network": "mainland",
}


def query(url: str, expression: str) -> list[Any]:
    answer = local.get(f"{url}/api/v1/query", params={"query": expression})
    return list(answer.json()["data"]["result"])


@pytest.mark.real("prometheus")
def test_prometheus_scrapes_with_the_documented_job(processes: Processes, tmp_path: Path) -> None:
    """The target is scraped, keeps its labels, and none of ours had to be renamed to exported_…."""
    config = tmp_path / "besu.yml"
    config.write_text('modules: {node: {}}\ntargets: {replica-1: {module: node, endpoint: "http://127.0.0.1:1"}}\n')
    exporter, port = free_port(), free_port()
    url, listen = f"http://127.0.0.1:{port}", f"127.0.0.1:{exporter}"
    command = [sys.executable, "-m", "sankofa_exporters.cli", "besu", "--config.file", str(config)]
    child = processes.start("exporter", [*command, "--web.listen-address", listen])
    processes.wait_until(child, answers(f"http://{listen}/-/ready"))
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [documented_job(exporter)]}))
    flags = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    server = processes.start(
        "prometheus", [need_program("prometheus"), *flags, f"--web.listen-address=127.0.0.1:{port}"]
    )
    processes.wait_until(server, answers(f"{url}/-/ready"))
    seen: dict[str, list[Any]] = {}

    def scraped() -> bool:
        seen.update({expression: query(url, expression) for expression in ("up == 1", KNOWN, BUCKET)})
        return all(seen.values())

    until(scraped)

    assert [(series["metric"], series["value"][1]) for series in seen[KNOWN]] == [
        (
            LABELS | {"__name__": "sankofa_besu_known", "instance": "replica-1"},
            "0",
        )
    ]
    assert query(url, 'count({__name__=~"sankofa_.*", exported_instance!=""})') == []
