"""One site: its state, its promises with their bounds and money, what fires, and a row for each system that it has.

Systems come from the targets of the site, so a site without Ceph has no Ceph row; all that is special of a system is on its own board, which
opens for this site. A source that does not know gives no line and a NOT KNOWN row, never a good one.
"""

from __future__ import annotations

from sankofa_exporters.model import catalogue
from sankofa_observe import telemetry
from sankofa_observe.slo.burn_rate import BURN_WINDOWS
from sankofa_observe.slo.slot import SlotState

from . import judged, marks, money, states
from .board import Board
from .choice import AT_SITE, SITE, SYSTEM
from .events import firing
from .layout import Section
from .panels import Bars, Figure, Lines, Link, Query, StateRows, named
from .table import Column, Label, table

_SITE = AT_SITE.strip("{}")
_SYSTEM = f'{{{_SITE}, system="$system"}}'
_JOB = f'{{{_SITE}, job="sankofa-$system"}}'
PAGE_FACTOR = float(BURN_WINDOWS[0].factor)
SLOT_COLOURS = {
    SlotState.GOOD: states.GOOD_COLOUR, SlotState.BAD: states.BREACH_COLOUR, SlotState.UNKNOWN: states.NOT_KNOWN_COLOUR,
    SlotState.NO_TRAFFIC: states.NO_TARGET_COLOUR,
}  # fmt: skip

STATE = (
    Figure(
        title="State",
        description="Of the whole site, by the worst of its systems and promises.",
        queries=(Query(expr=f"{telemetry.SITE_STATE}{AT_SITE}", instant=True, legend="{{site}}"),),
        of="site",
        steps=states.STATE_STEPS,
        width=4,
        height=7,
    ),
    StateRows(
        title="Systems, over time",
        description="Up, DOWN or NOT KNOWN of each system, by the evidence of two minutes.",
        queries=(Query(expr=f"{telemetry.SYSTEM_STATE}{AT_SITE}", legend="{{system}}"),),
        of="system",
        width=10,
        height=7,
    ),
    firing(
        title="Firing at this site",
        description="Alerts of this site, and what to do.",
        matchers=_SITE,
        labels=("alertname", "severity", "system", "slo"),
        width=10,
        height=7,
    ),
)

PROMISES = (
    Lines(
        title="Attainment, this period",
        description="Low counts unknown time as bad, high as good: a breach is proven when high is under the objective.",
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
        plain=("C",),
        colours=(named("/ low$/", "#8AB8FF"), named("/ high$/", "#3274D9")),
        width=12,
        height=8,
    ),
    Bars(
        title="Slots of this period by state",
        description="What was counted; UNKNOWN is neither down nor good.",
        queries=(
            Query(
                expr=f"sum by (slo, state) ({telemetry.SLO_SLOTS}{AT_SITE})", instant=True, legend="{{state}} {{slo}}"
            ),
        ),
        unit="locale",
        decimals=0,
        colours=tuple(named(f"/^{state.value} /", SLOT_COLOURS[state]) for state in SlotState),
        width=12,
        height=8,
    ),
    Lines(
        title="Error budget spent",
        description="1 is all of it; more is by how far the promise is missed.",
        queries=(Query(expr=f"{telemetry.SLO_SPENT}{AT_SITE}", legend="{{slo}}"),),
        unit="percentunit",
        minimum=0,
        steps=states.rising(0.5, 1),
        width=12,
        height=7,
    ),
    Lines(
        title="Burn rate, 1 h",
        description=f"1 spends the budget exactly in the period; SloBurn pages at {PAGE_FACTOR:g}, and at less where six hours burned.",
        queries=(Query(expr=f"{telemetry.SLO_BURN}{AT_SITE}", legend="{{slo}}"),),
        decimals=1,
        minimum=0,
        steps=states.rising(1, PAGE_FACTOR),
        width=12,
        height=7,
    ),
    judged.last_period(_SITE, width=10, height=6),
    money.priced(_SITE, title="Money", width=14, height=6),
)

_ERROR = f"{catalogue.COLLECTOR_ERROR.name}{_JOB} == 1"
_TARGETS = f"max by (target) ({telemetry.TARGET_INFO}{_SYSTEM})"
_SCRAPED = f'label_replace(up{_JOB}, "target", "$1", "instance", "(.*)")'
_SEEN = f'label_replace({catalogue.PROBE_SUCCESS.name}{_JOB}, "target", "$1", "instance", "(.*)")'
_WHY = f'label_join(label_replace({_ERROR}, "target", "$1", "instance", "(.*)"), "why", ": ", "collector", "kind")'
_NOTHING_WRONG = f'label_replace(0 * {_TARGETS}, "why", "-", "", "")'
SYSTEM_BOARD = Link(title="Board of this system", url="/d/sk-${system}?var-site=${site}&${__url_time_range}")

OF_SYSTEM = (
    Figure(
        title="This system",
        description="Up, DOWN or NOT KNOWN; the system's own board opens for this site.",
        queries=(Query(expr=f"{telemetry.SYSTEM_STATE}{_SYSTEM}", instant=True, legend="{{system}}"),),
        of="system",
        steps=states.STATE_STEPS,
        links=(SYSTEM_BOARD,),
        width=4,
        height=6,
    ),
    table(
        title="Targets",
        description="Each target that there should be: whether it is scraped, whether the exporter saw all it must, and why not.",
        labels=(Label(name="target"), Label(name="why")),
        columns=(
            Column(
                name="Failing collectors",
                expr=f"topk by (target) (1, count by (target, why) ({_WHY}))\nor on (target) {_NOTHING_WRONG}",
                decimals=0,
                steps=((0, "text"), (1, states.BURNING_COLOUR)),
            ),
            Column(
                name="Scraped",
                expr=f"max by (target) ({_SCRAPED})\nor on (target) 0 * {_TARGETS}",
                words=(states.YES_NO,),
                steps=((0, states.NOT_KNOWN_COLOUR), (1, "text")),
            ),
            Column(
                name="All seen",
                expr=f"max by (target) ({_SEEN})\nor on (target) NaN * {_TARGETS}",
                words=(states.YES_NO,),
                steps=((0, states.NOT_KNOWN_COLOUR), (1, "text")),
            ),
        ),
        width=12,
        height=6,
        links=(SYSTEM_BOARD,),
    ),
    Lines(
        title="Probes",
        description="Time of each target's probe; how much of it is our own delay is on the system's board.",
        queries=(Query(expr=f"{catalogue.PROBE_DURATION.name}{_JOB}", legend="{{instance}}"),),
        unit="s",
        minimum=0,
        steps=states.rising(5, 9),
        links=(SYSTEM_BOARD,),
        width=8,
        height=6,
    ),
)

SITE_BOARD = Board(
    uid="sk-site",
    title="Site",
    description="One site: state, promises, money, alerts, and its systems.",
    variables=(SITE, SYSTEM),
    marks=(marks.faults(_SITE), marks.period_ends(_SITE), marks.exclusions(_SITE)),
    sections=(
        Section(panels=STATE),
        Section(title="Promises", panels=PROMISES),
        Section(title="$system", panels=OF_SYSTEM, repeat="system"),
    ),
)
