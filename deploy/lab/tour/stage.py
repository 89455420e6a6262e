"""The parts of the tour: the yard's sources spread over three sites, a Prometheus for each party, and the lab's chain and platform.

Gateways, device, probe and canary are real programs. The readiness of a Kubernetes API and what stands behind the gateways are
answered by a thread of ours (`deploy.lab.sources.origin`), the chain is anvil. Both parties read one set of exporters, as
one device has one: their Prometheus servers, counts and keys are their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.lab.sources.gateway import ask
from deploy.lab.sources.origin import Origin
from deploy.lab.sources.scraper import Scraper
from deploy.lab.sources.yard import Yard
from deploy.lab.stack import ROLES, Lab, shorten
from deploy.lab.tour.cast import CAP_PPM, CAST, CORE, EDGE, REGIONAL, WORK, Part
from deploy.parts import CHECKOUT

PARTIES = ("prometheus", "prometheus-tenant")
HAS = {
    CORE: ("kubernetes-api", "blackbox", "link"),
    REGIONAL: ("gateway",),
    EDGE: ("canary", "nginx"),
}  # which entries of the catalogue are scraped where
# The lab has neither Ceph nor Besu: its core datacenter is there when these two are.
PARTS = ("kubernetes-api-core", "gateway-core")
BOUND = 10  # requests a second: a ten-thousandth of what is promised


@dataclass(kw_only=True)
class Sites(Yard):
    """The yard, where each site has its own: what is slow for one site's users is quick for another's."""

    behind_nginx: Origin = field(default_factory=Origin)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.nginx.origin = self.behind_nginx

    def start(self) -> None:
        self.behind_nginx.start()
        super().start()

    def stop(self) -> None:
        super().stop()
        self.behind_nginx.stop()

    def fleet(self) -> dict[str, Any]:
        """The yard's fleet file with its one site's targets spread over three."""
        whole = super().fleet()
        (one,) = whole["spec"]["sites"]
        sites = [
            {"name": part.site, "tier": part.tier, "region": one["region"]}
            | {"targets": {name: one["targets"][name] for name in entries}}
            for part, entries in HAS.items()
        ]
        return {**whole, "spec": {"sites": sites}}


@dataclass(kw_only=True)
class Stage(Lab):
    """The lab with other sources, other specs and three tenants."""

    roles: tuple[str, ...] = (*(role for role in ROLES if role != "tenant"), *(part.tenant for part in CAST))
    attestors_apart: bool = False  # the demo has them apart
    sites: Sites = field(init=False)

    def __post_init__(self) -> None:
        self.sites = Sites(processes=self.processes)

    @property
    def exclusions(self) -> Path:
        """The file in which attestors are told of planned work."""
        return self.folder / "exclusions.json"

    def close(self) -> None:
        """What of the sources lives in this process; programs end with `processes`."""
        self.sites.stop()

    def start_sources(self) -> None:
        self.sites.start()
        ask(self.sites.haproxy.url, 4)  # a counter of requests needs a request

    def start_monitoring(self) -> None:
        for name in PARTIES:
            port, scrape = self.port(name), self.plan.scrape_seconds
            Scraper(processes=self.processes, yard=self.sites, scrape_seconds=scrape, name=name, port=port).start()
        self.sites.canary.wait_for_answers("canary-1")

    def fleet(self) -> dict[str, Any]:
        return self.sites.fleet()

    def targets(self) -> int:
        return sum(len(named) for site in self.fleet()["spec"]["sites"] for named in site["targets"].values())

    def write_specs(self, *, starts_at: int) -> Path:
        """The committed specs of the three promises, in the lab's lengths, and an agreement with each tenant."""
        slos = CHECKOUT / "deploy" / "specs" / "slos"
        for file in [*(slos / f"{part.slo}.yaml" for part in CAST), *(slos / "parts" / f"{one}.yaml" for one in PARTS)]:
            slo = yaml.safe_load(file.read_text(encoding="utf-8"))
            shorten(slo, starts_at, self.plan)
            _fit(slo)
            self.write(f"specs/{file.name}", yaml.safe_dump(slo))
        self.write("specs/fleet.yaml", yaml.safe_dump(self.fleet()))
        self.write_indicators()
        for part in CAST:
            self._write_terms(part, starts_at)
        return self.folder / "specs"

    def _write_terms(self, part: Part, starts_at: int) -> None:
        bands = [{"belowPpm": below, "creditPpm": credit} for below, credit in part.bands]
        self.write_agreement(
            part.agreement,
            tenant=part.tenant,
            role=part.tenant,
            starts_at=starts_at,
            fee=part.fee,
            capPpm=CAP_PPM,
            promises=[{"slo": part.slo, "site": part.site, "bands": bands}],
            exclusionNoticeSeconds=WORK.notice_slots * self.plan.slot_seconds,
        )


def _fit(slo: dict[str, Any]) -> None:
    """What the lab has and can drive: a bound is a field, and so are the parts of a datacenter."""
    match slo["metadata"]["name"]:
        case CORE.slo:
            slo["metadata"]["annotations"]["sankofa.observe/parts"] = ", ".join(PARTS)
        case REGIONAL.slo:
            slo["spec"]["objectives"][0]["value"] = BOUND
