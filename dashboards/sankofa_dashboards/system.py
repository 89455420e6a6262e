"""One system on all sites, by a plan that knows none of them: its targets, who is worst and why, its signals, its exporter.

A system of the registry has its board by being there; what is special of it are the signals that stand beside it as data. A source that
does not know gives no line and a NOT KNOWN row, never a good one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from sankofa_exporters.model import catalogue
from sankofa_exporters.model.family import pairs
from sankofa_exporters.model.signal import Signal
from sankofa_exporters.registry import System
from sankofa_observe import telemetry
from sankofa_observe.telemetry import State

from . import marks, states
from .board import Board
from .choice import AT_SITES, REGION, SITES, TIER, selected
from .events import SITE_BOARD
from .layout import Section
from .panels import COUNTED, Bars, Heat, Lines, Panel, Query, StateRows, figure
from .table import Column, Label, Table, table

WORST_TARGETS, GOLDEN = 15, 4
LINES = 6  # as many as an eye can tell apart, and as a legend has room for
NEVER_NEGATIVE = {"s", "d"} | COUNTED - {"none"}
_SELECTOR = re.compile(r"\{AT(?P<own>[^}]*)\}(?P<range>\[[^]]+\])?")


def board_of(system: System) -> Board:
    """The system's board; its uid is `sk-` and the system's name."""
    return Board(
        uid=f"sk-{system.name}",
        title=system.name.capitalize(),
        description=f"{system.name.capitalize()} on all sites: targets, the worst of them and why, its signals, and the exporter itself.",
        variables=(TIER, REGION, SITES),
        marks=(marks.faults(AT_SITES), marks.period_ends(), marks.exclusions(AT_SITES)),
        sections=(
            Section(panels=figures(system)),
            Section(title="Worst targets", panels=(worst(system), rows(system))),
            Section(title="Golden signals", panels=tuple(map(signal, system.signals[:GOLDEN]))),
            *(
                [Section(title="More of it", panels=more)]
                if (more := tuple(map(signal, system.signals[GOLDEN:])))
                else []
            ),
            Section(title="The exporter itself", panels=exporter(system)),
        ),
    )


def _of(system: System) -> str:
    return selected(AT_SITES, f'system="{system.name}"')


def _job(system: System) -> str:
    return selected(AT_SITES, f'job="sankofa-{system.name}"')


def figures(system: System) -> tuple[Panel, ...]:
    """How many targets there should be, were found, are known, are up; how long the slowest probe takes; what fails."""
    expected = f"sum({telemetry.TARGET_EXPECTED}{_of(system)})"
    everyone = selected(AT_SITES)
    known = " or ".join(f"{known}{everyone}" for known, _ in pairs(system.families))
    up = " or ".join(f"({known}{everyone} * {up}{everyone})" for known, up in pairs(system.families))
    none = f"or on () 0 * {expected}"
    plain = partial(figure, steps=states.PLAIN)
    return (
        plain(
            "Targets expected",
            expected,
            description="Targets that there should be, told by the exporter or the platform.",
        ),
        plain(
            "Found", f"count(up{_job(system)}) {none}", description="Targets that Prometheus scrapes (TargetsMissing)."
        ),
        plain("Known", f"sum({known}) {none}", description="Targets of which somebody can say whether they are up."),
        plain("Up", f"sum({up}) {none}", description="Targets that are known and up."),
        figure(
            "Slowest probe",
            f"max({catalogue.PROBE_DURATION.name}{_job(system)})",
            description="The longest of the newest probes; a scrape is given up after 10 s.",
            steps=states.rising(5, 9),
            unit="s",
            decimals=None,
        ),
        Bars(
            title="Errors by kind",
            description="Collectors without data by kind of failure; none fails where there is no bar but the zero.",
            queries=(
                Query(
                    expr=f"sum by (kind) ({catalogue.COLLECTOR_ERROR.name}{_job(system)})\n"
                    f'or on () label_replace(0 * {expected}, "kind", "none", "", "")',
                    instant=True,
                    legend="{{kind}}",
                ),
            ),
            steps=states.rising(None, 1),
            width=4,
            height=4,
        ),
    )


def target_states(system: System, where: str) -> str:
    """A State for each target that is expected or found, by site and target; NOT KNOWN where nothing says one."""
    seen = "\nor ".join(
        f"{State.NOT_KNOWN.value} * (1 - {known}{where}) + {State.DOWN.value} * {known}{where} * (1 - {up}{where})"
        for known, up in pairs(system.families)
    )
    own = "{" + f'system="{system.name}", ' + where[1:]
    named = f'label_replace({seen}, "target", "$1", "instance", "(.*)")'
    return (
        f"max by (tier, region, site, target) ({named})\n"
        f"or max by (tier, region, site, target) ({State.NOT_KNOWN.value} * {telemetry.TARGET_INFO}{own})"
    )


def worst(system: System) -> Table:
    """Down before not known before up; with what a collector without data says of it."""
    where = selected(AT_SITES)
    now = target_states(system, where)
    ranked = (
        f"topk({WORST_TARGETS}, 2 * (({now}) == bool {State.DOWN.value}) + (({now}) == bool {State.NOT_KNOWN.value}))"
    )
    key = 'label_join({}, "key", "/", "site", "target")'
    worst_keys = f"max by (key) ({key.format(ranked)})"
    error = f'label_replace({catalogue.COLLECTOR_ERROR.name}{_job(system)} == 1, "target", "$1", "instance", "(.*)")'
    why = f'label_join({key.format(error)}, "why", ": ", "collector", "kind")'
    scraped = f'label_replace(up{_job(system)}, "target", "$1", "instance", "(.*)")'
    return table(
        title=f"Worst {WORST_TARGETS} targets",
        description="Down first, then not known; why is a collector that has no data, and the kind of its failure.",
        labels=(
            Label(name="key", title="site/target"),
            Label(name="site", links=(SITE_BOARD,)),
            Label(name="tier"),
            Label(name="region"),
            Label(name="why"),
        ),
        columns=(
            Column(
                name="State",
                expr=f"max by (key, tier, region, site) ({key.format(f'({now})')} and on (key) {worst_keys})",
                of="system",
                steps=states.STATE_STEPS,
            ),
            Column(
                name="failing collectors",
                expr=f"topk by (key) (1, count by (key, why) ({why} and on (key) {worst_keys}))\n"
                f'or on (key) label_replace(0 * {worst_keys}, "why", "-", "", "")',
                decimals=0,
                steps=((0, "text"), (1, states.BURNING_COLOUR)),
            ),
            Column(
                name="scraped",
                expr=f"max by (key) ({key.format(scraped)} and on (key) {worst_keys})\nor on (key) NaN * {worst_keys}",
                decimals=0,
                words=(states.YES_NO,),
            ),
            Column(name="Rank", expr=worst_keys, hidden=True),
        ),
        width=16,
        height=12,
    )


def rows(system: System) -> StateRows:
    """The system's state at the sites that were worst at the end of the range."""
    state = f"{telemetry.SYSTEM_STATE}{_of(system)}"
    at_end = f"{state} @ end()"
    order = f"2 * ({at_end} == bool {State.DOWN.value}) + ({at_end} == bool {State.NOT_KNOWN.value})"
    return StateRows(
        title=f"The worst {WORST_TARGETS} sites, over time",
        description="Up, DOWN or NOT KNOWN of the whole system at a site, by the evidence of two minutes.",
        queries=(Query(expr=f"{state} and on (site) topk({WORST_TARGETS}, {order})", legend="{{site}}"),),
        of="system",
        width=8,
        height=12,
    )


