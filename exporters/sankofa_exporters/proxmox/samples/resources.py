"""Nodes, guests joined with their node's state, and storages.

The rule that matters: a guest counts as running only when its node is online. Proxmox repeats the last state of a dead
node's guests for five minutes, so their state is unknown, not running.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Literal

from sankofa_exporters.model.family import Family, Sample, present
from sankofa_exporters.proxmox.families import resources as f
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.resources import NOT_PAUSED, PAUSED, Guest, Node, Resources, Storage
from sankofa_exporters.proxmox.snapshot.rights import GUESTS, Permissions

GuestState = Literal["running", "stopped", "other", "unknown", "template"]
GUEST_STATES: tuple[GuestState, ...] = ("running", "stopped", "other", "unknown", "template")

MAX_TAGS = 16  # of a guest, in series; their number is exported beside
_OF_A_RUNNING_GUEST: tuple[tuple[Family, str], ...] = (
    (f.GUEST_CPU, "cpu_ratio"),
    (f.GUEST_CPUS, "cpus"),
    (f.GUEST_MEMORY_USED, "memory_used"),
    (f.GUEST_MEMORY, "memory"),
    (f.GUEST_UPTIME, "uptime_seconds"),
    (f.GUEST_DISK_USED, "disk_used"),
    (f.GUEST_DISK, "disk"),
    (f.GUEST_DISK_READ, "disk_read"),
    (f.GUEST_DISK_WRITTEN, "disk_written"),
    (f.GUEST_RECEIVED, "received"),
    (f.GUEST_TRANSMITTED, "transmitted"),
)
_make_sample = partial(tuple.__new__, Sample)  # Sample(...) is a call of Python's, four times as slow


def resource_samples(
    resources: Resources, cluster: Cluster | None, permissions: Permissions | None
) -> Iterator[Sample]:
    """`cluster` and `permissions` are None when they are not known."""
    online = online_nodes(resources, cluster)
    states = [guest_state(guest, online) for guest in resources.guests]
    for node in resources.nodes:
        yield from _node_samples(node, online)
    yield from _guest_samples(list(zip(resources.guests, states, strict=True)))
    for storage in resources.storages:
        yield from _storage_samples(storage, online)
    complete = every_guest_is_seen(resources, permissions)
    yield Sample(f.GUEST_LIST_COMPLETE, float(complete))
    if complete:
        counts = Counter(states)
        yield from (Sample(f.GUESTS, counts[state], (state,)) for state in GUEST_STATES)


def every_guest_is_seen(resources: Resources, permissions: Permissions | None) -> bool:
    return resources.complete and permissions is not None and permissions.covers(GUESTS.path, GUESTS.privilege)


def online_nodes(resources: Resources, cluster: Cluster | None) -> frozenset[str]:
    """Nodes that nobody calls offline: two answers taken moments apart may differ, and doubt is not online."""
    listed = {node.name: node.online is True for node in resources.nodes}
    if cluster is None:
        return frozenset(name for name, online in listed.items() if online)
    return frozenset(name for name in cluster.members if listed.get(name, True))


def guest_state(guest: Guest, online: frozenset[str]) -> GuestState:
    if guest.template:
        return "template"
    if guest.node not in online or guest.state == "unknown":
        return "unknown"
    if guest.state == "running":
        return "running"
    return "stopped" if guest.state == "stopped" else "other"


def _node_samples(node: Node, online: frozenset[str]) -> Iterator[Sample]:
    if node.name not in online:
        return
    yield from present(
        (node.name,),
        (f.NODE_CPU, node.cpu_ratio),
        (f.NODE_CPUS, node.cpus),
        (f.NODE_MEMORY_USED, node.memory_used),
        (f.NODE_MEMORY, node.memory),
        (f.NODE_ROOT_USED, node.root_used),
        (f.NODE_ROOT, node.root),
        (f.NODE_UPTIME, node.uptime_seconds),
    )


def _guest_samples(guests: list[tuple[Guest, GuestState]]) -> Iterator[Sample]:
    """Family by family, as columns: a thousand guests are most of what a probe costs."""
    for guest, _ in guests:
        if guest.node:  # else two rows differ, and where it is and what it is called is not known
            labels = (guest.id, guest.name, guest.node, guest.kind, "1" if guest.template else "0")
            yield Sample(f.GUEST_INFO, 1, labels)
    judged = [(guest, state, (guest.id,)) for guest, state in guests if state != "template"]
    everyone = [labels for _, _, labels in judged]
    yield from _column(f.GUEST_RUNNING, [1.0 if state == "running" else 0.0 for _, state, _ in judged], everyone)
    yield from _column(f.GUEST_KNOWN, [0.0 if state == "unknown" else 1.0 for _, state, _ in judged], everyone)
    known = [(guest, labels) for guest, state, labels in judged if state != "unknown"]
    known_labels = [labels for _, labels in known]
    yield from _column(f.GUEST_PAUSED, [_paused(guest) for guest, _ in known], known_labels)
    yield from _column(f.GUEST_LOCKED, [1.0 if guest.lock else 0.0 for guest, _ in known], known_labels)
    yield from [Sample(f.GUEST_LOCK, 1, (guest.id, guest.lock)) for guest, _ in known if guest.lock]
    others = [guest for guest, state, _ in judged if state == "other"]
    yield from [Sample(f.GUEST_RUN_STATE, 1, (guest.id, guest.state)) for guest in others]
    yield from _use_samples([one for one in known if one[0].state == "running" or one[0].state in PAUSED])
    for guest, _ in guests:
        if guest.tags:
            yield from _tag_samples(guest)


def _paused(guest: Guest) -> float | None:
    if guest.state in NOT_PAUSED:
        return 0.0
    return 1.0 if guest.state in PAUSED else None


def _use_samples(running: list[tuple[Guest, tuple[str, ...]]]) -> Iterator[Sample]:
    """What guests use whose process is there, paused ones included."""
    labels = [one for _, one in running]
    columns = dict(zip(Guest._fields, zip(*(guest for guest, _ in running), strict=True), strict=False))
    for family, field in _OF_A_RUNNING_GUEST:
        yield from _column(family, columns.get(field, ()), labels)


def _column(family: Family, values: Sequence[float | None], labels: Sequence[tuple[str, ...]]) -> Iterable[Sample]:
    """A family's samples without those that have no value."""
    if None in values:
        pairs = [(value, one) for value, one in zip(values, labels, strict=True) if value is not None]
        return [Sample(family, value, one) for value, one in pairs]
    return map(_make_sample, zip(repeat(family), values, labels, strict=False))


def _tag_samples(guest: Guest) -> Iterator[Sample]:
    tags = guest.tag_list
    yield Sample(f.GUEST_TAGS, len(tags), (guest.id,))
    yield from (Sample(f.GUEST_TAG, 1, (guest.id, tag)) for tag in tags[:MAX_TAGS])


def _storage_samples(storage: Storage, online: frozenset[str]) -> Iterator[Sample]:
    labels = (storage.name, storage.node)
    yield Sample(f.STORAGE_INFO, 1, (*labels, storage.kind, str(int(storage.shared))))
    if storage.node in online and storage.available:
        yield Sample(f.STORAGE_AVAILABLE, 1, labels)
        yield from present(labels, (f.STORAGE_USED, storage.used), (f.STORAGE, storage.size))
