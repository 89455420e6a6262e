"""What is broken in a chain, or in one of its nodes."""

from __future__ import annotations

from functools import partial

from sankofa_exporters.besu.network import families as network
from sankofa_exporters.besu.node import families as besu

from .chain import by_chain
from .rule import BY_SITE, FLEET_BOARD, NETWORK_IDENTITY, tickets_of

SLOW_QUERY_PERCENT = 20  # of about 20 probe calls in 5 minutes: one alone may be slow
WINDOWS_OF_EVIDENCE = 5  # blocks for each validator, until an absence means something
BEHIND_BLOCKS = 20  # of a chain that makes one every few seconds: a minute old
_KNOWN = f"and on (job, instance, site) ({besu.KNOWN.name} == 1)"
_NETWORK_KNOWN = f"and on (job, instance, site) ({network.NETWORK_KNOWN.name} == 1)"
# A stalled chain shows no new header: what its window says is then of the past.
_NETWORK_LIVE = f"and on (job, instance, site) ({network.NETWORK_UP.name} == 1) {_NETWORK_KNOWN}"
_WINDOW_FULL = (
    f"and on (job, instance, site) ({network.WINDOW_BLOCKS.name} >= {WINDOWS_OF_EVIDENCE} * {network.VALIDATORS.name})"
)
_CHANGES = '{event=~"validator_added|validator_removed|permission_changed"}'

_ticket = tickets_of("besu")
_of_network = partial(_ticket, identity=NETWORK_IDENTITY, dashboard=FLEET_BOARD)

ALERTS = (
    _ticket(
        name="BesuNodeDown",
        expr=f"{BY_SITE} ({besu.UP.name} == 0 {_KNOWN})",
        for_seconds=60,
        summary="{{ $labels.site }}: a Besu node is down, its readers go elsewhere",
        description="{{ $value }} Besu node(s) of {{ $labels.site }} are known to be down.",
    ),
    _ticket(
        name="BesuQuerySlow",
        expr=(
            f"100 * (1 - sum by (tier, region, site) "
            f'(rate({besu.CALL_DURATION.name}_bucket{{le="0.2"}}[5m]) {_KNOWN})\n'
            f"/ (sum by (tier, region, site) (rate({besu.CALL_DURATION.name}_count[5m]) {_KNOWN}) > 0))"
            f" > {SLOW_QUERY_PERCENT}"
        ),
        for_seconds=60,
        summary="{{ $labels.site }}: chain reads are slow",
        description='{{ $value | printf "%.1f" }} % of eth_calls at {{ $labels.site }} took longer than 200 ms.',
    ),
    _of_network(
        name="BesuFaultMarginGone",
        expr=by_chain(
            f"min by (network) ({network.MARGIN.name} < 1 and on (job, instance, site) ({network.TOLERANCE.name} > 0)\n"
            f"{_WINDOW_FULL} {_NETWORK_LIVE})"
        ),
        for_seconds=120,
        summary="Chain {{ $labels.site }}: one more validator lost and no block is made",
        description="{{ $value }} more validator(s) of {{ $labels.site }} may fail; fewer commit than the network has.",
    ),
    _of_network(
        name="BesuValidatorSilent",
        expr=by_chain(
            f"count by (network) ({network.COMMITTED.name} == 0\n"
            f"and on (job, instance, site, validator) ({network.MISSED.name} > 0) {_WINDOW_FULL} {_NETWORK_LIVE})"
        ),
        for_seconds=120,
        summary="Chain {{ $labels.site }}: a validator proposes nothing and commits nothing",
        description="{{ $value }} validator(s) of {{ $labels.site }} took no part in a whole window of blocks.",
    ),
    _ticket(
        name="BesuNodeBehind",
        expr=f"{BY_SITE} ({network.WITNESS_LAG.name} > {BEHIND_BLOCKS} {_NETWORK_LIVE})",
        for_seconds=120,
        summary="{{ $labels.site }}: a Besu node is behind and serves the past",
        description="{{ $value }} node(s) that witness for {{ $labels.site }} are more than 20 blocks behind the newest head.",
    ),
    _of_network(
        name="BesuGovernanceChanged",
        expr=by_chain(
            f"sum by (network) (increase({network.SECURITY_EVENTS.name}{_CHANGES}[15m]) > 0 {_NETWORK_KNOWN})"
        ),
        for_seconds=45,
        summary="Chain {{ $labels.site }}: validators or permissions changed; was it approved?",
        description='{{ $value | printf "%.0f" }} change(s) of validators or permissions of {{ $labels.site }} in 15 minutes.',
    ),
    _ticket(
        name="BesuValidatorVotedOut",
        expr=f"{BY_SITE} ({besu.IS_VALIDATOR.name} == 0 {_KNOWN})",
        for_seconds=60,
        summary="{{ $labels.site }}: a node that should validate is no validator",
        description="{{ $value }} node(s) of {{ $labels.site }} have the role of a validator and are not in the set.",
    ),
)
