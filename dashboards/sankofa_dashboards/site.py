"""One site: its promises with their bounds, then Proxmox and Besu as their exporters see them, and what fires.

A source that does not know gives no line and a NOT KNOWN row, never a good one.
"""

from __future__ import annotations

from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.canary import families as canary
from sankofa_exporters.model import catalogue
from sankofa_exporters.proxmox import families as pve
from sankofa_observe import telemetry
from sankofa_observe.telemetry import State

from . import states
from .board import Board, Variable
from .layout import Section
from .panels import Bars, Figure, FiringAlerts, Heat, Lines, Query, StateRows

AT_SITE = '{site="$site"}'


def _state_of(up: str, known: str) -> str:
    """NOT KNOWN, else up or DOWN: the numbers of `State`."""
    unknown, down = f"(1 - {known}{AT_SITE})", f"({known}{AT_SITE} - {up}{AT_SITE})"
    return f"{State.NOT_KNOWN.value} * {unknown} + {State.DOWN.value} * {down}"


PROMISES = (
    Figure(
        title="State",
        description="Good, burning, BREACH or NOT KNOWN; see the fleet board.",
        queries=(Query(expr=f"{telemetry.SITE_STATE}{AT_SITE}", instant=True, legend="{{site}}"),),
        states=True,
        steps=states.STATE_STEPS,
        width=4,
        height=8,
    ),
    Lines(
        title="Attainment, this period",
        description="Low counts unknown time as bad, high as good: breach when high is under the objective.",
        queries=(
            Query(expr=f"{telemetry.SLO_LOW}{AT_SITE}", legend="{{slo}} low"),
            Query(expr=f"{telemetry.SLO_HIGH}{AT_SITE}", legend="{{slo}} high"),
            Query(
                expr=f"max by (slo) ({telemetry.SLO_OBJECTIVE}) and on (slo) {telemetry.SLO_LOW}{AT_SITE}",
                legend="{{slo}} objective",
            ),
        ),
        unit="percentunit",
        decimals=3,
        width=10,
        height=8,
    ),
    Bars(
        title="Slots of this period by state",
        description="What was counted; UNKNOWN is neither down nor good.",
        queries=(
            Query(
                expr=f"sum by (slo, state) ({telemetry.SLO_SLOTS}{AT_SITE})",
                instant=True,
                legend="{{slo}} {{state}}",
            ),
        ),
        width=10,
        height=8,
    ),
    Lines(
        title="Error budget spent",
        description="1 is all of it; more is by how far the promise is missed.",
        queries=(Query(expr=f"{telemetry.SLO_SPENT}{AT_SITE}", legend="{{slo}}"),),
        unit="percentunit",
        minimum=0,
        width=12,
        height=7,
    ),
    Lines(
        title="Burn rate, 1 h",
        description="1 spends the budget exactly in the period; SloBurn pages at 14.4.",
        queries=(Query(expr=f"{telemetry.SLO_BURN}{AT_SITE}", legend="{{slo}}"),),
        decimals=1,
        minimum=0,
        width=12,
        height=7,
    ),
)

PROXMOX = (
    StateRows(
        title="Proxmox clusters",
        description="Good when quorate with a node online; NOT KNOWN when no seed node gives a complete answer.",
        queries=(Query(expr=_state_of(pve.UP.name, pve.KNOWN.name), legend="{{instance}}"),),
        width=8,
        height=7,
    ),
    StateRows(
        title="Proxmox nodes",
        description="Members of corosync; a node of which nobody can say has no row.",
        queries=(Query(expr=f"{State.DOWN.value} * (1 - {pve.NODE_ONLINE.name}{AT_SITE})", legend="{{node}}"),),
        width=8,
        height=7,
    ),
    Lines(
        title="Quorum margin",
        description="Votes above the majority: at 0 the next lost node stops the cluster (PveQuorumLost).",
        queries=(Query(expr=f"{pve.QUORUM_MARGIN.name}{AT_SITE}", legend="{{instance}}"),),
        decimals=0,
        width=8,
        height=7,
    ),
)

