"""Budgets that burn, and that do not: each kind of indicator, what is not known, what is over, and what is told already.

15 s scrapes make 4 samples a step. The edge may lose 0.5 % of slots: its quick row is over with the fifth bad slot of an hour, its
slow one with the eleventh of six.
"""

from __future__ import annotations

from tests.alert_rules.case import Case

PVE = 'job="sankofa-proxmox", instance="pve-1", site="edge-1", tier="edge", region="r1"'
REPLICA = 'job="sankofa-besu", instance="besu-1", site="reg-1", tier="regional", region="r2", network="mainland"'
CORE = 'site="core-1", tier="core", region="r3"'
NETWORK = 'job="sankofa-besu", instance="mainland", site="mainland", tier="chain", region="all", network="mainland"'
AT_EDGE = 'site="edge-1", tier="edge", region="r1"'

AVAILABILITY = {"tier": "edge", "region": "r1", "site": "edge-1", "system": "proxmox", "slo": "availability-edge"}
LATENCY = {"tier": "regional", "region": "r2", "site": "reg-1", "system": "besu", "slo": "latency-chain-query"}
AVAILABILITY_CORE = {"tier": "core", "region": "r3", "site": "core-1", "system": "all", "slo": "availability-core"}
OF_CHAIN = {"tier": "chain", "region": "all", "site": "mainland"}
THROUGHPUT = OF_CHAIN | {"system": "besu", "slo": "throughput-chain"}
AVAILABILITY_CHAIN = OF_CHAIN | {"system": "besu", "slo": "availability-chain"}
RPO = AVAILABILITY | {"slo": "rpo"}
RTO = {"tier": "regional", "region": "r2", "site": "reg-1", "system": "all", "slo": "rto-regional"}
REGIONAL = RTO | {"slo": "availability-regional"}
REDUNDANCY = {"tier": "fleet", "region": "all", "site": "all", "system": "all", "slo": "redundancy-core"}


def pve(**series: str) -> dict[str, str]:
    return {f"sankofa_pve_{name}{{{PVE}}}": values for name, values in series.items()}


def calls(*, every: str, good: str) -> dict[str, str]:
    name = "sankofa_besu_eth_call_duration_seconds"
    return {f"{name}_count{{{REPLICA}}}": every, f'{name}_bucket{{{REPLICA}, le="0.2"}}': good}


def ceph(place: str, known: str, up: str) -> dict[str, str]:
    labels = f'job="sankofa-ceph", instance="ceph-1", {place}'
    return {f"sankofa_ceph_known{{{labels}}}": known, f"sankofa_ceph_up{{{labels}}}": up}


def validators(*ups: str) -> dict[str, str]:
    """Of the core datacenter, each by what it says."""
    series: dict[str, str] = {}
    for number, up in enumerate(ups):
        labels = f'job="sankofa-besu", instance="validator-{number}", {CORE}'
        series |= {f"sankofa_besu_known{{{labels}}}": "1x300", f"sankofa_besu_up{{{labels}}}": up}
    return series


def chain(**series: str) -> dict[str, str]:
    return {f"sankofa_besu_{name}{{{NETWORK}}}": values for name, values in series.items()}


def slots(bad: str) -> dict[str, str]:
    labels = 'job="sankofa-platform", slo="redundancy-core", site="all", tier="fleet", region="all"'
    name = "sankofa_slo_period_slots"
    return {f'{name}{{{labels}, state="good"}}': "100x300", f'{name}{{{labels}, state="bad"}}': bad}


