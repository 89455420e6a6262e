"""Causes and ourselves: what is broken in a system, in an exporter, in the platform.

Each expression first says that the exporter *knows* (`known == 1`), so that a source nobody can read is reported as not
known and never as down. Counts are taken by site: an alert names a place, its value says how many things there.
"""

from __future__ import annotations

from sankofa_exporters import catalogue
from sankofa_exporters.besu import families as besu
from sankofa_exporters.proxmox import families as pve

from .metrics import PIPELINE_SUCCESS, SETTLEMENTS, SITE_INFO
from .rule import Alert, Group

FLEET, SITE = "sk-fleet", "sk-site"
EXPORTER_JOBS = "sankofa-(proxmox|besu)"
HEAD_STALL_SECONDS = 30  # a QBFT block is due every 2 to 5 s; several rounds have failed by then
PIPELINE_STALL_SECONDS = 900  # a tick judges five slots of 60 s: three ticks were missed
SLOW_QUERY_PERCENT = 20  # of about 20 probe calls in 5 minutes: one alone may be slow
PLATFORM_IDENTITY = {"tier": "core", "region": "all", "site": "platform"}
NETWORK_IDENTITY = {"tier": "core", "region": "all"}

_BY_SITE = "count by (tier, region, site)"
_UNSCRAPED = 'up{job=~"sankofa-.+"} == 0'
_REFUSED = f'{catalogue.COLLECTOR_ERROR.name}{{kind="permission"}} == 1'
_BY_SYSTEM = "count by (tier, region, site, system)"
_PVE_KNOWN = f"and on (job, instance) ({pve.KNOWN.name} == 1)"
_BESU_KNOWN = f"and on (job, instance) ({besu.KNOWN.name} == 1)"


def _with_system(expr: str) -> str:
    return f'label_replace({expr}, "system", "$1", "job", "sankofa-(.+)")'


PROXMOX = (
    Alert(
        name="PveQuorumLost",
        expr=f"{_BY_SITE} ({pve.QUORATE.name} == 0 {_PVE_KNOWN})",
        for_seconds=15,
        severity="page",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE,
        summary="{{ $labels.site }}: no guest can start, stop or move; HA is off",
        description="{{ $value }} Proxmox cluster(s) of {{ $labels.site }} have lost corosync quorum.",
    ),
    Alert(
        name="PveNodeOffline",
        expr=f"{_BY_SITE} ({pve.NODE_ONLINE.name} == 0 {_PVE_KNOWN})",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="proxmox",
        dashboard=SITE,
        summary="{{ $labels.site }}: guests of a dead node are down until HA moves them",
        description="{{ $value }} Proxmox node(s) of {{ $labels.site }} have left the corosync membership.",
    ),
    Alert(
        name="PveNotKnown",
        expr=f"{_BY_SITE} ({pve.KNOWN.name} == 0)",
        for_seconds=120,
        severity="ticket",
        kind="meta",
        scope="system",
        system="proxmox",
        dashboard=SITE,
        summary="{{ $labels.site }}: nobody can say whether Proxmox is up or down",
        description="No seed node of {{ $value }} cluster(s) of {{ $labels.site }} gives a complete answer.",
    ),
)

