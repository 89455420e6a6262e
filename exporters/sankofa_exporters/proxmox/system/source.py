"""A Proxmox cluster as a source of the exporter: settings in, collectors and a verdict out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.source import Collector, Results, Verdict, only
from sankofa_exporters.proxmox.client import ProxmoxApi, ProxmoxClient
from sankofa_exporters.proxmox.families import FAMILIES, KNOWN, UP
from sankofa_exporters.proxmox.samples import samples_by_collector
from sankofa_exporters.proxmox.settings import ProxmoxModule, ProxmoxTarget
from sankofa_exporters.proxmox.signals import SIGNALS
from sankofa_exporters.proxmox.snapshot.cluster import Cluster, named
from sankofa_exporters.proxmox.verdict import verdict
from sankofa_exporters.registry import System

from .calls import Calls
from .node_queries import NodePoller, NodeQuery
from .rotation import DETAILS, Rotation
from .schedule import QUESTIONS, RIGHTS, Schedule
from .state import ClusterState

Fetch = Callable[[Budget], Awaitable[Any]]
TASKS_PERIODS = 5  # backups end once a day: their log is read less often


@dataclass(frozen=True, kw_only=True)
class ProxmoxSource:
    """One cluster."""

    state: ClusterState
    replication: bool = True
    up: Family = UP
    known: Family = KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        """Made for each probe: they share its calls."""
        calls, samples = Calls(self.state), samples_by_collector(with_replication=self.replication)
        status = (
            Collector(name="cluster", fetch=calls.cluster, samples=samples["cluster"]),
            Collector(name="resources", fetch=calls.resources, samples=samples["resources"]),
            Collector(name="ha", fetch=calls.ha, samples=samples["ha"], age_seconds=_age),
        )
        asked: list[tuple[str, Fetch]] = [
            (one.name, partial(calls.slow, one)) for one in self.state.schedule.open_questions()
        ]
        asked += [(one.name, partial(calls.of_nodes, one)) for one in self.state.poller.queries]
        asked += [(one.name, partial(calls.detail, one)) for one in self.state.rotation.open_details()]
        remembered = [
            Collector(name=name, fetch=fetch, samples=samples[name], age_seconds=_age, required=name == RIGHTS.name)
            for name, fetch in asked
        ]
        return (*status, *remembered)

    def verdict(self, results: Results, now: float) -> Verdict:  # noqa: ARG002 - corosync's membership has no clock
        return verdict(only(Cluster, results.get("cluster")))

    def standing(self) -> tuple[Sample, ...]:
        return ()

    async def close(self) -> None:
        await self.state.close()


def _age(result: Any, _now: float) -> float:
    """Of what is remembered, by our clock; of HA, by the answering node's."""
    return float(result.age_seconds)


def open_source(module: ProxmoxModule, target: ProxmoxTarget, bounds: Bounds) -> ProxmoxSource:
    def api(*, judges_silence: bool) -> ProxmoxApi:
        return ProxmoxApi(
            http=module.open_client(),
            endpoints=target.endpoints,
            token_file=module.token_file,
            body_bytes=bounds.body_bytes,
            judges_silence=judges_silence,
        )

    client = ProxmoxClient(cluster=api(judges_silence=True), nodes=api(judges_silence=False))
    state = ClusterState(
        client=client,
        identity=None if target.cluster_name is None else named(target.cluster_name),
        schedule=Schedule(client=client, questions=tuple(one for one in QUESTIONS if module.asks(one.name))),
        poller=NodePoller(
            queries=tuple(one for one in node_queries(client, module.node_refresh_seconds) if module.asks(one.name))
        ),
        rotation=Rotation(details=tuple(one for one in DETAILS if module.asks(one.name))),
    )
    return ProxmoxSource(state=state, replication=module.asks("replication"))


def node_queries(client: ProxmoxClient, refresh_seconds: float) -> tuple[NodeQuery, ...]:
    """What each node is asked, in this order."""
    return (
        NodeQuery(name="replication", ask=client.replication, period_seconds=refresh_seconds),
        NodeQuery(name="zfs", ask=client.zfs, period_seconds=refresh_seconds),
        NodeQuery(name="backup_tasks", ask=client.backup_tasks, period_seconds=refresh_seconds * TASKS_PERIODS),
    )


SYSTEM = System(
    name="proxmox",
    title="Sankofa Proxmox exporter",
    default_address=":9221",
    module_type=ProxmoxModule,
    target_type=ProxmoxTarget,
    open=open_source,
    families=FAMILIES,
    signals=SIGNALS,
)