STORM = pve(known="1x300", up="1x20 0x21 1x70")
LOST = {f"sankofa:site_down:now{{{AT_EDGE}}}": "0x24 1x24 0x60"}
PAGE = (
    Case(
        alert="SloBurn",
        world="five bad slots at the end of an hour",
        series=pve(known="1x300", up="1x200 0x100"),
        minute=55,
        fires=((AVAILABILITY, ""),),
    ),
    Case(alert="SloBurn", world="four bad slots", series=pve(known="1x300", up="1x20 0x100"), minute=9),
    Case(
        alert="SloBurn",
        world="five slots with a bad sample each",
        series=pve(known="1x300", up="1x20 " + "0 1 1 1 " * 5 + "1x50"),
        minute=10,
        fires=((AVAILABILITY, ""),),
    ),
    Case(
        alert="SloBurn",
        world="eleven bad slots of an hour, one in five",
        series=pve(known="1x300", up=("1x18 0 " * 12).strip()),
        minute=57,
        fires=((AVAILABILITY, ""),),
    ),
    Case(
        alert="SloBurn",
        world="burned, and well for three minutes",
        series=pve(known="1x300", up="1x20 0x39 1x80"),
        minute=18,
        fires=((AVAILABILITY, ""),),
    ),
    Case(
        alert="SloBurn",
        world="burned, and well for six minutes",
        series=pve(known="1x300", up="1x20 0x39 1x80"),
        minute=21,
    ),
    Case(
        alert="SloBurn",
        world="burned, and then nobody knows for half an hour",
        unknown=True,
        series=pve(known="1x60 0x120", up="1x20 0x160"),
        minute=45,
        fires=((AVAILABILITY, ""),),
    ),
    Case(
        alert="SloBurn",
        world="nobody knows",
        unknown=True,
        series=pve(known="1x20 0x100", up="1x20 0x100"),
        minute=15,
    ),
    Case(
        alert="SloBurn",
        world="the exporter is gone",
        unknown=True,
        series=pve(known="1x20 stale", up="1x20 stale"),
        minute=15,
    ),
    Case(
        alert="SloBurn",
        world="a new site with three bad samples in five minutes",
        series=pve(known="_x20 1x60", up="_x20 1x8 0x2 1x60"),
        minute=10,
    ),
    # Edge sites that were lost for five and a half minutes: the storm has had its page.
    Case(alert="SloBurn", world="a lost site, six minutes later", series=STORM | LOST, minute=11),
    Case(alert="SloBurn", world="it is back for a minute", series=STORM | LOST, minute=12),
    Case(alert="SloBurn", world="it is back for 382 s", series=STORM | LOST, minute=17),
    Case(
        alert="SloBurn",
        world="the same samples of a site that is not lost",
        series=STORM,
        minute=11,
        fires=((AVAILABILITY, ""),),
    ),
    Case(
        alert="SloBurn",
        world="twenty minutes of slow calls",
        series=calls(every="0+1x300", good="0+1x20 20x140"),
        minute=25,
        fires=((LATENCY, ""),),
    ),
    Case(
        alert="SloBurn",
        world="nine slow minutes: over the threshold, but too few calls to prove it",
        series=calls(every="0+1x300", good="0+1x24 24x96"),
        minute=15,
    ),
    Case(
        alert="SloBurn",
        world="a new replica, slow from its first call, for eight minutes",
        series=calls(every="_x20 0+1x100", good="_x20 0x100"),
        minute=13,
    ),
    Case(alert="SloBurn", world="no calls", series=calls(every="7x300", good="7x300"), minute=15),
    Case(
        alert="SloBurn",
        world="a part of a datacenter is down for three slots",
        series=ceph(CORE, "1x300", "1x20 0x100") | validators("1x300"),
        minute=8,
        fires=((AVAILABILITY_CORE, ""),),
    ),
    Case(
        alert="SloBurn",
        world="one of two validators is down, and then the other one instead",
        series=ceph(CORE, "1x300", "1x300") | validators("1x20 0x20 1x80", "1x41 0x80"),
        minute=20,
    ),
    Case(
        alert="SloBurn",
        world="both validators are down",
        series=ceph(CORE, "1x300", "1x300") | validators("1x20 0x100", "1x20 0x100"),
        minute=8,
        fires=((AVAILABILITY_CORE, ""),),
    ),
    Case(
        alert="SloBurn",
        world="the validator that is seen is down, another one is expected",
        unknown=True,
        series=ceph(CORE, "1x300", "1x300")
        | validators("1x20 0x100")
        | {f'sankofa:target_expected:now{{{CORE}, system="besu"}}': "2x300"},
        minute=15,
    ),
    Case(
        alert="SloBurn",
        world="too few transactions while too many wait",
        series=chain(transactions_total="0+1500x300", network_waiting_transactions="3000x300"),
        minute=15,
        fires=((THROUGHPUT, ""),),
    ),
    Case(
        alert="SloBurn",
        world="few transactions, and few that wait",
        series=chain(transactions_total="0+1500x300", network_waiting_transactions="9x300"),
        minute=15,
    ),
    Case(
        alert="SloBurn",
        world="few transactions, and nobody says how many wait",
        unknown=True,
        series=chain(transactions_total="0+1500x300"),
        minute=15,
    ),
    Case(
        alert="SloBurn",
        world="a replica grows older than 15 minutes",
        series={f'sankofa_pve_replication_last_sync_timestamp_seconds{{{PVE}, replication="1"}}': "0x300"},
        minute=18,
        fires=((RPO, ""),),
    ),
    Case(
        alert="SloBurn",
        world="a replica is made every five minutes",
        series={
            f'sankofa_pve_replication_last_sync_timestamp_seconds{{{PVE}, replication="1"}}': " ".join(
                f"{at}x19" for at in range(0, 6000, 300)
            )
        },
        minute=40,
    ),
    Case(
        alert="SloBurn",
        world="a chain is down",
        series=chain(network_known="1x300", network_up="1x20 0x100"),
        minute=8,
        fires=((AVAILABILITY_CHAIN, ""),),
    ),
    Case(
        alert="SloBurn",
        world="a chain that has its own page",
        series=chain(network_known="1x300", network_up="1x20 0x100")
        | {'ALERTS{alertname="BesuHeadStalled", alertstate="firing", severity="page", site="mainland"}': "_x23 1x97"},
        minute=15,
    ),
    Case(alert="SloBurn", world="a fleet's redundancy, which is its sites'", series=slots("0x20 0+1x200"), minute=35),
)
TICKET = (
    Case(
        alert="SloDrain",
        world="nobody knows",
        unknown=True,
        series=pve(known="1x20 0x110", up="1x20 0x110"),
        minute=15,
    ),
    Case(
        alert="SloDrain",
        world="a datacenter is down for longer than an hour",
        series=ceph('site="reg-1", tier="regional", region="r2"', "1x300", "1x4 0x296"),
        minute=65,
        fires=((RTO, ""), (REGIONAL, "")),
    ),
    Case(
        alert="SloDrain",
        world="a datacenter is down for an hour but one slot in the middle",
        series=ceph('site="reg-1", tier="regional", region="r2"', "1x300", "1x4 0x120 1x7 0x170"),
        minute=65,
        fires=((REGIONAL, ""),),
    ),
    Case(
        alert="SloDrain",
        world="the platform counts a bad slot of the fleet",
        series=slots("0x80 1x200"),
        minute=25,
        fires=((REDUNDANCY, ""),),
    ),
    Case(alert="SloDrain", world="the platform counts a new period", series=slots("9x80 0x200"), minute=25),
)


