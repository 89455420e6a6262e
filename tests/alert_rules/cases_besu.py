"""Worlds of a chain seen as a network: when its alerts must fire, and when they must not. A table, no logic.

Nodes' worlds are in cases.py.
"""

from __future__ import annotations

from tests.alert_rules.case import Case

LABELS = 'job="sankofa-besu", instance="mainland", site="reg-1", tier="regional", region="r2", network="mainland"'
NODE = LABELS.replace('instance="mainland"', 'instance="validator-1"')
CHAIN = {"tier": "core", "region": "all", "site": "mainland", "system": "besu"}
SITE = {"tier": "regional", "region": "r2", "site": "reg-1", "system": "besu"}


def net(**series: str) -> dict[str, str]:
    return {f"sankofa_besu_{name}{{{LABELS}}}": values for name, values in series.items()}


def state(up: str = "1x80", known: str = "1x80") -> dict[str, str]:
    return net(network_up=up, network_known=known)


def heads(*, age: str) -> dict[str, str]:
    """The network's head; `age` as promtool counts from time 0."""
    return net(network_head_timestamp_seconds=age)


def validator(committed: str, missed: str, address: str = "0x01") -> dict[str, str]:
    return {
        f'sankofa_besu_validator_{name}{{{LABELS}, validator="{address}"}}': values
        for name, values in (("committed_blocks", committed), ("missed_proposals", missed))
    }


def lag(blocks: str) -> dict[str, str]:
    return {f'sankofa_besu_witness_lag_blocks{{{LABELS}, witness="one"}}': blocks}


def changes(values: str, event: str = "validator_removed") -> dict[str, str]:
    return {f'sankofa_besu_security_events_total{{{LABELS}, event="{event}"}}': values}


FULL = net(window_blocks="120x80", validators="4x80", fault_tolerance_validators="1x80")
YOUNG = net(window_blocks="12x80", validators="4x80", fault_tolerance_validators="1x80")
STOPPED = heads(age="0+15x8 120x60")  # the last block is of second 120
NODE_STOPPED = {
    f"sankofa_besu_known{{{NODE}}}": "1x80",
    f"sankofa_besu_head_timestamp_seconds{{{NODE}}}": "0+15x8 120x60",
}

