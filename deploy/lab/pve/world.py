"""What a Proxmox cluster has beside its guests: HA, replication, backups, ZFS pools, votes and a QDevice.

Built from the published API viewer of Proxmox VE 9 and, for what its answers mean, from the Perl sources of
pve-ha-manager, pve-manager, pve-guest-common, pve-cluster and pve-storage. It only answers: nothing fails over, copies
or resilvers by itself; a switch says what is so. Times move with the clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

FRESH_SECONDS, STALE_SECONDS, DRIFT_SECONDS = 3, 300, -60
HOUR, DAY = 3_600, 86_400
Row = dict[str, Any]


@dataclass(kw_only=True)
class Service:
    node: str
    state: str = "started"
    requested: str = "started"


@dataclass(kw_only=True)
class Copy:
    """A replication job; `mood` is ok, failing or never."""

    vmid: int
    source: str
    target: str
    mood: str = "ok"
    enabled: bool = True


@dataclass(kw_only=True)
class Pool:
    """A mirror of two disks; `mood` is ok, degraded_child, degraded, faulted, errors or odd."""

    mood: str = "ok"


@dataclass(kw_only=True)
class Disk:
    """A physical disk; `health` as smartctl has it, `wearout` the percent of its rated life that is left."""

    health: str = "PASSED"
    wearout: int | str = 97


@dataclass(kw_only=True)
class World:
    """The state; `beats` says of the master and of each node's LRM: fresh, stale, drift or unreadable."""

    release: int
    nodes: list[str]
    services: dict[str, Service] = field(default_factory=dict)
    beats: dict[str, str] = field(default_factory=dict)
    armed: str = "armed"
    copies: dict[str, Copy] = field(default_factory=dict)
    uncovered: dict[int, str] = field(default_factory=dict)
    job_enabled: bool = True
    pools: dict[str, dict[str, Pool]] = field(default_factory=dict)
    without_zfs: set[str] = field(default_factory=set)
    disks: dict[str, dict[str, Disk]] = field(default_factory=dict)
    certificates_end: dict[str, int] = field(default_factory=dict)  # days from now
    qdevice: str = "none"
    votes: dict[str, int] = field(default_factory=dict)
    config_version: int = 7

    @classmethod
    def of(cls, *, release: int, nodes: list[str], guests: dict[int, str]) -> World:
        """A cluster in health: every second guest is under HA, all are replicated and in a backup job."""
        others = dict(zip(nodes, [*nodes[1:], nodes[0]], strict=True))
        return cls(
            release=release,
            nodes=nodes,
            services={f"vm:{vmid}": Service(node=node) for vmid, node in list(guests.items())[::2]},
            copies={f"{vmid}-0": Copy(vmid=vmid, source=node, target=others[node]) for vmid, node in guests.items()},
            pools={node: {"rpool": Pool()} for node in nodes},
            disks={node: {"sda": Disk(), "sdb": Disk()} for node in nodes},
            certificates_end=dict.fromkeys(nodes, 90),
            votes=dict.fromkeys(nodes, 1),
        )

    def ha_rows(self, *, quorate: bool, online: dict[str, bool]) -> list[Row]:
        """`cluster/ha/status/current`."""
        here, now = self.nodes[0], int(time.time())
        quorum = {"id": "quorum", "type": "quorum", "node": here, "quorate": int(quorate)}
        rows: list[Row] = [quorum | {"status": "OK" if quorate else f"No quorum on node '{here}'!"}]
        rows.append(self._beat_row("master", "master", here, now, "active"))
        if self.release >= 9:  # noqa: PLR2004 - a release
            rows.append(
                {"id": "fencing", "type": "fencing", "node": here, "status": self.armed, "armed-state": self.armed}
            )
        for node in self.nodes:
            beat = self.beats.get(f"lrm:{node}", "fresh" if online.get(node, True) else "stale")
            rows.append(self._beat_row(f"lrm:{node}", "lrm", node, now, "active", beat))
        return rows + [self._service_row(sid, service) for sid, service in self.services.items()]

    def _beat_row(self, row_id: str, kind: str, node: str, now: int, word: str, beat: str | None = None) -> Row:
        beat = beat or self.beats.get(row_id, "fresh")
        if beat == "unreadable":
            return {"id": row_id, "type": kind, "node": node, "status": f"{node} (unable to read {kind} status)"}
        seconds = {"fresh": FRESH_SECONDS, "stale": STALE_SECONDS, "drift": DRIFT_SECONDS}[beat]
        word = {"fresh": word, "stale": "old timestamp - dead?", "drift": "detected time drift!"}[beat]
        watchdog = "watchdog active, " if self.release >= 9 and kind == "lrm" else ""  # noqa: PLR2004 - a release
        status = f"{node} ({word}, {watchdog}{time.ctime(now - seconds)})"
        return {"id": row_id, "type": kind, "node": node, "status": status, "timestamp": now - seconds}

    @staticmethod
    def _service_row(sid: str, service: Service) -> Row:
        return {
            "id": f"service:{sid}",
            "type": "service",
            "sid": sid,
            "node": service.node,
            "state": service.state,
            "crm_state": service.state,
            "request_state": service.requested,
            "status": f"{sid} ({service.node}, {service.state})",
            "max_restart": 1,
            "max_relocate": 1,
        }

    def replication_rows(self, node: str) -> list[Row]:
        """`nodes/NODE/replication`: the jobs of the guests that are there."""
        return [self.copy_row(job, copy) for job, copy in self.copies.items() if copy.source == node]

    @staticmethod
    def copy_row(job: str, copy: Copy) -> Row:
        now = int(time.time())
        synced = {"ok": now - 300, "failing": now - 2 * HOUR, "never": 0}[copy.mood]
        failures = 0 if copy.mood == "ok" else 4
        return {
            "id": job,
            "type": "local",
            "guest": copy.vmid,
            "jobnum": job.rpartition("-")[2],
            "vmtype": "qemu",
            "source": copy.source,
            "target": copy.target,
            "schedule": "*/15",
            "last_sync": synced,
            "last_try": now - 300,
            "next_sync": now + 600,
            "duration": 3.2,
            "fail_count": failures,
            **({"error": "command 'zfs send' failed"} if failures else {}),
            **({} if copy.enabled else {"disable": 1}),
        }

    def backup_rows(self) -> list[Row]:
        """`cluster/backup`."""
        job = {"id": "backup-nightly", "type": "vzdump", "all": 1, "storage": "local", "schedule": "02:00"}
        return [job | {"enabled": int(self.job_enabled), "next-run": int(time.time()) + 6 * HOUR, "mode": "snapshot"}]

    def uncovered_rows(self) -> list[Row]:
        """`cluster/backup-info/not-backed-up`."""
        return [{"vmid": vmid, "type": "qemu", "name": name} for vmid, name in sorted(self.uncovered.items())]

    def pool_rows(self, node: str) -> list[Row]:
        """`nodes/NODE/disks/zfs`."""
        size = 4 * 10**12
        numbers = {"size": size, "alloc": size // 4, "free": size - size // 4, "frag": 7, "dedup": 1}
        return [
            {"name": name, "health": self._root(pool), **numbers}
            for name, pool in sorted(self.pools.get(node, {}).items())
        ]

    def pool_detail(self, node: str, name: str) -> Row:
        """`nodes/NODE/disks/zfs/POOL`."""
        pool = self.pools[node][name]
        disk = {"degraded_child": "FAULTED", "degraded": "FAULTED", "faulted": "UNAVAIL", "odd": "PONDERING"}
        second = disk.get(pool.mood, "ONLINE")
        group = "DEGRADED" if second in {"FAULTED", "UNAVAIL"} else "ONLINE"
        leaf = {"read": 0, "write": 0, "cksum": 0, "msg": "", "leaf": 1}
        disks = [{"name": "/dev/sda3", "state": "ONLINE", **leaf}, {"name": "/dev/sdb3", "state": second, **leaf}]
        mirror = {"name": "mirror-0", "state": group, **leaf, "leaf": 0, "children": disks}
        root = {"name": name, "state": self._root(pool), **leaf, "leaf": 0, "children": [mirror]}
        return {
            "name": name,
            "state": self._root(pool),
            "scan": "scrub repaired 0B in 00:10:00 with 0 errors on Sun Nov 1 00:34:00 2026",
            "errors": "2 data errors, use '-v' for a list" if pool.mood == "errors" else "No known data errors",
            "children": [root],
            "leaf": 0,
        }

    def disk_rows(self, node: str) -> list[Row]:
        """`nodes/NODE/disks/list`."""
        return [
            {
                "devpath": f"/dev/{name}",
                "type": "ssd",
                "model": "SAMSUNG MZ7L3",
                "serial": f"{node}-{name}",
                "size": 2 * 10**12,
                "health": disk.health,
                "wearout": disk.wearout,
                "used": "ZFS",
            }
            for name, disk in sorted(self.disks[node].items())
        ]

    def certificate_rows(self, node: str) -> list[Row]:
        """`nodes/NODE/certificates/info`."""
        now = int(time.time())
        return [
            {
                "filename": "pve-ssl.pem",
                "issuer": "/CN=Proxmox Virtual Environment",
                "subject": f"/CN={node}",
                "notbefore": now - 30 * DAY,
                "notafter": now + self.certificates_end[node] * DAY,
            }
        ]

    @staticmethod
    def _root(pool: Pool) -> str:
        return {"degraded": "DEGRADED", "faulted": "FAULTED"}.get(pool.mood, "ONLINE")

    def config_rows(self) -> list[Row]:
        """`cluster/config/nodes`: votes are strings, as in corosync.conf."""
        return [
            {"node": node, "name": node, "nodeid": str(number), "quorum_votes": str(self.votes[node])}
            for number, node in enumerate(self.nodes, 1)
        ]

    def qdevice_row(self) -> Row:
        """`cluster/config/qdevice`: empty where no daemon runs."""
        if self.qdevice == "none":
            return {}
        state = "Connected" if self.qdevice == "connected" else "Connecting"
        names = {"Model": "Net", "Algorithm": "Fifty-Fifty split", "Tie-breaker": "Node with lowest node ID"}
        return {**names, "QNetd host": "192.0.2.99:5403", "State": state}
