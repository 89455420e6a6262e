"""One of our exporters, as an operator starts it: modules in a file of its own, targets from the fleet file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers


@dataclass(kw_only=True)
class OwnExporter:
    """`sankofa-exporter WORDS`; `agent` is killed to see that nobody is called down for it."""

    processes: Processes
    words: tuple[str, ...]
    metrics: int = field(default_factory=free_port)
    agent: Child | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.metrics}"

    def start(self, modules: Mapping[str, Any], fleet: Path) -> None:
        name = self.words[0]
        settings = self.processes.folder / f"{name}.yml"
        settings.write_text(json.dumps({"modules": modules}), encoding="utf-8")
        command = [
            str(Path(sys.executable).parent / "sankofa-exporter"), *self.words, f"--config.file={settings}",
            f"--fleet.file={fleet}", f"--web.listen-address={self.address}",
        ]  # fmt: skip
        self.agent = self.processes.start(name, command)
        self.processes.wait_until(self.agent, answers(f"http://{self.address}/-/ready"))
