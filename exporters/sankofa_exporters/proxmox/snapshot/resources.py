"""`cluster/resources`: nodes, guests and storages as Proxmox lists them, read leniently: it describes, and judges nothing.

Proxmox leaves out what the token may not see, without an error; whether the list is complete is for the rights to say. A
guest's `status` is QEMU's run state where Proxmox has it: `paused`, `io-error` and others stand beside running and stopped.
A guest or node of which two rows differ stays in the list with nothing known of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, flag, text

from .rows import Row, Rows, read_rows, rows

# RunState of QEMU's qapi/run-state.json, all but `running`: the guest's CPUs stand still though its process is there.
# (`preconfig` is one of older releases.) A word that is in neither set may be one of a later release: it proves neither.
PAUSED = frozenset(
    ("paused", "suspended", "shutdown", "io-error", "internal-error", "guest-panicked", "watchdog", "prelaunch")
) | frozenset(("preconfig", "inmigrate", "postmigrate", "finish-migrate", "restore-vm", "save-vm", "debug", "colo"))
NOT_PAUSED = frozenset({"running", "stopped"})
_TAG_ENDS = re.compile(r"[;,\s]+")


@dataclass(frozen=True, kw_only=True)
class Node:
    name: str
    online: bool | None
    cpu_ratio: float | None = None
    cpus: float | None = None
    memory_used: float | None = None
    memory: float | None = None
    root_used: float | None = None
    root: float | None = None
    uptime_seconds: float | None = None


class Guest(NamedTuple):
    """A tuple, because a frozen dataclass takes four times as long to make, and there may be thousands."""

    id: str
    kind: str  # qemu or lxc
    name: str
    node: str
    state: str  # running, stopped, unknown, or a run state of QEMU's
    template: bool
    lock: str  # backup, migrate, snapshot, ...; empty when there is none
    tags: str  # as Proxmox writes them, separated by semicolons
    cpu_ratio: float | None = None  # from here on in the order of `_NUMBERS`
    cpus: float | None = None
    memory_used: float | None = None
    memory: float | None = None
    uptime_seconds: float | None = None
    disk_used: float | None = None
    disk: float | None = None
    disk_read: float | None = None
    disk_written: float | None = None
    received: float | None = None
    transmitted: float | None = None

    @property
    def tag_list(self) -> list[str]:
        return sorted({tag for tag in _TAG_ENDS.split(self.tags) if tag})


@dataclass(frozen=True, kw_only=True)
class Storage:
    name: str
    node: str
    kind: str
    shared: bool
    content: str
    available: bool | None
    used: float | None
    size: float | None

    @property
    def holds_backups(self) -> bool:
        return "backup" in self.content.split(",")


@dataclass(frozen=True, kw_only=True)
class Resources:
    nodes: tuple[Node, ...]
    guests: tuple[Guest, ...]
    storages: tuple[Storage, ...]
    complete: bool  # every row says what it is of, and a node is among them; else a count would be a guess


def parse_resources(data: Any) -> Resources:
    """Rows without identity are left out and counted, odd values become absent."""
    groups: dict[str, list[Any]] = {"node": [], "guest": [], "storage": [], "": []}
    for row in rows(data, "cluster/resources"):
        kind = row.get("type") if isinstance(row, Mapping) else None
        group = _GROUPS.get(kind) if isinstance(kind, str) and kind else ""
        if group is not None:  # sdn, pool, network and what a later release adds are not counted
            groups[group].append(row)
    nodes, guests = read_rows(groups["node"], _node), read_rows(groups["guest"], _guest)
    storages = read_rows(groups["storage"], _storage)
    strange: Rows[str, None] = read_rows(groups[""], _nothing)
    left_out = sum(found.unreadable for found in (nodes, guests, storages, strange))
    if left_out and not (nodes.found or guests.found or storages.found):
        raise CollectorError(Kind.DECODE, "cluster/resources: no row that can be read")
    return Resources(
        nodes=(*nodes.found.values(), *(Node(name=name, online=None) for name in sorted(nodes.doubtful))),
        guests=(*guests.found.values(), *map(_in_doubt, sorted(guests.doubtful))),
        storages=tuple(storages.found.values()),
        complete=not left_out and bool(groups["node"]),
    )


_GROUPS = {"node": "node", "qemu": "guest", "lxc": "guest", "storage": "storage"}


def _nothing(_row: Row) -> None:
    """A row without a type could be anything, so it is a row that was lost."""


def _node(row: Row) -> tuple[str, Node] | None:
    name, status = text(row.get("node")), row.get("status")
    if name is None:
        return None
    return name, Node(
        name=name,
        online={"online": True, "offline": False}.get(status) if isinstance(status, str) else None,
        cpu_ratio=amount(row.get("cpu")),
        cpus=amount(row.get("maxcpu")),
        memory_used=amount(row.get("mem")),
        memory=amount(row.get("maxmem")),
        root_used=amount(row.get("disk")),
        root=amount(row.get("maxdisk")),
        uptime_seconds=amount(row.get("uptime")),
    )


_NUMBERS = ("cpu", "maxcpu", "mem", "maxmem", "uptime", "disk", "maxdisk", "diskread", "diskwrite", "netin", "netout")
_EXACT = 1 << 53


def _guest(row: Row) -> tuple[str, Guest] | None:
    get = row.get
    guest, node, kind = text(get("id")), text(get("node")), row["type"]
    if guest is None or node is None:
        return None
    # Most are plain whole numbers: `amount` is asked about the others, because a thousand guests have eleven thousand.
    numbers = [value if type(value) is int and 0 <= value < _EXACT else amount(value) for value in map(get, _NUMBERS)]
    if kind == "qemu" and not numbers[_DISK_USED]:
        numbers[_DISK_USED] = None  # Proxmox does not know it of a virtual machine, and writes 0
    return guest, Guest(
        guest,
        kind,
        text(get("name")) or "",
        node,
        _state(get("status"), get("qmpstatus")),
        flag(get("template")) or False,
        text(get("lock")) or "",
        text(get("tags")) or "",
        *numbers,
    )


_DISK_USED = _NUMBERS.index("disk")


def _state(status: Any, qemu: Any) -> str:
    """The run state, which says more than that the process runs."""
    if status == "running" and isinstance(qemu, str) and qemu:
        return qemu
    return text(status) or "unknown"


def _in_doubt(guest: str) -> Guest:
    return Guest(guest, guest.partition("/")[0], "", "", "unknown", template=False, lock="", tags="")


def _storage(row: Row) -> tuple[tuple[str, str], Storage] | None:
    name, node = text(row.get("storage")), text(row.get("node"))
    if name is None or node is None:
        return None
    return (name, node), Storage(
        name=name,
        node=node,
        kind=text(row.get("plugintype")) or "",
        shared=flag(row.get("shared")) or False,
        content=text(row.get("content")) or "",
        # "unknown" is all that Proxmox says of a storage that is away, switched off or not read yet.
        available=True if row.get("status") == "available" else None,
        used=amount(row.get("disk")),
        size=amount(row.get("maxdisk")),
    )
