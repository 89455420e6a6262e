"""Recorded payloads, and a world in which tunnels are probed: both doubles in this process, and a clock that is ours.

The exporter's own client runs unchanged; only its transport is exchanged, so a port that nobody has is refused.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.lab.cloudflare_api_double import ACCOUNT, Api, Tunnel
from deploy.lab.cloudflare_api_double import build_app as api_app
from deploy.lab.cloudflared_double import LOCATIONS, Cloudflared
from deploy.lab.cloudflared_double import build_app as cloudflared_app
from sankofa_exporters.cloudflare.settings import AccountSettings, CloudflareModule, TunnelTarget
from sankofa_exporters.cloudflare.system import AccountPool, TunnelSource
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.rejected import Rejected
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import Report, probe
from sankofa_exporters.reading.http import USER_AGENT
from tests.pace import growing, limit

FOLDER = Path(__file__).parent / "payloads"
TUNNEL = "5c9bb1a4-5e0b-4a0e-9a6f-3f1c1d2e4b77"
OTHER = "0b1d7e52-3f8a-4c57-8f0e-1a2b3c4d5e6f"
HOST = "127.0.0.1"
API_PORT = 20100
TOKEN = "v-er-ySecretToken-0123456789"  # the double's own
START = 1_790_000_000.0
Found = dict[tuple[str, ...], Any]


def payload(name: str) -> str:
    return (FOLDER / name).read_text()


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(json.loads(payload(name)))
    return found


@dataclass(kw_only=True)
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


def constant(answers: Mapping[str, tuple[int, Any]]) -> ASGIApp:
    """An app that answers the same for ever: status and body (text, or what becomes JSON) by the end of the path."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status, body = next((answer for end, answer in answers.items() if scope["path"].endswith(end)), (404, ""))
        text = body if isinstance(body, str) else json.dumps(body)
        await Response(text.encode("utf-8", "replace"), status_code=status)(scope, receive, send)

    return app


def no_edge(protocol: str) -> dict[str, tuple[int, Any]]:
    """The real cloudflared without an edge, as recorded."""
    name = f"no_edge_{protocol}"
    return {
        "/ready": (503, document(f"{name}.ready.json")),
        "/diag/tunnel": (200, document(f"{name}.diag.json")),
        "/metrics": (200, payload(f"{name}.metrics.txt")),
    }


class Wire(httpx.AsyncBaseTransport):
    """Loopback without sockets: a port leads to an app, and one that leads nowhere is refused."""

    def __init__(self) -> None:
        self.apps: dict[int, Any] = {}
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.port not in self.apps:
            raise httpx.ConnectError("no way") from OSError(111, "Connection refused")
        return await httpx.ASGITransport(app=self.apps[request.url.port]).handle_async_request(request)


@dataclass(kw_only=True)
class World:
    """An account, connectors by port, an exporter that watches them, and the time."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    wire: Wire = field(default_factory=Wire)
    connectors: dict[int, Cloudflared] = field(default_factory=dict)
    api: Api = field(init=False)
    pool: AccountPool = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(tunnels={TUNNEL: Tunnel(id=TUNNEL, name="edge-nairobi-1")}, token=TOKEN, clock=self.clock)
        self.wire.apps[API_PORT] = api_app(self.api)
        self.pool = AccountPool(
            now=self.clock, monotonic=self.clock, open_api=lambda _: self._client(), open_connector=self._client
        )
        (self.folder / "token").write_text(TOKEN + "\n")

    def connector(self, port: int, **changes: Any) -> Cloudflared:
        double = Cloudflared(
            **{"tunnel_id": TUNNEL, "locations": list(LOCATIONS), "connector_id": f"c-{port}", **changes}
        )
        self.connectors[port] = double
        self.wire.apps[port] = cloudflared_app(self.connectors, control_port=0)
        return double

    def module(self, **changes: Any) -> CloudflareModule:
        account = AccountSettings(
            account_id=ACCOUNT, token_file=self.folder / "token", api=f"http://{HOST}:{API_PORT}/client/v4", **changes
        )
        return CloudflareModule(account=account)

    def source(
        self, *connectors: str | int, module: CloudflareModule | None = None, tunnel_id: str = TUNNEL
    ) -> TunnelSource:
        addresses = tuple(one if isinstance(one, str) else f"{HOST}:{one}" for one in connectors)
        target = TunnelTarget(module="m", tunnel_id=tunnel_id, connectors=addresses)
        return self.pool.open(module or self.module(), target, Bounds())

    async def probe(
        self, source: TunnelSource, *, after: float = 0, seconds: float | None = None, rejected: Rejected | None = None
    ) -> Report:
        self.clock.now += after
        budget = Budget.of(limit(5) if seconds is None else seconds)
        return await probe(source, budget=budget, bounds=Bounds(), rejected=rejected, now=self.clock)

    async def values(self, source: TunnelSource, *, after: float = 0, seconds: float | None = None) -> Found:
        return values(await self.probe(source, after=after, seconds=seconds))

    def to_connectors(self) -> list[httpx.Request]:
        return [request for request in self.wire.sent if request.url.port != API_PORT]

    async def beside_silence(self, source: Callable[[], TunnelSource], witnesses: int) -> Found:
        """What is found by a fresh source while somebody may hang, given the time that the others need at this pace."""
        for seconds in growing(0.3):
            found = await self.values(source(), seconds=seconds)
            if found["tunnel_witnesses",] == witnesses:
                break
        return found

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=self.wire, headers={"user-agent": USER_AGENT, "accept-encoding": "identity"}, timeout=None
        )


def values(report: Report) -> Found:
    return {(sample.family.name.removeprefix("sankofa_"), *sample.labels): sample.value for sample in report.samples}


def pair(found: Found) -> tuple[float, float]:
    return found["tunnel_up",], found["tunnel_known",]


def combined(found: Found) -> tuple[float, float, float, float]:
    """up, known, witnesses, disputed"""
    return (*pair(found), found["tunnel_witnesses",], found["tunnel_disputed",])


def errors(found: Found) -> set[tuple[str, ...]]:
    """Collector and kind of every failure."""
    return {key[1:] for key in found if key[0] == "collector_error"}


def named(found: Found, names: Iterable[str]) -> Found:
    wanted = set(names)
    return {key: value for key, value in found.items() if key[0] in wanted}
