"""The first screen: is anyone hurt, whom do we not see, what does it cost, and which 25 sites are worst.

Reads recorded series only; nothing on it asks for all sites over time, and it fits 1920 x 1080 without scrolling. Every count begins
from the inventory, so that an empty answer means that the inventory is missing, and says NOT KNOWN.
"""

from __future__ import annotations

from sankofa_exporters.registry import SYSTEM_NAMES
from sankofa_observe import telemetry
from sankofa_observe.slo.burn_rate import BURN_WINDOWS, DAY, HOUR
from sankofa_observe.telemetry import State

from . import foreign, judged, marks, states
from .board import Board
from .choice import IN_SCOPE, REGION, TIER
from .events import SITE_BOARD, firing
from .layout import Section
from .panels import Figure, Query, StateRows
from .table import Column, Label, always, table

WORST_ROWS, TIMELINE_ROWS, CHANGED_ROWS = 25, 15, 8
_STATE = f"{telemetry.SITE_STATE}{IN_SCOPE}"
_WORST = f"topk({WORST_ROWS}, {telemetry.SITE_RANK}{IN_SCOPE})"
# The set is fixed at the end of the range: without `@ end ()` each step would choose its own.
_WORST_AT_END = f"topk({TIMELINE_ROWS}, {telemetry.SITE_RANK}{IN_SCOPE} @ end())"
NEVER_SECONDS = 400 * DAY
PAGE_FACTOR = float(BURN_WINDOWS[0].factor)


def _figure(title: str, *queries: Query, description: str, steps: states.Steps, **more: object) -> Figure:
    shape = {"unit": "none", "decimals": 0, "width": 3, "height": 3} | more
    return Figure(title=title, description=description, queries=queries, steps=steps, **shape)  # type: ignore[arg-type]  # the fields of Figure


def _now(expr: str, legend: str = "") -> Query:
    return Query(expr=expr, instant=True, legend=legend)


def _in_state(state: State) -> str:
    return f"sum({_STATE} == bool {state.value})"


FIGURES = (
    _figure(
        "DOWN",
        _now(_in_state(State.DOWN)),
        description="Sites of which a system is known to be down, by five samples in two minutes. SiteDown pages, save where it is Besu or a canary alone.",
        steps=states.ANY_IS_BAD,
    ),
    _figure(
        "BREACH",
        _now(_in_state(State.BREACH)),
        description="Sites that miss an objective of this period even if all unknown time was good.",
        steps=states.ANY_IS_BAD,
    ),
    _figure(
        "Burning",
        _now(_in_state(State.BURNING)),
        description="Sites whose error budget burns so fast that it is paged (SloBurn).",
        steps=states.ANY_IS_BURNING,
    ),
    _figure(
        "NOT KNOWN",
        _now(_in_state(State.NOT_KNOWN), "NOT KNOWN"),
        _now(f"count({_STATE})", "of"),
        description="Sites of which nobody can say whether they are up, of all there should be. Not down, and not good.",
        steps=states.ANY_IS_NOT_KNOWN,
        plain=("B",),
        width=4,
    ),
    _figure(
        "No target",
        _now(_in_state(State.NO_TARGET)),
        description="Sites of the fleet for which neither platform nor exporters name a target (TargetsMissing).",
        steps=((0, states.GOOD_COLOUR), (1, states.NO_TARGET_COLOUR)),
    ),
    _figure(
        "Heartbeat",
        _now(f"max(time() - timestamp({telemetry.SITE_STATE}))", "rules"),
        _now(f"max(time() - {telemetry.PIPELINE_SUCCESS})", "platform"),
        description="Age of the oldest state on this wall, and of the platform's stage that is furthest behind (PipelineStalled at 15 min).",
        steps=((0, states.GOOD_COLOUR), (300, states.BURNING_COLOUR), (900, states.BREACH_COLOUR)),
        unit="s",
        width=4,
    ),
    _figure(
        "Rules missed",
        _now(f"max({telemetry.RULER_MISSED})", "missed"),
        description="Of the group that misses most: evaluations left out in the last 5 minutes; over 10 % no bound of a page holds (RulerLate).",
        steps=((0, states.GOOD_COLOUR), (0.01, states.BURNING_COLOUR), (0.1, states.BREACH_COLOUR)),
        unit="percentunit",
        width=4,
    ),
)

