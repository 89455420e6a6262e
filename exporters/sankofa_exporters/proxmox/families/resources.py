"""Nodes, guests joined with their node's state, and storages."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

NODE_CPU = Family(
    name="sankofa_pve_node_cpu_usage_ratio", unit="ratio", labels=("node",), help="Share of the node's CPUs in use."
)
NODE_CPUS = Family(name="sankofa_pve_node_cpus", labels=("node",), help="Logical CPUs of the node.")
NODE_MEMORY_USED = Family(
    name="sankofa_pve_node_memory_used_bytes", unit="bytes", labels=("node",), help="Memory in use on the node."
)
NODE_MEMORY = Family(name="sankofa_pve_node_memory_bytes", unit="bytes", labels=("node",), help="Memory of the node.")
NODE_ROOT_USED = Family(
    name="sankofa_pve_node_rootfs_used_bytes", unit="bytes", labels=("node",), help="Root file system in use."
)
NODE_ROOT = Family(
    name="sankofa_pve_node_rootfs_bytes", unit="bytes", labels=("node",), help="Size of the root file system."
)
NODE_UPTIME = Family(
    name="sankofa_pve_node_uptime_seconds", unit="seconds", labels=("node",), help="Time since the node booted."
)
GUEST_INFO = Family(
    name="sankofa_pve_guest_info",
    kind="info",
    labels=("guest", "name", "node", "kind", "template"),
    help="Where a guest is and what it is called; kind is qemu or lxc; always 1.",
)
GUEST_RUNNING = Family(
    name="sankofa_pve_guest_running",
    labels=("guest",),
    help="1 when the guest runs on a node that is online; read it only where sankofa_pve_guest_known is 1.",
)
GUEST_KNOWN = Family(
    name="sankofa_pve_guest_known",
    labels=("guest",),
    help="0 when the guest's node is offline (Proxmox repeats the last state for 5 minutes) or its state is unknown.",
)
GUESTS = Family(
    name="sankofa_pve_guests",
    labels=("state",),
    help="Guests by state: running, stopped, other, unknown, template; absent without the right to see all guests.",
)
GUEST_LIST_COMPLETE = Family(
    name="sankofa_pve_guest_list_complete",
    help="1 when the token is proven to see every guest; Proxmox shortens the list silently otherwise.",
)
GUEST_CPU = Family(
    name="sankofa_pve_guest_cpu_usage_ratio", unit="ratio", labels=("guest",), help="Share of the guest's CPUs in use."
)
GUEST_MEMORY_USED = Family(
    name="sankofa_pve_guest_memory_used_bytes", unit="bytes", labels=("guest",), help="Memory in use by the guest."
)
GUEST_MEMORY = Family(
    name="sankofa_pve_guest_memory_bytes", unit="bytes", labels=("guest",), help="Memory the guest may use."
)
GUEST_UPTIME = Family(
    name="sankofa_pve_guest_uptime_seconds", unit="seconds", labels=("guest",), help="Time since the guest started."
)
STORAGE_INFO = Family(
    name="sankofa_pve_storage_info",
    kind="info",
    labels=("storage", "node", "kind", "shared"),
    help="What a storage is; kind is Proxmox' plugin type; always 1.",
)
STORAGE_AVAILABLE = Family(
    name="sankofa_pve_storage_available",
    labels=("storage", "node"),
    help="1 when an online node reports the storage available; absent while the node is offline.",
)
STORAGE_USED = Family(
    name="sankofa_pve_storage_used_bytes",
    unit="bytes",
    labels=("storage", "node"),
    help="Bytes in use; a shared storage appears once for each node, so do not sum it over nodes.",
)
STORAGE = Family(
    name="sankofa_pve_storage_bytes", unit="bytes", labels=("storage", "node"), help="Size of the storage."
)

FAMILIES = (
    NODE_CPU,
    NODE_CPUS,
    NODE_MEMORY_USED,
    NODE_MEMORY,
    NODE_ROOT_USED,
    NODE_ROOT,
    NODE_UPTIME,
    GUEST_INFO,
    GUEST_RUNNING,
    GUEST_KNOWN,
    GUESTS,
    GUEST_LIST_COMPLETE,
    GUEST_CPU,
    GUEST_MEMORY_USED,
    GUEST_MEMORY,
    GUEST_UPTIME,
    STORAGE_INFO,
    STORAGE_AVAILABLE,
    STORAGE_USED,
    STORAGE,
)
