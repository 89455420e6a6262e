"""Whether a page would arrive, and what waits for a person: rules, notifications, waits, money at risk, settlements."""

from __future__ import annotations

from sankofa_observe import telemetry
from sankofa_observe.slo.quorum import SAME
from sankofa_observe.telemetry import State

from . import foreign, marks, money, states
from .board import Board
from .events import firing
from .layout import Section
from .panels import Bars, Figure, Lines, Panel, Query, StateRows, figure, named

# The platform tells its fleet as long as it lives: without it nobody says that nothing is owed.
_NOTHING_OWED = f'or on () label_replace(0 * count({telemetry.SITE_INFO}), "currency", "nothing is priced", "", "")'
# What has a price and of which nobody knows what it costs is not nothing.
_NOT_KNOWN = f"or on (currency) NaN * count by (currency) ({telemetry.PRICED})"
# What waited when the platform was last heard stands; that nothing did is not known any more.
_WAITED = f"{telemetry.WAITED} > 0 or {telemetry.WAITED} and on () {telemetry.SITE_INFO}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _money(title: str, series: telemetry.Series, description: str) -> Figure:
    """A sum in units of each currency."""
    return figure(
        title,
        f"sum by (currency) ({series}) {_NOT_KNOWN} {_NOTHING_OWED}",
        description=description,
        steps=states.PLAIN,
        unit="locale",
        decimals=2,
        legend="{{currency}}",
    )


HEALTH = (
    figure(
        "Rule groups evaluated",
        f"sum(rate({foreign.DUE}[5m]) > bool 0)",
        description="Groups that Prometheus evaluated in the last five minutes.",
        steps=states.PLAIN,
    ),
    figure(
        "Rules missed",
        f"max({telemetry.RULER_MISSED})",
        description="Of the group that misses most: evaluations left out in 5 minutes; over 10 % no bound of a page holds (RulerLate).",
        steps=states.rising(0.01, 0.1),
        unit="percentunit",
    ),
    figure(
        "Rules that failed",
        f"sum(increase({foreign.FAILED}[5m]))",
        description="Evaluations that ended in an error in 5 minutes: such a rule says nothing.",
        steps=states.ANY_IS_BAD,
    ),
    figure(
        "Notifications failed, 1 h",
        foreign.notifications_failed(),
        description="What Alertmanager could not hand to a receiver.",
        steps=states.ANY_IS_BAD,
    ),
    figure(
        "Heartbeat",
        'time() - max(timestamp(ALERTS{alertname="Watchdog", alertstate="firing"}))',
        description="Since Watchdog, which always fires, was last evaluated; the dead man's switch outside expects it.",
        steps=states.rising(_MINUTE, 2 * _MINUTE),
        unit="s",
    ),
    figure(
        "Longest wait",
        f"max({_WAITED})",
        description="For how long the oldest of what is due and cannot be done yet has waited (WaitingLong).",
        steps=states.rising(_HOUR, _DAY),
        unit="s",
    ),
)

PAGES: tuple[Panel, ...] = (
    firing(
        title="Pages that fire",
        description="Each page, for how long, and its runbook.",
        matchers='severity="page"',
        labels=("alertname", "scope", "tier", "region", "site", "system", "slo", "storm", "network", "observer"),
        width=10,
        height=9,
        site=True,
    ),
    Lines(
        title="Notifications",
        description="An hour's, sent and failed, by how they are sent; a beat of Watchdog each minute is among them.",
        queries=(
            Query(
                expr=f"sum by (integration) (increase({foreign.SENT}[1h])) > 0\n"
                f'or on () label_replace(sum(increase({foreign.SENT}[1h])), "integration", "all", "", "")',
                legend="{{integration}} sent",
            ),
            Query(expr=f"sum(increase({foreign.NOT_SENT}[1h]))", legend="failed"),
        ),
        colours=(named("failed", states.BREACH_COLOUR),),
        minimum=0,
        width=7,
        height=9,
    ),
    Lines(
        title="Rules: time over interval",
        description="Of each group, the time of its last evaluation over its interval: at 1 evaluations are missed.",
        queries=(
            Query(
                expr=f'label_replace(max by (rule_group) ({foreign.TOOK}) / max by (rule_group) ({foreign.INTERVAL}), "group", "$1", "rule_group", ".*;(.*)")',
                legend="{{group}}",
            ),
        ),
        unit="percentunit",
        minimum=0,
        steps=states.rising(0.3, 1),
        width=7,
        height=9,
    ),
)

