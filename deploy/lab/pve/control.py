"""The control endpoint of the fake cluster: GET / is the state, each POST throws one switch and answers the new state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from deploy.lab.misbehaviour import loopback_only

from .faults import FAULTS, Traffic
from .world import World

BEATS = ("fresh", "stale", "drift", "unreadable")
COPY_MOODS = ("ok", "failing", "never")
POOL_MOODS = ("ok", "degraded_child", "degraded", "faulted", "errors", "odd")


class Controlled(Protocol):
    """The cluster as its switches see it."""

    @property
    def world(self) -> World: ...

    @property
    def traffic(self) -> Traffic: ...

    def state(self) -> dict[str, Any]: ...
    def start_over(self, changes: Mapping[str, str]) -> None: ...
    def set_quorate(self, *, quorate: bool) -> None: ...
    def set_node(self, name: str, *, online: bool) -> None: ...
    def set_privilege(self, name: str, *, held: bool) -> None: ...
    def add_guest(self, vmid: int) -> None: ...
    def set_guest(
        self, vmid: int, *, lock: str | None = None, tags: str | None = None, status: str | None = None
    ) -> None: ...
    def add_backup_task(self, vmid: int, *, good: bool) -> None: ...


Switch = Callable[[Controlled, dict[str, str]], None]


def _ha_service(cluster: Controlled, words: dict[str, str]) -> None:
    cluster.world.services[words["sid"]].state = words["state"]


def _ha_request(cluster: Controlled, words: dict[str, str]) -> None:
    cluster.world.services[words["sid"]].requested = words["state"]


def _beat(cluster: Controlled, words: dict[str, str]) -> None:
    who = f"lrm:{words['name']}" if "name" in words else "master"
    cluster.world.beats[who] = words["state"]


def _copy(cluster: Controlled, words: dict[str, str]) -> None:
    copy = cluster.world.copies[words["job"]]
    if words["state"] in COPY_MOODS:
        copy.mood = words["state"]
    else:
        copy.enabled = words["state"] == "enabled"


def _covered(cluster: Controlled, words: dict[str, str]) -> None:
    vmid = int(words["vmid"])
    if words["state"] == "covered":
        cluster.world.uncovered.pop(vmid, None)
    else:
        cluster.world.uncovered[vmid] = f"guest-{vmid}"


def _pool(cluster: Controlled, words: dict[str, str]) -> None:
    cluster.world.pools[words["name"]][words["pool"]].mood = words["state"]


def _disk(cluster: Controlled, words: dict[str, str]) -> None:
    disk = cluster.world.disks[words["name"]][words["disk"]]
    disk.health, disk.wearout = words["state"], int(words["wearout"])


def _certificate(cluster: Controlled, words: dict[str, str]) -> None:
    if words["name"] not in cluster.world.certificates_end:
        raise KeyError(words["name"])
    cluster.world.certificates_end[words["name"]] = int(words["days"])


def _zfs(cluster: Controlled, words: dict[str, str]) -> None:
    change = cluster.world.without_zfs.add if words["state"] == "absent" else cluster.world.without_zfs.discard
    change(words["name"])


def _qdevice(cluster: Controlled, words: dict[str, str]) -> None:
    if "none" in (words["state"], cluster.world.qdevice):
        cluster.world.config_version += 1
    cluster.world.qdevice = words["state"]


def _votes(cluster: Controlled, words: dict[str, str]) -> None:
    if words["name"] not in cluster.world.votes:
        raise KeyError(words["name"])
    cluster.world.votes[words["name"]] = int(words["votes"])
    cluster.world.config_version += 1


def _set(attribute: str, on: str) -> Switch:
    def switch(cluster: Controlled, words: dict[str, str]) -> None:
        setattr(cluster.world, attribute, words["state"] == on)

    return switch


def _armed(cluster: Controlled, words: dict[str, str]) -> None:
    cluster.world.armed = words["state"]


SWITCHES: dict[str, Switch] = {
    "/quorum/{state:lost|restored}": lambda c, w: c.set_quorate(quorate=w["state"] == "restored"),
    "/node/{name}/{state:offline|online}": lambda c, w: c.set_node(w["name"], online=w["state"] == "online"),
    "/privilege/{name}/{state:revoked|restored}": lambda c, w: c.set_privilege(
        w["name"], held=w["state"] == "restored"
    ),
    "/guest/{vmid:\\d+}/added": lambda c, w: c.add_guest(int(w["vmid"])),
    "/guest/{vmid:\\d+}/{state:paused|resumed}": lambda c, w: c.set_guest(
        int(w["vmid"]), status="paused" if w["state"] == "paused" else "running"
    ),
    "/guest/{vmid:\\d+}/lock/{lock}": lambda c, w: c.set_guest(int(w["vmid"]), lock=w["lock"]),
    "/guest/{vmid:\\d+}/tags/{tags}": lambda c, w: c.set_guest(int(w["vmid"]), tags=w["tags"]),
    "/disk/{name}/{disk}/{state}/{wearout:\\d+}": _disk,
    "/certificate/{name}/{days:\\d+}": _certificate,
    "/ha/{state:armed|standby|disarming|disarmed}": _armed,
    f"/ha/master/{{state:{'|'.join(BEATS)}}}": _beat,
    f"/ha/lrm/{{name}}/{{state:{'|'.join(BEATS)}}}": _beat,
    "/ha/service/{sid}/{state}": _ha_service,
    "/ha/request/{sid}/{state}": _ha_request,
    f"/replication/{{job}}/{{state:{'|'.join((*COPY_MOODS, 'enabled', 'disabled'))}}}": _copy,
    "/backup/guest/{vmid:\\d+}/{state:covered|uncovered}": _covered,
    "/backup/job/{state:enabled|disabled}": _set("job_enabled", "enabled"),
    "/backup/task/{vmid:\\d+}/{state:ok|failed}": lambda c, w: c.add_backup_task(
        int(w["vmid"]), good=w["state"] == "ok"
    ),
    "/zfs/{name}/{state:absent|present}": _zfs,
    f"/zfs/{{name}}/{{pool}}/{{state:{'|'.join(POOL_MOODS)}}}": _pool,
    "/qdevice/{state:connected|disconnected|none}": _qdevice,
    "/votes/{name}/{votes:\\d+}": _votes,
    "/calls/reset": lambda c, _: c.traffic.calls.clear(),
    "/start-over": lambda c, w: c.start_over(w),
}


def build_control(cluster: Controlled) -> web.Application:
    """The control endpoint; a name that is not there is 404 with the state."""
    app = web.Application(middlewares=[loopback_only])

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(cluster.state())

    def throw(switch: Switch) -> Callable[[web.Request], Any]:
        async def handler(request: web.Request) -> web.Response:
            try:
                switch(cluster, {**request.query, **request.match_info})
            except KeyError as error:
                return web.json_response({"error": f"no {error.args[0]}", **cluster.state()}, status=404)
            return web.json_response(cluster.state())

        return handler

    async def fault(request: web.Request) -> web.Response:
        mode = request.match_info["mode"]
        if mode != "ok" and mode not in FAULTS:
            return web.json_response({"error": f"no mode {mode}", "modes": ["ok", *FAULTS]}, status=404)
        if "path" in request.match_info:
            cluster.traffic.set_endpoint(request.match_info["path"], mode)
        else:
            cluster.traffic.every = mode
        return web.json_response(cluster.state())

    app.router.add_get("/", show)
    app.router.add_post("/http/{mode}", fault)
    app.router.add_post("/endpoint/{path:.+}/{mode}", fault)
    for path, switch in SWITCHES.items():
        app.router.add_post(path, throw(switch))
    return app
