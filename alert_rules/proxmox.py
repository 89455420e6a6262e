"""What is broken in a Proxmox cluster."""

from __future__ import annotations

from sankofa_exporters.proxmox import families as pve

from .rule import BY_SITE, SITE_BOARD, Alert

_KNOWN = f"and on (job, instance) ({pve.KNOWN.name} == 1)"

ALERTS = (
    Alert(
        name="PveQuorumLost",
        expr=f"{BY_SITE} ({pve.QUORATE.name} == 0 {_KNOWN})",
        for_seconds=15,
        severity="page",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: no guest can start, stop or move; HA is off",
        description="{{ $value }} Proxmox cluster(s) of {{ $labels.site }} have lost corosync quorum.",
    ),
    Alert(
        name="PveNodeOffline",
        expr=f"{BY_SITE} ({pve.NODE_ONLINE.name} == 0 {_KNOWN})",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: guests of a dead node are down until HA moves them",
        description="{{ $value }} Proxmox node(s) of {{ $labels.site }} have left the corosync membership.",
    ),
    Alert(
        name="PveNotKnown",
        expr=f"{BY_SITE} ({pve.KNOWN.name} == 0)",
        for_seconds=120,
        severity="ticket",
        kind="meta",
        scope="system",
        system="proxmox",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: nobody can say whether Proxmox is up or down",
        description="No seed node of {{ $value }} cluster(s) of {{ $labels.site }} gives a complete answer.",
    ),
)
