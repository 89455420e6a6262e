"""A real Prometheus on loopback, filled by remote write with sites whose events are known; then it scrapes itself."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import yaml
from rich.console import Console
from rich.progress import track

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import need_program
from sankofa_observe.units import Period

from .known import SCRAPE
from .remote_write import Series, write
from .watched import cpu_seconds, peak_mib

CHUNK_SECONDS, SITES_A_REQUEST = 600, 200
QUIET_SECONDS, QUIET_SHARE, LONGEST_WAIT_SECONDS = 2, 0.03, 90
ERRORS = Console(stderr=True)
QUERY_LOG = "queries.log"


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Prometheus, what it holds, and what it has spent so far."""

    url: str
    child: Child
    config: Path
    written: int = 0

    def cpu(self) -> float:
        return cpu_seconds(self.child.process.pid)

    def peak_mib(self) -> float:
        return peak_mib(self.child.process.pid)

    def samples_read(self) -> int:
        """How many samples all queries so far have loaded, by its own log of queries."""
        log = self.config.with_name(QUERY_LOG)
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return sum(json.loads(line)["stats"]["samples"]["totalQueryableSamples"] for line in lines)

    def version(self) -> str:
        return str(local.get(f"{self.url}/api/v1/status/buildinfo").json()["data"]["version"])

    def settle(self) -> None:
        """Wait until it does nothing: blocks of what was written are made behind our back."""
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < deadline:
            before = self.cpu()
            time.sleep(QUIET_SECONDS)
            if self.cpu() - before < QUIET_SECONDS * QUIET_SHARE:
                return


class Site(Protocol):
    """What was scraped of one site."""

    def series(self, period: Period) -> Iterator[Series]: ...


@contextmanager
def filled(sites: Sequence[Site], written: Period) -> Iterator[Filled]:
    """All sites in step, oldest first, as if they had been scraped: nothing comes out of order."""
    with TemporaryDirectory() as folder, Processes(folder=Path(folder)) as processes:
        started = _start(processes)
        samples = 0
        for at in track(range(written.starts_at, written.ends_at, CHUNK_SECONDS), "remote write", console=ERRORS):
            period = Period(starts_at=at, ends_at=min(at + CHUNK_SECONDS, written.ends_at))
            for first in range(0, len(sites), SITES_A_REQUEST):
                some = sites[first : first + SITES_A_REQUEST]
                samples += write(started.url, (series for site in some for series in site.series(period)))
        _watch_itself(started)
        yield Filled(url=started.url, child=started.child, config=started.config, written=samples)


def _start(processes: Processes) -> Filled:
    port, config = free_port(), processes.folder / "prometheus.yaml"
    config.write_text("{}")
    command = [
        need_program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={processes.folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=90d",
    ]  # fmt: skip
    child = processes.start("prometheus", command)
    url = f"http://127.0.0.1:{port}"
    processes.wait_until(child, answers(f"{url}/-/ready"))
    return Filled(url=url, child=child, config=config)


def _watch_itself(started: Filled) -> None:
    """It logs what queries load, and scrapes: ours tells by the last scrape up to when slots are closed."""
    own = {"job_name": "prometheus", "static_configs": [{"targets": [started.url.removeprefix("http://")]}]}
    every = {"scrape_interval": f"{SCRAPE}s", "scrape_timeout": "5s"}
    every["query_log_file"] = str(started.config.with_name(QUERY_LOG))
    started.config.write_text(yaml.safe_dump({"global": every, "scrape_configs": [own]}))
    started.child.process.send_signal(signal.SIGHUP)
