"""Ceph's golden signals: what serves, what is degraded, what is left of the space, and what clients do."""

from __future__ import annotations

from sankofa_exporters.model.signal import AT, Signal, margin

from . import families as f

_USED = (
    f"sum by (tier, region, site) ({f.CAPACITY_USED.name}{AT})\n/ sum by (tier, region, site) ({f.CAPACITY.name}{AT})"
)
_SPEED = f"sum by (tier, region, site) (deriv({f.CAPACITY_USED.name}{AT}[6h]))"
_LEFT = f"sum by (tier, region, site) ({f.CAPACITY.name}{AT} - {f.CAPACITY_USED.name}{AT})"

SIGNALS = (
    Signal(
        title="Pools that serve",
        means="Share of a pool's placement groups that take reads and writes; under 1 some data hangs (CephDown).",
        expr=f"{f.POOL_AVAILABLE.name}{AT}",
        legend="{{site}} {{pool}}",
        unit="percentunit",
        worst="lowest",
        watch=1,
        bad=0.999,
    ),
    Signal(
        title="Degraded copies",
        means="Missing copies over all there should be: how much would be lost or hang with the next failure (CephOsdDown).",
        expr=f"{f.OBJECTS_DEGRADED.name}{AT} / ({f.OBJECT_COPIES.name}{AT} > 0)",
        legend="{{site}} {{instance}}",
        unit="percentunit",
        watch=0.001,
        bad=0.05,
    ),
    Signal(
        title="Capacity used",
        means="Raw bytes in use over the size of all OSDs; see the days that are left beside it (CephCapacityShort).",
        expr=_USED,
        legend="{{site}}",
        unit="percentunit",
        watch=0.7,
        bad=0.85,
    ),
    Signal(
        title="Clients' operations",
        means="Client reads and writes a second, as Ceph averages them; a fall to none while pools serve is worth a look.",
        expr=f"{f.CLIENT_READS.name}{AT} + {f.CLIENT_WRITES.name}{AT}",
        legend="{{site}} {{instance}}",
        unit="iops",
    ),
    Signal(
        title="Time until full",
        means="Free raw bytes over the growth of the last 6 h; absent for a cluster that does not grow (CephCapacityShort).",
        expr=f"{_LEFT}\n/ ({_SPEED} > 0) / 86400",
        legend="{{site}}",
        unit="d",
        decimals=0,
        worst="lowest",
        watch=30,
        bad=7,
    ),
    margin(
        title="Monitors to spare",
        means="Monitors in the quorum above the majority: at 0 the next lost one stops the cluster (CephMonMarginGone).",
        expr=f"{f.MON_MARGIN.name}{AT}",
    ),
    Signal(
        title="Slow operations",
        means="Operations that wait longer than Ceph's warning of 30 s, of all daemons.",
        expr=f"{f.SLOW_OPERATIONS.name}{AT}",
        legend="{{site}} {{instance}}",
        decimals=0,
        watch=1,
        bad=100,
    ),
)
