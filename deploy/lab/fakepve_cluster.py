"""A Proxmox cluster on loopback, with a switch for its faults: `python deploy/lab/fakepve_cluster.py --help`.

It stands for a real cluster in the demo and in tests. fakepve (AGPL-3.0) is imported here and nowhere else, and never
by anything in the wheel. It assumes nobody but this host can reach it: both listeners are bound to 127.0.0.1, and a
peer or a Host header that is not loopback is refused.

Control, on its own port: GET / (state), POST /quorum/lost|restored, POST /node/NAME/offline|online,
POST /http/ok|500|401|403|html|redirect|garbage|huge|hang|drip (what the API answers from now on).
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from fakepve import FakePve
from fakepve.certs import make_cert

HOST = "127.0.0.1"
TOKEN_ID = "sankofa@pve!exporter"  # noqa: S105 - an id; its secret is made afresh at every start
AUDITOR = ("Sys.Audit", "VM.Audit", "Datastore.Audit", "Pool.Audit", "SDN.Audit")
HUGE_BYTES = 64 * 1024 * 1024
HANG_SECONDS = 3600
KEEP_SECONDS = 20 * 86_400  # the certificate is valid for 30 days
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True)
class Cluster:
    """The fake, and what its API answers just now."""

    pve: FakePve
    mode: str = "ok"

    def state(self) -> dict[str, Any]:
        nodes = {name: bool(node.get("online", True)) for name, node in sorted(self.pve.nodes.items())}
        return {"quorate": bool(self.pve.quorate), "nodes": nodes, "http": self.mode, "url": self.pve.url}


async def answer_500(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=500, reason="cluster not ready")


async def answer_401(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=401, reason="authentication failure")


async def answer_403(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": None}, status=403, reason="Permission check failed (/, Sys.Audit)")


async def answer_html(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html><body>a proxy's login page</body></html>", content_type="text/html")


async def answer_redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"location": f"https://{request.host}/elsewhere"})


async def answer_garbage(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"data": [{"type": "cluster", "quorate": "yes"}, {"type": "node"}]})


async def answer_huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(HUGE_BYTES // 65_536):
        await response.write(b" " * 65_536)
    return response


async def answer_hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(HANG_SECONDS)
    return web.Response()


async def answer_drip(request: web.Request) -> web.StreamResponse:
    """A byte now and then: no phase of the exchange is ever late, only the whole."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(HANG_SECONDS * 10):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


FAULTS: dict[str, Handler] = {
    "500": answer_500,
    "401": answer_401,
    "403": answer_403,
    "html": answer_html,
    "redirect": answer_redirect,
    "garbage": answer_garbage,
    "huge": answer_huge,
    "hang": answer_hang,
    "drip": answer_drip,
}


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse peers that are not on this host, and browsers that were sent here under another name."""
    host = request.host.rpartition(":")[0] or request.host
    if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback or host not in {HOST, "localhost"}:  # noqa: S104
        raise web.HTTPForbidden(text="loopback only\n")
    return await handler(request)


class FaultyPve(FakePve):  # type: ignore[misc]
    """fakepve with a fault in front of every answer."""

    cluster: Cluster

    def _build_app(self) -> web.Application:
        app: web.Application = super()._build_app()

        @web.middleware
        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await FAULTS.get(self.cluster.mode, handler)(request)

        app.middlewares.insert(0, fault)
        app.middlewares.insert(0, loopback_only)
        return app


def build_cluster(options: argparse.Namespace, token: str) -> Cluster:
    pve = FaultyPve(host=HOST, port=options.port)
    pve.cluster = Cluster(pve=pve)
    pve.cluster_name = options.name
    for number in range(2, options.nodes + 1):
        pve.add_node(f"pve{number}")
    for number in range(options.guests):
        node = f"pve{number % options.nodes + 1}"
        pve.add_vm(100 + number, f"guest-{number}", node=node, status="running", config={"memory": 2048, "cores": 2})
    pve.apitokens[TOKEN_ID] = token
    pve.grant(TOKEN_ID, "/", *[right for right in AUDITOR if right not in options.without])
    return pve.cluster


def build_control(cluster: Cluster) -> web.Application:
    """The control endpoint; every answer is the state after the change."""
    routes = web.RouteTableDef()

    @routes.get("/")
    async def show(_request: web.Request) -> web.Response:
        return web.json_response(cluster.state())

    @routes.post("/quorum/{state:lost|restored}")
    async def quorum(request: web.Request) -> web.Response:
        cluster.pve.quorate = request.match_info["state"] == "restored"
        return web.json_response(cluster.state())

    @routes.post("/node/{name}/{state:offline|online}")
    async def node(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in cluster.pve.nodes:
            return web.json_response({"error": f"no node {name}", "nodes": sorted(cluster.pve.nodes)}, status=404)
        cluster.pve.set_node_offline(name, request.match_info["state"] == "offline")
        return web.json_response(cluster.state())

    @routes.post("/http/{mode}")
    async def http(request: web.Request) -> web.Response:
        mode = request.match_info["mode"]
        if mode != "ok" and mode not in FAULTS:
            return web.json_response({"error": f"no mode {mode}", "modes": ["ok", *FAULTS]}, status=404)
        cluster.mode = mode
        return web.json_response(cluster.state())

    app = web.Application(middlewares=[loopback_only])
    app.add_routes(routes)
    return app


def write_identity(folder: Path) -> tuple[str, str, str]:
    """Token, certificate and key in DIR (token, ca.pem, fakepve.crt, fakepve.key), those of an earlier start if young.

    A restarted cluster keeps its identity, as a real one does: who trusts it and holds its token need not restart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key, token_file = folder / "fakepve.crt", folder / "fakepve.key", folder / "token"
    if certificate.exists() and time.time() - certificate.stat().st_mtime < KEEP_SECONDS and token_file.exists():
        return token_file.read_text().strip().partition("=")[2], str(certificate), str(key)
    make_cert(str(folder), hosts=(HOST,))
    shutil.copyfile(certificate, folder / "ca.pem")
    secret = secrets.token_hex(16)
    token_file.touch(mode=0o600)
    token_file.chmod(0o600)
    token_file.write_text(f"{TOKEN_ID}={secret}\n")
    return secret, str(certificate), str(key)


async def run(options: argparse.Namespace) -> None:
    token, certificate, key = write_identity(options.folder)
    cluster = build_cluster(options, token)
    await cluster.pve.start(certificate, key)
    control = web.AppRunner(build_control(cluster))
    await control.setup()
    await web.TCPSite(control, HOST, options.control_port).start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"ready {json.dumps(cluster.state())} control=http://{HOST}:{options.control_port}", flush=True)
    await stop.wait()
    await control.cleanup()
    # A hanging answer would hold the stop for a minute; nothing of a fake needs an orderly end.
    await asyncio.wait_for(cluster.pve.stop(), timeout=1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--guests", type=int, default=6)
    parser.add_argument("--name", default="edge-nairobi-1", help="the cluster's own name")
    parser.add_argument("--port", type=int, required=True, help="of the API (https)")
    parser.add_argument("--control-port", type=int, required=True, help="of the control endpoint (http)")
    parser.add_argument("--folder", type=Path, required=True, help="where token and ca.pem are written")
    parser.add_argument("--without", action="append", default=[], choices=AUDITOR, help="a right the token lacks")
    try:
        asyncio.run(run(parser.parse_args()))
    except OSError as error:
        print(f"fakepve_cluster: {error.strerror or error}; choose other ports", file=sys.stderr)
        return 1
    except TimeoutError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
