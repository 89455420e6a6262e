"""What is broken in a chain, or in one of its nodes."""

from __future__ import annotations

from sankofa_exporters.besu import families as besu

from .rule import BY_SITE, FLEET_BOARD, NETWORK_IDENTITY, SITE_BOARD, Alert

HEAD_STALL_SECONDS = 30  # a QBFT block is due every 2 to 5 s; several rounds have failed by then
SLOW_QUERY_PERCENT = 20  # of about 20 probe calls in 5 minutes: one alone may be slow
_KNOWN = f"and on (job, instance) ({besu.KNOWN.name} == 1)"

ALERTS = (
    Alert(
        name="BesuHeadStalled",
        # One page for a chain, not one for each of its readers: the site of the alert is the network.
        expr=(
            f'time() - max by (site) (label_replace({besu.HEAD_TIMESTAMP.name} {_KNOWN}, "site", "$1", "network", "(.+)"))'
            f" > {HEAD_STALL_SECONDS}"
        ),
        for_seconds=15,
        severity="page",
        kind="cause",
        scope="system",
        system="besu",
        identity=NETWORK_IDENTITY,
        dashboard=FLEET_BOARD,
        summary="Chain {{ $labels.site }} makes no blocks: nothing can be written or settled",
        description="The newest block any node of {{ $labels.site }} knows is {{ $value | humanizeDuration }} old.",
    ),
    Alert(
        name="BesuNodeDown",
        expr=f"{BY_SITE} ({besu.UP.name} == 0 {_KNOWN})",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="besu",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: a Besu node is down, its readers go elsewhere",
        description="{{ $value }} Besu node(s) of {{ $labels.site }} are known to be down.",
    ),
    Alert(
        name="BesuNotKnown",
        expr=f"{BY_SITE} ({besu.KNOWN.name} == 0)",
        for_seconds=120,
        severity="ticket",
        kind="meta",
        scope="system",
        system="besu",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: nobody can say whether Besu is up or down",
        description="{{ $value }} Besu node(s) of {{ $labels.site }} give no answer that can be trusted.",
    ),
    Alert(
        name="BesuQuerySlow",
        expr=(
            f"100 * (1 - sum by (tier, region, site) "
            f'(rate({besu.CALL_DURATION.name}_bucket{{le="0.2"}}[5m]) {_KNOWN})\n'
            f"/ (sum by (tier, region, site) (rate({besu.CALL_DURATION.name}_count[5m]) {_KNOWN}) > 0))"
            f" > {SLOW_QUERY_PERCENT}"
        ),
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="besu",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: chain reads are slow",
        description='{{ $value | printf "%.1f" }} % of eth_calls at {{ $labels.site }} took longer than 200 ms.',
    ),
)
