"""For each alert: what the world looks like when it must fire, and when it must not. A table, no logic.

Series are written as promtool reads them (`1x20` is 1 and twenty more). Minutes count from the first scrape.
"""

from __future__ import annotations

from tests.alert_rules import (
    cases_besu,
    cases_burn,
    cases_canary,
    cases_ceph,
    cases_cloudflare,
    cases_ourselves,
    cases_proxmox,
    cases_security,
    cases_state,
)
from tests.alert_rules.case import Case

PVE = 'job="sankofa-proxmox", instance="pve-1", site="edge-1", tier="edge", region="r1", system="proxmox"'
BESU = 'job="sankofa-besu", instance="besu-1", site="reg-1", tier="regional", region="r2", system="besu", network="mainland"'
BESU_2 = BESU.replace("besu-1", "besu-2").replace("reg-1", "reg-2")
OURS = 'job="sankofa-platform", instance="platform:9800", site="platform", tier="core", region="all"'

EDGE = {"tier": "edge", "region": "r1", "site": "edge-1", "system": "proxmox"}
REGIONAL = {"tier": "regional", "region": "r2", "site": "reg-1", "system": "besu"}
CHAIN = {"tier": "core", "region": "all", "site": "mainland", "system": "besu"}


def pve(**series: str) -> dict[str, str]:
    return {f"sankofa_pve_{name}{{{PVE}}}": values for name, values in series.items()}


def besu(labels: str = BESU, **series: str) -> dict[str, str]:
    return {f"sankofa_besu_{name}{{{labels}}}": values for name, values in series.items()}


def calls(*, all_calls: str, good: str, known: str = "1x300") -> dict[str, str]:
    name = "sankofa_besu_eth_call_duration_seconds"
    return besu(known=known) | {f"{name}_count{{{BESU}}}": all_calls, f'{name}_bucket{{{BESU}, le="0.2"}}': good}


TWO_NODES = {
    f'sankofa_pve_node_online{{{PVE}, node="n1"}}': "1x40",
    f'sankofa_pve_node_online{{{PVE}, node="n2"}}': "1x4 0x36",
}
PROXMOX = (
    Case(
        alert="PveQuorumLost",
        world="quorum lost for 30 s",
        series=pve(known="1x40", cluster_quorate="1x4 0x36"),
        minute=1.75,
        fires=((EDGE, "1"),),
    ),
    Case(alert="PveQuorumLost", world="just lost", series=pve(known="1x40", cluster_quorate="1x4 0x36"), minute=1.25),
    Case(alert="PveQuorumLost", world="quorate", series=pve(known="1x40", cluster_quorate="1x40"), minute=5),
    Case(
        alert="PveQuorumLost",
        world="nobody knows",
        unknown=True,
        series=pve(known="0x40", cluster_quorate="0x40"),
        minute=5,
    ),
    Case(
        alert="PveNodeOffline", world="one of two", series=pve(known="1x40") | TWO_NODES, minute=5, fires=((EDGE, "1"),)
    ),
    Case(alert="PveNodeOffline", world="both online", series=pve(known="1x40") | TWO_NODES, minute=1),
    Case(alert="PveNodeOffline", world="nobody knows", unknown=True, series=pve(known="0x40") | TWO_NODES, minute=5),
)

