"""Recorded payloads, and a Proxmox source whose API answers what a test hands in."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from sankofa_exporters.bounds import Bounds
from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError
from sankofa_exporters.proxmox.client import ProxmoxClient
from sankofa_exporters.proxmox.system import ProxmoxSource
from sankofa_exporters.runtime import Report, probe

FOLDER = Path(__file__).parent / "payloads"
CALLS = {
    "cluster/status": "status",
    "cluster/resources": "resources",
    "version": "version",
    "access/permissions": "permissions",
}
_RECORDED = {path: json.loads((FOLDER / f"{name}.json").read_text()) for path, name in CALLS.items()}


def recorded() -> dict[str, Any]:
    """A fresh copy of every payload by API path."""
    return copy.deepcopy(_RECORDED)


class PayloadClient(ProxmoxClient):
    """The client without its I/O: one seed that answers from a dictionary; an error in it is raised."""

    payloads: dict[str, Any]

    async def ask(self, seed: str, path: str, budget: Budget) -> Any:
        data = self.payloads[path]
        if isinstance(data, CollectorError):
            raise data
        return data


def source(payloads: dict[str, Any]) -> ProxmoxSource:
    client = PayloadClient(http=None, endpoints=("https://seed",), token_file=Path("/none"), body_bytes=1)  # type: ignore[arg-type]
    client.payloads = payloads
    return ProxmoxSource(client=client)


async def probed(payloads: dict[str, Any]) -> Report:
    return await probe(source(payloads), budget=Budget.of(5), bounds=Bounds(), now=lambda: 1_800_000_000.0)


def values(report: Report) -> dict[tuple[str, ...], Any]:
    return {(sample.family.name.removeprefix("sankofa_"), *sample.labels): sample.value for sample in report.samples}
