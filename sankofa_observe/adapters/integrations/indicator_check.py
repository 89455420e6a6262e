"""What is wrong with one indicator, measured by what its source was recorded to show.

A metric that no recording has, a selector that meets nothing or two series of one target, a counter read as a level, a latency
that nothing here can be counted from: each would be an SLO that is unknown for ever, or right by chance.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.adapters.integrations.exposition import BOUND, BUCKET, Exposition
from sankofa_observe.adapters.integrations.latency import latency_problem
from sankofa_observe.adapters.integrations.models import FROM_PROMETHEUS, IndicatorShape, StateShape
from sankofa_observe.adapters.integrations.selector import Asked

COUNTS, LEVELS = frozenset({"counter", "histogram", "summary", "untyped"}), frozenset({"gauge", "untyped"})
_OF_EVENTS = re.compile(r"_(?:count|bucket|total)$")
_TIMES = re.compile(r"(?:^|_)(?:duration|latency|response_time|total_time|queue_time|connect_time|rtt)(?:_|$)")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where in the indicator."""

    path: str
    code: str
    problem: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One selector of an indicator, and what it must be."""

    path: str
    asked: Asked
    kinds: frozenset[str]
    several: bool  # it may meet several series of one target


def indicator_problems(
    indicator: IndicatorShape, recorded: Sequence[Exposition], identity: Sequence[str]
) -> Iterator[Problem]:
    """All that is wrong; `identity` are the labels that Prometheus puts on every series."""
    sound = True
    for part in _parts(indicator):
        found = list(_part_problems(part, recorded, identity))
        sound = sound and not found
        yield from found
    if sound:
        yield from _together(indicator, recorded)


def metric_problem(path: str, metric: str, recorded: Sequence[Exposition]) -> Problem | None:
    """That some recording has the metric, or the buckets of a histogram of that name."""
    every = {name for one in recorded for name in one.metrics()}
    if metric in every or f"{metric}{BUCKET}" in every:
        return None
    near = difflib.get_close_matches(metric, every, n=3, cutoff=0.8)
    files = ", ".join(one.file for one in recorded)
    hint = f"near to it: {', '.join(near)}" if near else ""
    return Problem(path=path, code="metric", problem=f"no recorded exposition has {metric!r} ({files})", hint=hint)


def _parts(indicator: IndicatorShape) -> Iterator[Part]:
    if state := indicator.state:
        for path, selector in (("state/up", state.up), ("state/known", state.known)):
            yield Part(path=path, asked=Asked.of(selector), kinds=LEVELS, several=bool(state.combine))
    if events := indicator.events:
        side = "good" if events.good else "bad"
        yield Part(path=f"events/{side}", asked=Asked.of(events.counted), kinds=COUNTS, several=True)
        yield Part(path="events/total", asked=Asked.of(events.total), kinds=COUNTS, several=True)
        if events.start:
            yield Part(path="events/start", asked=Asked.of(events.start), kinds=LEVELS, several=False)
    if level := indicator.level:
        kinds = COUNTS if level.reading == "rate" else LEVELS
        several = level.total or bool(level.combine)
        yield Part(path="level/of", asked=Asked.of(level.of), kinds=kinds, several=several)
        for nth, demand in enumerate(level.demand):  # what several series say is added up
            kinds, path = COUNTS if demand.reading == "rate" else LEVELS, f"level/demand/{nth}"
            yield Part(path=f"{path}/series", asked=Asked.of(demand.series), kinds=kinds, several=True)
            if demand.capacity:
                yield Part(path=f"{path}/capacity", asked=Asked.of(demand.capacity), kinds=LEVELS, several=True)


def _part_problems(part: Part, recorded: Sequence[Exposition], identity: Sequence[str]) -> Iterator[Problem]:
    metric = part.asked.metric
    if missing := metric_problem(part.path, metric, recorded):
        yield missing
        return
    having = [one for one in recorded if metric in one.metrics()]
    labels = {label for one in having for shown in one.of(metric) for label in shown.labels}
    known = sorted(labels | {*identity, *FROM_PROMETHEUS})
    if unknown := [one.label for one in part.asked.matchers if one.label not in known]:
        problem, hint = f"{metric} has no label {unknown[0]!r}", f"it has: {', '.join(known)}"
        yield Problem(path=part.path, code="label", problem=problem, hint=hint)
        return
    if kinds := {shown.kind for one in having for shown in one.of(metric)} - part.kinds:
        expected = "a gauge" if part.kinds == LEVELS else "a counter"
        yield Problem(path=part.path, code="type", problem=f"{metric} is a {', '.join(kinds)}; expected {expected}")
    # What a place or a target is called in production no recording knows.
    asked = part.asked.without({*identity, *FROM_PROMETHEUS})
    yield from _met(part, having, {one.file: one.met(asked) for one in having})


def _met(part: Part, having: Sequence[Exposition], met: Mapping[str, Sequence[Mapping[str, str]]]) -> Iterator[Problem]:
    if not any(met.values()):
        if any(one.label == BOUND for one in part.asked.matchers):
            return  # told as a latency, with the bounds that there are
        there = sorted({written(shown.labels) for one in having for shown in one.of(part.asked.metric)})
        problem, hint = f"it meets no series of {part.asked.metric}", f"there are: {'; '.join(there[:6])}"
        yield Problem(path=part.path, code="label", problem=problem, hint=hint)
    for file, series in met.items() if not part.several else ():
        if len(series) > 1:
            shown = "; ".join(written(labels) for labels in series[:4])
            problem = f"{len(series)} series of one target in {file}: {shown}"
            hint = "name one by its labels, or say what several make: total, or combine: all"
            yield Problem(path=part.path, code="two-series", problem=problem, hint=hint)


def _together(indicator: IndicatorShape, recorded: Sequence[Exposition]) -> Iterator[Problem]:
    if indicator.state:
        yield from _pair(indicator.state, recorded)
    if indicator.events:
        for path, selector in (("counted", indicator.events.counted), ("total", indicator.events.total)):
            if problem := _event_problem(Asked.of(selector), recorded):
                yield Problem(path=f"events/{path}", code="latency", problem=problem)
    if (level := indicator.level) and level.reading == "value":
        metric = Asked.of(level.of).metric
        if _TIMES.search(metric) and (problem := latency_problem(metric, "", recorded)):
            yield Problem(path="level/of", code="latency", problem=problem)


def _pair(state: StateShape, recorded: Sequence[Exposition]) -> Iterator[Problem]:
    """That what says up and what says known are told apart by the same labels: else neither has its other half."""
    for one in recorded:
        up, known = (
            {frozenset(labels.items()) for labels in one.met(Asked.of(selector).without({*FROM_PROMETHEUS}))}
            for selector in (state.up, state.known)
        )
        if up and not up <= known:
            alone = "; ".join(written(dict(labels)) for labels in sorted(up - known, key=sorted)[:3])
            problem = f"{state.up} has series in {one.file} of which {state.known} has none: {alone}"
            yield Problem(path="state", code="pair", problem=problem, hint="take a level: it needs no other half")


def _event_problem(asked: Asked, recorded: Sequence[Exposition]) -> str:
    """Why events cannot be counted by what is a part of a histogram or a summary."""
    bound = next((one.value for one in asked.matchers if one.label == BOUND and one.sign == "="), "")
    if asked.metric.endswith(BUCKET):
        histogram = asked.metric.removesuffix(BUCKET)
        return (
            latency_problem(histogram, bound, recorded) if bound else f'{asked.metric}: no bound; expected one, le="…"'
        )
    kinds = {shown.kind for one in recorded for shown in one.of(asked.metric)}
    if "summary" in kinds and not _OF_EVENTS.search(asked.metric):
        return latency_problem(asked.metric, "0", recorded)
    return ""


def written(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"
