"""The exporter as an operator starts it, and a Proxmox on loopback that answers what a test hands in."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from tests.exporters.doubles import Seen, http_bytes, loopback
from tests.exporters.watching import Values, values_of
from tests.pace import limit

from .recorded import Payloads

TOKEN = "sankofa@pve!exporter=1111-2222"
API = "/api2/json/"
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"  # NOW, as the payloads' HA timestamps are


@dataclass(kw_only=True)
class Pve:
    """Answers by API path: `data`, raw bytes of a body, or a status line (a text) with headers; after `seconds`."""

    payloads: Payloads
    seconds: float = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    tokens: set[str] = field(default_factory=set)

    async def answer(self, request: Seen, writer: asyncio.StreamWriter) -> None:
        path = request.path.partition(API)[2]
        self.calls[path] += 1
        self.tokens.add(request.headers.get("authorization", ""))
        if self.seconds:
            await asyncio.sleep(self.seconds)
        writer.write(self.reply(self.payloads.get(path, "595 No route to host")))

    def reply(self, found: Any) -> bytes:
        headers = {"date": DATE, **self.headers}
        if isinstance(found, str):
            return http_bytes(b'{"data":null}', status=found, headers=headers)
        if isinstance(found, dict) and found.keys() == {"status", "message"}:
            return http_bytes(
                json.dumps({"data": None, **found}).encode(), status=f"{found['status']} x", headers=headers
            )
        body = found if isinstance(found, bytes) else json.dumps({"data": found}).encode()
        return http_bytes(body, headers=headers)


@asynccontextmanager
async def many(clusters: Mapping[str, Pve]) -> AsyncIterator[dict[str, str]]:
    """Several on one address: the endpoint of each by its name."""

    async def answer(request: Seen, writer: asyncio.StreamWriter) -> None:
        await clusters[request.path.split("/")[1]].answer(request, writer)

    async with loopback(answer) as double:
        yield {name: f"{double.url}/{name}" for name in clusters}


@dataclass(kw_only=True)
class Exporting:
    """A running exporter."""

    url: str
    client: httpx.AsyncClient

    async def probe(self, target: str, *, scrape_seconds: float | None = None) -> Values:
        seconds = limit(10) if scrape_seconds is None else scrape_seconds
        headers = {"x-prometheus-scrape-timeout-seconds": str(seconds)}
        answer = await self.client.get(f"{self.url}/probe", params={"target": target}, headers=headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        return values_of(answer.text)

    async def warm(self, target: str, probes: int = 7) -> Values:
        """After as many probes as the slow questions have turns."""
        for _ in range(probes):
            found = await self.probe(target)
        return found


def written(folder: Path, targets: Mapping[str, Mapping[str, Any]], **module: Any) -> Path:
    """A configuration with one module; its token is in a file beside it unless the module says where."""
    if "token_file" not in module:
        module["token_file"] = str(folder / "token")
        (folder / "token").write_text(f"{TOKEN}\n")
        (folder / "token").chmod(0o600)
    config = folder / "pve.yml"
    document = {
        "modules": {"pve": module},
        "targets": {name: {"module": "pve", **one} for name, one in targets.items()},
    }
    config.write_text(yaml.safe_dump(document))
    return config


@asynccontextmanager
async def exporting(processes: Processes, config: Path) -> AsyncIterator[Exporting]:
    """The command itself, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "sankofa_exporters.cli", "proxmox"]
    child = processes.start(
        "exporter", [*command, "--config.file", str(config), f"--web.listen-address=127.0.0.1:{port}"]
    )
    url = f"http://127.0.0.1:{port}"
    await asyncio.to_thread(processes.wait_until, child, answers(f"{url}/-/ready"))
    async with httpx.AsyncClient(timeout=limit(60), trust_env=False) as client:
        yield Exporting(url=url, client=client)