HEAD = (
    Case(
        alert="BesuHeadStalled",
        world="the network says that it stands",
        series=state(up="1x10 0x60") | STOPPED,
        minute=4,
        fires=((CHAIN, "2m 0s"),),
    ),
    Case(
        alert="BesuHeadStalled",
        world="the network and its nodes stand: one page",
        series=state(up="1x10 0x60") | STOPPED | NODE_STOPPED,
        minute=4,
        fires=((CHAIN, "2m 0s"),),
    ),
    Case(
        alert="BesuHeadStalled",
        world="the network waits for work, and knows that it may",
        series=state() | STOPPED | NODE_STOPPED,
        minute=4,
    ),
    Case(
        alert="BesuHeadStalled",
        world="the network is not known, but its nodes are",
        series=state(up="0x80", known="0x80") | NODE_STOPPED,
        minute=4,
        fires=((CHAIN, "2m 0s"),),
    ),
    Case(
        alert="BesuHeadStalled",
        world="nobody knows the network",
        unknown=True,
        series=state(up="0x80", known="0x80") | STOPPED,
        minute=4,
    ),
    Case(
        alert="BesuHeadStalled",
        world="it is forked, which is another alert",
        series=state(up="0x80") | heads(age="0+15x80") | net(fork_proven="1x80"),
        minute=4,
    ),
    Case(
        alert="BesuChainForked",
        world="two histories",
        series=state(up="0x80") | net(fork_proven="0x4 1x60"),
        minute=2,
        fires=((CHAIN, ""),),
    ),
    Case(alert="BesuChainForked", world="one history", series=state() | net(fork_proven="0x80"), minute=2),
    Case(
        alert="BesuChainForked",
        world="witnesses that do not count",
        unknown=True,
        series=state(up="0x80", known="0x80") | net(fork_proven="1x80"),
        minute=2,
    ),
)
VALIDATORS = (
    Case(
        alert="BesuFaultMarginGone",
        world="three of four commit",
        series=state() | FULL | net(fault_margin_validators="0x80"),
        minute=4,
        fires=((CHAIN, "0"),),
    ),
    Case(
        alert="BesuFaultMarginGone",
        world="all commit",
        series=state() | FULL | net(fault_margin_validators="1x80"),
        minute=4,
    ),
    Case(
        alert="BesuFaultMarginGone",
        world="a young chain",
        series=state() | YOUNG | net(fault_margin_validators="0x80"),
        minute=4,
    ),
    Case(
        alert="BesuFaultMarginGone",
        world="one validator, which was never tolerant",
        series=state() | FULL | net(fault_margin_validators="0x80", fault_tolerance_validators="0x80"),
        minute=4,
    ),
    Case(
        alert="BesuFaultMarginGone",
        world="the chain stands, its window is of the past",
        series=state(up="0x80") | FULL | net(fault_margin_validators="0x80"),
        minute=4,
    ),
    Case(
        alert="BesuFaultMarginGone",
        world="nobody knows",
        unknown=True,
        series=state(up="0x80", known="0x80") | FULL | net(fault_margin_validators="0x80"),
        minute=4,
    ),
    Case(
        alert="BesuValidatorSilent",
        world="one of two takes no part",
        series=state() | FULL | validator("0x80", "30x80") | validator("120x80", "0x80", "0x02"),
        minute=4,
        fires=((CHAIN, "1"),),
    ),
    Case(
        alert="BesuValidatorSilent",
        world="always late, and proposes",
        series=state() | FULL | validator("0x80", "0x80"),
        minute=4,
    ),
    Case(
        alert="BesuValidatorSilent",
        world="missed a slot, and commits",
        series=state() | FULL | validator("90x80", "1x80"),
        minute=4,
    ),
    Case(
        alert="BesuValidatorSilent",
        world="nobody knows",
        unknown=True,
        series=state(up="0x80", known="0x80") | FULL | validator("0x80", "30x80"),
        minute=4,
    ),
    Case(
        alert="BesuValidatorVotedOut",
        world="not in the set",
        series={f"sankofa_besu_known{{{NODE}}}": "1x80", f"sankofa_besu_is_validator{{{NODE}}}": "0x80"},
        minute=3,
        fires=((SITE, "1"),),
    ),
    Case(
        alert="BesuValidatorVotedOut",
        world="in the set",
        series={f"sankofa_besu_known{{{NODE}}}": "1x80", f"sankofa_besu_is_validator{{{NODE}}}": "1x80"},
        minute=3,
    ),
    Case(
        alert="BesuValidatorVotedOut",
        world="nobody knows",
        unknown=True,
        series={f"sankofa_besu_known{{{NODE}}}": "0x80", f"sankofa_besu_is_validator{{{NODE}}}": "0x80"},
        minute=3,
    ),
)
REST = (
    Case(
        alert="BesuNodeBehind",
        world="21 blocks",
        series=state() | lag("21x80"),
        minute=4,
        fires=((SITE, "1"),),
    ),
    Case(alert="BesuNodeBehind", world="two blocks", series=state() | lag("2x80"), minute=4),
    Case(alert="BesuNodeBehind", world="catches up in time", series=state() | lag("21x5 0x60"), minute=4),
    Case(
        alert="BesuNodeBehind",
        world="nobody knows",
        unknown=True,
        series=state(up="0x80", known="0x80") | lag("21x80"),
        minute=4,
    ),
    Case(
        alert="BesuGovernanceChanged",
        world="a validator was voted out",
        series=state() | changes("0x20 1x60"),
        minute=8,
        fires=((CHAIN, "1"),),
    ),
    Case(alert="BesuGovernanceChanged", world="nothing changed", series=state() | changes("3x80"), minute=8),
    Case(
        alert="BesuGovernanceChanged", world="only votes", series=state() | changes("0x20 2x60", "vote_drop"), minute=8
    ),
    Case(
        alert="BesuGovernanceChanged",
        world="the exporter began anew",
        series=state() | changes("3x20 0x60"),
        minute=8,
    ),
    Case(
        alert="BesuGovernanceChanged",
        world="nobody knows now",
        unknown=True,
        series=state(up="0x80", known="1x20 0x60") | changes("0x80"),
        minute=8,
    ),
)
CASES = (*HEAD, *VALIDATORS, *REST)
