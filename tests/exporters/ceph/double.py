"""A cluster of one or two mgrs on loopback, whose answers a test changes, breaks or slows down call by call.

It answers the recorded payloads over real HTTP, and what moves in real Ceph moves here: the quorum's age, the mgr's
collection counters, the time of each OSD's last report. The exporter runs as a process of its own beside it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from tests.exporters.doubles import Seen, http_bytes, loopback
from tests.exporters.watching import Values, values_of
from tests.pace import limit

from .recorded import Mgr, Payloads, moved, recorded, standby

Spoil = Callable[[Payloads], None]


@dataclass(kw_only=True)
class Cluster:
    """What the active mgr answers, and how long each path takes."""

    payloads: Payloads = field(default_factory=lambda: living(recorded("quincy")))
    seconds: dict[str, float] = field(default_factory=dict)  # by path; "" for all others
    headers: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    asked: list[str] = field(default_factory=list)
    mgr: Mgr = field(init=False)

    def __post_init__(self) -> None:
        self.mgr = Mgr(payloads=self.payloads)

    async def answer(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        """As the active mgr."""
        request = httpx.Request(seen.method, f"http://mgr{seen.path}", headers=seen.headers, content=seen.body)
        self.asked.append(f"{seen.method} {request.url.path}")
        await asyncio.sleep(self.seconds.get(request.url.path, self.seconds.get("", 0)))
        self._move()
        await self._send(self.mgr.handle(request), writer)

    async def stand_by(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        """As a standby mgr."""
        await self._send(standby(httpx.Request(seen.method, f"http://mgr{seen.path}")), writer)

    async def _send(self, response: httpx.Response, writer: asyncio.StreamWriter) -> None:
        body = b"".join([chunk async for chunk in response.stream])  # type: ignore[union-attr]
        sent = {**dict(response.headers), "date": formatdate(usegmt=True), **self.headers}
        writer.write(http_bytes(body, status=f"{response.status_code} X", headers=sent))

    def _move(self) -> None:
        """Ceph's own clocks: each answer is of now, unless a test put something else in its place."""
        elapsed = time.monotonic() - self.began
        current = dict(self.payloads)
        if isinstance(current.get("monitor"), dict):
            status = {**current["monitor"]["mon_status"], "quorum_age": 100 + int(elapsed * 100)}
            current["monitor"] = {**current["monitor"], "mon_status": status}
        if isinstance(current.get("metrics"), str):
            current["metrics"] = moved(current["metrics"], 1 + int(elapsed * 100))
        if isinstance(current.get("osds"), list):
            current["osds"] = [reporting(osd) for osd in current["osds"]]
        self.mgr.payloads = current


def living(payloads: Payloads) -> Payloads:
    """Without the flag noout, so that the mgr's metrics alone can tell that nothing is paused."""
    detail = 'ceph_health_detail{name="OSDMAP_FLAGS",severity="HEALTH_WARN"} 1.0'
    payloads["metrics"] = payloads["metrics"].replace(detail, detail.replace("1.0", "0.0"))
    payloads["flags"] = [name for name in payloads["flags"] if name != "noout"]
    if "health" in payloads:
        checks = payloads["health"]["health"]["checks"]
        payloads["health"]["health"]["checks"] = [one for one in checks if one["type"] != "OSDMAP_FLAGS"]
    return payloads


def reporting(osd: Any) -> Any:
    if not isinstance(osd, dict) or not osd.get("up"):
        return osd
    return {**osd, "stats_history": {"op_w": [[time.time(), 0.0]]}}


@dataclass(kw_only=True)
class Exporter:
    """The real process, with a client of its `/probe`."""

    url: str
    http: httpx.AsyncClient

    async def text(self, *, scrape_timeout: float = 10, target: str = "edge-1", query: str = "") -> str:
        headers = {"x-prometheus-scrape-timeout-seconds": str(scrape_timeout)}
        answer = await self.http.get(f"{self.url}/probe?target={target}{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def probe(self, **options: Any) -> Values:
        return values_of(await self.text(**options))

    async def until(self, ready: Callable[[Values], bool], **options: Any) -> Values:
        deadline = time.monotonic() + limit(20)
        while not ready(found := await self.probe(**options)):
            assert time.monotonic() < deadline, found
        return found


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A cluster, how much of it the exporter may ask, and what its target says besides."""

    cluster: Cluster
    mgrs: bool = True
    dashboards: bool = True
    has_standby: bool = False
    target: dict[str, Any] = field(default_factory=dict)

    def settings(self, urls: list[str]) -> dict[str, Any]:
        addresses = {"mgrs": urls if self.mgrs else [], "dashboards": urls if self.dashboards else []}
        return {"module": "ceph", **addresses, **self.target}


@asynccontextmanager
async def exporter(
    watched: Watched | dict[str, Watched], folder: Path, processes: Processes, **module: Any
) -> AsyncIterator[Exporter]:
    """The clusters on loopback and the exporter's process beside them; a cluster alone is called edge-1."""
    clusters = {"edge-1": watched} if isinstance(watched, Watched) else watched
    (folder / "password").write_text("right\n")
    credentials = {"username": "probe", "password_file": str(folder / "password")}
    async with AsyncExitStack() as stack:
        targets = {}
        for name, one in clusters.items():
            answers = [one.cluster.answer, *([one.cluster.stand_by] if one.has_standby else [])]
            doubles = [await stack.enter_async_context(loopback(answer)) for answer in answers]
            targets[name] = one.settings([double.url for double in doubles])
        settings = {"modules": {"ceph": {**credentials, **module}}, "targets": targets}
        yield await stack.enter_async_context(running(settings, folder, processes))


@asynccontextmanager
async def running(settings: dict[str, Any], folder: Path, processes: Processes) -> AsyncIterator[Exporter]:
    """The process with this configuration; JSON is YAML."""
    (folder / "exporter.yml").write_text(json.dumps(settings))
    address = f"127.0.0.1:{free_port()}"
    options = ["--config.file", str(folder / "exporter.yml"), "--web.listen-address", address]
    child = processes.start("exporter", [sys.executable, "-m", "sankofa_exporters.cli", "ceph", *options])
    async with httpx.AsyncClient(trust_env=False, timeout=limit(60)) as http:
        found = Exporter(url=f"http://{address}", http=http)

        async def ready() -> bool:
            try:
                return (await http.get(f"{found.url}/-/ready")).status_code == 200
            except httpx.TransportError:
                return False

        deadline = time.monotonic() + limit(30)
        while not await ready():
            assert time.monotonic() < deadline, child.log.read_text()
            await asyncio.sleep(0.05)
        yield found