EVENTS = firing(
    title="Events",
    description="Alerts of the fleet or of a region that fire; sites stand below.",
    matchers='scope=~"fleet|region", severity=~"page|ticket"',
    labels=("alertname", "severity", "tier", "region", "storm", "network", "observer"),
    width=9,
    height=6,
)


def _of_worst(expr: str) -> str:
    """The expression for the worst sites, and NaN where it has nothing for one."""
    return always(f"{expr} and on (site) {_WORST}", _WORST, "site")


def _system(name: str) -> Column:
    """What is known of one system of the site; a dash where there should be none: a site without Ceph lacks nothing."""
    own = f'{{system="{name}"}}'
    state = f"max by (site) ({telemetry.SYSTEM_STATE}{own} and on (site) {_WORST})"
    none = f"{State.NO_TARGET.value} + 0 * max by (site) ({_WORST} unless on (site) {telemetry.TARGET_EXPECTED}{own})"
    return Column(
        name=name,
        expr=f"{state}\nor on (site) {none}\nor on (site) NaN * max by (site) ({_WORST})",
        of="system",
        steps=states.STATE_STEPS,
        words=(states.quiet(State.NO_TARGET.value, "-"),),
        width=92,
    )


_BAD_SHARE = f"({telemetry.slo_bad('1h')} / ({telemetry.slo_valid('1h')} > 0))"
_SECONDS_LEFT = (
    f"min by (site) ({telemetry.SECONDS_TO_NEXT_BAND}"
    f" / on (slo, site) group_left () clamp_min(max by (slo, site) {_BAD_SHARE}, 1e-9))"
)
_AT_RISK = f"sum by (site, currency) ({telemetry.CREDIT_AT_RISK} and on (site) {_WORST})"
# Of a site that the platform knows.
_PRICELESS = f"{states.NO_PRICE} + 0 * max by (site) ({_WORST} and on (site) {telemetry.SITE_INFO} unless on (site) {telemetry.PRICED})"
_AT_LAST = f"{states.LAST_STEP} + 0 * max by (site) ({_WORST} and on (site) {telemetry.CREDIT_NOW} unless on (site) {telemetry.SLOTS_TO_NEXT_BAND})"
_NOTHING = f"(({_PRICELESS}) or on (site) NaN * max by (site) ({_WORST}))"
_NO_MONEY = f'label_replace({_NOTHING}, "currency", "-", "", "")'
_CHANGED = f"max_over_time(timestamp(changes({_STATE}[45s]) > 0)[15m:15s])"
_CHANGED_BEFORE = f"max_over_time(timestamp(changes({_STATE}[90s]) > 0)[6h:1m])"
_FIRST_SEEN = f"min_over_time(timestamp({_STATE})[6h:1m])"

WORST = table(
    title=f"Worst {WORST_ROWS} sites",
    description="By their state: down first, then breach, not known, burning; the budget spent decides among equals. All are counted above.",
    labels=(
        Label(name="site", links=(SITE_BOARD,), width=120),
        Label(name="tier", width=80),
        Label(name="region", width=90),
        Label(name="currency", width=70, before="At risk"),
    ),
    columns=(
        Column(
            name="State",
            expr=f"max by (tier, region, site) ({_STATE} and on (site) {_WORST})",
            of="site",
            steps=states.STATE_STEPS,
            width=100,
        ),
        *(_system(name) for name in SYSTEM_NAMES),
        Column(
            name="Burn, 1 h",
            expr=_of_worst(telemetry.SLO_BURN),
            decimals=1,
            steps=((0, "text"), (1, states.BURNING_COLOUR), (PAGE_FACTOR, states.BREACH_COLOUR)),
        ),
        Column(
            name="Budget left",
            expr=_of_worst(f"1 - max by (site) ({telemetry.SLO_SPENT})"),
            unit="percentunit",
            decimals=0,
            steps=states.LEFT,
        ),
        Column(
            name="Last period",
            expr=_of_worst(f"({judged.verdict('site')} or on (site) {judged.none_of('', 'site')})"),
            words=(judged.WORDS, *judged.NO_VERDICT),
        ),
        Column(
            name="Next step in",
            expr=_of_worst(
                f"(clamp_max({_SECONDS_LEFT}, {NEVER_SECONDS}) or on (site) {_PRICELESS} or on (site) {_AT_LAST})"
            ),
            unit="s",
            decimals=1,
            steps=((0, states.BREACH_COLOUR), (HOUR, states.BURNING_COLOUR), (DAY, "text")),
            words=(
                states.PRICELESS,
                states.NO_FURTHER_STEP,
                states.beyond(NEVER_SECONDS, "not at this pace"),
            ),
        ),
        Column(
            name="At risk",
            expr=f"topk by (site) (1, {_AT_RISK})\nor on (site) {_NO_MONEY}",
            unit="locale",
            decimals=2,
            words=(states.PRICELESS,),
        ),
        Column(
            name="Since",
            expr=_of_worst(f"time() - max by (site) ({_CHANGED} or {_CHANGED_BEFORE} or {_FIRST_SEEN})"),
            unit="s",
            decimals=0,
        ),
        Column(name="Rank", expr=f"max by (site) ({_WORST})", hidden=True),
    ),
    width=18,
    height=16,
)

