"""For each alert: what the world looks like when it must fire, and when it must not. A table, no logic.

Series are written as promtool reads them (`1x20` is 1 and twenty more). Minutes count from the first scrape.
"""

from __future__ import annotations

from tests.alert_rules import cases_besu, cases_burn, cases_canary, cases_ceph, cases_cloudflare, cases_proxmox
from tests.alert_rules.case import Case

PVE = 'job="sankofa-proxmox", instance="pve-1", site="edge-1", tier="edge", region="r1"'
BESU = 'job="sankofa-besu", instance="besu-1", site="reg-1", tier="regional", region="r2", network="mainland"'
BESU_2 = BESU.replace("besu-1", "besu-2").replace("reg-1", "reg-2")
OURS = 'job="sankofa-platform", instance="platform:9800", site="platform", tier="core", region="all"'

EDGE = {"tier": "edge", "region": "r1", "site": "edge-1", "system": "proxmox"}
REGIONAL = {"tier": "regional", "region": "r2", "site": "reg-1", "system": "besu"}
CHAIN = {"tier": "core", "region": "all", "site": "mainland", "system": "besu"}
PLATFORM = {"tier": "core", "region": "all", "site": "platform", "system": "platform"}


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
    Case(
        alert="PveNotKnown", world="nobody knows", series=pve(known="0x40", up="0x40"), minute=3, fires=((EDGE, "1"),)
    ),
    Case(alert="PveNotKnown", world="known to be down", series=pve(known="1x40", up="0x40"), minute=3),
    Case(
        alert="PveNotKnown",
        world="the exporter is gone",
        unknown=True,
        series=pve(known="0 stale", up="0 stale"),
        minute=3,
    ),
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
    Case(alert="BesuNotKnown", world="nobody knows", series=besu(known="0x40"), minute=3, fires=((REGIONAL, "1"),)),
    Case(alert="BesuNotKnown", world="known to be down", series=besu(known="1x40", up="0x40"), minute=3),
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

_SITES = {
    f'sankofa_site_info{{site="edge-1", tier="edge", region="r1", {OURS.partition(", site")[0]}}}': "1x40",
    f'sankofa_site_info{{site="edge-2", tier="edge", region="r1", {OURS.partition(", site")[0]}}}': "1x40",
}
SILENT = {"tier": "edge", "region": "r1", "site": "edge-2", "system": "observer"}
_UP = {f"up{{{PVE}}}": "1x40"}
_UP_2 = {f"up{{{PVE.replace('edge-1', 'edge-2')}}}": "1x40"}
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
    Case(alert="SiteSilent", world="one of two", series=_SITES | _UP, minute=2, fires=((SILENT, ""),)),
    Case(alert="SiteSilent", world="both heard", series=_SITES | _UP | _UP_2, minute=2),
    Case(
        alert="SiteSilent",
        world="heard, but it does not know",
        unknown=True,
        series=_SITES | _UP | _UP_2 | pve(known="0x40"),
        minute=2,
    ),
)

_STAGE = f'sankofa_pipeline_last_success_timestamp_seconds{{{OURS}, stage="observe"}}'


def _waits(kind: str, reason: str) -> str:
    return f'sankofa_waiting_seconds{{{OURS}, kind="{kind}", reason="{reason}"}}'


def _newest(observer: str) -> str:
    return f'sankofa_observer_newest_slot_timestamp_seconds{{{OURS}, observer="{observer}"}}'


def _alone(how: str) -> str:
    return f'sankofa_observer_verdicts{{{OURS}, observer="north", alone="{how}"}}'


def _unclear(tier: str) -> str:
    return f'sankofa_undetermined_verdicts{{{OURS}, slo="availability-{tier}"}}'


_HELD = f'sankofa_settlements{{{OURS}, state="held"}}'
MONEY = (
    Case(
        alert="PipelineStalled",
        world="no success for 17 minutes",
        series={_STAGE: "0x80"},
        minute=17,
        fires=((PLATFORM, "1"),),
    ),
    Case(alert="PipelineStalled", world="a tick ago", series={_STAGE: "0+15x80"}, minute=16),
    Case(
        alert="PipelineStalled",
        world="no platform: ExporterDown says so",
        unknown=True,
        series={f"up{{{OURS}}}": "0x80"},
        minute=16,
    ),
    Case(alert="SettlementHeld", world="two held", series={_HELD: "2x40"}, minute=1, fires=((PLATFORM, "2"),)),
    Case(alert="SettlementHeld", world="none held", series={_HELD: "0x40"}, minute=1),
    Case(alert="SettlementHeld", world="no platform", unknown=True, series={f"up{{{OURS}}}": "0x80"}, minute=1),
    Case(
        alert="VerdictUndetermined",
        world="three of two SLOs",
        series={_unclear("edge"): "2x40", _unclear("core"): "1x40"},
        minute=6,
        fires=((PLATFORM, "3"),),
    ),
    Case(alert="VerdictUndetermined", world="none", series={_unclear("edge"): "0x40"}, minute=6),
    Case(alert="VerdictUndetermined", world="no platform", unknown=True, series={f"up{{{OURS}}}": "0x80"}, minute=6),
    Case(
        alert="WaitingLong",
        world="a period for ten minutes past its bound, another for less",
        series={_waits("period", "slots"): "4200x8", _waits("period", "source"): "3700x8"},
        minute=1,
        fires=((PLATFORM, "10m 0s"),),
    ),
    Case(
        alert="WaitingLong",
        world="a verdict for a day, which has a week, and no settlement",
        series={_waits("verdict", "person"): "86400x8", _waits("settlement", "computed"): "0x8"},
        minute=1,
    ),
    Case(alert="WaitingLong", world="no platform", unknown=True, series={f"up{{{OURS}}}": "0x80"}, minute=11),
    Case(
        alert="ObserverSilent",
        world="one of three stands since the beginning",
        series={_newest("north"): "0x160", _newest("east"): "0+15x160", _newest("west"): "0+15x160"},
        minute=37,
        fires=((PLATFORM, "1"),),
    ),
    Case(alert="ObserverSilent", world="all count", series={_newest("north"): "0+15x160"}, minute=37),
    Case(alert="ObserverSilent", world="no platform", unknown=True, series={f"up{{{OURS}}}": "0x160"}, minute=37),
    Case(
        alert="ObserverDiffers",
        world="one that saw two promises otherwise and one not at all",
        series={_alone("otherwise"): "2x40", _alone("cannot tell"): "1x40", _alone("the same"): "9x40"},
        minute=6,
        fires=((PLATFORM, "3"),),
    ),
    Case(
        alert="ObserverDiffers",
        world="all the same",
        series={_alone("the same"): "9x40", _alone("otherwise"): "0x40"},
        minute=6,
    ),
    Case(alert="ObserverDiffers", world="no platform", unknown=True, series={f"up{{{OURS}}}": "0x80"}, minute=6),
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
    *MONEY,
)
