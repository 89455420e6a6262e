"""The first screen: is anyone hurt, whom do we not see, what does it cost, and which 25 sites are worst.

Reads recorded series only; nothing on it asks for all sites over time. Every count begins from the inventory, so that an
empty answer means that the inventory is missing, and says NOT KNOWN.
"""

from __future__ import annotations

from sankofa_observe import telemetry
from sankofa_observe.slo.quorum import SAME
from sankofa_observe.telemetry import State

from . import states
from .board import Board
from .layout import Section
from .panels import Bars, Figure, FiringAlerts, Lines, Query, StateRows
from .table import Column, worst_table

WORST_ROWS = 25
NONE_YET = f"or on () 0 * count({telemetry.SITE_INFO})"
_WORST = f"topk({WORST_ROWS}, {telemetry.SITE_RANK})"
# The set is fixed at the end of the range: without `@ end ()` each step would choose its own 25.
_WORST_AT_END = f"topk({WORST_ROWS}, {telemetry.SITE_RANK} @ end())"


def _figure(
    title: str, expr: str, *, description: str, steps: states.Steps, unit: str = "none", legend: str = ""
) -> Figure:
    query = Query(expr=expr, instant=True, legend=legend)
    return Figure(
        title=title, description=description, queries=(query,), steps=steps, unit=unit, decimals=0, width=4, height=4
    )


def _in_state(state: State) -> str:
    return f"sum({telemetry.SITE_STATE} == bool {state.value})"


FIGURES = (
    _figure(
        "Sites in breach",
        _in_state(State.BREACH),
        description="Sites that miss an objective of this period even if all unknown time was good.",
        steps=states.ANY_IS_BAD,
    ),
    _figure(
        "Sites burning",
        _in_state(State.BURNING),
        description="Sites for which SloBurn fires.",
        steps=states.ANY_IS_BURNING,
    ),
    _figure(
        "Sites NOT KNOWN",
        f"count({telemetry.SITE_NOT_KNOWN}) {NONE_YET}",
        description="Contracted sites of which some source is silent or cannot say. Not down, and not good.",
        steps=states.ANY_IS_NOT_KNOWN,
    ),
    _figure(
        "Credits granted",
        f"sum by (currency) ({telemetry.CREDIT}) {NONE_YET}",
        description="Service credits granted so far, in units of each currency.",
        steps=states.PLAIN,
        unit="locale",
        legend="{{currency}}",
    ),
    _figure(
        "Penalties",
        f"sum by (currency) ({telemetry.PENALTY}) {NONE_YET}",
        description="Penalties assessed, in units of each currency.",
        steps=states.PLAIN,
        unit="locale",
        legend="{{currency}}",
    ),
    _figure(
        "Age of the pipeline",
        f"max(time() - {telemetry.PIPELINE_SUCCESS})",
        description="Time since the stage that is furthest behind last succeeded; PipelineStalled fires at 15 minutes.",
        steps=((0, states.GOOD_COLOUR), (300, states.BURNING_COLOUR), (900, states.BREACH_COLOUR)),
        unit="s",
    ),
)

WORST = worst_table(
    title="Worst sites first",
    description="The 25 worst: breach, then not known, then burning; within each by the budget spent.",
    link="/d/sk-site?var-site=${__data.fields.site}&${__url_time_range}",
    columns=(
        Column(
            name="State", expr=f"{telemetry.SITE_STATE} and on (site) {_WORST}", states=True, steps=states.STATE_STEPS
        ),
        Column(
            name="Burn, 1 h",
            expr=f"max by (site) ({telemetry.SLO_BURN} and on (site) {_WORST})",
            decimals=1,
            steps=((0, states.GOOD_COLOUR), (1, states.BURNING_COLOUR), (14.4, states.BREACH_COLOUR)),
        ),
        Column(
            name="Budget spent",
            expr=f"max by (site) ({telemetry.SLO_SPENT} and on (site) {_WORST})",
            unit="percentunit",
            decimals=0,
            steps=states.SPENT,
        ),
        Column(
            name="Attainment at least",
            expr=f"min by (site) ({telemetry.SLO_LOW} and on (site) {_WORST})",
            unit="percentunit",
            decimals=3,
        ),
        Column(name="Rank", expr=f"max by (site) ({_WORST})"),
    ),
)

