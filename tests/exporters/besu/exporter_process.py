"""The exporter as an operator runs it: a process of its own, a configuration in a file, and /probe over HTTP."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import CHECKOUT
from sankofa_exporters.cli import main
from tests.exporters.watching import Values, values_of
from tests.pace import limit

PROBE_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """A running exporter; its one target is `t` unless the configuration names others."""

    child: Child
    url: str

    async def text(self, query: str = "target=t", *, seconds: float = PROBE_SECONDS) -> str:
        headers = {"x-prometheus-scrape-timeout-seconds": str(limit(seconds))}
        async with httpx.AsyncClient(timeout=limit(60)) as client:
            answer = await client.get(f"{self.url}/probe?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def values(self, query: str = "target=t") -> Values:
        return values_of(await self.text(query))

    @property
    def log(self) -> str:
        return self.child.log.read_text()


def configured(folder: Path, module: Mapping[str, Any], target: Mapping[str, Any]) -> Path:
    file = folder / "besu.yml"
    file.write_text(yaml.safe_dump({"modules": {"m": dict(module)}, "targets": {"t": {"module": "m", **target}}}))
    return file


def command(config: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "sankofa_exporters.cli", "besu", "--config.file", str(config), *options]


def checked(config: Path, *options: str) -> tuple[int, str]:
    """The exit code of `--check-config` and all that it prints; in this process, of which the start is most of the work of a real one."""
    root, printed = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    root.handlers.clear()  # the command closes those that it finds
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            code = main(["besu", "--config.file", str(config), "--check-config", *options])
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
    return code, printed.getvalue()


def start(processes: Processes, config: Path, *options: str) -> Exporter:
    """Ready to be probed."""
    listen = f"127.0.0.1:{free_port()}"
    child = processes.start("exporter", [*command(config, "--web.listen-address", listen), *options])
    processes.wait_until(child, answers(f"http://{listen}/-/ready"))
    return Exporter(child=child, url=f"http://{listen}")


@dataclass(frozen=True, kw_only=True)
class LabChain:
    """The lab's chain in a process of its own, under the test's hand."""

    control: str

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = local.get(self.control, timeout=limit(10)).json()
        return found

    def do(self, path: str) -> dict[str, Any]:
        answer = local.post(f"{self.control}/{path}", timeout=limit(10))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def advance(self, seconds: float) -> None:
        """Let so much of the chain's time pass, whatever rounds cost, and not a block more."""
        end = self.state()["now"] + seconds
        while self.state()["now"] + self.state()["block_seconds"] <= end:
            self.do("advance/1")

    def target(self, *names: str) -> dict[str, Any]:
        nodes = self.state()["nodes"]
        return {"witnesses": {name: nodes[name]["url"] for name in names or nodes}}

    def address(self, name: str) -> str:
        return str(self.state()["nodes"][name]["address"])


def start_chain(processes: Processes, *options: str) -> LabChain:
    """A chain that makes blocks only when it is told to."""
    port, control = free_port(), free_port()
    script = str(CHECKOUT / "deploy" / "lab" / "bft_chain.py")
    words = [sys.executable, script, "--port", str(port), "--control-port", str(control), "--stalled", *options]
    child = processes.start("bft-chain", words)
    url = f"http://127.0.0.1:{control}"
    processes.wait_until(child, lambda: local.get(url).is_success)
    return LabChain(control=url)