_CALLS = besu.CALL_DURATION.name
_LE = f'{{site="$site", le="{besu.CALL_OBJECTIVE_SECONDS:g}"}}'
CHAIN = (
    StateRows(
        title="Besu nodes",
        description="Good when the node answers with a fresh head; NOT KNOWN when its answer cannot be trusted.",
        queries=(Query(expr=_state_of(besu.UP.name, besu.KNOWN.name), legend="{{instance}}"),),
        width=8,
        height=7,
    ),
    Heat(
        title="eth_call duration",
        description="The exporter's own calls by duration; the promise is 200 ms.",
        queries=(
            Query(
                expr=f"sum by (le) (increase({_CALLS}_bucket{AT_SITE}[$__rate_interval]))",
                legend="{{le}}",
                format="heatmap",
            ),
        ),
        unit="s",
        width=8,
        height=7,
    ),
    Lines(
        title="eth_calls within 200 ms",
        description="Share of calls at or under the bound; absent without calls.",
        queries=(
            Query(
                expr=f"sum by (instance) (rate({_CALLS}_bucket{_LE}[$__rate_interval]))\n"
                f"/ (sum by (instance) (rate({_CALLS}_count{AT_SITE}[$__rate_interval])) > 0)",
                legend="{{instance}}",
            ),
        ),
        unit="percentunit",
        width=8,
        height=7,
    ),
    Lines(
        title="Age of the chain's head",
        description="Time since the newest block this node has; BesuHeadStalled looks at all nodes of the network.",
        queries=(Query(expr=f"time() - {besu.HEAD_TIMESTAMP.name}{AT_SITE}", legend="{{instance}}"),),
        unit="s",
        minimum=0,
        width=12,
        height=7,
    ),
    Lines(
        title="How full blocks are",
        description="Gas used by the head block over its limit.",
        queries=(Query(expr=f"{besu.HEAD_GAS_USED.name}{AT_SITE}", legend="{{instance}}"),),
        unit="percentunit",
        minimum=0,
        width=12,
        height=7,
    ),
)

_ANSWERS = canary.DURATION.name
_ASKED = f"sum by (instance) (rate({canary.REQUESTS.name}{AT_SITE}[$__rate_interval]))"
_OF_TIER = " or ".join(
    f'rate({_ANSWERS}_bucket{{site="$site", tier="{tier}", le="{bound:g}"}}[$__rate_interval])'
    for tier, bound in canary.PROMISED_SECONDS.items()
)
USERS = (
    StateRows(
        title="Addresses of users",
        description="Good when the newest request was answered as expected; NOT KNOWN when none is known.",
        queries=(Query(expr=_state_of(canary.UP.name, canary.KNOWN.name), legend="{{instance}}"),),
        width=8,
        height=7,
    ),
    Heat(
        title="Time to the whole answer",
        description="The canary's own requests that were answered as expected; users are promised 10, 50 and 100 ms.",
        queries=(
            Query(
                expr=f"sum by (le) (increase({_ANSWERS}_bucket{AT_SITE}[$__rate_interval]))",
                legend="{{le}}",
                format="heatmap",
            ),
        ),
        unit="s",
        width=8,
        height=7,
    ),
    Lines(
        title="Requests within the tier's bound",
        description="Share of all requests, failed ones included: 10 ms at the edge, 50 ms regional, 100 ms core.",
        queries=(
            Query(
                expr=f"sum by (instance) ({_OF_TIER})\n/ ({_ASKED} > 0)",
                legend="{{instance}}",
            ),
        ),
        unit="percentunit",
        width=8,
        height=7,
    ),
    Lines(
        title="Failed requests",
        description="A second, by what a user would meet.",
        queries=(
            Query(
                expr=f"sum by (instance, outcome) (rate({canary.FAILURES.name}{AT_SITE}[$__rate_interval]))",
                legend="{{instance}} {{outcome}}",
            ),
        ),
        unit="reqps",
        minimum=0,
        width=12,
        height=7,
    ),
    Lines(
        title="Requests not known",
        description="A second, by what of ours was in the way: neither good nor bad.",
        queries=(
            Query(
                expr=f"sum by (instance, reason) (rate({canary.NOT_KNOWN.name}{AT_SITE}[$__rate_interval]))",
                legend="{{instance}} {{reason}}",
            ),
        ),
        unit="reqps",
        minimum=0,
        width=12,
        height=7,
    ),
)

OBSERVER = (
    Lines(
        title="Delay of our own exporters",
        description="Time of a probe in which the exporter itself was held up; what only this decides is not known.",
        queries=(Query(expr=f"max by (job) ({catalogue.PROBE_DELAY.name}{AT_SITE})", legend="{{job}}"),),
        unit="s",
        minimum=0,
        width=12,
        height=7,
    ),
    Lines(
        title="eth_calls not known",
        description="Calls a minute that only our own delay may have made slow: neither good nor bad.",
        queries=(
            Query(
                expr=f"60 * sum by (instance) (rate({besu.CALL_NOT_KNOWN.name}{AT_SITE}[$__rate_interval]))",
                legend="{{instance}}",
            ),
        ),
        unit="short",
        minimum=0,
        width=12,
        height=7,
    ),
)

SITE = Board(
    uid="sk-site",
    title="Site",
    description="One site: promises, systems, alerts. Runbooks: docs/runbooks.",
    variables=(Variable(name="site", label="Site", query=f"label_values({telemetry.SITE_INFO}, site)"),),
    sections=(
        Section(panels=PROMISES),
        Section(title="Users", panels=USERS),
        Section(title="Proxmox", panels=PROXMOX),
        Section(title="Besu", panels=CHAIN),
        Section(title="Observer", panels=OBSERVER),
        Section(
            title="Alerts",
            panels=(
                FiringAlerts(
                    title="Firing at this site",
                    description="Alerts of this site that fire now.",
                    labels=AT_SITE,
                    width=24,
                    height=7,
                ),
            ),
        ),
    ),
)
