"""The switch of a lab cluster: HTTP on loopback, a fault a request. Nobody but this host may reach it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deploy.lab.processes import LabError

from .daemons import HOST, Ceph

ACTIONS = ("stop", "kill", "start", "freeze", "thaw")


@contextlib.contextmanager
def serve(cluster: Ceph, port: int) -> Iterator[None]:
    """Answer until the block ends."""

    class Control(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(look)

        def do_POST(self) -> None:
            self._answer(switch)

        def _answer(self, act: Any) -> None:
            status, document = outcome(act, cluster, self.path, host=self.headers.get("host", ""))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer((HOST, port), Control)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def outcome(act: Any, cluster: Ceph, path: str, *, host: str) -> tuple[int, Any]:
    """A browser that was sent here under another name is refused."""
    if host.rpartition(":")[0] not in {HOST, "localhost"}:
        return 403, {"error": "loopback only"}
    try:
        return 200, act(cluster, path.strip("/").split("/"))
    except LookupError:
        return 404, {"error": f"no {path}", "state": cluster.state()}
    except LabError as error:
        return 500, {"error": str(error)}


def look(cluster: Ceph, words: list[str]) -> Any:
    match words:
        case [""]:
            return cluster.state()
        case ["status"]:
            return cluster.client.ask("status")
        case ["mgr"]:
            return cluster.client.ask("mgr stat")
        case ["osdmap"]:
            return osdmap(cluster)
    raise LookupError(words)


def switch(cluster: Ceph, words: list[str]) -> Any:
    match words:
        case ["flag", name, ("set" | "unset") as change]:
            cluster.client.tell(f"osd {change}", key=name)
        case ["objects", count] if count.isdigit():
            cluster.write_objects(int(count))
        case ["bench", seconds] if seconds.isdigit():
            cluster.bench(int(seconds))
        case ["load", operations] if operations.isdigit():
            cluster.load(int(operations))
        case ["slow-after", seconds] if seconds.isdigit():
            cluster.client.tell("config set", who="osd", name="osd_op_complaint_time", value=seconds)
        case ["quota", count] if count.isdigit():
            cluster.set_quota(int(count))
        case ["full", ("set" | "unset") as change]:
            cluster.set_full(full=change == "set")
        case [name, action] if action in ACTIONS:
            getattr(cluster, action)(cluster.daemons[name])
        case _:
            raise LookupError(words)
    return cluster.state()


def osdmap(cluster: Ceph) -> dict[str, Any]:
    """What Ceph's own map says: tests wait for it, not for a time."""
    dump = cluster.client.ask("osd dump")
    osds = dump["osds"]
    return {
        "up": sorted(osd["osd"] for osd in osds if osd["up"]),
        "in": sorted(osd["osd"] for osd in osds if osd["in"]),
        "all": sorted(osd["osd"] for osd in osds),
        "flags": sorted(dump["flags_set"]),
    }
