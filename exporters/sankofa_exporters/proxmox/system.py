"""Proxmox VE as a system of the exporter: settings in, a source with its collectors out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.source import Collector, Results, Verdict
from sankofa_exporters.reading.http import open_client, tls_context
from sankofa_exporters.registry import System

from .client import ProxmoxClient
from .errands import errands
from .families import FAMILIES, KNOWN, UP
from .memory import Aged
from .round import Round
from .samples.backup import backup_job_samples, backup_task_samples, coverage_samples
from .samples.cluster import cluster_samples, qdevice_samples, votes_samples
from .samples.ha import ha_samples
from .samples.replication import replication_samples
from .samples.resources import resource_samples
from .samples.rights import permission_samples, version_samples
from .samples.zfs import zfs_samples
from .settings import ProxmoxModule, ProxmoxTarget
from .snapshot.cluster import Cluster
from .snapshot.quorum import QDevice, Votes
from .snapshot.resources import Resources
from .snapshot.rights import Permissions, Version
from .visits import Visits
from .watch import Watch

V = TypeVar("V")
Samples = Callable[[Results], Iterable[Sample]]


@dataclass(frozen=True, kw_only=True)
class ProxmoxSource:
    """One cluster."""

    watch: Watch
    replication: bool = True
    up: Family = UP
    known: Family = KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        """Made for each probe: they share its calls."""
        calls = Round(self.watch)
        samples = _samples(with_replication=self.replication)
        three = (
            Collector(name="cluster", fetch=calls.cluster, samples=samples["cluster"]),
            Collector(name="resources", fetch=calls.resources, samples=samples["resources"]),
            Collector(name="ha", fetch=calls.ha, samples=samples["ha"], age_seconds=_age),
        )
        in_turn = (
            Collector(
                name=question.name,
                fetch=partial(calls.slow, question),
                samples=samples[question.name],
                age_seconds=_age,
                required=question.name == "permissions",
            )
            for question in self.watch.open_questions()
        )
        of_nodes = (
            Collector(
                name=errand.name,
                fetch=partial(calls.of_nodes, errand),
                samples=samples[errand.name],
                age_seconds=_age,
                required=False,
            )
            for errand in self.watch.visits.errands
        )
        return (*three, *in_turn, *of_nodes)

    def verdict(self, results: Results, now: float) -> Verdict:  # noqa: ARG002 - corosync's word has no clock
        cluster = _only(Cluster, results["cluster"])
        if cluster is None:
            return Verdict.UNKNOWN
        return Verdict.UP if cluster.serves else Verdict.DOWN

    def standing(self) -> tuple[Sample, ...]:
        return ()

    async def close(self) -> None:
        await asyncio.gather(*(client.http.aclose() for client in self.watch.clients))


def _age(result: Any, _now: float) -> float:
    """Of what is remembered, by our clock; of HA, by the answering node's."""
    return float(result.age_seconds)


def _samples(*, with_replication: bool) -> Mapping[str, Samples]:
    """Each collector's samples, from its own result and what else it needs of this probe."""

    def permissions(results: Results) -> Iterable[Sample]:
        return permission_samples(
            results["permissions"].value, _only(Version, results.get("version")), with_replication=with_replication
        )

    return {
        "cluster": lambda r: cluster_samples(
            r["cluster"], _only(Votes, r.get("votes")), _only(QDevice, r.get("qdevice"))
        ),
        "resources": lambda r: resource_samples(r["resources"], *_cluster_and_rights(r)),
        "ha": lambda r: ha_samples(r["ha"], _only(Cluster, r["cluster"])),
        "permissions": permissions,
        "version": lambda r: version_samples(r["version"].value),
        "votes": lambda r: votes_samples(r["votes"].value),
        "qdevice": lambda r: qdevice_samples(r["qdevice"].value),
        "backup_coverage": lambda r: coverage_samples(
            r["backup_coverage"].value, _only(Resources, r["resources"]), _cluster_and_rights(r)[1]
        ),
        "backup_jobs": lambda r: backup_job_samples(r["backup_jobs"].value),
        "replication": lambda r: replication_samples(
            r["replication"], *_cluster_and_rights(r), _only(Version, r.get("version"))
        ),
        "zfs": lambda r: zfs_samples(r["zfs"], _only(Cluster, r["cluster"])),
        "backup_tasks": lambda r: backup_task_samples(
            r["backup_tasks"],
            _only(Cluster, r["cluster"]),
            _only(Resources, r["resources"]),
            _only(Permissions, r.get("permissions")),
        ),
    }


def _cluster_and_rights(results: Results) -> tuple[Cluster | None, Permissions | None]:
    return _only(Cluster, results["cluster"]), _only(Permissions, results.get("permissions"))


def _only(wanted: type[V], result: Any) -> V | None:
    """The result of another collector, remembered or fresh; None when it failed or was not asked yet."""
    value = result.value if isinstance(result, Aged) else result
    return value if isinstance(value, wanted) else None


def open_source(module: ProxmoxModule, target: ProxmoxTarget, bounds: Bounds) -> ProxmoxSource:
    def client() -> ProxmoxClient:
        return ProxmoxClient(
            http=open_client(verify=tls_context(module.ca_file)),
            endpoints=target.endpoints,
            token_file=module.token_file,
            body_bytes=bounds.body_bytes,
        )

    # Two clients: a node that hangs behind its seed must not hold the connections that the verdict needs, nor make a
    # good seed look late.
    nodes = client()
    visits = Visits(errands=errands(nodes, module.node_refresh_seconds, replication=module.replication))
    watch = Watch(client=client(), nodes=nodes, visits=visits)
    return ProxmoxSource(watch=watch, replication=module.replication)


SYSTEM = System(
    name="proxmox",
    title="Sankofa Proxmox exporter",
    default_address=":9221",
    module_type=ProxmoxModule,
    target_type=ProxmoxTarget,
    open=open_source,
    families=FAMILIES,
)
