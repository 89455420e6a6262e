"""A device with two interfaces: a real snmpd whose interface table is ours, read by the real SNMP exporter (entry `link`).

The table is answered by `link_agent.py`, which snmpd asks by its pass_persist protocol: octets and discards grow at the rates of
a file, so a link of 100 Gbps can be driven at a thousandth of it, or frozen.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.lab.sources import link_agent
from deploy.lab.sources.link_agent import Interface
from deploy.parts import CHECKOUT, need_program

AGENT = Path(link_agent.__file__)
CONFIG = CHECKOUT / "deploy" / "integrations" / "agents" / "snmp.yml"
COMMUNITY = "public"  # as in the committed configuration of the exporter
# The system's own interface tables are switched off: ours stands in their place.
_SWITCHED_OFF = "-I", "-ifTable,-ifXTable,-interfaces"
_SNMPD = """\
agentAddress udp:127.0.0.1:{port}
rocommunity {community} 127.0.0.1
pass_persist .1.3.6.1.2.1.2.2 {python} {agent} {state}
pass_persist .1.3.6.1.2.1.31.1.1 {python} {agent} {state}
"""


@dataclass(kw_only=True)
class Link:
    """snmpd and the exporter; `set` changes how an interface behaves from now on."""

    processes: Processes
    interfaces: dict[str, Interface] = field(
        default_factory=lambda: {
            "eth3": Interface(index=3, speed_mbit=100, out_octets_per_second=5_000_000, in_octets_per_second=9_000_000),
            "eth4": Interface(index=4, speed_mbit=100),
        }
    )
    device: int = field(default_factory=free_port)
    metrics: int = field(default_factory=free_port)
    child: Child | None = None
    agent: Child | None = None

    @property
    def exporter(self) -> str:
        return f"127.0.0.1:{self.metrics}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.device}"

    @property
    def _state(self) -> Path:
        return self.processes.folder / "link" / "interfaces.json"

    def start(self) -> None:
        self._state.parent.mkdir(exist_ok=True)
        self.interfaces = {name: one.at(time.time()) for name, one in self.interfaces.items()}
        self._write()
        self.start_device()
        self.start_agent()

    def start_device(self) -> None:
        folder = self._state.parent
        text = _SNMPD.format(
            port=self.device, community=COMMUNITY, python=sys.executable, agent=AGENT, state=self._state
        )
        config = folder / "snmpd.conf"
        config.write_text(text, encoding="utf-8")
        command = [need_program("snmpd"), "-f", "-Lo", "-C", "-c", str(config), *_SWITCHED_OFF]
        self.child = self.processes.start("snmpd", command, env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""})
        if self.agent is not None:
            self._wait_for_answers()

    def start_agent(self) -> None:
        command = [need_program("prometheus-snmp-exporter"), f"--config.file={CONFIG}"]
        self.agent = self.processes.start("snmp-exporter", [*command, f"--web.listen-address={self.exporter}"])
        self.processes.wait_until(self.agent, answers(f"http://{self.exporter}/"))
        self._wait_for_answers()

    def _wait_for_answers(self) -> None:
        assert self.child is not None  # noqa: S101  both are started
        self.processes.wait_until(self.child, answers(f"{self.probe}"), seconds=measured().limit(20))

    @property
    def probe(self) -> str:
        return f"http://{self.exporter}/snmp?target={self.address}&module=link"

    def set(self, name: str, **changes: float) -> None:
        """Change an interface; its counters go on from where they are."""
        now = time.time()
        self.interfaces[name] = replace(self.interfaces[name].at(now), **changes)  # type: ignore[arg-type]
        self._write()

    def _write(self) -> None:
        """Replaced in one step: snmpd asks at any moment."""
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps({name: asdict(one) for name, one in self.interfaces.items()}), encoding="utf-8")
        beside.replace(self._state)
