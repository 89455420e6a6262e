"""Whether the cluster lives, who belongs to it, and how many votes are to spare."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

UP = Family(
    name="sankofa_pve_up",
    help="1 when a witness says the cluster is quorate and at least one node is online; read it only where "
    "sankofa_pve_known is 1.",
)
KNOWN = Family(
    name="sankofa_pve_known",
    help="1 when a seed node gave a complete cluster status; 0 means unknown, never down.",
)
QUORATE = Family(name="sankofa_pve_cluster_quorate", help="1 when corosync says the cluster has quorum.")
CLUSTER_INFO = Family(
    name="sankofa_pve_cluster_info", kind="info", labels=("name",), help="The cluster's own name; always 1."
)
CLUSTER_NODES = Family(name="sankofa_pve_cluster_nodes", help="Nodes in the corosync configuration, online or not.")
NODE_ONLINE = Family(
    name="sankofa_pve_node_online", labels=("node",), help="1 when the node is a corosync member; changes at once."
)
QUORUM_MARGIN = Family(
    name="sankofa_pve_quorum_margin_votes",
    unit="votes",
    help="Votes present above the majority, with the votes of corosync.conf and of a connected QDevice; negative without "
    "quorum, absent while a vote is not known.",
)
NODE_VOTES = Family(
    name="sankofa_pve_node_votes",
    unit="votes",
    labels=("node",),
    help="Votes of the node in corosync.conf; remembered for as long as corosync.conf keeps its version, at most an hour.",
)
QDEVICE_CONFIGURED = Family(
    name="sankofa_pve_qdevice_configured",
    help="1 when the node that answered runs a QDevice daemon; remembered for up to 2 minutes.",
)
QDEVICE_CONNECTED = Family(
    name="sankofa_pve_qdevice_connected",
    help="1 when the answering node's QDevice is connected to its qnetd; absent without a QDevice; remembered for up to "
    "2 minutes.",
)
QDEVICE_INFO = Family(
    name="sankofa_pve_qdevice_info",
    kind="info",
    labels=("model", "algorithm"),
    help="What kind of QDevice there is; always 1.",
)

FAMILIES = (
    UP,
    KNOWN,
    QUORATE,
    CLUSTER_INFO,
    CLUSTER_NODES,
    NODE_ONLINE,
    QUORUM_MARGIN,
    NODE_VOTES,
    QDEVICE_CONFIGURED,
    QDEVICE_CONNECTED,
    QDEVICE_INFO,
)
