"""What is broken in a Ceph cluster, or about to be."""

from __future__ import annotations

from sankofa_exporters.ceph import families as ceph

from .rule import BY_SITE, tickets_of

FULL_SHARE = 0.85  # Ceph's own nearfull ratio: at 0.95 an OSD refuses writes
DAYS_TO_FULL = 4  # time to order nothing, and to move or delete something
_WORRY_SHARE = 0.6  # a growing cluster that is nearly empty is no trouble
_KNOWN = f"and on (job, instance, site) ({ceph.KNOWN.name} == 1)"
_USED, _SIZE = ceph.CAPACITY_USED.name, ceph.CAPACITY.name

_ticket = tickets_of("ceph")

ALERTS = (
    _ticket(
        name="CephDown",
        # Peering after an OSD's end blocks its PGs for a few seconds, which is no reason to wake anybody.
        expr=f"{BY_SITE} ({ceph.UP.name} == 0 {_KNOWN})",
        for_seconds=45,
        summary="{{ $labels.site }}: storage refuses reads or writes; what runs on it hangs",
        description="{{ $value }} Ceph cluster(s) of {{ $labels.site }} do not serve all their data.",
    ),
    _ticket(
        name="CephOsdDown",
        expr=f"sum by (tier, region, site) ({ceph.OSDS.name} - {ceph.OSDS_UP.name} {_KNOWN}) > 0",
        for_seconds=300,
        summary="{{ $labels.site }}: OSDs are down, data has fewer copies than it should",
        description="{{ $value }} OSD(s) of {{ $labels.site }} are down by the OSD map.",
    ),
    _ticket(
        name="CephMonMarginGone",
        expr=f"{BY_SITE} ({ceph.MON_MARGIN.name} == 0 and {ceph.MONS.name} >= 3 {_KNOWN})",
        for_seconds=120,
        summary="{{ $labels.site }}: one more lost monitor stops the cluster's maps",
        description="{{ $value }} Ceph cluster(s) of {{ $labels.site }} have a bare majority of monitors.",
    ),
    _ticket(
        name="CephCapacityShort",
        expr=(
            f"{BY_SITE} (({_USED} / {_SIZE} > {FULL_SHARE} {_KNOWN})\n"
            f"or (predict_linear({_USED}[1d], {DAYS_TO_FULL * 86400}) > {_SIZE} * {FULL_SHARE} {_KNOWN}\n"
            f"and on (job, instance, site) ({_USED} / {_SIZE} > {_WORRY_SHARE})\n"
            # A line through a few minutes foretells anything: the series must cover the window that it is drawn through.
            f"and on (job, instance, site) last_over_time({_USED}[1h] offset 23h)))"
        ),
        for_seconds=900,
        summary="{{ $labels.site }}: storage is nearly full, or will be within days",
        description="{{ $value }} Ceph cluster(s) of {{ $labels.site }} use or will soon use 85 % of their raw size.",
    ),
    _ticket(
        name="CephMirrorBroken",
        expr=f'sum by (tier, region, site) ({ceph.MIRROR_IMAGES.name}{{state=~"error|unknown"}} {_KNOWN}) > 0',
        for_seconds=600,
        summary="{{ $labels.site }}: images are not mirrored; losing the site loses new data",
        description="{{ $value }} mirrored image(s) of {{ $labels.site }} are in error or without a living peer.",
    ),
)