def asked(expr: str, at: str = "") -> str:
    """A signal's expression for the sites that are chosen, with a modifier behind each selector."""
    return _SELECTOR.sub(lambda found: selected(AT_SITES + found["own"]) + (found["range"] or "") + at, expr)


def signal(one: Signal) -> Panel:
    """Its lines, of the worst at the end of the range alone; or its heat map."""
    if one.shape == "heat":
        heat = Query(expr=asked(one.expr), legend=one.legend, format="heatmap")
        return Heat(title=one.title, description=one.means, queries=(heat,), unit=one.unit, width=6, height=8)
    cut = "topk" if one.worst == "highest" else "bottomk"
    # A whole number that stands at its bound is drawn beside the bound and not on it.
    off = 0.5 if one.unit == "none" and one.decimals == 0 else 0
    watch, bad = (None if bound is None else bound - off for bound in (one.watch, one.bad))
    bounds = (states.rising if one.worst == "highest" else states.falling)(watch, bad)
    expr = f"({asked(one.expr)})\nand {cut}({LINES}, {asked(one.expr, ' @ end()')})"
    return Lines(
        title=one.title,
        description=f"{one.means} The {LINES} {one.worst} at the end of the time shown.",
        queries=(Query(expr=expr, legend=one.legend),),
        unit=one.unit,
        decimals=one.decimals,
        minimum=0 if one.unit in NEVER_NEGATIVE or (one.unit == "none" and one.worst == "highest") else None,
        steps=bounds,
        parts=not (one.unit == "percentunit" and one.worst == "lowest"),  # all is at the bound while all is well
        width=6,
        height=8,
    )


def exporter(system: System) -> tuple[Panel, ...]:
    """How long its probes take, what they cost upstream, how old what it reads is, and whether it is held up itself.

    A probe that asks nobody has no calls, and what it tells no age.
    """
    job = _job(system)
    probes, *upstream, delay = _exporter(job)
    if system.asks:
        return (probes, *upstream, delay)
    return tuple(replace(panel, width=12) for panel in (probes, delay))


def _exporter(job: str) -> tuple[Panel, ...]:
    return (
        Lines(
            title="Probes",
            description="Time of a probe: half of all targets, the slowest hundredth, the slowest.",
            queries=(
                Query(expr=f"quantile(0.5, {catalogue.PROBE_DURATION.name}{job})", legend="half"),
                Query(expr=f"quantile(0.99, {catalogue.PROBE_DURATION.name}{job})", legend="p99"),
                Query(expr=f"max({catalogue.PROBE_DURATION.name}{job})", legend="slowest"),
            ),
            unit="s",
            minimum=0,
            steps=states.rising(5, 9),
            width=6,
            height=7,
        ),
        Lines(
            title="Upstream calls",
            description="Calls that one round over all targets makes to their interfaces.",
            queries=(Query(expr=f"sum({catalogue.UPSTREAM_CALLS.name}{job})", legend="calls"),),
            minimum=0,
            width=6,
            height=7,
        ),
        Lines(
            title="Age of the source's own sample",
            description="By collector, the oldest by the source's own clock; absent for sources that have none.",
            queries=(Query(expr=f"max by (collector) ({catalogue.COLLECTOR_AGE.name}{job})", legend="{{collector}}"),),
            unit="s",
            minimum=0,
            width=6,
            height=7,
        ),
        Lines(
            title="Delay of our own",
            description="Time of a probe in which the exporter itself was held up; what only this decides is not known (ExporterStarved at 0.1 s).",
            queries=(Query(expr=f"max({catalogue.PROBE_DELAY.name}{job})", legend="delay"),),
            unit="s",
            minimum=0,
            steps=states.rising(0.05, 0.1),
            width=6,
            height=7,
        ),
    )
