"""A Proxmox cluster on loopback, with a switch for its faults: `python deploy/lab/fakepve_cluster.py --help`.

It stands for a real cluster in the demo and in tests: 1 to some 32 nodes with guests, HA, replication, backups, ZFS pools,
votes and a QDevice, answering as Proxmox VE 7, 8 or 9. fakepve (AGPL-3.0) is imported here and nowhere else, and never by
anything in the wheel; it has the logins, rights, guests and the API's schema, deploy/lab/pve has the rest. It assumes
nobody but this host can reach it: both listeners are bound to 127.0.0.1, and a peer or a Host header that is not loopback
is refused. It does not fail over, copy or resilver: a switch says what is so.

Control, on its own port: GET / (state, and calls by path since the last reset), and by POST
  /quorum/lost|restored          /node/NAME/offline|online           /privilege/NAME/revoked|restored
  /http/MODE                     /endpoint/PATH/MODE (PATH as cluster/backup or nodes/*/replication)
      MODE: ok 500 501 595 401 403 html redirect garbage huge hang drip
  /guest/VMID/added              /calls/reset
  /guest/VMID/paused|resumed     /guest/VMID/lock/LOCK|none     /guest/VMID/tags/TAG;TAG
  /disk/NODE/NAME/HEALTH/WEAROUT (as sda, PASSED or FAILED, 0 to 100)     /certificate/NODE/DAYS
  /ha/master/BEAT  /ha/lrm/NODE/BEAT (BEAT: fresh stale drift unreadable)    /ha/armed|standby|disarming|disarmed
  /ha/service/SID/STATE          /ha/request/SID/STATE (SID as vm:100)
  /replication/ID/ok|failing|never|enabled|disabled (ID as 100-0)
  /backup/guest/VMID/covered|uncovered   /backup/job/enabled|disabled   /backup/task/VMID/ok|failed
  /zfs/NODE/absent|present       /zfs/NODE/POOL/ok|degraded_child|degraded|faulted|errors|odd
  /qdevice/connected|disconnected|none   /votes/NODE/N
  /start-over   as freshly started; ?nodes=2&release=8&without=VM.Audit changes those options for it
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from fakepve import FakePve
from fakepve.certs import make_cert
from fakepve.model import PveError
from fakepve.server import USER

from deploy.lab.misbehaviour import HOST, loopback_only
from deploy.lab.pve.control import build_control
from deploy.lab.pve.faults import Traffic
from deploy.lab.pve.identity import TOKEN_ID, write_identity
from deploy.lab.pve.world import HOUR, World

AUDITOR = ("Sys.Audit", "VM.Audit", "Datastore.Audit", "Pool.Audit", "SDN.Audit")
REPLICATE = "VM.Replicate"  # a right of its own since 9
RELEASES = {7: ("7.4-19", "7.4", "f98bf8d4"), 8: ("8.4.14", "8.4", "b502d23c"), 9: ("9.0.10", "9.0", "deadbeef")}
TASKS_OF_A_NODE = 25  # of all kinds, that a real node tells the cluster about


@dataclass(kw_only=True)
class Cluster:
    """The fake, what it has beside guests, and what stands in front of its answers."""

    pve: FakePve
    world: World
    options: argparse.Namespace
    token: str
    traffic: Traffic = field(default_factory=Traffic)
    pids: itertools.count[int] = field(default_factory=lambda: itertools.count(10_000))

    @property
    def online(self) -> dict[str, bool]:
        return {name: bool(node.get("online", True)) for name, node in sorted(self.pve.nodes.items())}

    def state(self) -> dict[str, Any]:
        return {
            "quorate": bool(self.pve.quorate),
            "nodes": self.online,
            "http": self.traffic.every,
            "endpoints": self.traffic.endpoints,
            "release": self.world.release,
            "privileges": sorted(set().union(*(rights for _, rights in self.pve.acl[TOKEN_ID]))),
            "calls": dict(sorted(self.traffic.calls.items())),
            "url": self.pve.url,
        }

    def start_over(self, changes: Mapping[str, str]) -> None:
        """Be as freshly started, with other options if wished; the listeners stay, with the calls that hang in them.

        Raises:
            KeyError: an option that cannot be changed, by its name.
        """
        read: dict[str, Callable[[str], Any]] = {"nodes": int, "guests": int, "release": int, "without": str.split}
        wished = {name: read[name](word) for name, word in changes.items()}
        fresh = build_cluster(argparse.Namespace(**{**vars(self.options), **wished}), self.token)
        listening = {"host", "port", "runner", "cluster"}
        self.pve.__dict__.update({name: state for name, state in vars(fresh.pve).items() if name not in listening})
        self.world, self.pids = fresh.world, fresh.pids
        self.traffic.clear()

    def set_quorate(self, *, quorate: bool) -> None:
        self.pve.quorate = quorate

    def set_node(self, name: str, *, online: bool) -> None:
        if name not in self.pve.nodes:
            raise KeyError(name)
        self.pve.set_node_offline(name, not online)

    def set_privilege(self, name: str, *, held: bool) -> None:
        for _, rights in self.pve.acl[TOKEN_ID]:
            (rights.add if held else rights.discard)(name)

    def set_guest(
        self, vmid: int, *, lock: str | None = None, tags: str | None = None, status: str | None = None
    ) -> None:
        """What is given; Proxmox has QEMU's run state in the guest's status."""
        vm = self.pve.vm(vmid)
        if vm is None:
            raise KeyError(vmid)
        if lock is not None:
            vm.lock = None if lock == "none" else lock
        if tags is not None:
            vm.config["tags"] = tags
        if status is not None:
            vm.status = status

    def add_guest(self, vmid: int) -> None:
        """A new guest, which nobody has put into a backup job."""
        self.pve.add_vm(vmid, f"guest-{vmid}", node=self.world.nodes[0], status="running", config={"memory": 2048})
        self.world.uncovered[vmid] = f"guest-{vmid}"

    def add_backup_task(self, vmid: int, *, good: bool, ended_at: int | None = None) -> None:
        """A finished dump of one guest, on the node where the guest is."""
        vm = self.pve.vm(vmid)
        if vm is None:
            raise KeyError(vmid)
        end, pid = int(time.time()) if ended_at is None else ended_at, next(self.pids)
        start, user = end - 60, "root@pam"
        upid = f"UPID:{vm.node}:{pid:08X}:{pid:08X}:{start:08X}:vzdump:{vmid}:{user}:"
        task = {"upid": upid, "node": vm.node, "pid": pid, "pstart": pid, "starttime": start, "endtime": end}
        task |= {"type": "vzdump", "id": str(vmid), "user": user, "status": "stopped", "log": []}
        self.pve.tasklog.append(task | {"exitstatus": "OK" if good else "job errors"})


class FaultyPve(FakePve):  # type: ignore[misc]
    """fakepve with faults in front of every answer, and with the answers of `World`."""

    cluster: Cluster

    def _build_app(self) -> web.Application:
        app: web.Application = super()._build_app()
        app.middlewares.insert(0, self.cluster.traffic.middleware())
        app.middlewares.insert(0, loopback_only)
        return app

    def _routes_world(self) -> list[tuple[str, str, Any]]:
        """Fakepve checks parameters and rights by the schema before it asks these."""
        node = "/nodes/{node}"
        routes = {
            "/cluster/ha/status/current": self._ha,
            "/cluster/backup": self._backup_jobs,
            "/cluster/backup-info/not-backed-up": self._uncovered,
            "/cluster/config/nodes": self._config_nodes,
            "/cluster/config/qdevice": self._qdevice,
            "/cluster/tasks": self._cluster_tasks,
            f"{node}/replication": self._replication,
            f"{node}/replication/{{id}}/status": self._replication_status,
            f"{node}/disks/zfs": self._zfs,
            f"{node}/disks/list": self._disks,
            f"{node}/certificates/info": self._certificates,
            f"{node}/disks/zfs/{{name}}": self._zfs_detail,
        }
        return [("GET", path, handler) for path, handler in routes.items()]

    async def _cluster_status(self, request: web.Request) -> web.Response:
        self.require(request[USER], "/", "Sys.Audit")
        world, online = self.cluster.world, self.cluster.online
        standalone = len(world.nodes) == 1
        head = {"type": "cluster", "id": "cluster", "name": self.cluster_name, "nodes": len(world.nodes)}
        rows = [] if standalone else [head | {"quorate": int(self.quorate), "version": world.config_version}]
        for number, name in enumerate(world.nodes, 1):
            row = {
                "type": "node",
                "id": f"node/{name}",
                "name": name,
                "nodeid": 0 if standalone else number,
                "level": "",
            }
            rows.append(row | {"ip": f"192.0.2.{10 + number}", "online": int(online[name]), "local": int(number == 1)})
        return web.json_response({"data": rows})

    async def _resources(self, request: web.Request) -> web.Response:
        """As fakepve has it, in the older or newer shape of the release."""
        answer: web.Response = await super()._resources(request)
        if request.query or answer.text is None:
            return answer
        release = self.cluster.world.release
        if release == 9:  # noqa: PLR2004 - a release
            extra = [{"id": "network/pve1/fabric/f1", "type": "network", "network": "f1", "status": "ok"}]
            extra.append({"id": "sdn/pve1/localnetwork", "type": "sdn", "sdn": "localnetwork", "status": "ok"})
            # Text, because parsing a thousand guests at each call would be most of what a benchmark measures.
            text = answer.text.rstrip().removesuffix("]}") + ", " + json.dumps(extra)[1:-1] + "]}"
            return web.Response(text=text, content_type="application/json")
        rows = json.loads(answer.text)["data"]
        for row in rows:
            row.pop("memhost", None)
            if release == 7 and row["type"] == "storage":  # noqa: PLR2004 - a release
                row.update({key: str(row[key]) for key in ("disk", "maxdisk") if key in row})
        return web.json_response({"data": rows})

    async def _ha(self, _values: dict[str, Any], _user: str) -> Any:
        return self.cluster.world.ha_rows(quorate=bool(self.quorate), online=self.cluster.online)

    async def _backup_jobs(self, _values: dict[str, Any], _user: str) -> Any:
        return self.cluster.world.backup_rows()

    async def _uncovered(self, _values: dict[str, Any], user: str) -> Any:
        return [row for row in self.cluster.world.uncovered_rows() if self._sees(user, row["vmid"], "VM.Audit")]

    async def _config_nodes(self, _values: dict[str, Any], _user: str) -> Any:
        return self.cluster.world.config_rows()

    async def _qdevice(self, _values: dict[str, Any], _user: str) -> Any:
        return self.cluster.world.qdevice_row()

    async def _cluster_tasks(self, _values: dict[str, Any], user: str) -> Any:
        if not self.allowed(user, "/", "Sys.Audit"):
            return []
        newest = sorted(self.tasklog, key=lambda task: -task["starttime"])[: TASKS_OF_A_NODE * len(self.nodes)]
        return [self._task_view(task, True) for task in newest]

    async def _replication(self, values: dict[str, Any], user: str) -> Any:
        rows = self.cluster.world.replication_rows(values["node"])
        return [row for row in rows if self._sees_copy(user, row["guest"])]

    async def _replication_status(self, values: dict[str, Any], user: str) -> Any:
        copy = self.cluster.world.copies.get(values["id"])
        if copy is None or not self._sees_copy(user, copy.vmid):
            raise PveError(500, f"no such replication job '{values['id']}'")
        return self.cluster.world.copy_row(values["id"], copy)

    async def _zfs(self, values: dict[str, Any], _user: str) -> Any:
        self._need_zfs(values["node"])
        return self.cluster.world.pool_rows(values["node"])

    async def _zfs_detail(self, values: dict[str, Any], _user: str) -> Any:
        self._need_zfs(values["node"])
        if values["name"] not in self.cluster.world.pools[values["node"]]:
            raise PveError(500, f"cannot open '{values['name']}': no such pool")
        return self.cluster.world.pool_detail(values["node"], values["name"])

    async def _disks(self, values: dict[str, Any], _user: str) -> Any:
        return self.cluster.world.disk_rows(values["node"])

    async def _certificates(self, values: dict[str, Any], _user: str) -> Any:
        return self.cluster.world.certificate_rows(values["node"])

    def _need_zfs(self, node: str) -> None:
        if node in self.cluster.world.without_zfs:
            raise PveError(500, "zfsutils-linux not installed")

    def _sees(self, user: str, vmid: int, privilege: str) -> bool:
        return bool(self.allowed(user, f"/vms/{vmid}", privilege))

    def _sees_copy(self, user: str, vmid: int) -> bool:
        """Since 9 with a right of its own, as is reported for 9.2 (prometheus-pve-exporter 488)."""
        needed = ["VM.Audit", *([REPLICATE] if self.cluster.world.release >= 9 else [])]  # noqa: PLR2004 - a release
        return all(self._sees(user, vmid, privilege) for privilege in needed)


def build_cluster(options: argparse.Namespace, token: str) -> Cluster:
    pve = FaultyPve(host=HOST, port=options.port)
    pve.cluster_name = options.name
    pve.version, pve.release_version, _ = RELEASES[options.release]
    nodes = [f"pve{number}" for number in range(1, options.nodes + 1)]
    guests = {100 + number: nodes[number % options.nodes] for number in range(options.guests)}
    for node in nodes[1:]:
        pve.add_node(node)
    for number, (vmid, node) in enumerate(guests.items()):
        pve.add_vm(vmid, f"guest-{number}", node=node, status="running", config={"memory": 2048, "cores": 2})
    world = World.of(release=options.release, nodes=nodes, guests=guests)
    pve.cluster = Cluster(pve=pve, world=world, options=options, token=token)
    for vmid in guests:
        pve.cluster.add_backup_task(vmid, good=True, ended_at=int(time.time()) - 6 * HOUR)
    rights = [*AUDITOR, *([REPLICATE] if options.release >= 9 else [])]  # noqa: PLR2004 - a release
    pve.apitokens[TOKEN_ID] = token
    pve.grant(TOKEN_ID, "/", *[right for right in rights if right not in options.without])
    return pve.cluster


async def run(options: argparse.Namespace) -> None:
    token, certificate, key = write_identity(options.folder, make_cert)
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
    parser.add_argument("--nodes", type=int, default=3, help="1 is a standalone node")
    parser.add_argument("--guests", type=int, default=6)
    parser.add_argument("--release", type=int, default=9, choices=sorted(RELEASES), help="of Proxmox VE")
    parser.add_argument("--name", default="edge-nairobi-1", help="the cluster's own name")
    parser.add_argument("--port", type=int, required=True, help="of the API (https)")
    parser.add_argument("--control-port", type=int, required=True, help="of the control endpoint (http)")
    parser.add_argument("--folder", type=Path, required=True, help="where token and ca.pem are written")
    parser.add_argument(
        "--without", action="append", default=[], choices=(*AUDITOR, REPLICATE), help="a right the token lacks"
    )
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
