"""What is wrong with an entry, measured by what its source was recorded to show; all of it in one run.

A metric that no recording has, a selector that meets nothing or two series of one target, a latency that nothing here can be
counted from, a label that nobody sets: each would be an SLO that is unknown for ever, or right by chance.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sankofa_observe.adapters.integrations.catalogue import Catalogue, load_catalogue
from sankofa_observe.adapters.integrations.exposition import (
    BOUND,
    BUCKET,
    Exposition,
    exposition_of,
)
from sankofa_observe.adapters.integrations.latency import latency_problem
from sankofa_observe.adapters.integrations.models import (
    FROM_FLEET,
    FROM_PROMETHEUS,
    Histogram,
    IndicatorShape,
    Integration,
    StateShape,
)
from sankofa_observe.adapters.integrations.selector import Asked
from sankofa_observe.errors import InvalidInput, Violation


def sound_catalogue(folder: Path) -> Catalogue:
    """The catalogue of a folder; raises `InvalidInput` with every violation of shape, or else of what was recorded."""
    catalogue = load_catalogue(folder)
    if violations := check_catalogue(catalogue):
        plural = "" if len(violations) == 1 else "s"
        raise InvalidInput(f"{len(violations)} violation{plural} in the catalogue", violations)
    return catalogue


def check_catalogue(catalogue: Catalogue) -> list[Violation]:
    """Every violation of every entry."""
    entries = catalogue.entries.values()
    return [one for entry in entries for one in check_entry(entry, *recordings(entry, catalogue.folder))]


def recordings(entry: Integration, folder: Path) -> tuple[list[Exposition], list[Violation]]:
    """The recordings of an entry that can be read, and a violation for each of the others."""
    found, violations = [], []
    for nth, one in enumerate(entry.spec.recorded):
        try:
            text = (folder / one.file).read_text(encoding="utf-8")
            found.append(exposition_of(text, one.file, entry.spec.scrape, one.labels))
        except (ValueError, OSError) as error:
            said = "no such file" if isinstance(error, FileNotFoundError) else str(error)
            violations.append(_violation(entry, f"recorded/{nth}/file", "recorded", f"{one.file}: {said}"))
    return found, violations


def check_entry(
    entry: Integration, recorded: Sequence[Exposition], unread: Sequence[Violation] = ()
) -> list[Violation]:
    """What is wrong with one entry; where a recording could not be read, only that and what does not lean on it."""
    found = [*unread, *_labels(entry)]
    if unread:
        return found
    for nth, golden in enumerate(entry.spec.golden):
        found += _metric(entry, f"golden/{nth}/metric", golden.metric, recorded)
    for nth, indicator in enumerate(entry.spec.indicators):
        found += _indicator(entry, f"indicators/{nth}", indicator, recorded)
    if isinstance(entry.spec.latency, Histogram):
        for bound in entry.spec.latency.bounds_seconds:
            if problem := latency_problem(entry.spec.latency.histogram, bound, recorded):
                found.append(_violation(entry, "latency", "latency", problem))
    return found


def _labels(entry: Integration) -> Iterator[Violation]:
    """Identity is what the fleet file gives, and the target's own labels; all of these are told."""
    own = entry.spec.target.labels if entry.spec.target else []
    known = [*FROM_FLEET, *FROM_PROMETHEUS, *own]
    for nth, label in enumerate(entry.spec.identity):
        if label not in known and not entry.spec.scrape.exporter:
            problem = f"{label!r} is set by nobody"
            yield _violation(entry, f"identity/{nth}", "identity", problem, f"known: {', '.join(known)}")
    if missing := [label for label in FROM_FLEET if label not in entry.spec.identity]:
        yield _violation(entry, "identity", "identity", f"{', '.join(missing)} missing", "every series has these")
    keep = entry.spec.scrape.keep
    if keep and keep.equals not in own:
        problem = f"{keep.equals!r} is no label of a target"
        yield _violation(entry, "scrape/keep/equals", "identity", problem, f"targets have: {', '.join(own) or 'none'}")
    for nth, one in enumerate(entry.spec.recorded):
        if set(one.labels) != set(own):
            problem = f"labels {sorted(one.labels)}; expected those of a target, {sorted(own)}"
            yield _violation(entry, f"recorded/{nth}/labels", "identity", problem)


def _metric(entry: Integration, path: str, metric: str, recorded: Sequence[Exposition]) -> list[Violation]:
    every = {name for one in recorded for name in one.metrics()}
    if metric in every or f"{metric}{BUCKET}" in every:
        return []
    near = difflib.get_close_matches(metric, every, n=3, cutoff=0.8)
    files = ", ".join(one.file for one in recorded)
    hint = f"near to it: {', '.join(near)}" if near else ""
    return [_violation(entry, path, "metric", f"no recorded exposition has {metric!r} ({files})", hint)]


