"""What is wrong with entries, and with SLOs that type an indicator of their own: all of it in one run, by what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sankofa_observe.adapters.integrations.catalogue import Catalogue, load_catalogue
from sankofa_observe.adapters.integrations.exposition import Exposition, exposition_of
from sankofa_observe.adapters.integrations.indicator_check import Problem, indicator_problems, metric_problem
from sankofa_observe.adapters.integrations.latency import latency_problem
from sankofa_observe.adapters.integrations.models import (
    FROM_FLEET,
    FROM_PROMETHEUS,
    Histogram,
    IndicatorShape,
    Integration,
)
from sankofa_observe.adapters.integrations.selector import Asked
from sankofa_observe.adapters.integrations.sli import shape_of
from sankofa_observe.documents import read_all
from sankofa_observe.errors import InvalidInput, Violation


def sound_catalogue(folder: Path, slos: Iterable[Path] = ()) -> Catalogue:
    """The catalogue of a folder, held against what was recorded, and SLO files with it.

    Raises:
        InvalidInput: with every violation of shape; or, where there is none, with every other.
    """
    catalogue = load_catalogue(folder)
    if violations := [*check_catalogue(catalogue), *check_slos(catalogue, slos)]:
        plural = "" if len(violations) == 1 else "s"
        raise InvalidInput(f"{len(violations)} violation{plural} by what was recorded", violations)
    return catalogue


def check_catalogue(catalogue: Catalogue) -> list[Violation]:
    """Every violation of every entry."""
    return [one for entry in catalogue.entries.values() for one in check_entry(entry, *recordings(entry, catalogue))]


def recordings(entry: Integration, catalogue: Catalogue) -> tuple[list[Exposition], list[Violation]]:
    """The recordings of an entry that can be read, and a violation for each of the others."""
    found, violations = [], []
    for nth, one in enumerate(entry.spec.recorded):
        try:
            text = (catalogue.folder / one.file).read_text(encoding="utf-8")
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
        if missing := metric_problem(f"golden/{nth}/metric", golden.metric, recorded):
            found.append(_of(entry, missing))
    for nth, indicator in enumerate(entry.spec.indicators):
        problems = indicator_problems(indicator, recorded, entry.spec.identity)
        found += [_of(entry, one, f"indicators/{nth}/") for one in problems]
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
        if label not in known:
            problem = f"{label!r} is set by nobody"
            yield _violation(entry, f"identity/{nth}", "identity", problem, f"known: {', '.join(known)}")
    if missing := [label for label in (*FROM_FLEET, *own) if label not in entry.spec.identity]:
        yield _violation(entry, "identity", "identity", f"{', '.join(missing)} missing", "every series has these")
    keep = entry.spec.scrape.keep
    if keep and keep.equals not in own:
        problem = f"{keep.equals!r} is no label of a target"
        yield _violation(entry, "scrape/keep/equals", "identity", problem, f"targets have: {', '.join(own) or 'none'}")
    for nth, one in enumerate(entry.spec.recorded):
        if set(one.labels) != set(own):
            problem = f"labels {sorted(one.labels)}; expected those of a target, {sorted(own)}"
            yield _violation(entry, f"recorded/{nth}/labels", "identity", problem)


def check_slos(catalogue: Catalogue, files: Iterable[Path]) -> list[Violation]:
    """What is wrong with indicators that SLOs type themselves; one that is named by `indicatorRef` was looked at in its entry.

    Documents that are broken otherwise are left to `specs check`.
    """
    sources = {name: (entry, recordings(entry, catalogue)[0]) for name, entry in catalogue.entries.items()}
    found = []
    for file in files:
        for nth, document in enumerate(_documents(file), 1):
            if shape := _shape(document):
                where = f"{file}#{nth}:/spec/indicator/spec/"
                found += [_at(where, one) for one in _slo_problems(shape, sources)]
    return found


def _slo_problems(shape: IndicatorShape, sources: dict[str, tuple[Integration, list[Exposition]]]) -> Iterator[Problem]:
    """By the recordings of the entry that shows what is counted; it is scraped by no other job."""
    metric = Asked.of(shape.selectors()[0]).metric
    entry, recorded = next(
        ((entry, recorded) for entry, recorded in sources.values() if any(metric in one.metrics() for one in recorded)),
        (None, []),
    )
    if entry is None:
        every = [one for _, recorded in sources.values() for one in recorded]
        missing = metric_problem("", metric, every)
        said = f"no integration shows {metric!r}; there are: {', '.join(sources)}"
        yield Problem(path="", code="metric", problem=said, hint=missing.hint if missing else "")
        return
    yield from indicator_problems(shape, recorded, entry.spec.identity)
    for selector in shape.selectors():
        job = next((one.value for one in Asked.of(selector).matchers if one.label == "job" and one.sign == "="), None)
        if job not in {None, entry.spec.scrape.job}:
            said = f"{selector} is of job {job!r}; {entry.name} is scraped by job {entry.spec.scrape.job!r}"
            yield Problem(path="", code="job", problem=said)


def _documents(file: Path) -> list[Any]:
    try:
        return read_all(file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return []


def _shape(document: Any) -> IndicatorShape | None:
    if not isinstance(document, dict) or document.get("kind") != "SLO":
        return None
    try:
        return shape_of(document)
    except (ValidationError, KeyError, TypeError, AttributeError):
        return None


def _of(entry: Integration, one: Problem, under: str = "") -> Violation:
    return _violation(entry, f"{under}{one.path}", one.code, one.problem, one.hint)


def _at(where: str, one: Problem) -> Violation:
    code = f"integration.{one.code}"
    return Violation(code=code, where=f"{where}{one.path}", problem=one.problem, hint=one.hint)


def _violation(entry: Integration, path: str, code: str, problem: str, hint: str = "") -> Violation:
    where = f"{entry.name}.yaml:/spec/{path}"
    return Violation(code=f"integration.{code}", where=where, problem=problem, hint=hint)
