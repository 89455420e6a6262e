"""Proxmox' golden signals: votes to spare, services that are not as asked, the age of backups and of replicas."""

from __future__ import annotations

from sankofa_exporters.model.signal import AT, Signal, at

from .families import backup, cluster, ha, replication, resources

_REPLICATED = replication.REPLICATION_LAST_SYNC.name
_NOT_AS_ASKED = at('state=~"error|fence|recovery"')
_BACKED_UP = backup.NODE_BACKUP_GOOD.name

SIGNALS = (
    Signal(
        title="Votes to spare",
        means="Votes above the majority: at 0 the next lost node stops the cluster (PveQuorumLost).",
        expr=f"{cluster.QUORUM_MARGIN.name}{AT}",
        legend="{{site}} {{instance}}",
        decimals=0,
        worst="lowest",
        watch=1,
        bad=0,
    ),
    Signal(
        title="HA services in error",
        means="Services that HA gave up (error), fences or recovers: they do not run as asked (PveHaServiceFailed).",
        expr=f"sum by (tier, region, site) ({ha.HA_SERVICES.name}{_NOT_AS_ASKED})",
        legend="{{site}}",
        decimals=0,
        bad=1,
    ),
    Signal(
        title="Age of the last good backup",
        means="Since a node's newest good backup task ended; a node without any has no line (PveBackupFailed).",
        expr=f"timestamp({_BACKED_UP}{AT}) - {_BACKED_UP}{AT}",
        legend="{{site}} {{node}}",
        unit="s",
        watch=86400,
        bad=172800,
    ),
    Signal(
        title="Age of replicas",
        means="What a guest would fall back to: since its last good copy began (PveReplicationFailing).",
        expr=f"timestamp({_REPLICATED}{AT}) - {_REPLICATED}{AT}",
        legend="{{site}} {{replication}}",
        unit="s",
        watch=1800,
        bad=7200,
    ),
    Signal(
        title="Nodes online",
        means="Members of corosync over all that are configured; a node of which nobody can say is not counted (PveNodeOffline).",
        expr=f"sum by (tier, region, site, instance) ({cluster.NODE_ONLINE.name}{AT})\n"
        f"/ sum by (tier, region, site, instance) ({cluster.CLUSTER_NODES.name}{AT})",
        legend="{{site}} {{instance}}",
        unit="percentunit",
        worst="lowest",
        watch=1,
        bad=0.67,
    ),
    Signal(
        title="Memory of nodes",
        means="Memory in use over what there is: guests of a lost node must fit on the others.",
        expr=f"{resources.NODE_MEMORY_USED.name}{AT} / ({resources.NODE_MEMORY.name}{AT} > 0)",
        legend="{{site}} {{node}}",
        unit="percentunit",
        watch=0.8,
        bad=0.95,
    ),
)
