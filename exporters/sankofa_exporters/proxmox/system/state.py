"""What lives between the probes of one cluster: the client, and everything that is remembered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Remembered
from sankofa_exporters.proxmox.client import ProxmoxClient
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.resources import Guest, Resources, Storage
from sankofa_exporters.proxmox.snapshot.rows import is_guest_path, path_name

from .node_queries import CAP_SECONDS, NodePoller
from .rotation import CERTIFICATES, DISKS, SNAPSHOTS, STORED_BACKUPS, Ask, Rotation, Wanted
from .schedule import Facts, Schedule


@dataclass(kw_only=True)
class ClusterState:
    """One cluster."""

    client: ProxmoxClient
    schedule: Schedule
    poller: NodePoller
    rotation: Rotation
    clock: Callable[[], float] = time.monotonic
    identity: str | None = None  # of the cluster that this is: by its configured name, else the one that was seen first
    facts: Facts | None = None  # the last of each kind
    status: Remembered[Cluster] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.status = Remembered(name="cluster", period_seconds=0, cap_seconds=CAP_SECONDS, clock=self.clock)

    async def ask_cluster(self, budget: Budget) -> Cluster:
        """Another cluster than the one seen before, or a node that left it, never vouches for this target."""
        cluster = await self.client.cluster_status(budget, self.identity)
        if self.identity is None and (cluster.standalone or cluster.name is not None):
            self.identity = cluster.identity
        self.status.note(cluster)
        return cluster

    def last_cluster(self) -> Cluster | None:
        """Whose nodes are still asked while the status fails; never a verdict."""
        known = self.status.believable()
        return None if known is None else known.value

    def learn(self, facts: Facts) -> None:
        self.facts = facts.or_as(self.facts)

    def begin_detail(self) -> Remembered[Any] | None:
        """Ask for the one detail that is due most, among what was last known to be there."""
        facts = self.facts
        if facts is None or facts.cluster is None:
            return None
        names = {detail.name for detail in self.rotation.details}
        wanted = wanted_details(self.client, facts.cluster, facts.resources)
        return self.rotation.begin({name: keys for name, keys in wanted.items() if name in names})

    async def close(self) -> None:
        self.schedule.cancel()
        self.poller.cancel()
        self.rotation.cancel()
        await self.client.close()


def wanted_details(client: ProxmoxClient, cluster: Cluster, resources: Resources | None) -> Wanted:
    """Everything that a detail can be asked of; guests of a node that is offline keep what is known of them."""
    online = cluster.members
    return {
        CERTIFICATES.name: {node: partial(client.certificates, node) for node in online},
        DISKS.name: {node: partial(client.disks, node) for node in online},
        STORED_BACKUPS.name: dict(_storages(client, resources, set(online))),
        SNAPSHOTS.name: dict(_guests(client, resources, set(online))),
    }


def _guests(client: ProxmoxClient, resources: Resources | None, online: set[str]) -> Iterator[tuple[str, Ask | None]]:
    for guest in resources.guests if resources is not None else ():
        if not guest.template and is_guest_path(guest.id):
            yield guest.id, partial(client.snapshots, guest.node, guest.id) if _is_on(guest, online) else None


def _storages(client: ProxmoxClient, resources: Resources | None, online: set[str]) -> Iterator[tuple[str, Ask]]:
    """Each storage for backups of each node; a shared one through the first node that has it."""
    shared: set[str] = set()
    for storage in resources.storages if resources is not None else ():
        if not storage.available or not storage.holds_backups or not _is_on(storage, online):
            continue
        if storage.name in shared or not path_name(storage.name):
            continue
        if storage.shared:
            shared.add(storage.name)
        yield f"{storage.node}/{storage.name}", partial(client.stored_backups, storage.node, storage.name)


def _is_on(found: Guest | Storage, online: set[str]) -> bool:
    return found.node in online