TIMELINE = StateRows(
    title=f"The worst {TIMELINE_ROWS}, over time",
    description="State of the same sites; purple is NOT KNOWN, never good.",
    queries=(Query(expr=f"{_STATE} and on (site) {_WORST_AT_END}", legend="{{site}}"),),
    of="site",
    width=6,
    height=16,
)

TIERS = table(
    title="Tiers",
    description="Sites of each tier by state, and how many there should be.",
    labels=(Label(name="tier"),),
    columns=(
        *(
            Column(
                name=word,
                expr=f"sum by (tier) ({_STATE} == bool {state.value})",
                decimals=0,
                steps=((0, "text"), (1, states.READABLE.get(state, colour))),
            )
            for state, (word, colour) in states.COLOURS.items()
        ),
        Column(name="of", expr=f"count by (tier) ({_STATE})", decimals=0),
    ),
    width=8,
    height=6,
)

_CHANGED_AT = f"max_over_time(timestamp(changes({_STATE}[45s]) > 0)[1h:15s])"
# By the moment of the last but some, and not by topk: of sites that change at once it takes others in each query.
_LAST = f"({_CHANGED_AT} >= on () group_left () min(topk({CHANGED_ROWS}, {_CHANGED_AT})))"


def _unchanged(value: str) -> str:
    """The row that stands there while the sites are known and none has changed."""
    return f'label_replace({value} * count({_STATE}), "site", "no change", "", "")'


CHANGES = table(
    title="Last changes, 1 h",
    description="Sites whose state changed last; a row without a site says that none did.",
    labels=(Label(name="site", links=(SITE_BOARD,)), Label(name="tier"), Label(name="region")),
    columns=(
        Column(
            name="Ago",
            expr=f"time() - ({_LAST})\nor on () {_unchanged('0')}",
            unit="s",
            decimals=0,
        ),
        Column(
            name="is",
            expr=f"max by (site) ({telemetry.SITE_STATE} and on (site) {_LAST})\nor on () {_unchanged('NaN')}",
            of="site",
            steps=states.STATE_STEPS,
        ),
        Column(name="Rank", expr=f"max by (site) ({_LAST})\nor on () {_unchanged('0')}", hidden=True),
    ),
    width=5,
    height=6,
)

SENT = Figure(
    title="Notifications, 1 h",
    description="What Alertmanager sent to people and programs, a beat of Watchdog each minute among it, and what failed on the way.",
    queries=(_now(foreign.notifications_sent(), "sent"), _now(foreign.notifications_failed(), "failed")),
    decimals=0,
    steps=states.ANY_IS_BAD,
    plain=("A",),
    width=2,
    height=6,
)

FLEET = Board(
    uid="sk-fleet",
    title="Fleet",
    description="All sites, worst first: who is hurt, whom we do not see, what it costs.",
    variables=(TIER, REGION),
    marks=(marks.faults('scope=~"fleet|region"'), marks.period_ends(), marks.exclusions()),
    sections=(Section(panels=(*FIGURES, EVENTS, TIERS, CHANGES, SENT, WORST, TIMELINE)),),
)
