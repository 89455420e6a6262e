"""100 addresses asked once a second by one canary, through a real nginx: CPU and memory, and what it could not tell.

Scraped every 15 s, as Prometheus would.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from tests.exporters.canary.nginx import start_nginx
from tests.exporters.watching import values_of

from .report import Row, Table
from .watched import cpu_seconds, peak_mib

TARGETS, SECONDS, SCRAPE_SECONDS = 100, 60, 15
MODULE = {"objective_seconds": 0.05, "interval_seconds": 1, "timeout_seconds": 1, "expected_text": "all is well"}


def run() -> Table:
    kept, kept_mib, kept_known, asked = _measure("kept")
    new, _, new_known, _ = _measure("new")
    return Table(
        title=f"{TARGETS} addresses asked once a second by one canary",
        peer="goal",
        how=(
            f"HTTP through a real nginx for {SECONDS} s, each answer's body searched, each target scraped every "
            f"{SCRAPE_SECONDS} s. Known is the share of requests of which is known how they ended; the rest met a moment in "
            "which the canary had no CPU, on a machine that it shares with nginx and with the scraper."
        ),
        rows=(
            Row(what="CPU of one core, connections kept", ours=f"{kept * 100:.1f} %", peer="under 20 %"),
            Row(what="CPU of one core, a connection a request", ours=f"{new * 100:.1f} %"),
            Row(what="peak memory", ours=f"{kept_mib:.0f} MiB"),
            Row(what="requests a second", ours=f"{asked / SECONDS:.1f}", peer=str(TARGETS)),
            Row(what="known, connections kept", ours=f"{kept_known * 100:.1f} %"),
            Row(what="known, a connection a request", ours=f"{new_known * 100:.1f} %"),
        ),
        notes=("No peer does this job; the column holds the goal.",),
    )


def _measure(connection: str) -> tuple[float, float, float, int]:
    """CPU as a share of a core, memory, the share of requests that are known, and the requests that nginx has logged."""
    with TemporaryDirectory() as folder, Processes(folder=Path(folder)) as processes:
        nginx = start_nginx(processes)
        names = [f"address-{number}" for number in range(TARGETS)]
        targets = {name: {"module": "m", "endpoint": f"{nginx.url}/ok/{name}"} for name in names}
        config = processes.folder / "canary.yml"
        config.write_text(yaml.safe_dump({"modules": {"m": {**MODULE, "connection": connection}}, "targets": targets}))
        url = f"http://127.0.0.1:{free_port()}"
        options = ["canary", "http", f"--config.file={config}", f"--web.listen-address={url.removeprefix('http://')}"]
        child = processes.start("canary", [need_program("sankofa-exporter"), *options])
        processes.wait_until(child, answers(f"{url}/-/ready"))
        _scrape(url, names, over_seconds=2)  # begins the requests, spread as scrapes are
        before, began, logged = cpu_seconds(child.process.pid), time.monotonic(), len(nginx.served())
        while time.monotonic() - began < SECONDS:
            _scrape(url, names, over_seconds=SCRAPE_SECONDS)
        took = time.monotonic() - began
        cpu, asked = (cpu_seconds(child.process.pid) - before) / took, len(nginx.served()) - logged
        known, left_out = _scrape(url, names, over_seconds=0)
        return cpu, peak_mib(child.process.pid), known / (known + left_out), int(asked * SECONDS / took)


def _scrape(url: str, names: list[str], *, over_seconds: float) -> tuple[float, float]:
    """Each target once, evenly spread: requests that are known and those that are not, added up."""
    known = left_out = 0.0
    for name in names:
        found = values_of(local.get(f"{url}/probe?target={name}").text)
        known += found.get(("canary_requests_total",), 0)
        left_out += sum(value for key, value in found.items() if key[0] == "canary_not_known_total")
        time.sleep(over_seconds / len(names))
    return known, left_out
