"""A chain for the entry `besu`: the lab's BFT nodes, an anvil that executes their calls, and our exporter.

What stands for Besu, and what it does not show, is in decision 0010. Blocks come each second; a head is old after a few.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.lab.sources.exporter import OwnExporter
from deploy.parts import CHECKOUT, need_program

PERIOD_SECONDS = 1
OLD_SECONDS = 6  # of a head, at pace 1.0
TRANSACTIONS_A_SECOND = 2


@dataclass(kw_only=True)
class Chain:
    """So many validators and replicas, which have the same names everywhere."""

    processes: Processes
    validators: int
    replicas: int
    port: int = field(default_factory=free_port)
    control: int = field(default_factory=free_port)
    evm: int = field(default_factory=free_port)
    own: OwnExporter = field(init=False)

    def __post_init__(self) -> None:
        self.own = OwnExporter(processes=self.processes, words=("besu",))

    @property
    def old_seconds(self) -> float:
        """From when on a head is old; longer than a machine that is busy holds up a block."""
        return measured().length(OLD_SECONDS)

    def url(self, node: str) -> str:
        return f"http://127.0.0.1:{self.port}/{node}"

    def start(self) -> None:
        """The nodes and what executes their calls; a few transactions a second come."""
        listen = ["--port", str(self.evm), "--block-time", str(PERIOD_SECONDS), "--silent"]
        anvil = self.processes.start("evm", [need_program("anvil"), *listen])
        script = str(CHECKOUT / "deploy" / "lab" / "bft_chain.py")
        command = [
            sys.executable, script, "--port", str(self.port), "--control-port", str(self.control), "--all-apis",
            "--validators", str(self.validators), "--replicas", str(self.replicas), "--period", str(PERIOD_SECONDS),
            "--evm", f"http://127.0.0.1:{self.evm}",
        ]  # fmt: skip
        chain = self.processes.start("chain", command)
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
        self.processes.wait_until(anvil, lambda: local.post(f"http://127.0.0.1:{self.evm}", json=call).is_success)
        self.processes.wait_until(chain, answers(f"http://127.0.0.1:{self.control}/"))
        self.do(f"arriving/{TRANSACTIONS_A_SECOND}")

    def watch(self, fleet: Path) -> None:
        """Start the exporter. Replicas measure calls; validators are asked for none."""
        head = {"max_head_age_seconds": self.old_seconds}
        modules = {
            "network": {**head, "window_blocks": 16},
            "validator": {**head, "calls_per_probe": 0},
            "replica": head,
        }
        self.own.start(modules, fleet)

    def do(self, switch: str) -> dict[str, Any]:
        """Throw a switch of the chain's; the state after it."""
        url = f"http://127.0.0.1:{self.control}/{switch}"
        found: dict[str, Any] = local.post(url, timeout=measured().limit(10)).raise_for_status().json()
        return found

    def state(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.control}/"
        found: dict[str, Any] = local.get(url, timeout=measured().limit(10)).raise_for_status().json()
        return found

    def height(self) -> int:
        """Of the highest head."""
        return max(int(node["head"]) for node in self.state()["nodes"].values())
