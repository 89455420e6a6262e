"""All sources of the lab side by side on loopback: what the catalogue's entries are tried on, in tests and in a tour.

`scraped` is the one list of whom Prometheus asks for which entry, and `fleet` the same as a fleet file. Users and the canary ask
different gateways, so that what users send can be counted to the last request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from deploy.lab.processes import Processes
from deploy.lab.sources import canary
from deploy.lab.sources.blackbox import Blackbox
from deploy.lab.sources.canary import Canary
from deploy.lab.sources.gateway import HaProxy, Nginx
from deploy.lab.sources.link import Link
from deploy.lab.sources.origin import Origin

INTERFACE, IDLE_INTERFACE = "eth3", "eth4"


@dataclass(kw_only=True)
class Yard:
    """Two gateways with their origins, a device with two links, a Kubernetes API's readiness, a probe and a canary outside."""

    processes: Processes
    origins: tuple[Origin, Origin] = field(default_factory=lambda: (Origin(), Origin()))
    readyz: Origin = field(default_factory=Origin)
    haproxy: HaProxy = field(init=False)
    nginx: Nginx = field(init=False)
    link: Link = field(init=False)
    blackbox: Blackbox = field(init=False)
    canary: Canary = field(init=False)

    def __post_init__(self) -> None:
        self.haproxy = HaProxy(processes=self.processes, origins=self.origins)
        self.nginx = Nginx(processes=self.processes, origin=self.origins[0])
        self.link = Link(processes=self.processes)
        self.blackbox = Blackbox(processes=self.processes)
        self.canary = Canary(processes=self.processes)

    @property
    def fleet_file(self) -> Path:
        return self.processes.folder / "fleet.yaml"

    def start(self) -> None:
        for origin in (*self.origins, self.readyz):
            origin.start()
        for part in (self.haproxy, self.nginx, self.link, self.blackbox):
            part.start()
        self.fleet_file.write_text(yaml.safe_dump(self.fleet()), encoding="utf-8")
        self.canary.start(self.fleet_file)

    def stop(self) -> None:
        """What lives in this process; programs end with `processes`."""
        for origin in (*self.origins, self.readyz):
            origin.stop()

    def scraped(self) -> dict[str, tuple[str, str]]:
        """By entry: HOST:PORT that is asked, and the target it is asked for."""
        return {
            "gateway": (self.haproxy.exporter, self.haproxy.exporter),
            "nginx": (self.nginx.exporter, self.nginx.exporter),
            "link": (self.link.exporter, self.link.address),
            "blackbox": (self.blackbox.exporter, self.nginx.url),
            "kubernetes-api": (self.blackbox.exporter, f"http://{self.readyz.address}/readyz"),
            "canary": (self.canary.exporter, "canary-1"),
        }

    def fleet(self) -> dict[str, Any]:
        """A fleet file of one site, with a target an entry and a second link."""
        targets: dict[str, dict[str, Any]] = {
            name: {f"{name}-1": {"address": target}} for name, (_, target) in self.scraped().items()
        }
        targets["canary"] = {"canary-1": {"module": canary.MODULE, "endpoint": self.nginx.url}}
        address = self.link.address
        targets["link"] = {
            name: {"address": address, "labels": {"interface": name}} for name in (INTERFACE, IDLE_INTERFACE)
        }
        site = {"name": "core-lab-1", "tier": "core", "region": "lab", "targets": targets}
        head = {"apiVersion": "sankofa.observe/v1", "kind": "Fleet", "metadata": {"name": "lab"}}
        return {**head, "spec": {"sites": [site]}}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