def steps(*, bad: str, valid: str) -> dict[str, str]:
    """What would have been recorded of an edge site, each minute."""
    labels = ", ".join(f'{name}="{value}"' for name, value in AVAILABILITY.items())
    return {f"sankofa:slo_bad:step{{{labels}}}": bad, f"sankofa:slo_valid:step{{{labels}}}": valid}


# Worlds of many hours, of which the steps are given and the sums are evaluated each five minutes.
LONG = (
    Case(
        alert="SloBurn",
        world="three bad samples after 350 minutes in which nobody knew",
        unknown=True,
        series=pve(known="0x1397 1x2 0x60", up="0x1500"),
        minute=350,
    ),
    Case(
        alert="SloBurn",
        world="burned, and then gone for seven hours: nothing is left that says so",
        unknown=True,
        series=steps(bad="0x10 1x10 stale", valid="1x20 stale"),
        interval_seconds=60,
        minute=500,
    ),
    Case(
        alert="SloBurn",
        world="burned, and then gone for five hours",
        unknown=True,
        series=steps(bad="0x10 1x10 stale", valid="1x20 stale"),
        interval_seconds=60,
        minute=320,
        fires=((AVAILABILITY, ""),),
    ),
    Case(
        alert="SloDrain",
        world="22 bad slots of a day, two of them in the last two hours",
        series=steps(bad="1x19 0x1270 1 1 0x100", valid="1x1500"),
        interval_seconds=60,
        minute=1350,
        fires=((AVAILABILITY, ""),),
    ),
    Case(
        alert="SloDrain",
        world="21 bad slots",
        series=steps(bad="1x18 0x1271 1 1 0x100", valid="1x1500"),
        interval_seconds=60,
        minute=1350,
    ),
)
CASES = (*PAGE, *TICKET, *LONG)
