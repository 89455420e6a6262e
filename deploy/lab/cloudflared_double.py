"""A tunnel's connectors on loopback, with a switch for their faults: `python deploy/lab/cloudflared_double.py --help`.

It stands for cloudflared where the edge of Cloudflare cannot be reached. Built from cloudflared's published source
(2026.8.2: `/ready`, `/diag/tunnel`, the names and types in `/metrics`), and compared with a real cloudflared that had no
route to the edge (tests/exporters/cloudflare/payloads). Like the real one it shows `ha_connections 1` without an edge,
goes on showing the location of a lost connection, and leaves zeros out of `/diag/tunnel`. It does not tunnel anything,
has no `/config`, `/quicktunnel` or `/debug`, and its numbers do not follow real traffic.

Each port of `--port` is one connector. Control, on its own port: GET / (state), and for the connector of PORT (or `all`):
POST /PORT/edge/lost|restored, POST /PORT/site/NAME/lost|restored (its connections end and do not come back),
POST /PORT/origin/broken|restored (each look at /metrics counts 100 requests; broken, all of them fail),
POST /PORT/edge/flapped (all connections are lost and registered again), POST /PORT/location/one|none|shown (the first
connection, or every one, has no location in /metrics), POST /PORT/protocol/quic|http2,
POST /PORT/version/new|old (old: no /diag, no quic_*),
POST /PORT/http/ok|429|500|503|html|garbage|huge|hang|drip|redirect (what every endpoint answers from now on),
POST /PORT/spoiled/ready|metrics|none (the one endpoint that answers HTML).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"
LOCATIONS = ("jnb01", "jnb02", "nbo01", "nbo01")
REQUESTS_A_LOOK = 100
HANG_SECONDS = 3600
RETRY_AFTER = "300"
HUGE_CHUNKS = 1_024
Exposed = tuple[str, str, list[tuple[str, float]]]  # a family: name, type, and its series as labels and value
MODES = ("ok", "429", "500", "503", "html", "garbage", "huge", "hang", "drip", "redirect")
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"


@dataclass(kw_only=True)
class Cloudflared:
    """One connector: what it would say, and what it says instead."""

    tunnel_id: str
    locations: list[str]
    connector_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    protocol: str = "quic"
    version: str = "2026.8.2"
    old: bool = False
    edge: bool = True
    registered: bool = True  # has had the edge since its start; before that it shows no location
    lost_sites: set[str] = field(default_factory=set)
    origin: bool = True
    hidden_locations: int = 0
    registrations: int = 0
    requests: int = 0
    errors: int = 0
    mode: str = "ok"
    spoiled: str = ""  # the one path that answers HTML while the others are well

    def __post_init__(self) -> None:
        self.registrations = len(self.locations) if self.registered else 0

    def live(self) -> dict[int, str]:
        """Location of each live connection by its index."""
        if not self.edge:
            return {}
        return {
            index: place
            for index, place in enumerate(self.locations)
            if place.rstrip("0123456789") not in self.lost_sites
        }

    def state(self) -> dict[str, Any]:
        return {
            "connector_id": self.connector_id,
            "live": {str(index): place for index, place in self.live().items()},
            "protocol": self.protocol,
            "old": self.old,
            "origin": self.origin,
            "http": self.mode,
        }

    def ready(self) -> tuple[int, dict[str, Any]]:
        count = len(self.live())
        status = 200 if count else 503
        return status, {"status": status, "readyConnections": count, "connectorId": self.connector_id}

    def diagnosis(self) -> dict[str, Any]:
        """What is zero is left out: index 0, protocol HTTP/2 (its number is 0), and connections when there are none."""
        rows: list[dict[str, Any]] = []
        for index in sorted(self.live(), reverse=True):
            row: dict[str, Any] = {"isConnected": True, "edgeAddress": f"198.51.100.{index + 1}"}
            row |= {"protocol": 1} if self.protocol == "quic" else {}
            rows.append(row | ({"index": index} if index else {}))
        found: dict[str, Any] = {"tunnelID": self.tunnel_id, "connectorID": self.connector_id}
        return found | ({"connections": rows} if rows else {}) | {"icmp_sources": ["192.0.2.2"]}

    def metrics(self) -> str:
        self.requests += REQUESTS_A_LOOK if self.live() else 0
        self.errors += REQUESTS_A_LOOK if self.live() and not self.origin else 0
        families = [*self._common(), *(self._quic() if self.protocol == "quic" and not self.old else [])]
        return "".join(_family(*family) for family in sorted(families))

    def _common(self) -> list[Exposed]:
        live = len(self.live())
        plain: dict[str, tuple[str, float]] = {
            "cloudflared_config_local_config_pushes": ("counter", 0),
            "cloudflared_config_local_config_pushes_errors": ("counter", 0),
            "cloudflared_icmp_total_replies": ("counter", 0),
            "cloudflared_icmp_total_requests": ("counter", 0),
            "cloudflared_orchestration_config_version": ("gauge", 7 if self.registered else 0),
            "cloudflared_proxy_connect_streams_errors": ("counter", 0),
            "cloudflared_tcp_active_sessions": ("gauge", 0),
            "cloudflared_tcp_total_sessions": ("counter", 0),
            "cloudflared_tunnel_concurrent_requests_per_tunnel": ("gauge", 3 if live else 0),
            "cloudflared_tunnel_ha_connections": ("gauge", max(1, live)),
            "cloudflared_tunnel_request_errors": ("counter", self.errors),
            "cloudflared_tunnel_total_requests": ("counter", self.requests),
            "cloudflared_udp_active_sessions": ("gauge", 0),
            "cloudflared_udp_total_sessions": ("counter", 0),
        }
        build = _labels(goversion="go1.26.0", revision="unknown", type="", version=self.version)
        return [
            ("build_info", "gauge", [(build, 1)]),
            *((name, kind, [("", value)]) for name, (kind, value) in plain.items()),
            *(self._registrations() if self.registered else []),
            *self._responses(),
        ]

    def _responses(self) -> list[Exposed]:
        """A request that failed between connector and origin has no response."""
        answered = self.requests - self.errors
        return [("cloudflared_tunnel_response_by_code", "counter", [(_labels(status_code="200"), float(answered))])] * (
            answered > 0
        )

    def _registrations(self) -> list[Exposed]:
        """What appears with the first connection and stays when it is lost."""
        places = list(enumerate(self.locations))
        shown = places[self.hidden_locations :]
        current = [(_labels(connection_id=str(index), edge_location=place), 1.0) for index, place in shown]
        registered = [(_labels(rpcName="registerConnection"), float(self.registrations))]
        return [
            ("cloudflared_tunnel_server_locations", "gauge", current),
            ("cloudflared_tunnel_tunnel_register_success", "counter", registered),
        ]

    def _quic(self) -> list[Exposed]:
        """Round trips in milliseconds; without an edge connection 0 is tried for ever, and shows 0."""
        indexes = range(len(self.locations)) if self.registered else range(1)
        series = [(_labels(conn_index=str(index)), 12.0 + index if self.registered else 0.0) for index in indexes]
        rtt: list[Exposed] = [(f"quic_client_{which}_rtt", "gauge", series) for which in ("latest", "min", "smoothed")]
        return [
            *rtt,
            ("quic_client_closed_connections", "counter", [("", len(self.locations) - len(self.live()))]),
            ("quic_client_packet_too_big_dropped", "counter", [("", 0)]),
            ("quic_client_total_connections", "counter", [("", len(self.locations))]),
        ]


def _labels(**pairs: str) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in pairs.items()) + "}"


def _family(name: str, kind: str, series: list[tuple[str, float]]) -> str:
    lines = [f"{name}{labels} {value:g}\n" for labels, value in series]
    return f"# HELP {name} {name.replace('_', ' ')}\n# TYPE {name} {kind}\n" + "".join(lines)


async def answer(connector: Cloudflared, request: Request) -> Response:
    """What the connector says to a GET, or the fault that was thrown."""
    path = request.url.path
    if connector.mode != "ok" or path == connector.spoiled:
        return await fault(connector.mode if connector.mode != "ok" else "html")
    if path == "/ready":
        status, body = connector.ready()
        return Response(json.dumps(body), status_code=status, media_type="text/plain; charset=utf-8")
    if path == "/metrics":
        return Response(connector.metrics(), headers={"content-type": EXPOSITION})
    if path == "/diag/tunnel" and not connector.old:
        return PlainTextResponse(json.dumps(connector.diagnosis()) + "\n")
    if path == "/healthcheck":
        return PlainTextResponse("OK\n")
    return PlainTextResponse("404 page not found\n", status_code=404)


async def fault(mode: str) -> Response:
    if mode == "429":
        return PlainTextResponse("slow down\n", status_code=429, headers={"retry-after": RETRY_AFTER})
    if mode in {"500", "503"}:
        return PlainTextResponse("upstream connect error\n", status_code=int(mode))
    if mode == "html":
        return HTMLResponse("<html><body>a proxy's login page</body></html>")
    if mode == "redirect":
        return RedirectResponse("/elsewhere")
    if mode == "hang":
        await asyncio.sleep(HANG_SECONDS)
    if mode in {"huge", "drip"}:
        return StreamingResponse(_flood() if mode == "huge" else _drip())
    return PlainTextResponse('{"status":200,"readyConnections":"four"}\ncloudflared_tunnel_total_requests NaN\n')


async def _flood() -> AsyncIterator[bytes]:
    for _ in range(HUGE_CHUNKS):
        yield b" " * 65_536


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.1)


SWITCHES: dict[tuple[str, str], tuple[str, Any]] = {
    ("edge", "lost"): ("edge", False),
    ("edge", "restored"): ("edge", True),
    ("edge", "flapped"): ("edge", True),
    ("location", "one"): ("hidden_locations", 1),
    ("location", "none"): ("hidden_locations", 64),
    ("location", "shown"): ("hidden_locations", 0),
    ("origin", "broken"): ("origin", False),
    ("origin", "restored"): ("origin", True),
    ("protocol", "quic"): ("protocol", "quic"),
    ("protocol", "http2"): ("protocol", "http2"),
    ("version", "new"): ("old", False),
    ("version", "old"): ("old", True),
    **{("http", mode): ("mode", mode) for mode in MODES},
    **{("spoiled", name): ("spoiled", f"/{name}".replace("/none", "")) for name in ("ready", "metrics", "none")},
}


def throw(connector: Cloudflared, what: str, to: str) -> bool:
    """Throw one switch; False when there is none of this name."""
    if what.startswith("site/") and to in {"lost", "restored"}:
        (connector.lost_sites.add if to == "lost" else connector.lost_sites.discard)(what.removeprefix("site/"))
        return True
    if (what, to) not in SWITCHES:
        return False
    name, value = SWITCHES[what, to]
    if to == "flapped" or (to == "restored" and what == "edge" and not connector.edge):
        connector.registrations += len(connector.locations)
    setattr(connector, name, value)
    connector.registered |= connector.edge
    return True


def build_control(connectors: dict[int, Cloudflared]) -> Starlette:
    """The control endpoint; every answer is the state after the change."""

    def state(status: int = 200) -> JSONResponse:
        return JSONResponse({str(port): one.state() for port, one in connectors.items()}, status_code=status)

    async def show(_request: Request) -> Response:
        return state()

    async def switch(request: Request) -> Response:
        port, what, to = (request.path_params[name] for name in ("port", "what", "to"))
        chosen = [one for number, one in connectors.items() if port in {"all", str(number)}]
        done = [throw(one, what, to) for one in chosen]
        return state(200 if done and all(done) else 404)

    return Starlette(routes=[Route("/", show), Route("/{port}/{what:path}/{to}", switch, methods=["POST"])])


def build_app(connectors: dict[int, Cloudflared], control_port: int) -> ASGIApp:
    """One app for all ports: the port that was asked decides who answers. Peers and names beyond loopback are refused."""
    control = build_control(connectors)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        port = scope["server"][1]
        if (request.url.hostname or "") not in {HOST, "localhost"} or scope["client"][0] != HOST:
            await PlainTextResponse("loopback only\n", status_code=403)(scope, receive, send)
        elif port == control_port:
            await control(scope, receive, send)
        else:
            response = await answer(connectors[port], request)
            await response(scope, receive, send)

    return app


def listen(port: int) -> socket.socket:
    listener = socket.create_server((HOST, port))
    # Accepted sockets inherit it; without it head and body of an answer on a reused connection are 40 ms apart.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, action="append", required=True, help="of one connector; may be repeated")
    parser.add_argument("--control-port", type=int, required=True, help="of the control endpoint")
    parser.add_argument("--tunnel-id", default="5c9bb1a4-5e0b-4a0e-9a6f-3f1c1d2e4b77")
    parser.add_argument("--protocol", choices=("quic", "http2"), default="quic")
    parser.add_argument("--location", action="append", help=f"of one connection; default: {' '.join(LOCATIONS)}")
    parser.add_argument("--no-edge", action="store_true", help="start without a route to the edge")
    parser.add_argument("--old", action="store_true", help="a version before 2024.12: no /diag, no quic_*")
    options = parser.parse_args()
    connectors = {
        port: Cloudflared(
            tunnel_id=options.tunnel_id,
            locations=options.location or list(LOCATIONS),
            protocol=options.protocol,
            edge=not options.no_edge,
            registered=not options.no_edge,
            old=options.old,
            version="2023.10.0" if options.old else "2026.8.2",
        )
        for port in options.port
    }
    try:
        sockets = [listen(port) for port in (*connectors, options.control_port)]
    except OSError as error:
        print(f"cloudflared_double: {error.strerror or error}; choose other ports", file=sys.stderr)
        return 1
    app = build_app(connectors, options.control_port)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    state = {str(port): one.state() for port, one in connectors.items()}
    print(f"ready {json.dumps(state)} control=http://{HOST}:{options.control_port}", flush=True)
    server.run(sockets=sockets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
