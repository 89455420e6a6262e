"""What the wall costs a browser: the bytes of all its answers, of a fleet of 325 sites and six hours, by a real Prometheus."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from sankofa_dashboards.queries import generated_boards
from sankofa_observe import telemetry
from tests.dashboards.grafana import shown

pytestmark = pytest.mark.real("prometheus", "node", "tsc")

SITES, RANGE_SECONDS, STEP_SECONDS = 325, 6 * 3600, 120
MEGABYTE = 1_000_000
ROWS = 25


def _history(now: int) -> Iterator[str]:
    """State and rank of each site over six hours, the states of its systems now, as Prometheus' own text."""
    times = range(now - RANGE_SECONDS, now + 1, STEP_SECONDS)
    for name in (telemetry.SITE_STATE, telemetry.SITE_RANK):
        yield f"# TYPE {name} gauge"
        for site in range(SITES):
            labels = _labels(site)
            yield from (f"{name}{{{labels}}} {(site + at // 3600) % 5} {at}" for at in times)
    for name in (telemetry.SYSTEM_STATE, telemetry.TARGET_EXPECTED):
        yield f"# TYPE {name} gauge"
        for site in range(SITES):
            yield from (f'{name}{{{_labels(site)},system="{of}"}} 0 {now}' for of in ("ceph", "proxmox", "cloudflare"))
    yield "# EOF"


def _labels(site: int) -> str:
    tier = "core" if site < 12 else "regional" if site < 75 else "edge"
    return f'tier="{tier}",region="region-{site % 40}",site="{tier}-site-{site}"'


def test_the_first_screen_is_under_a_megabyte(processes: Processes, tmp_path: Path) -> None:
    """All answers of the wall together, whatever the number of sites: rows are cut before they are sent."""
    now = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    (tmp_path / "history.txt").write_text("\n".join(_history(now)) + "\n")
    made = ["tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "history.txt"), str(tmp_path / "data")]
    subprocess.run([need_program("promtool"), *made], check=True, capture_output=True)
    (tmp_path / "prometheus.yml").write_text("global: {}\n")
    address = f"127.0.0.1:{free_port()}"
    command = [need_program("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address={address}", "--log.level=warn"]
    child = processes.start("prometheus", command)
    processes.wait_until(child, answers(f"http://{address}/-/ready"))

    (wall,) = shown([{"board": generated_boards()["sk-fleet"], "prometheus": f"http://{address}", "end": now}])
    sites = [word for word in wall.of("Worst 25 sites") if word.name == "site"]

    assert len(sites) == ROWS
    assert [word.text for word in wall.of("NOT KNOWN")] == [f"{SITES // 5}", f"{SITES}"]
    assert 20_000 < wall.bytes < MEGABYTE
