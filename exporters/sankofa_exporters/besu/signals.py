"""Besu's golden signals: the age of the newest block, rounds, missed proposals, and the failures that can still be borne."""

from __future__ import annotations

from sankofa_exporters.besu.network import families as network
from sankofa_exporters.besu.node import families as node
from sankofa_exporters.model.signal import AT, Signal, at, in_time, margin

_CALLS = node.CALL_DURATION.name
_IN_TIME = at(f'le="{node.CALL_OBJECTIVE_SECONDS:g}"')

SIGNALS = (
    Signal(
        title="Age of the newest block",
        means="How old the newest block of each node is; of all nodes of a network, BesuHeadStalled pages at 45 s.",
        expr=f"timestamp({node.HEAD_TIMESTAMP.name}{AT}) - {node.HEAD_TIMESTAMP.name}{AT}",
        legend="{{site}} {{instance}}",
        unit="s",
        watch=15,
        bad=45,
    ),
    Signal(
        title="Rounds beyond the first",
        means="Rounds in the window's headers: 0 when each first proposer made its block.",
        expr=f"{network.WINDOW_ROUNDS.name}{AT}",
        legend="{{site}} {{instance}}",
        decimals=0,
        watch=1,
        bad=50,
    ),
    Signal(
        title="Missed proposals",
        means="Slots of the window that were a validator's own and went by without its block (BesuValidatorSilent).",
        expr=f'label_replace({network.MISSED.name}{AT}, "validator", "$1…", "validator", "(0x.{{8}}).*")',
        legend="{{site}} {{validator}}",
        decimals=0,
        watch=1,
        bad=10,
    ),
    margin(
        title="Failures the network can bear",
        means="Validators that take part now above the quorum: at 0 the next one stops the chain (BesuFaultMarginGone).",
        expr=f"{network.MARGIN.name}{AT}",
    ),
    in_time(
        title="eth_calls within 200 ms",
        means="Share of the exporter's own calls at or under the bound; absent without calls (BesuQuerySlow).",
        expr=f"sum by (tier, region, site, instance) (rate({_CALLS}_bucket{_IN_TIME}[$__rate_interval]))\n"
        f"/ (sum by (tier, region, site, instance) (rate({_CALLS}_count{AT}[$__rate_interval])) > 0)",
    ),
    Signal(
        title="eth_call duration",
        means="The exporter's own calls by duration; the promise is 200 ms.",
        expr=f"sum by (le) (increase({_CALLS}_bucket{AT}[$__rate_interval]))",
        legend="{{le}}",
        unit="s",
        shape="heat",
    ),
    Signal(
        title="How full blocks are",
        means="Gas used by the head block over its limit; full blocks make transactions wait.",
        expr=f"{node.HEAD_GAS_USED.name}{AT}",
        legend="{{site}} {{instance}}",
        unit="percentunit",
        watch=0.8,
        bad=0.95,
    ),
    Signal(
        title="eth_calls not known",
        means="A second, calls that only our own delay may have made slow: neither good nor bad.",
        expr=f"sum by (tier, region, site, instance) (rate({node.CALL_NOT_KNOWN.name}{AT}[$__rate_interval]))",
        legend="{{site}} {{instance}}",
        unit="cps",
    ),
)
