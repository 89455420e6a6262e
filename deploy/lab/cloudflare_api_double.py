"""The tunnel part of Cloudflare's API on loopback, with a switch for its faults: see `--help` and `GET /` of its control.

It stands for api.cloudflare.com in the demo and in tests. Built from the published API reference (cfd_tunnel list and
connections, rate limit headers and the 429 that follows them); a real cloudflared 2026.8.2 read its list and its
connections (`tunnel list`, `tunnel info`). Harsher than the real one on purpose: deleted tunnels are listed unless
`is_deleted=false` (as before December 2025), and the list's deprecated `connections` is always empty. It knows one
account and one token, which it writes into the folder; it changes nothing by itself.

Control, on its own port: GET / (state, calls counted), POST /tunnel/ID/STATUS (healthy, degraded, down, inactive: status
and connections both), POST /tunnel/ID/pending (connections die, the status lags), POST /tunnel/ID/deleted|restored,
POST /tunnel/ID/site/NAME (its connections move there), POST /tunnel/ID/reconnected (new connections take their place),
POST /list/short|whole (a row is missing, the total is not), POST /result/list|connections with a JSON list (the result of
each such call from now on; without a body the double's own again), POST /calls/left/N, POST /busy/429|503/SECONDS (with
that Retry-After, until the mode is another), POST /slow/SECONDS (how long mode slow takes), and POST /http/MODE: what the
API answers from now on (ok, 401, 403, malformed, 429, 500, html, garbage, huge, hang, drip, slow, redirect).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import socket
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
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
ACCOUNT = "0123456789abcdef0123456789abcdef"
STATUSES = ("healthy", "degraded", "down", "inactive")
LOCATIONS = ("jnb01", "jnb02", "nbo01", "nbo01")
QUOTA, WINDOW_SECONDS = 1_200, 300
MAX_PER_PAGE = 1_000
SINCE = "2026-01-02T03:04:05.678901Z"
LOST = "2026-02-03T04:05:06Z"
SLOW_SECONDS, HANG_SECONDS, HUGE_CHUNKS = 1.0, 3600, 1_024
REFUSALS = {
    "401": (401, 1000, "Invalid API Token"),
    "403": (403, 10000, "Authentication error"),
    "malformed": (400, 6003, "Invalid request headers"),
    "500": (500, 10001, "internal error"),
}
FAULTS = ("html", "garbage", "huge", "hang", "drip", "redirect")
MODES = ("ok", "429", "slow", *REFUSALS, *FAULTS)
BUSY = ("429", "503")


@dataclass(kw_only=True)
class Tunnel:
    """One tunnel and the connections of its one connector."""

    id: str
    name: str
    status: str = "healthy"
    pending: bool = False
    deleted: bool = False
    client: str = field(default_factory=lambda: str(uuid.uuid4()))
    locations: list[str] = field(default_factory=lambda: list(LOCATIONS))
    reconnects: int = 0
    opened_at: str = SINCE

    def row(self) -> dict[str, Any]:
        active = self.status in {"healthy", "degraded"}
        return {
            "id": self.id,
            "account_tag": ACCOUNT,
            "created_at": SINCE,
            "deleted_at": LOST if self.deleted else None,
            "name": self.name,
            "connections": [],
            "conns_active_at": SINCE if active else None,
            "conns_inactive_at": None if active or self.status == "inactive" else LOST,
            "tun_type": "cfd_tunnel",
            "metadata": {},
            "status": self.status,
            "remote_config": True,
            "config_src": "cloudflare",
        }

    def connections(self) -> list[dict[str, Any]]:
        if self.status in {"down", "inactive"} or self.deleted:
            return []
        count = 2 if self.status == "degraded" else len(self.locations)
        conns = [self._connection(number) for number in range(count)]
        client = {"id": self.client, "arch": "linux_amd64", "version": "2026.8.2", "run_at": SINCE}
        return [client | {"config_version": 7, "features": ["serialized_headers"], "conns": conns}]

    def _connection(self, number: int) -> dict[str, Any]:
        identity = str(uuid.uuid5(uuid.UUID(self.client), f"{number} {self.reconnects}"))
        return {
            "colo_name": self.locations[number],
            "id": identity,
            "uuid": identity,
            "is_pending_reconnect": self.pending,
            "origin_ip": "198.51.100.7",
            "opened_at": self.opened_at,
            "client_id": self.client,
            "client_version": "2026.8.2",
        }


@dataclass(kw_only=True)
class Api:
    """The account: its tunnels, what it answers just now, and how many calls it had."""

    tunnels: dict[str, Tunnel]
    token: str
    clock: Callable[[], float] = time.time
    mode: str = "ok"
    slow_seconds: float = SLOW_SECONDS
    busy: tuple[int, str] | None = None  # status and Retry-After
    results: dict[str, Any] = field(default_factory=dict)  # by call, in place of the double's own
    short: bool = False
    calls: Counter[str] = field(default_factory=Counter)
    used: int = 0
    window_ends: float = 0.0
    blocked_until: float = 0.0

    def state(self) -> dict[str, Any]:
        tunnels = {
            each.id: {"status": each.status, "pending": each.pending, "deleted": each.deleted}
            for each in self.tunnels.values()
        }
        return {
            "http": self.mode,
            "short": self.short,
            "calls": dict(self.calls),
            "used": self.used,
            "tunnels": tunnels,
        }

    def spend(self) -> tuple[bool, dict[str, str]]:
        """Count a call; whether it is over the quota, and the headers that say so. Over it, all is refused for a window."""
        now = self.clock()
        if now >= self.window_ends:
            self.used, self.window_ends = 0, now + WINDOW_SECONDS
        self.used += 1
        if self.used > QUOTA and now >= self.blocked_until:
            self.blocked_until = now + WINDOW_SECONDS
        refused = now < self.blocked_until or self.mode == "429"
        resets = max(1, int(max(self.window_ends, self.blocked_until) - now))
        headers = {
            "ratelimit": f'"default";r={0 if refused else max(0, QUOTA - self.used)};t={resets}',
            "ratelimit-policy": f'"default";q={QUOTA};w={WINDOW_SECONDS}',
        }
        return refused, headers | ({"retry-after": str(resets)} if refused else {})

    def page(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        rows = [each.row() for each in self.tunnels.values()]
        if query.get("is_deleted") == "false":
            rows = [row for row in rows if row["deleted_at"] is None]
        if "uuid" in query:
            rows = [row for row in rows if row["id"] == query["uuid"]]
        number, size = int(query.get("page", 1)), min(int(query.get("per_page", 20)), MAX_PER_PAGE)
        shown = rows[(number - 1) * size : number * size]
        if "list" in self.results:
            rows = shown = self.results["list"]
        info = {"page": number, "per_page": size, "count": len(shown), "total_count": len(rows)}
        return _envelope(shown[:-1] if self.short else shown) | {"result_info": info}


def _envelope(result: Any) -> dict[str, Any]:
    return {"success": True, "errors": [], "messages": [], "result": result}


def _refusal(status: int, code: int, message: str) -> JSONResponse:
    document = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return JSONResponse(document, status_code=status)


async def answer(api: Api, request: Request) -> Response:
    """One call: counted, judged by the quota and the token, answered by what the path asks for."""
    call = "connections" if request.url.path.endswith("/connections") else "list"
    api.calls[call] += 1
    refused, headers = api.spend()
    if refused:
        response: Response = _refusal(429, 971, "Please wait and consider throttling your request speed")
    elif api.busy is not None:
        response = _refusal(api.busy[0], 971, "Please wait and consider throttling your request speed")
        headers = {"retry-after": api.busy[1]}
    elif api.mode in FAULTS:
        response = await fault(api.mode)
    else:
        response = await _judged(api, request)
    response.headers.update(headers)
    return response


async def _judged(api: Api, request: Request) -> Response:
    if api.mode == "slow":
        await asyncio.sleep(api.slow_seconds)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer":
        return _refusal(*REFUSALS["malformed"])
    if api.mode in REFUSALS or not secrets.compare_digest(token, api.token):
        return _refusal(*REFUSALS[api.mode if api.mode in REFUSALS else "403"])
    if request.method != "GET":
        return _refusal(405, 10405, "Method not allowed for this authentication scheme")
    return _routed(api, request)


def _routed(api: Api, request: Request) -> Response:
    match request.url.path.removeprefix(f"/client/v4/accounts/{ACCOUNT}/cfd_tunnel").split("/"):
        case [""]:
            return JSONResponse(api.page(request))
        case ["", _, "connections"] if "connections" in api.results:
            return JSONResponse(_envelope(api.results["connections"]))
        case ["", tunnel_id, "connections"] if tunnel_id in api.tunnels:
            return JSONResponse(_envelope(api.tunnels[tunnel_id].connections()))
    return _refusal(404, 7003, "Could not route to the path, perhaps your object identifier is invalid?")


async def fault(mode: str) -> Response:
    if mode in {"html", "redirect"}:
        return HTMLResponse("<!doctype html><title>Wait</title>") if mode == "html" else RedirectResponse("/elsewhere")
    if mode in {"huge", "drip"}:
        return StreamingResponse(_flood() if mode == "huge" else _drip())
    if mode == "hang":
        await asyncio.sleep(HANG_SECONDS)
    return JSONResponse({"success": True, "result": {"id": 7}, "result_info": "many"})


async def _flood() -> AsyncIterator[bytes]:
    for _ in range(HUGE_CHUNKS):
        yield b" " * 65_536


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.1)


def throw(api: Api, path: str, body: bytes = b"") -> bool:
    """Throw the switch of a control path; False when there is none of this name."""
    match path.strip("/").split("/"):
        case ["http", mode] if mode in MODES:
            api.mode, api.busy = mode, None
        case ["busy", status, seconds] if status in BUSY:
            api.busy = (int(status), seconds)
        case ["slow", seconds]:
            api.slow_seconds = float(seconds)
        case ["result", ("list" | "connections") as call]:
            api.results.pop(call, None)
            api.results |= {call: json.loads(body)} if body else {}
        case ["list", ("short" | "whole") as extent]:
            api.short = extent == "short"
        case ["calls", "left", number] if number.isdigit():
            api.used, api.window_ends = QUOTA - int(number), api.clock() + WINDOW_SECONDS
        case ["tunnel", tunnel_id, *change] if tunnel_id in api.tunnels:
            return _change(api.tunnels[tunnel_id], change)
        case _:
            return False
    return True


def _change(tunnel: Tunnel, change: list[str]) -> bool:
    match change:
        case [status] if status in STATUSES:
            tunnel.status, tunnel.pending = status, False
        case ["pending"]:
            tunnel.pending = True
        case [("deleted" | "restored") as what]:
            tunnel.deleted = what == "deleted"
        case ["reconnected"]:
            tunnel.reconnects += 1
            tunnel.opened_at = datetime.now(UTC).isoformat()
        case ["site", name]:
            tunnel.locations = [f"{name}0{number + 1}" for number in range(len(tunnel.locations))]
        case _:
            return False
    return True


def build_control(api: Api) -> Starlette:
    """The control endpoint; every answer is the state after the change."""

    async def show(_request: Request) -> Response:
        return JSONResponse(api.state())

    async def switch(request: Request) -> Response:
        path = request.path_params["path"]
        return JSONResponse(api.state(), status_code=200 if throw(api, path, await request.body()) else 404)

    return Starlette(routes=[Route("/", show), Route("/{path:path}", switch, methods=["POST"])])


def build_app(api: Api, control_port: int = 0) -> ASGIApp:
    """One app for both ports: the port that was asked decides who answers. Beyond loopback everything is refused."""
    control = build_control(api)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if (request.url.hostname or "") not in {HOST, "localhost"} or scope["client"][0] != HOST:
            await PlainTextResponse("loopback only\n", status_code=403)(scope, receive, send)
        elif scope["server"][1] == control_port:
            await control(scope, receive, send)
        else:
            response = await answer(api, request)
            await response(scope, receive, send)

    return app


def made_tunnels(ids: list[str], count: int) -> dict[str, Tunnel]:
    """The named tunnels, then made ones up to the count; the same ids at every start."""
    made = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"tunnel-{number}")) for number in range(count))
    every = [*ids, *made][: max(count, len(ids))]
    return {each: Tunnel(id=each, name=f"tunnel-{number}") for number, each in enumerate(every)}


def written_token(folder: Path) -> str:
    """A token in FOLDER/token for its owner only, that of an earlier start if there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "token"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(30) + "\n")
    return file.read_text().strip()


def listen(port: int) -> socket.socket:
    listener = socket.create_server((HOST, port))
    # Accepted sockets inherit it; without it head and body of an answer on a reused connection are 40 ms apart.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True, help="of the API (http)")
    parser.add_argument("--control-port", type=int, required=True, help="of the control endpoint")
    parser.add_argument("--folder", type=Path, required=True, help="where the token is written")
    parser.add_argument("--tunnel-id", action="append", default=[], help="a tunnel of the account; may be repeated")
    parser.add_argument("--tunnels", type=int, default=3, help="how many tunnels the account has")
    options = parser.parse_args()
    api = Api(tunnels=made_tunnels(options.tunnel_id, options.tunnels), token=written_token(options.folder))
    try:
        sockets = [listen(port) for port in (options.port, options.control_port)]
    except OSError as error:
        print(f"cloudflare_api_double: {error.strerror or error}; choose other ports", file=sys.stderr)
        return 1
    app = build_app(api, options.control_port)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    start = {"api": f"http://{HOST}:{options.port}/client/v4", "account_id": ACCOUNT, "tunnels": list(api.tunnels)}
    print(f"ready {json.dumps(start)} control=http://{HOST}:{options.control_port}", flush=True)
    server.run(sockets=sockets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