TIMELINE = StateRows(
    title="The worst, last 6 hours",
    description="State of the same sites over time; purple is NOT KNOWN, never good.",
    queries=(Query(expr=f"{telemetry.SITE_STATE} and on (site) {_WORST_AT_END}", legend="{{site}}"),),
    width=8,
    height=14,
)

SHOWN = (State.GOOD, State.BURNING, State.BREACH, State.NOT_KNOWN)
TIERS = Bars(
    title="Tiers",
    description="Sites of each tier by state.",
    queries=tuple(
        Query(
            expr=f"sum by (tier) ({telemetry.SITE_STATE} == bool {state.value})",
            instant=True,
            legend="{{tier}} " + states.COLOURS[state][0],
        )
        for state in SHOWN
    ),
    colours=tuple((chr(ord("A") + place), states.COLOURS[state][1]) for place, state in enumerate(SHOWN)),
    width=8,
    height=9,
)

_ALONE = f'sum by (observer, alone) ({telemetry.OBSERVER_VERDICTS}{{alone!="{SAME}"}})'
MONEY = (
    Bars(
        title="Settlements by state",
        description="Where each settlement is; held ones wait for a person (SettlementHeld).",
        queries=(Query(expr=f"sum by (state) ({telemetry.SETTLEMENTS})", instant=True, legend="{{state}}"),),
        width=8,
        height=7,
    ),
    Bars(
        title="Waits for a person",
        description="Verdicts that the slots cannot tell and nobody has reviewed (VerdictUndetermined), periods that cannot be judged yet, and observers that alone would not have said the same (ObserverDiffers).",
        queries=(
            Query(expr=f"sum by (slo) ({telemetry.UNDETERMINED})", instant=True, legend="undetermined, {{slo}}"),
            Query(expr=f"sum by (subject) ({telemetry.WAITING})", instant=True, legend="not judged yet, {{subject}}"),
            Query(expr=_ALONE, instant=True, legend="{{observer}} alone: {{alone}}"),
        ),
        width=8,
        height=7,
    ),
    Bars(
        title="At stake while nobody can tell",
        description="The most that may be owed for what is undetermined, in each currency.",
        queries=(
            Query(expr=f"sum by (currency) ({telemetry.UNDETERMINED_STAKE})", instant=True, legend="{{currency}}"),
        ),
        width=8,
        height=7,
    ),
    Lines(
        title="Failures of the pipeline",
        description="Failed runs of each stage.",
        queries=(
            Query(
                expr=f"sum by (stage) (increase({telemetry.PIPELINE_FAILURES}[$__rate_interval]))",
                legend="{{stage}}",
            ),
        ),
        minimum=0,
        width=12,
        height=7,
    ),
    Lines(
        title="Age of the settlement chain's head",
        description="A head that only grows older means that nothing can be settled.",
        queries=(Query(expr=f"{telemetry.SETTLEMENT_CHAIN_AGE}", legend="age"),),
        unit="s",
        minimum=0,
        width=12,
        height=7,
    ),
)

FLEET = Board(
    uid="sk-fleet",
    title="Fleet",
    description="All sites, worst first. Runbooks: docs/runbooks.",
    sections=(
        Section(panels=FIGURES),
        Section(panels=(WORST, TIMELINE)),
        Section(
            panels=(
                TIERS,
                FiringAlerts(
                    title="Firing pages",
                    description="Pages that fire now.",
                    labels='{severity="page"}',
                    width=16,
                    height=9,
                ),
            )
        ),
        Section(title="Money and pipeline", panels=MONEY),
    ),
)
