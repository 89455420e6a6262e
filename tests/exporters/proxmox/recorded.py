"""Payloads of three releases, and a Proxmox source whose API answers what a test hands in."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import Report, probe
from sankofa_exporters.proxmox.client import ApiError, ProxmoxApi, ProxmoxClient, Reply
from sankofa_exporters.proxmox.system.node_queries import NodePoller
from sankofa_exporters.proxmox.system.rotation import DETAILS, Detail, Rotation
from sankofa_exporters.proxmox.system.schedule import QUESTIONS, Schedule
from sankofa_exporters.proxmox.system.source import ProxmoxSource, node_queries
from sankofa_exporters.proxmox.system.state import ClusterState
from tests.pace import limit

V = TypeVar("V")
NOW = 1_800_000_000.0
TASKS = "tasks?typefilter=vzdump&limit=200"
RELEASES = ("pve7", "pve8", "pve9")
FOLDER = Path(__file__).parent / "payloads"
_RECORDED = {release: json.loads((FOLDER / f"{release}.json").read_text()) for release in RELEASES}
Payloads = dict[str, Any]


def recorded(release: str = "pve9") -> Payloads:
    """A fresh copy of every payload by API path."""
    payloads: Payloads = copy.deepcopy(_RECORDED[release])
    return payloads


class PayloadApi(ProxmoxApi):
    """The API without its I/O: one seed that answers from a dictionary; an error in it is raised."""

    payloads: Payloads
    clock: float
    asked: list[str]

    async def read_token(self) -> None:
        """There is no file."""

    async def close(self) -> None:
        """There is no connection."""

    async def ask(self, seed: str, path: str, parse: Callable[[Any, float], V], budget: Budget) -> Reply[V]:
        self.asked.append(path)
        data = self.payloads.get(path, {"status": 595, "message": ""})
        if isinstance(data, CollectorError):
            raise data
        if isinstance(data, dict) and "status" in data and "message" in data:
            kind = Kind.REFUSED if data["status"] == 595 else Kind.HTTP
            raise ApiError(Failure(kind=kind, reason="x"), status=data["status"], message=data["message"])
        return Reply(value=parse(data, self.clock), clock=self.clock)


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def api(payloads: Payloads) -> PayloadApi:
    made = PayloadApi(http=None, endpoints=("https://seed",), token_file=Path("/none"), body_bytes=1)  # type: ignore[arg-type]
    made.payloads, made.clock, made.asked = payloads, NOW, []
    return made


def source(
    payloads: Payloads,
    clock: Clock | None = None,
    *,
    refresh_seconds: float = 60,
    details: tuple[Detail, ...] = (),
) -> ProxmoxSource:
    """Details are left out unless a test is about them: they come one a probe."""
    clock = clock or Clock()
    both = api(payloads)
    client = ProxmoxClient(cluster=both, nodes=both)
    return ProxmoxSource(
        state=ClusterState(
            client=client,
            schedule=Schedule(client=client, clock=clock),
            poller=NodePoller(queries=node_queries(client, refresh_seconds), clock=clock),
            rotation=Rotation(details=details, clock=clock),
            clock=clock,
        )
    )


def asked(found: ProxmoxSource) -> list[str]:
    """The paths asked for since the last look, in their order."""
    double = found.state.client.cluster
    assert isinstance(double, PayloadApi)
    paths, double.asked = double.asked, []
    return paths


async def one_probe(found: ProxmoxSource) -> Report:
    return await probe(found, budget=Budget.of(limit(5)), bounds=Bounds(), now=lambda: NOW)


async def probed(payloads: Payloads, *, details: tuple[Detail, ...] = ()) -> Report:
    """A probe after as many as it takes to have had every question's turn."""
    found = source(payloads, details=details)
    for _ in range(max(len(QUESTIONS), 4 * len(details))):
        report = await one_probe(found)
    return report


async def probed_again(payloads: Payloads, before: ProxmoxSource, path: str) -> Report:
    """One probe that asks for `path` and remembers of the rest what `before` does: as `probed`, at a fraction of the price."""
    found = source(payloads, details=DETAILS)
    remember(found, before, path)
    return await one_probe(found)


def remember(found: ProxmoxSource, before: ProxmoxSource, path: str) -> None:
    """Everything but the answer to `path`."""
    for name, known in before.state.schedule.remembered.items():
        if PATHS.get(name) != path:
            found.state.schedule.remembered[name] = copy.copy(known)
        else:
            found.state.schedule.forward.add(name)
    for detail, answers in before.state.rotation.remembered.items():
        kept = {
            key: copy.copy(known) for key, known in answers.items() if not path.startswith(_detail_path(detail, key))
        }
        found.state.rotation.remembered[detail] = kept


PATHS = {
    "permissions": "access/permissions",
    "backup_coverage": "cluster/backup-info/not-backed-up",
    "version": "version",
    "votes": "cluster/config/nodes",
    "qdevice": "cluster/config/qdevice",
    "backup_jobs": "cluster/backup",
}


def _detail_path(detail: str, key: str) -> str:
    node, _, storage = key.partition("/")
    return {
        "disks": f"nodes/{key}/disks/list",
        "certificates": f"nodes/{key}/certificates/info",
        "stored_backups": f"nodes/{node}/storage/{storage}/content",
        "snapshots": f"/{key}/snapshot",
    }[detail]


async def warmed(payloads: Payloads) -> ProxmoxSource:
    """A source that has asked everything."""
    found = source(payloads, details=DETAILS)
    for _ in range(4 * len(DETAILS)):
        await one_probe(found)
    return found


def values(report: Report) -> dict[tuple[str, ...], Any]:
    return {(sample.family.name.removeprefix("sankofa_"), *sample.labels): sample.value for sample in report.samples}
