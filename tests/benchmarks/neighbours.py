"""What bad targets cost a good one in the same process: its probe beside targets that are hostile, slow, busy or silent.

`python -m tests.benchmarks.neighbours` serves the bad ones, in a process of its own: the measure shares no loop with them.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import yaml

from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import CHECKOUT, need_program

from .report import Row, Table
from .targets import nodes

PROBES, PAUSE_SECONDS = 200, 0.02
BAD_PROBERS = 4
LARGE = b'{"jsonrpc":"2.0","id":0,"result":[' + b"{}," * 5_000_000 + b"{}]}"
VALID = b'{"jsonrpc":"2.0","id":0,"result":[' + b'{"a":[1,2,3]},' * 95_000 + b"{}]}"
KINDS = {
    "empties": "15 MB of empty objects",
    "valid": "1.3 MB of small objects, as many as may be",
    "slow": "1.2 s an answer, probes of 1 s",
    "busy": "429 to every call",
    "silent": "no answer, probes of 1 s",
    "names": "names that nobody knows",
}


def run() -> Table:
    alone, beside = asyncio.run(_measure())
    rows = [Row(what="alone", ours=_ms(alone), peer="-")]
    for kind, text in KINDS.items():
        more = _p99(beside[kind]) - _p99(alone)
        rows.append(
            Row(what=f"beside {text}", ours=_ms(beside[kind]), peer="50 ms more", ratio=f"{more * 1000:+.1f} ms")
        )
    return Table(
        title="A good target beside bad ones",
        peer="goal",
        how=(
            f"99th percentile of {PROBES} probes of a good target, as the scraper sees it, while {BAD_PROBERS} probers ask a bad target "
            "of the same process without a pause. Good and bad nodes are processes apart from the exporter, on the same two cores."
        ),
        rows=rows,
    )


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _ms(seconds: list[float]) -> str:
    return f"{_p99(seconds) * 1000:.1f} ms"


async def _measure() -> tuple[list[float], dict[str, list[float]]]:
    async with nodes() as node:
        with TemporaryDirectory() as folder, Processes(folder=Path(folder)) as processes:
            bad = await asyncio.to_thread(_bad_nodes, processes)
            endpoints = {kind: f"{bad}/{kind}" for kind in KINDS} | {"names": "http://nobody.invalid", "good": node}
            url = await asyncio.to_thread(_exporter, processes, endpoints)
            async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
                await _probes(client, url)
                alone = await _probes(client, url)
                return alone, {kind: await _beside(client, url, kind) for kind in KINDS}


def _bad_nodes(processes: Processes) -> str:
    port = free_port()
    child = processes.start("bad", [sys.executable, "-m", "tests.benchmarks.neighbours", str(port)], cwd=CHECKOUT)
    processes.wait_until(child, answers(f"http://127.0.0.1:{port}/ready"))
    return f"http://127.0.0.1:{port}"


def _exporter(processes: Processes, endpoints: dict[str, str]) -> str:
    config = processes.folder / "besu.yml"
    targets = {name: {"module": "m", "endpoint": url} for name, url in endpoints.items()}
    config.write_text(yaml.safe_dump({"modules": {"m": {}}, "targets": targets}))
    port = free_port()
    options = ["besu", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    child: Child = processes.start("exporter", [need_program("sankofa-exporter"), *options])
    processes.wait_until(child, answers(f"http://127.0.0.1:{port}/-/ready"))
    return f"http://127.0.0.1:{port}/probe"


async def _beside(client: httpx.AsyncClient, url: str, kind: str) -> list[float]:
    over = asyncio.Event()
    probers = [asyncio.create_task(_bad_prober(client, url, kind, over.is_set)) for _ in range(BAD_PROBERS)]
    try:
        return await _probes(client, url)
    finally:
        over.set()
        await asyncio.gather(*probers)


async def _bad_prober(client: httpx.AsyncClient, url: str, kind: str, over: Callable[[], bool]) -> None:
    timeout = "1" if kind in {"slow", "silent"} else "10"
    while not over():
        await client.get(url, params={"target": kind}, headers={"x-prometheus-scrape-timeout-seconds": timeout})


async def _probes(client: httpx.AsyncClient, url: str) -> list[float]:
    found = []
    for _ in range(PROBES):
        await asyncio.sleep(PAUSE_SECONDS)
        started = time.monotonic()
        answer = await client.get(url, params={"target": "good"})
        found.append(time.monotonic() - started)
        if "sankofa_besu_up 1" not in answer.text:
            raise AssertionError("the good target is not up")
    return found


class _Bad(BaseHTTPRequestHandler):
    """Plays the kind that the path names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"ready")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        kind = self.path.strip("/")
        if kind == "silent":
            time.sleep(3600)
        if kind == "slow":
            time.sleep(1.2)
        self._answer(429 if kind == "busy" else 200, {"empties": LARGE, "valid": VALID}.get(kind, b"{}"))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


if __name__ == "__main__":
    os.nice(19)  # another machine, in the real world
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Bad)
    server.daemon_threads = True
    server.serve_forever()
