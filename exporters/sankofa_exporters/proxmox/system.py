"""Proxmox VE as a system of the exporter: settings in, a source with four collectors out.

Four upstream calls a probe in health. When a witness denies quorum the other seeds are asked too: only one partition of
a split cluster can be quorate, so a single quorate witness proves that the cluster lives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sankofa_exporters.bounds import Bounds
from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.family import Family, Sample
from sankofa_exporters.fetch import open_client, tls_context
from sankofa_exporters.registry import System
from sankofa_exporters.runtime import Collector, Results, Verdict

from .client import ProxmoxClient
from .collector import cluster_samples, permission_samples, resource_samples, version_samples
from .families import FAMILIES, KNOWN, UP
from .settings import ProxmoxModule, ProxmoxTarget
from .snapshot import (
    Cluster,
    Permissions,
    Resources,
    Version,
    parse_cluster,
    parse_permissions,
    parse_resources,
    parse_version,
)

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class ProxmoxSource:
    """One cluster."""

    client: ProxmoxClient
    up: Family = UP
    known: Family = KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        return (
            Collector(name="cluster", fetch=self._cluster, samples=lambda r: cluster_samples(r["cluster"])),
            Collector(name="resources", fetch=self._resources, samples=_resource_samples),
            Collector(name="version", fetch=self._version, samples=lambda r: version_samples(r["version"])),
            Collector(
                name="permissions", fetch=self._permissions, samples=lambda r: permission_samples(r["permissions"])
            ),
        )

    def verdict(self, results: Results, now: float) -> Verdict:  # noqa: ARG002 - Proxmox gives no clock
        cluster = _only(Cluster, results["cluster"])
        if cluster is None:
            return Verdict.UNKNOWN
        return Verdict.UP if cluster.serves else Verdict.DOWN

    def standing(self) -> tuple[Sample, ...]:
        return ()

    async def close(self) -> None:
        await self.client.http.aclose()

    async def _cluster(self, budget: Budget) -> Cluster:
        """The view of the first quorate witness, else of the first readable one, else the first seed's trouble."""
        trouble: CollectorError | None = None
        denied: Cluster | None = None
        for seed, share in self.client.turns():
            try:
                view = parse_cluster(
                    await self.client.ask(seed, "cluster/status", budget.slice(budget.remaining() * share))
                )
            except CollectorError as error:
                trouble = trouble or error
                continue
            if view.serves:
                return view
            denied = denied or view
        if denied is None:
            raise trouble or CollectorError(Kind.TIMEOUT, "cluster/status: no seed was asked")
        return denied

    async def _resources(self, budget: Budget) -> Resources:
        return parse_resources(await self.client.get("cluster/resources", budget))

    async def _version(self, budget: Budget) -> Version:
        return parse_version(await self.client.get("version", budget))

    async def _permissions(self, budget: Budget) -> Permissions:
        return parse_permissions(await self.client.get("access/permissions", budget))


def _resource_samples(results: Results) -> Any:
    return resource_samples(
        results["resources"], _only(Cluster, results["cluster"]), _only(Permissions, results["permissions"])
    )


def _only(wanted: type[V], result: Any) -> V | None:
    """The result of another collector, or None when it failed."""
    return result if isinstance(result, wanted) else None


def open_source(module: ProxmoxModule, target: ProxmoxTarget, bounds: Bounds) -> ProxmoxSource:
    client = ProxmoxClient(
        http=open_client(verify=tls_context(module.ca_file)),
        endpoints=target.endpoints,
        token_file=module.token_file,
        body_bytes=bounds.body_bytes,
    )
    return ProxmoxSource(client=client)


SYSTEM = System(
    name="proxmox",
    title="Sankofa Proxmox exporter",
    default_address=":9221",
    module_type=ProxmoxModule,
    target_type=ProxmoxTarget,
    open=open_source,
    families=FAMILIES,
)
