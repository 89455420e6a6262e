"""A small cloud in which each promise has its sources: five core datacenters, two regional ones, an edge site, a chain, a line.

One real program stands for the same part of several datacenters where a test strikes them all at once: the Ceph cluster (a target a
datacenter, of which the first is asked by its dashboard too), nginx (a path a datacenter). Each has a Kubernetes readiness of its
own, and a chain node of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deploy.lab.sources.chain import Chain
from deploy.lab.sources.hypervisors import Hypervisors
from deploy.lab.sources.origin import Origin
from deploy.lab.sources.storage import Storage
from deploy.lab.sources.yard import Yard

CORE = {**{f"core-lab-{n}": "active" for n in (1, 2, 3)}, **{f"core-lab-{n}": "standby" for n in (4, 5)}}
REGIONAL = ("regional-lab-1", "regional-lab-2")
EDGE, CHAIN, LINK, ZONE, FLEET = "edge-lab-1", "chain-lab", "link-lab", "zone-lab", "fleet-lab"
NEEDED_IN_THE_ZONE = len(REGIONAL) - 1
Targets = dict[str, dict[str, Any]]


@dataclass(kw_only=True)
class Estate(Yard):
    """The yard's sources, storage, chain and hypervisors, as parts of a fleet."""

    readiness: dict[str, Origin] = field(default_factory=lambda: {name: Origin() for name in (*CORE, *REGIONAL)})
    behind_nginx: Origin = field(default_factory=Origin)
    chain: Chain = field(init=False)
    storage: Storage = field(init=False)
    hypervisors: Hypervisors = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.nginx.origin = self.behind_nginx  # what is slow for HAProxy's users is quick for these
        self.chain = Chain(processes=self.processes, validators=len(CORE), replicas=len(REGIONAL))
        self.storage = Storage(processes=self.processes)
        self.hypervisors = Hypervisors(processes=self.processes)

    def start(self) -> None:
        self.storage.begin()
        for origin in (*self.readiness.values(), self.behind_nginx):
            origin.start()
        for part in (self.chain, self.hypervisors, self.storage):
            part.start()
        super().start()
        for watched in (self.chain, self.hypervisors, self.storage):
            watched.watch(self.fleet_file)

    def stop(self) -> None:
        super().stop()
        for origin in (*self.readiness.values(), self.behind_nginx):
            origin.stop()

    def scraped(self) -> dict[str, tuple[str, str]]:
        own = {"besu": self.chain.own, "ceph": self.storage.own, "proxmox": self.hypervisors.own}
        targets = {"besu": CHAIN, "ceph": f"ceph-{REGIONAL[0]}", "proxmox": EDGE}
        return super().scraped() | {name: (exporter.address, targets[name]) for name, exporter in own.items()}

    def fleet(self) -> dict[str, Any]:
        """The fleet file."""
        (yard,) = super().fleet()["spec"]["sites"]
        of_yard: Targets = yard["targets"]
        sites = [*self._core(), *self._regional(of_yard), *self._places(of_yard)]
        head = {"apiVersion": "sankofa.observe/v1", "kind": "Fleet", "metadata": {"name": "estate"}}
        return {**head, "spec": {"sites": sites}}

    def _core(self) -> list[dict[str, Any]]:
        found = []
        for number, (name, role) in enumerate(CORE.items(), 1):
            node = {f"validator-{number}": self._node("validator", number)}
            found.append(_place(name, "core", role=role, targets={"besu": node, **self._datacenter(name)}))
        found[0]["targets"] |= self._canary("core")
        return found

    def _regional(self, of_yard: Targets) -> list[dict[str, Any]]:
        found = []
        for number, name in enumerate(REGIONAL, 1):
            node = {f"replica-{number}": self._node("replica", number)}
            found.append(_place(name, "regional", zone="lab", targets={"besu": node, **self._datacenter(name)}))
        [gateway] = of_yard["gateway"].values()
        addresses = (gateway["address"], gateway["address"].replace("127.0.0.1", "localhost"))  # one serves both
        for number, (place, address) in enumerate(zip(found, addresses, strict=True), 1):
            place["targets"]["gateway"] = {f"gateway-{number}": {**gateway, "address": address}}
        found[0]["targets"] |= self._canary("regional")
        return found

    def _places(self, of_yard: Targets) -> list[dict[str, Any]]:
        witnesses = {f"validator-{number}": self.chain.url(f"validator-{number}") for number in (1, 2, 3)}
        proxmox = {EDGE: {"module": "pve", "endpoints": [self.hypervisors.url]}}
        return [
            _place(EDGE, "edge", targets={"proxmox": proxmox, **self._canary("edge"), "nginx": of_yard["nginx"]}),
            _place(CHAIN, "chain", targets={"besu": {CHAIN: {"module": "network", "witnesses": witnesses}}}),
            _place(LINK, "link", targets={"link": of_yard["link"]}),
            _place(ZONE, "region", zone="lab", needs=NEEDED_IN_THE_ZONE),
            _place(FLEET, "fleet"),
        ]

    def _node(self, role: str, number: int) -> dict[str, Any]:
        return {"module": role, "role": role, "endpoint": self.chain.url(f"{role}-{number}")}

    def _datacenter(self, name: str) -> Targets:
        whole, by_metrics = self.storage.targets()
        return {
            "ceph": {f"ceph-{name}": whole if name == next(iter(CORE)) else by_metrics},
            "blackbox": {f"gateway-{name}": {"address": f"{self.nginx.url}{name}"}},
            "kubernetes-api": {f"api-{name}": {"address": f"http://{self.readiness[name].address}/readyz"}},
        }

    def _canary(self, tier: str) -> Targets:
        """One site of a tier has users."""
        return {"canary": {f"canary-{tier}": {"module": tier, "endpoint": f"{self.nginx.url}{tier}"}}}


def _place(name: str, tier: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "tier": tier, "region": "lab", **more}
