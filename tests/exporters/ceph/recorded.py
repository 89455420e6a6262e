"""Recorded payloads, and a Ceph source whose mgrs answer them over a transport in memory."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sankofa_exporters.ceph.client.freshness import Freshness
from sankofa_exporters.ceph.settings import CephModule, CephTarget
from sankofa_exporters.ceph.system import CephSource, open_source
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import Report, probe
from tests.pace import limit

FOLDER = Path(__file__).parent / "payloads"
VERSIONS = ("pacific", "quincy", "reef", "squid")
DATE = "Tue, 24 Nov 2026 14:14:33 GMT"  # of the recorded answers, by the mgr's own clock
NOW = 1_000.0  # of the exporter's monotonic clock
CALLS = {
    "/api/summary": "summary",
    "/api/monitor": "monitor",
    "/api/health/minimal": "health",
    "/api/health/snapshot": "snapshot",
    "/api/osd/flags": "flags",
    "/api/pool": "pools",
    "/api/osd": "osds",
    "/api/block/mirroring/summary": "mirror",
    "/api/cephfs": "filesystems",
}
SCOPES = ("monitor", "osd", "pool", "rgw", "cephfs", "rbd-mirroring", "hosts")
TWO = {
    "mgrs": ["http://mgr-x:9283", "http://mgr-y:9283"],
    "dashboards": ["http://mgr-x:8080", "http://mgr-y:8080"],
}
Payloads = dict[str, Any]


def load(version: str) -> Payloads:
    folder = FOLDER / version
    files = {name: folder / f"{name}.json" for name in CALLS.values()}
    found: Payloads = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    return {**found, "metrics": (folder / "metrics.txt").read_text()}


_RECORDED = {version: load(version) for version in VERSIONS}


def recorded(version: str = "pacific") -> Payloads:
    """A fresh copy of every payload by name."""
    return copy.deepcopy(_RECORDED[version])


def jwt(seconds: float = 28_800) -> str:
    claims = json.dumps({"iss": "ceph-dashboard", "iat": 1_000, "exp": 1_000 + seconds}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


class Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content


def answer(status: int, content: Any = b"", **headers: str) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return httpx.Response(status, stream=Body(body), headers={"date": DATE, **headers})


@dataclass(kw_only=True)
class Mgr:
    """A mgr that answers payloads: an int is a status, bytes are sent as they are, an exception is raised."""

    payloads: Payloads
    password: str = "right"
    token: str = field(default_factory=jwt)
    permissions: Any = field(default_factory=lambda: {scope: ["read"] for scope in SCOPES})
    pages: bool = False
    instead: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None
    asked: list[str] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if (reply := self.instead(request)) is not None:
            return reply
        if request.url.path == "/metrics":
            return self._sent("metrics")
        if request.headers.get("accept") not in ("application/vnd.ceph.api.v1.0+json", *self._newer(request)):
            return answer(415, {"detail": "Unable to find version in request header"})
        if request.url.path == "/api/auth":
            return self._log_in(json.loads(request.content))
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return answer(401, {"detail": "You are not authorized to access that resource"})
        name = CALLS.get(request.url.path)
        return answer(404, {"detail": "not found"}) if name not in self.payloads else self._sent(name)

    def _newer(self, request: httpx.Request) -> tuple[str, ...]:
        """A dashboard that pages its OSDs takes 1.1 there."""
        return ("application/vnd.ceph.api.v1.1+json",) if self.pages and request.url.params.get("limit") == "-1" else ()

    def _log_in(self, given: Any) -> httpx.Response:
        if given != {"username": "probe", "password": self.password}:
            return answer(400, {"detail": "Invalid credentials", "code": "invalid_credentials"})
        return answer(201, {"token": self.token, "permissions": self.permissions})

    def _sent(self, name: str) -> httpx.Response:
        payload = self.payloads[name]
        if isinstance(payload, Exception):
            raise payload
        if isinstance(payload, int) and not isinstance(payload, bool) and 300 <= payload < 600:
            return answer(payload, location="http://elsewhere/")
        return answer(200, payload.encode() if isinstance(payload, str) and name == "metrics" else payload)


def source_of(
    handlers: dict[str, Callable[[httpx.Request], httpx.Response]],
    folder: Path,
    *,
    target: dict[str, Any],
    **module: Any,
) -> CephSource:
    """A source whose addresses are answered by the handlers of their host; its clock stands at NOW."""

    def handle(request: httpx.Request) -> httpx.Response:
        return handlers[request.url.host](request)

    file = folder / "password"
    if not file.exists():
        file.write_text("right\n")
    settings = CephModule(**{"username": "probe", "password_file": file, **module})
    source = open_source(settings, CephTarget(module="ceph", **target), Bounds())
    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    source.mgrs.http = http
    source.mgrs.clock = source.details.clock = lambda: NOW
    for dashboard in source.dashboards:
        dashboard.session.http, dashboard.session.clock = http, lambda: NOW
    return source


def seen_before(source: CephSource) -> CephSource:
    """As if each mgr had been looked at ten seconds ago, when its counters were lower."""
    for mgr in source.mgrs.members:
        mgr.freshness = Freshness(counts={}, seen_at=NOW - 10)
    for dashboard in source.dashboards:
        dashboard.freshness = Freshness(counts={}, seen_at=NOW - 10)
    return source


def one_mgr(payloads: Payloads, folder: Path, *, pages: bool = False, **module: Any) -> CephSource:
    """A cluster of one mgr, with both its addresses."""
    mgr = Mgr(payloads=payloads, pages=pages)
    target = {"mgrs": ["http://mgr-x:9283"], "dashboards": ["http://mgr-x:8080"]}
    return seen_before(source_of({"mgr-x": mgr.handle}, folder, target=target, **module))


async def probed(source: CephSource) -> Report:
    return await probe(source, budget=Budget.of(limit(5)), bounds=Bounds(), now=lambda: 1_800_000_000.0)


def values(report: Report) -> dict[tuple[str, ...], Any]:
    return {(sample.family.name.removeprefix("sankofa_"), *sample.labels): sample.value for sample in report.samples}


def triple(found: dict[tuple[str, ...], Any]) -> tuple[float, float, float]:
    return found["ceph_up",], found["ceph_known",], found["ceph_witnesses",]


def moved(metrics: str, by: int) -> str:
    """The body after some more collections."""
    pattern = re.compile(r"^(ceph_prometheus_collect_duration_seconds_count\{.*\}) (\S+)$", re.MULTILINE)
    return pattern.sub(lambda match: f"{match[1]} {float(match[2]) + by}", metrics)


def kinds(seen: dict[tuple[str, ...], Any]) -> dict[str, str]:
    return {key[1]: key[2] for key in seen if key[0] == "collector_error"}


def standby(request: httpx.Request) -> httpx.Response:
    """As a standby mgr answers: an empty body with 200, and a redirect."""
    return answer(200) if request.url.path == "/metrics" else answer(303, location="http://mgr-x:8080/")


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused") from ConnectionRefusedError(111, "Connection refused")


def whole(payloads: Payloads) -> Payloads:
    """Without the flag noout, so that the mgr alone can tell that nothing is paused."""
    detail = 'ceph_health_detail{name="OSDMAP_FLAGS",severity="HEALTH_WARN"} 1.0'
    assert detail in payloads["metrics"]
    return payloads | {"metrics": payloads["metrics"].replace(detail, detail.replace("1.0", "0.0"))}


def dashboard_only(payloads: Payloads, folder: Path, **module: Any) -> CephSource:
    target = {"dashboards": ["http://mgr-x:8080"]}
    return seen_before(source_of({"mgr-x": Mgr(payloads=payloads).handle}, folder, target=target, **module))


def metrics_only(payloads: Payloads, folder: Path) -> CephSource:
    target = {"mgrs": ["http://mgr-x:9283"]}
    return seen_before(source_of({"mgr-x": Mgr(payloads=payloads).handle}, folder, target=target))