CHAIN_STOPS = besu(known="1x40", head_timestamp_seconds="0+15x8 120x32")
CHAIN_RUNS_ELSEWHERE = besu(BESU_2, known="1x40", head_timestamp_seconds="0+15x40")
CHAIN_BESU = (
    Case(alert="BesuHeadStalled", world="no block for 60 s", series=CHAIN_STOPS, minute=3, fires=((CHAIN, "1m 0s"),)),
    Case(alert="BesuHeadStalled", world="blocks come", series=CHAIN_STOPS, minute=2),
    Case(alert="BesuHeadStalled", world="one reader lags", series=CHAIN_STOPS | CHAIN_RUNS_ELSEWHERE, minute=3),
    Case(
        alert="BesuHeadStalled",
        world="nobody knows",
        unknown=True,
        series=besu(known="1x8 0x32", head_timestamp_seconds="0+15x8 120x32"),
        minute=4,
    ),
    Case(alert="BesuNodeDown", world="down", series=besu(known="1x40", up="0x40"), minute=2, fires=((REGIONAL, "1"),)),
    Case(alert="BesuNodeDown", world="up", series=besu(known="1x40", up="1x40"), minute=2),
    Case(alert="BesuNodeDown", world="nobody knows", unknown=True, series=besu(known="0x40", up="0x40"), minute=5),
    Case(
        alert="BesuQuerySlow",
        world="every second call",
        series=calls(all_calls="0+2x40", good="0+1x40"),
        minute=8,
        fires=((REGIONAL, "50.0"),),
    ),
    Case(alert="BesuQuerySlow", world="all quick", series=calls(all_calls="0+2x40", good="0+2x40"), minute=8),
    Case(alert="BesuQuerySlow", world="no calls", series=calls(all_calls="9x40", good="3x40"), minute=8),
    Case(
        alert="BesuQuerySlow",
        world="nobody knows",
        unknown=True,
        series=calls(all_calls="0+2x40", good="0+1x40", known="0x40"),
        minute=8,
    ),
)

_UP = {f"up{{{PVE}}}": "1x40"}
_PRIVILEGE = f'sankofa_pve_privilege_missing{{{PVE}, path="/vms", privilege="VM.Audit"}}'
_PERMISSION = f'sankofa_collector_error{{{BESU}, collector="peers", kind="permission"}}'
_DELAY = f"sankofa_probe_delay_seconds{{{BESU}}}"
OBSERVER = (
    Case(alert="ExporterDown", world="no scrape", series={f"up{{{PVE}}}": "0x40"}, minute=2, fires=((EDGE, "1"),)),
    Case(alert="ExporterDown", world="scraped", series=_UP, minute=2),
    Case(
        alert="ExporterDown",
        world="scraped, the target unknown",
        unknown=True,
        series=_UP | pve(known="0x40"),
        minute=2,
    ),
    Case(
        alert="ExporterPrivilegeMissing",
        world="a right lacks",
        series={_PRIVILEGE: "1x40"},
        minute=6,
        fires=((EDGE, "1"),),
    ),
    Case(
        alert="ExporterPrivilegeMissing",
        world="refused",
        series={_PERMISSION: "1x40"},
        minute=6,
        fires=((REGIONAL, "1"),),
    ),
    Case(alert="ExporterPrivilegeMissing", world="all rights", series={_PRIVILEGE: "0x40"}, minute=6),
    Case(
        alert="ExporterPrivilegeMissing",
        world="failed for another reason",
        unknown=True,
        series={_PERMISSION.replace("permission", "timeout"): "1x40"},
        minute=6,
    ),
    Case(
        alert="ExporterStarved",
        world="each fourth probe is late by half a second",
        series=besu(known="1x80") | {_DELAY: "0 0 0 0.5 " * 20},
        minute=15,
        fires=((REGIONAL, "1"),),
    ),
    Case(
        alert="ExporterStarved",
        world="late by half a second now and then",
        series=besu(known="1x80") | {_DELAY: ("0 " * 9 + "0.5 ") * 8},
        minute=15,
    ),
    Case(
        alert="ExporterStarved",
        world="late by a little, always",
        series=besu(known="1x80") | {_DELAY: "0.05x80"},
        minute=15,
    ),
    Case(
        alert="ExporterStarved",
        world="quick, and the target is unknown",
        unknown=True,
        series=besu(known="0x80") | {_DELAY: "0x80"},
        minute=15,
    ),
)

CASES = (
    *cases_burn.CASES,
    *PROXMOX,
    *cases_proxmox.CASES,
    *CHAIN_BESU,
    *cases_besu.CASES,
    *cases_canary.CASES,
    *cases_ceph.CASES,
    *cases_cloudflare.CASES,
    *OBSERVER,
    *cases_ourselves.CASES,
    *cases_security.CASES,
    *cases_state.CASES,
)