BESU = (
    Alert(
        name="BesuHeadStalled",
        # One page for a chain, not one for each of its readers: the site of the alert is the network.
        expr=(
            f'time() - max by (site) (label_replace({besu.HEAD_TIMESTAMP.name} {_BESU_KNOWN}, "site", "$1", "network", "(.+)"))'
            f" > {HEAD_STALL_SECONDS}"
        ),
        for_seconds=15,
        severity="page",
        kind="cause",
        scope="system",
        system="besu",
        identity=NETWORK_IDENTITY,
        dashboard=FLEET,
        summary="Chain {{ $labels.site }} makes no blocks: nothing can be written or settled",
        description="The newest block any node of {{ $labels.site }} knows is {{ $value | humanizeDuration }} old.",
    ),
    Alert(
        name="BesuNodeDown",
        expr=f"{_BY_SITE} ({besu.UP.name} == 0 {_BESU_KNOWN})",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="besu",
        dashboard=SITE,
        summary="{{ $labels.site }}: a Besu node is down, its readers go elsewhere",
        description="{{ $value }} Besu node(s) of {{ $labels.site }} are known to be down.",
    ),
    Alert(
        name="BesuNotKnown",
        expr=f"{_BY_SITE} ({besu.KNOWN.name} == 0)",
        for_seconds=120,
        severity="ticket",
        kind="meta",
        scope="system",
        system="besu",
        dashboard=SITE,
        summary="{{ $labels.site }}: nobody can say whether Besu is up or down",
        description="{{ $value }} Besu node(s) of {{ $labels.site }} give no answer that can be trusted.",
    ),
    Alert(
        name="BesuQuerySlow",
        expr=(
            f"100 * (1 - sum by (tier, region, site) "
            f'(rate({besu.CALL_DURATION.name}_bucket{{le="0.2"}}[5m]) {_BESU_KNOWN})\n'
            f"/ (sum by (tier, region, site) (rate({besu.CALL_DURATION.name}_count[5m]) {_BESU_KNOWN}) > 0))"
            f" > {SLOW_QUERY_PERCENT}"
        ),
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="besu",
        dashboard=SITE,
        summary="{{ $labels.site }}: chain reads are slow",
        description='{{ $value | printf "%.1f" }} % of eth_calls at {{ $labels.site }} took longer than 200 ms.',
    ),
)

OBSERVER = (
    Alert(
        name="ExporterDown",
        expr=f"{_BY_SYSTEM} ({_with_system(_UNSCRAPED)})",
        for_seconds=60,
        severity="ticket",
        kind="meta",
        scope="system",
        system=None,
        dashboard=SITE,
        summary="{{ $labels.site }}: we are blind to {{ $labels.system }}, no verdict is possible",
        description="{{ $value }} target(s) of {{ $labels.system }} at {{ $labels.site }} cannot be scraped.",
    ),
    Alert(
        name="ExporterPrivilegeMissing",
        expr=(f"{_BY_SYSTEM} ({_with_system(f'{pve.PRIVILEGE_MISSING.name} == 1')}\nor {_with_system(_REFUSED)})"),
        for_seconds=300,
        severity="ticket",
        kind="meta",
        scope="system",
        system=None,
        dashboard=SITE,
        summary="{{ $labels.site }}: our {{ $labels.system }} account may not see all it must",
        description="{{ $value }} right(s) of the exporter's account are missing at {{ $labels.site }}.",
    ),
    Alert(
        name="SiteSilent",
        # The inventory is ours, so a site that vanished with all its series is still counted.
        expr=(f'max by (tier, region, site) ({SITE_INFO.name})\nunless on (site) (up{{job=~"{EXPORTER_JOBS}"}} == 1)'),
        for_seconds=60,
        severity="page",
        kind="meta",
        scope="site",
        system="observer",
        dashboard=FLEET,
        summary="{{ $labels.site }} is silent: up or down, nobody knows",
        description="The contract lists {{ $labels.site }}, and no exporter has fresh series of it.",
    ),
)

PLATFORM = (
    Alert(
        name="PipelineStalled",
        expr=f"count(time() - {PIPELINE_SUCCESS.name} > {PIPELINE_STALL_SECONDS})",
        for_seconds=60,
        severity="ticket",
        kind="meta",
        scope="system",
        system="platform",
        identity=PLATFORM_IDENTITY,
        dashboard=FLEET,
        summary="Outages are not being judged: credits will be late",
        description="{{ $value }} stage(s) of the pipeline have not succeeded for 15 minutes.",
    ),
    Alert(
        name="SettlementHeld",
        expr=f'sum({SETTLEMENTS.name}{{state="held"}}) > 0',
        severity="page",
        kind="meta",
        scope="system",
        system="platform",
        identity=PLATFORM_IDENTITY,
        dashboard=FLEET,
        summary="Money is held: a settlement needs a person before it is paid",
        description="{{ $value }} settlement(s) are held; tenants wait for their credit.",
    ),
)

ALERTS = (*PROXMOX, *BESU, *OBSERVER, *PLATFORM)


def groups() -> tuple[Group, ...]:
    """Evaluated at the server's own interval: these are the quick ones."""
    return (
        Group(name="sankofa-proxmox", rules=PROXMOX),
        Group(name="sankofa-besu", rules=BESU),
        Group(name="sankofa-observer", rules=OBSERVER),
        Group(name="sankofa-platform", rules=PLATFORM),
    )