def _indicator(
    entry: Integration, path: str, indicator: IndicatorShape, recorded: Sequence[Exposition]
) -> Iterator[Violation]:
    for role, selector, several in _asked(indicator):
        asked, where = Asked.of(selector), f"{path}/{role}"
        if missing := _metric(entry, where, asked.metric, recorded):
            yield from missing
            continue
        yield from _met(entry, where, asked, recorded, several=several)
    if indicator.state:
        yield from _pair(entry, f"{path}/state", indicator.state, recorded)
    if indicator.events:
        bound = next((one for one in Asked.of(indicator.events.counted).matchers if one.label == BOUND), None)
        metric = Asked.of(indicator.events.counted).metric
        histogram = metric.removesuffix(BUCKET)
        if bound and (problem := latency_problem(histogram, bound.value, recorded)):
            yield _violation(entry, f"{path}/events", "latency", problem)
    if indicator.level and indicator.level.unit == "s" and indicator.level.reading == "value":
        problem = latency_problem(Asked.of(indicator.level.of).metric, "", recorded)
        if problem:
            yield _violation(entry, f"{path}/level/of", "latency", problem)


def _pair(entry: Integration, path: str, state: StateShape, recorded: Sequence[Exposition]) -> Iterator[Violation]:
    """That what says up and what says known are of the same things, told apart by the same labels: else none has its other half."""
    for one in recorded:
        up, known = (
            {frozenset(shown.labels.items()) for shown in one.met(Asked.of(selector))}
            for selector in (state.up, state.known)
        )
        if up and not up <= known:
            problem = f"{state.up} has labels in {one.file} that {state.known} has not"
            seen = "; ".join(_written(dict(labels)) for labels in sorted(up - known, key=sorted)[:3])
            yield _violation(entry, path, "pair", problem, f"alone are: {seen}; a level by itself needs no other half")


def _asked(indicator: IndicatorShape) -> Iterator[tuple[str, str, bool]]:
    """Where a selector stands, the selector, and whether it may meet several series of one target."""
    if indicator.state:
        yield "state/up", indicator.state.up, bool(indicator.state.combine)
        yield "state/known", indicator.state.known, bool(indicator.state.combine)
    if indicator.events:
        yield ("events/good" if indicator.events.good else "events/bad"), indicator.events.counted, True
        yield "events/total", indicator.events.total, True
    if indicator.level:
        yield "level/of", indicator.level.of, indicator.level.total or bool(indicator.level.combine)
        if indicator.level.demand:  # what waits is added up
            yield "level/demand/waiting", indicator.level.demand.waiting, True


def _met(
    entry: Integration, path: str, asked: Asked, recorded: Sequence[Exposition], *, several: bool
) -> Iterator[Violation]:
    """That a selector meets something, by labels that there are, and one series of a target where it has to be one."""
    having = [one for one in recorded if asked.metric in one.metrics()]
    labels = {label for one in having for shown in one.series if shown.metric == asked.metric for label in shown.labels}
    known = labels | {*entry.spec.identity, *FROM_PROMETHEUS}
    if unknown := [one.label for one in asked.matchers if one.label not in known]:
        problem = f"{asked.metric} has no label {unknown[0]!r}"
        yield _violation(entry, path, "label", problem, f"it has: {', '.join(sorted(known))}")
        return
    met = {one.file: one.met(asked) for one in having}
    if not any(met.values()):
        there = sorted(
            {_written(shown.labels) for one in having for shown in one.series if shown.metric == asked.metric}
        )
        problem = f"it meets no series of {asked.metric}"
        yield _violation(entry, path, "label", problem, f"there are: {'; '.join(there[:6])}")
    if several and asked.metric.endswith(BUCKET):
        return  # its bound is looked at as a latency
    for file, series in met.items():
        if len(series) > 1 and not several:
            there = [_written(one.labels) for one in series]
            problem = f"{len(series)} series of one target in {file}: {'; '.join(there[:4])}"
            hint = "name one by its labels, or say what several make: total, or combine: all"
            yield _violation(entry, path, "two-series", problem, hint)


def _written(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def _violation(entry: Integration, path: str, code: str, problem: str, hint: str = "") -> Violation:
    where = f"{entry.name}.yaml:/spec/{path}"
    return Violation(code=f"integration.{code}", where=where, problem=problem, hint=hint)
