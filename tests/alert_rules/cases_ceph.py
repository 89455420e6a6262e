"""Worlds of Ceph clusters: when their alerts must fire, and when they must not. A table, no logic."""

from __future__ import annotations

from tests.alert_rules.case import Case

LABELS = 'job="sankofa-ceph", instance="ceph-1", site="edge-1", tier="edge", region="r1"'
EDGE = {"tier": "edge", "region": "r1", "site": "edge-1", "system": "ceph"}


def ceph(**series: str) -> dict[str, str]:
    return {f"sankofa_ceph_{name}{{{LABELS}}}": values for name, values in series.items()}


def images(state: str, values: str) -> dict[str, str]:
    return {f'sankofa_ceph_mirror_images{{{LABELS}, pool="vm", state="{state}"}}': values}


# At this pace 0.85 of the size is passed within four days.
GROWING = ceph(known="1x90", capacity_bytes="1000x90", capacity_used_bytes="601+0.05x90")
EMPTY = ceph(known="1x90", capacity_bytes="1000x90", capacity_used_bytes="100+0.05x90")
CASES = (
    Case(alert="CephDown", world="down", series=ceph(known="1x40", up="0x40"), minute=2, fires=((EDGE, "1"),)),
    Case(alert="CephDown", world="up", series=ceph(known="1x40", up="1x40"), minute=2),
    Case(alert="CephDown", world="peering for two scrapes", series=ceph(known="1x40", up="1x4 0x1 1x30"), minute=2),
    Case(alert="CephDown", world="nobody knows", unknown=True, series=ceph(known="0x40", up="0x40"), minute=5),
    Case(
        alert="CephObjectsUnfound",
        world="two objects",
        series=ceph(known="1x40", objects_unfound="2x40"),
        minute=3,
        fires=((EDGE, "2"),),
    ),
    Case(alert="CephObjectsUnfound", world="none", series=ceph(known="1x40", objects_unfound="0x40"), minute=3),
    Case(
        alert="CephObjectsUnfound",
        world="nobody knows",
        unknown=True,
        series=ceph(known="0x40", objects_unfound="2x40"),
        minute=3,
    ),
    Case(
        alert="CephOsdDown",
        world="two of twelve",
        series=ceph(known="1x40", osds="12x40", osds_up="10x40"),
        minute=6,
        fires=((EDGE, "2"),),
    ),
    Case(alert="CephOsdDown", world="all up", series=ceph(known="1x40", osds="12x40", osds_up="12x40"), minute=6),
    Case(alert="CephOsdDown", world="restarted", series=ceph(known="1x40", osds="3x40", osds_up="2x8 3x31"), minute=6),
    Case(
        alert="CephOsdDown",
        world="nobody knows",
        unknown=True,
        series=ceph(known="0x40", osds="12x40", osds_up="10x40"),
        minute=6,
    ),
    Case(
        alert="CephMonMarginGone",
        world="two of three",
        series=ceph(known="1x40", mons="3x40", mon_margin_votes="0x40"),
        minute=3,
        fires=((EDGE, "1"),),
    ),
    Case(
        alert="CephMonMarginGone",
        world="all three",
        series=ceph(known="1x40", mons="3x40", mon_margin_votes="1x40"),
        minute=3,
    ),
    Case(
        alert="CephMonMarginGone",
        world="a cluster of one monitor never has a margin",
        series=ceph(known="1x40", mons="1x40", mon_margin_votes="0x40"),
        minute=3,
    ),
    Case(
        alert="CephMonMarginGone",
        world="nobody knows",
        unknown=True,
        series=ceph(known="0x40", mons="3x40", mon_margin_votes="0x40"),
        minute=3,
    ),
    Case(
        alert="CephCapacityShort",
        world="nearly full",
        series=ceph(known="1x80", capacity_bytes="100x80", capacity_used_bytes="86x80"),
        minute=16,
        fires=((EDGE, "1"),),
    ),
    Case(alert="CephCapacityShort", world="full in days, by a line through minutes", series=GROWING, minute=20),
    Case(alert="CephCapacityShort", world="growing, but nearly empty", series=EMPTY, minute=20),
    Case(
        alert="CephCapacityShort",
        world="half full",
        series=ceph(known="1x80", capacity_bytes="100x80", capacity_used_bytes="50x80"),
        minute=16,
    ),
    Case(
        alert="CephCapacityShort",
        world="nobody knows",
        unknown=True,
        series=ceph(known="0x80", capacity_bytes="100x80", capacity_used_bytes="86x80"),
        minute=16,
    ),
    Case(
        alert="CephMirrorBroken",
        world="one in error, one without peer",
        series=ceph(known="1x60") | images("error", "1x60") | images("unknown", "1x60") | images("ready", "5x60"),
        minute=11,
        fires=((EDGE, "2"),),
    ),
    Case(
        alert="CephMirrorBroken",
        world="all well",
        series=ceph(known="1x60") | images("error", "0x60") | images("ready", "5x60"),
        minute=11,
    ),
    Case(
        alert="CephMirrorBroken",
        world="nobody knows",
        unknown=True,
        series=ceph(known="0x60") | images("error", "1x60"),
        minute=11,
    ),
)