_ALONE = f'sum by (observer, alone) ({telemetry.OBSERVER_VERDICTS}{{alone!="{SAME}"}})'
WAITS = (
    Bars(
        title="What waits, and why",
        description="For how long the oldest of each kind has waited, by its reason; 0 waits for nothing.",
        queries=(Query(expr=f"max by (kind, reason) ({_WAITED})", instant=True, legend="{{kind}}: {{reason}}"),),
        unit="s",
        steps=states.rising(_HOUR, _DAY),
        width=8,
        height=7,
    ),
    Bars(
        title="Waits for a person",
        description="Verdicts that slots cannot decide (VerdictUndetermined), and observers whose own verdict would differ (ObserverDiffers).",
        queries=(
            Query(expr=f"sum by (slo) ({telemetry.UNDETERMINED})", instant=True, legend="undetermined, {{slo}}"),
            Query(expr=_ALONE, instant=True, legend="{{observer}} alone: {{alone}}"),
        ),
        steps=states.rising(1, None),
        width=8,
        height=7,
    ),
    StateRows(
        title="Observers",
        description="DOWN is an observer of whose targets none can be scraped (ObserverIsolated).",
        queries=(
            Query(
                expr=f"{State.DOWN.value} * max by (observer) ({telemetry.OBSERVER_ISOLATED})", legend="{{observer}}"
            ),
        ),
        of="system",
        width=8,
        height=7,
    ),
)

MONEY = (
    _money(
        "Owed by now",
        telemetry.CREDIT_NOW,
        "What the running periods cost if all that is left of them is good, in units of each currency.",
    ),
    _money(
        "At risk",
        telemetry.CREDIT_AT_RISK,
        "What more it is at their end if the rest is as bad as what is known of them.",
    ),
    _money("Undetermined", telemetry.UNDETERMINED_STAKE, "The most that may be owed for what nobody can tell yet."),
    _money("Credits granted", telemetry.CREDIT, "Service credits granted so far, for all periods that are closed."),
    _money("Penalties", telemetry.PENALTY, "Penalties assessed so far, before caps, for all periods that are closed."),
    figure(
        "Settlements held",
        f'sum({telemetry.SETTLEMENTS}{{state="held"}}) or on () 0 * sum({telemetry.SETTLEMENTS})',
        description="Settlements that wait for a person (SettlementHeld).",
        steps=states.ANY_IS_BAD,
    ),
    money.priced("", title="Promises, the most at risk first", height=9),
)

# Each its own, and a state's only where a person has to look.
SETTLEMENT_COLOURS = {
    "computed": "#8AB8FF", "reported": "#3274D9", "disputed": states.BURNING_COLOUR, "held": states.BREACH_COLOUR, "final": "text",
}  # fmt: skip
SETTLEMENTS = (
    Lines(
        title="Settlements by state",
        description="Where settlements are over time; one goes from computed to final, or waits as held.",
        queries=(Query(expr=f"sum by (state) ({telemetry.SETTLEMENTS})", legend="{{state}}"),),
        colours=tuple(named(state, colour) for state, colour in SETTLEMENT_COLOURS.items()),
        decimals=0,
        minimum=0,
        width=8,
        height=7,
    ),
    Lines(
        title="Failures of the pipeline",
        description="Failed turns of each stage.",
        queries=(
            Query(
                expr=f"sum by (stage) (increase({telemetry.PIPELINE_FAILURES}[$__rate_interval]))",
                legend="{{stage}}",
            ),
        ),
        minimum=0,
        steps=states.rising(None, 1),
        width=8,
        height=7,
    ),
    Lines(
        title="Age of the settlement chain's head",
        description="A head that only grows older means that nothing can be settled (SettlementChainLate at 5 min, SettlementChainStalled at 30).",
        queries=(
            # The recorded age outlives who told it, for the alerts; a line does not.
            Query(expr=f"max({telemetry.SETTLEMENT_CHAIN_AGE}) and on () group({telemetry.CHAIN_HEAD})", legend="age"),
        ),
        unit="s",
        minimum=0,
        steps=states.rising(300, 1800),
        width=8,
        height=7,
    ),
)

PAGING = Board(
    uid="sk-paging",
    title="Paging and money",
    description="Whether a page would arrive, what waits for a person, and what it costs.",
    marks=(marks.faults('scope="fleet"'), marks.period_ends()),
    sections=(
        Section(panels=HEALTH),
        Section(title="Pages", panels=PAGES),
        Section(title="Waits", panels=WAITS),
        Section(title="Money", panels=MONEY),
        Section(title="Settlements", panels=SETTLEMENTS),
    ),
)
