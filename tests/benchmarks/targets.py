"""1,000 targets in one process, ten of them black holes: what the exporter adds to a probe, and what it costs to run.

Targets are Besu nodes played by one JSON-RPC server; every target is probed once in 15 s, evenly spread, as Prometheus does.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import yaml

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program

from .report import Row, Table
from .watched import cpu_seconds, peak_mib

TARGETS, HOLES, INTERVAL_SECONDS, ROUNDS = 1_000, 10, 15, 3
TIMEOUT_SECONDS = 10
NODE_SECONDS = 0.002  # what a node takes to answer
RESULTS = {
    "eth_chainId": "0x539",
    "web3_clientVersion": "besu/v26.3.0",
    "net_peerCount": "0x18",
    "eth_syncing": False,
    "eth_gasPrice": "0x0",
    "eth_call": "0x",
}


def run() -> Table:
    good, holes, cpu, peak = asyncio.run(_measure())
    quantiles = statistics.quantiles([seconds * 1000 for seconds in good], n=100)
    return Table(
        title=f"{TARGETS} targets in one process, {HOLES} of them silent",
        peer="goal",
        how=(
            f"Each target is probed every {INTERVAL_SECONDS} s for {ROUNDS} rounds with a scrape timeout of {TIMEOUT_SECONDS} s. "
            f"A node answers each request after {NODE_SECONDS * 1000:.0f} ms; a silent one accepts and never answers. Wall times "
            "are seen by the scraper, which shares the machine with the exporter and with the nodes."
        ),
        rows=(
            Row(what="probe of a good target, median", ours=f"{quantiles[49]:.1f} ms"),
            Row(what="probe of a good target, 99th percentile", ours=f"{quantiles[98]:.1f} ms", peer="under 50 ms"),
            Row(
                what="probe of a silent target, slowest", ours=f"{max(holes):.2f} s", peer=f"{TIMEOUT_SECONDS - 0.5} s"
            ),
            Row(what="CPU of one core", ours=f"{cpu * 100:.1f} %", peer="under 20 %"),
            Row(what="peak memory", ours=f"{peak:.0f} MiB", peer="under 150 MiB"),
        ),
        notes=("No peer does this job; the column holds the goal.",),
    )


async def _measure() -> tuple[list[float], list[float], float, float]:
    async with nodes() as node, _black_hole() as hole:
        with TemporaryDirectory() as folder, Processes(folder=Path(folder)) as processes:
            names = [f"node-{number}" for number in range(TARGETS)]
            endpoints = dict.fromkeys(names, node) | dict.fromkeys(names[:: TARGETS // HOLES][:HOLES], hole)
            config = processes.folder / "besu.yml"
            targets = {name: {"module": "m", "endpoint": url} for name, url in endpoints.items()}
            config.write_text(yaml.safe_dump({"modules": {"m": {}}, "targets": targets}))
            port = free_port()
            options = ["besu", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
            child = processes.start("exporter", [need_program("sankofa-exporter"), *options])
            await asyncio.to_thread(processes.wait_until, child, answers(f"http://127.0.0.1:{port}/-/ready"))
            url = f"http://127.0.0.1:{port}/probe"
            await _round(url, endpoints, hole)  # opens every connection; what it costs is told apart from steady state
            before, started = cpu_seconds(child.process.pid), time.monotonic()
            rounds = [await _round(url, endpoints, hole) for _ in range(ROUNDS)]
            cpu = (cpu_seconds(child.process.pid) - before) / (time.monotonic() - started)
            good = [seconds for durations, _ in rounds for seconds in durations]
            silent = [seconds for _, durations in rounds for seconds in durations]
            return good, silent, cpu, peak_mib(child.process.pid)


async def _round(url: str, endpoints: dict[str, str], hole: str) -> tuple[list[float], list[float]]:
    """One probe of every target, spread over the interval: durations of good ones and of silent ones."""
    good: list[float] = []
    silent: list[float] = []
    limits = httpx.Limits(max_connections=TARGETS, max_keepalive_connections=TARGETS)
    async with httpx.AsyncClient(trust_env=False, timeout=30, limits=limits) as client:

        async def one(number: int, name: str) -> None:
            await asyncio.sleep(number * INTERVAL_SECONDS / TARGETS)
            started = time.monotonic()
            headers = {"x-prometheus-scrape-timeout-seconds": str(TIMEOUT_SECONDS)}
            answer = await client.get(url, params={"target": name}, headers=headers)
            answer.raise_for_status()
            (silent if endpoints[name] == hole else good).append(time.monotonic() - started)

        await asyncio.gather(*(one(number, name) for number, name in enumerate(endpoints)))
    return good, silent


@asynccontextmanager
async def nodes() -> AsyncIterator[str]:
    """A JSON-RPC server that is every good node at once."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                asked = json.loads(await reader.readexactly(length))
                await asyncio.sleep(NODE_SECONDS)
                answer = [_result(call) for call in asked] if isinstance(asked, list) else _result(asked)
                body = json.dumps(answer).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def _result(call: dict[str, object]) -> dict[str, object]:
    method = str(call["method"])
    if method == "eth_getBlockByNumber":
        now = int(time.time())
        result: object = {
            "number": hex(now),
            "timestamp": hex(now),
            "transactions": [],
            "gasUsed": "0x0",
            "gasLimit": "0x1",
        }
    elif method in RESULTS:
        result = RESULTS[method]
    else:
        return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32601, "message": "no such method"}}
    return {"jsonrpc": "2.0", "id": call["id"], "result": result}


@asynccontextmanager
async def _black_hole() -> AsyncIterator[str]:
    """A port that takes connections into its backlog and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
