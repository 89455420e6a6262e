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
    help="1 when the guest runs, and is not paused, on a node that is online; read it only where sankofa_pve_guest_known is 1.",
)
GUEST_KNOWN = Family(
    name="sankofa_pve_guest_known",
    labels=("guest",),
    help="0 when the guest's node is offline (Proxmox repeats the last state for 5 minutes), its state is unknown, or two of its "
    "rows differ.",
)
GUESTS = Family(
    name="sankofa_pve_guests",
    labels=("state",),
    help="Guests by state: running, stopped, other (paused among them), unknown, template; absent without the right to see all "
    "guests.",
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
GUEST_CPUS = Family(
    name="sankofa_pve_guest_cpus",
    labels=("guest",),
    help="CPUs the guest may use; sankofa_pve_guest_cpu_usage_ratio is of these.",
)
GUEST_DISK_USED = Family(
    name="sankofa_pve_guest_disk_used_bytes",
    unit="bytes",
    labels=("guest",),
    help="Root disk in use by a container; absent for virtual machines, of which Proxmox does not know it.",
)
GUEST_DISK = Family(
    name="sankofa_pve_guest_disk_bytes", unit="bytes", labels=("guest",), help="Size of the guest's root disk."
)
GUEST_DISK_READ = Family(
    name="sankofa_pve_guest_disk_read_bytes_total",
    kind="counter",
    unit="bytes",
    labels=("guest",),
    help="Bytes the guest has read from its disks since it started, as of Proxmox' last look (every 10 seconds).",
)
GUEST_DISK_WRITTEN = Family(
    name="sankofa_pve_guest_disk_written_bytes_total",
    kind="counter",
    unit="bytes",
    labels=("guest",),
    help="Bytes the guest has written to its disks since it started.",
)
GUEST_RECEIVED = Family(
    name="sankofa_pve_guest_network_received_bytes_total",
    kind="counter",
    unit="bytes",
    labels=("guest",),
    help="Bytes the guest has received over its networks since it started.",
)
GUEST_TRANSMITTED = Family(
    name="sankofa_pve_guest_network_transmitted_bytes_total",
    kind="counter",
    unit="bytes",
    labels=("guest",),
    help="Bytes the guest has sent over its networks since it started.",
)
GUEST_PAUSED = Family(
    name="sankofa_pve_guest_paused",
    labels=("guest",),
    help="1 when the guest's process is there and its CPUs stand still: each run state of QEMU's but running (paused, "
    "suspended, shutdown, io-error, guest-panicked, ...); such a guest is not running. Absent where the guest is not known, or its "
    "state is a word that is none of them.",
)
GUEST_RUN_STATE = Family(
    name="sankofa_pve_guest_run_state_info",
    kind="info",
    labels=("guest", "state"),
    help="The state of a guest that neither runs nor is stopped, as Proxmox and QEMU call it; always 1, absent for all others.",
)
GUEST_LOCKED = Family(
    name="sankofa_pve_guest_locked",
    labels=("guest",),
    help="1 while an operation of Proxmox holds the guest's configuration, or was cut off and left it locked; absent where the "
    "guest is not known.",
)
GUEST_LOCK = Family(
    name="sankofa_pve_guest_lock_info",
    kind="info",
    labels=("guest", "lock"),
    help="Which operation holds a locked guest: backup, migrate, snapshot and others; always 1, absent without a lock.",
)
GUEST_TAGS = Family(
    name="sankofa_pve_guest_tags", labels=("guest",), help="Tags of the guest; absent for a guest without any."
)
GUEST_TAG = Family(
    name="sankofa_pve_guest_tag_info",
    kind="info",
    labels=("guest", "tag"),
    help="A tag of the guest; always 1. Of more than 16 only the first in the alphabet: sankofa_pve_guest_tags has their number.",
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
    help="1 when an online node reports the storage available; absent while the node is offline and where Proxmox calls the state "
    "unknown (away, switched off or not read yet): watch for its absence, it is never 0.",
)
STORAGE_USED = Family(
    name="sankofa_pve_storage_used_bytes",
    unit="bytes",
    labels=("storage", "node"),
    help="Bytes in use, where the storage is available; a shared storage appears once for each node, so do not sum it over nodes.",
)
STORAGE = Family(
    name="sankofa_pve_storage_bytes",
    unit="bytes",
    labels=("storage", "node"),
    help="Size of the storage, where it is available.",
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
    GUEST_CPUS,
    GUEST_DISK_USED,
    GUEST_DISK,
    GUEST_DISK_READ,
    GUEST_DISK_WRITTEN,
    GUEST_RECEIVED,
    GUEST_TRANSMITTED,
    GUEST_PAUSED,
    GUEST_RUN_STATE,
    GUEST_LOCKED,
    GUEST_LOCK,
    GUEST_TAGS,
    GUEST_TAG,
    GUEST_UPTIME,
    STORAGE_INFO,
    STORAGE_AVAILABLE,
    STORAGE_USED,
    STORAGE,
)
