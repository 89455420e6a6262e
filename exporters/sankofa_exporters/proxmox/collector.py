"""From a parsed Proxmox snapshot to samples: pure functions, one for each collector.

The rule that matters: a guest counts as running only when its node is online. Proxmox repeats the last state of a dead
node's guests for five minutes, so their state is unknown, not running.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sankofa_exporters.family import Family, Sample

from . import families as f
from .snapshot import Cluster, Guest, GuestState, Node, Permissions, Resources, Storage, Version

# What PVEAuditor on / gives; each is asked about on the path where a shortened answer would come from.
NEEDED_PRIVILEGES = (("/", "Sys.Audit"), ("/vms", "VM.Audit"), ("/storage", "Datastore.Audit"))
GUEST_STATES: tuple[GuestState, ...] = ("running", "stopped", "other", "unknown", "template")


def cluster_samples(cluster: Cluster) -> Iterator[Sample]:
    if cluster.quorate is not None:
        yield Sample(f.QUORATE, float(cluster.quorate))
        yield Sample(f.QUORUM_MARGIN, cluster.margin_votes)
    if cluster.name is not None:
        yield Sample(f.CLUSTER_INFO, 1, (cluster.name,))
    yield Sample(f.CLUSTER_NODES, len(cluster.online))
    for name, online in cluster.online.items():
        yield Sample(f.NODE_ONLINE, float(online), (name,))


def resource_samples(
    resources: Resources, cluster: Cluster | None, permissions: Permissions | None
) -> Iterator[Sample]:
    """Nodes, guests and storages; `cluster` and `permissions` are None when their own collector failed."""
    online = online_nodes(resources, cluster)
    for node in resources.nodes:
        yield from _node_samples(node, online)
    for guest in resources.guests:
        yield from _guest_samples(guest, guest_state(guest, online))
    for storage in resources.storages:
        yield from _storage_samples(storage, online)
    complete = resources.complete and permissions is not None and permissions.has("/vms", "VM.Audit")
    yield Sample(f.GUEST_LIST_COMPLETE, float(complete))
    if complete:
        counts = Counter(guest_state(guest, online) for guest in resources.guests)
        yield from (Sample(f.GUESTS, counts[state], (state,)) for state in GUEST_STATES)


def version_samples(version: Version) -> Iterator[Sample]:
    yield Sample(f.VERSION_INFO, 1, (version.version, version.release, version.repoid))


def permission_samples(permissions: Permissions) -> Iterator[Sample]:
    for path, privilege in NEEDED_PRIVILEGES:
        yield Sample(f.PRIVILEGE_MISSING, float(not permissions.has(path, privilege)), (path, privilege))


def online_nodes(resources: Resources, cluster: Cluster | None) -> frozenset[str]:
    """Nodes that nobody calls offline: two answers taken moments apart may differ, and doubt is not online."""
    listed = {node.name: node.online is True for node in resources.nodes}
    if cluster is None:
        return frozenset(name for name, online in listed.items() if online)
    return frozenset(name for name, online in cluster.online.items() if online and listed.get(name, True))


def guest_state(guest: Guest, online: frozenset[str]) -> GuestState:
    if guest.template:
        return "template"
    if guest.node not in online or guest.status == "unknown":
        return "unknown"
    if guest.status == "running":
        return "running"
    return "stopped" if guest.status == "stopped" else "other"


def _node_samples(node: Node, online: frozenset[str]) -> Iterator[Sample]:
    if node.name not in online:
        return
    yield from _present(
        (node.name,),
        (f.NODE_CPU, node.cpu_ratio),
        (f.NODE_CPUS, node.cpus),
        (f.NODE_MEMORY_USED, node.memory_used),
        (f.NODE_MEMORY, node.memory),
        (f.NODE_ROOT_USED, node.root_used),
        (f.NODE_ROOT, node.root),
        (f.NODE_UPTIME, node.uptime_seconds),
    )


def _guest_samples(guest: Guest, state: GuestState) -> Iterator[Sample]:
    yield Sample(f.GUEST_INFO, 1, (guest.id, guest.name, guest.node, guest.kind, str(int(guest.template))))
    if state == "template":
        return
    yield Sample(f.GUEST_RUNNING, float(state == "running"), (guest.id,))
    yield Sample(f.GUEST_KNOWN, float(state != "unknown"), (guest.id,))
    if state == "running":
        yield from _present(
            (guest.id,),
            (f.GUEST_CPU, guest.cpu_ratio),
            (f.GUEST_MEMORY_USED, guest.memory_used),
            (f.GUEST_MEMORY, guest.memory),
            (f.GUEST_UPTIME, guest.uptime_seconds),
        )


def _storage_samples(storage: Storage, online: frozenset[str]) -> Iterator[Sample]:
    labels = (storage.name, storage.node)
    yield Sample(f.STORAGE_INFO, 1, (*labels, storage.kind, str(int(storage.shared))))
    if storage.node not in online:
        return
    yield Sample(f.STORAGE_AVAILABLE, float(storage.status == "available"), labels)
    yield from _present(labels, (f.STORAGE_USED, storage.used), (f.STORAGE, storage.size))


def _present(labels: tuple[str, ...], *values: tuple[Family, float | None]) -> Iterator[Sample]:
    """Samples of the values that are there; an absent value is an absent series, never a zero."""
    return (Sample(family, value, labels) for family, value in values if value is not None)
