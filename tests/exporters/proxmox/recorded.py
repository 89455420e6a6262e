"""Payloads of three releases, and a Proxmox source whose API answers what a test hands in."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import Report, probe
from sankofa_exporters.proxmox.client import ApiError, ProxmoxClient, Reply
from sankofa_exporters.proxmox.errands import errands
from sankofa_exporters.proxmox.system import ProxmoxSource
from sankofa_exporters.proxmox.turns import QUESTIONS
from sankofa_exporters.proxmox.visits import Visits
from sankofa_exporters.proxmox.watch import Watch
from tests.pace import limit

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


class PayloadClient(ProxmoxClient):
    """The client without its I/O: one seed that answers from a dictionary; an error in it is raised."""

    payloads: Payloads
    clock: float
    asked: list[str]

    async def read_token(self) -> None:
        """There is no file."""

    async def ask(self, seed: str, path: str, budget: Budget) -> Reply:
        self.asked.append(path)
        data = self.payloads.get(path, {"status": 595, "message": ""})
        if isinstance(data, CollectorError):
            raise data
        if isinstance(data, dict) and "status" in data and "message" in data:
            kind = Kind.REFUSED if data["status"] == 595 else Kind.HTTP
            raise ApiError(Failure(kind=kind, reason="x"), status=data["status"], message=data["message"])
        return Reply(data=data, clock=self.clock)


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def client(payloads: Payloads) -> PayloadClient:
    made = PayloadClient(http=None, endpoints=("https://seed",), token_file=Path("/none"), body_bytes=1)  # type: ignore[arg-type]
    made.payloads, made.clock, made.asked = payloads, NOW, []
    return made


def source(payloads: Payloads, clock: Clock | None = None, *, refresh_seconds: float = 60) -> ProxmoxSource:
    clock = clock or Clock()
    both = client(payloads)
    visits = Visits(errands=errands(both, refresh_seconds, replication=True), clock=clock)
    return ProxmoxSource(watch=Watch(client=both, nodes=both, visits=visits, clock=clock))


def asked(found: ProxmoxSource) -> list[str]:
    """The paths asked for since the last look, in their order."""
    double = found.watch.client
    assert isinstance(double, PayloadClient)
    paths, double.asked = double.asked, []
    return paths


async def one_probe(found: ProxmoxSource) -> Report:
    return await probe(found, budget=Budget.of(limit(5)), bounds=Bounds(), now=lambda: NOW)


async def probed(payloads: Payloads) -> Report:
    """A probe after as many as it takes to have had every question's turn."""
    found = source(payloads)
    for _ in QUESTIONS:
        report = await one_probe(found)
    return report


async def probed_again(payloads: Payloads, before: ProxmoxSource, path: str) -> Report:
    """One probe that asks for `path` and remembers of the rest what `before` does: as `probed`, at a sixth of the price."""
    found = source(payloads)
    found.watch.memory.noted.update(before.watch.memory.noted)
    found.watch.forward.update(question.name for question in QUESTIONS if question.path == path)
    return await one_probe(found)


async def warmed(payloads: Payloads) -> ProxmoxSource:
    """A source whose every question has had its turn."""
    found = source(payloads)
    for _ in QUESTIONS:
        await one_probe(found)
    return found


def values(report: Report) -> dict[tuple[str, ...], Any]:
    return {(sample.family.name.removeprefix("sankofa_"), *sample.labels): sample.value for sample in report.samples}
