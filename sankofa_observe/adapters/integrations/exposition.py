"""A recorded exposition: which series a program shows for one target, and of which type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sankofa_observe.adapters.integrations.models import Scrape
from sankofa_observe.adapters.integrations.selector import Asked

BUCKET, BOUND = "_bucket", "le"
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_SAMPLE = re.compile(
    r'(?P<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+[^\s{}]+(?:\s+-?[0-9]+)?\s*'
)
# Prometheus makes these itself, one a target and scrape.
OF_PROMETHEUS = ("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One series of a target."""

    metric: str
    labels: Mapping[str, str]
    kind: str  # counter, gauge, histogram, summary, unknown


@dataclass(frozen=True, kw_only=True)
class Exposition:
    """What one scrape of one target shows, as Prometheus keeps it."""

    file: str
    series: tuple[Shown, ...]

    def metrics(self) -> frozenset[str]:
        return frozenset(one.metric for one in self.series)

    def met(self, asked: Asked) -> list[Shown]:
        return [one for one in self.series if one.metric == asked.metric and asked.meets(one.labels)]

    def kind_of(self, metric: str) -> str | None:
        """The type of a metric, by the name of the whole or of one of its parts."""
        parts = {metric, metric.removesuffix(BUCKET), f"{metric}{BUCKET}", f"{metric}_count"}
        return next((one.kind for one in self.series if one.metric in parts), None)

    def bounds(self, histogram: str) -> list[str]:
        """The bounds of a histogram's buckets, as they are written, in order."""
        found = {one.labels[BOUND] for one in self.series if one.metric == f"{histogram}{BUCKET}"}
        return sorted(found, key=lambda bound: Decimal(bound.replace("+Inf", "Infinity")))


def exposition_of(text: str, file: str, scrape: Scrape, target: Mapping[str, str]) -> Exposition:
    """The series of a scrape, kept and relabelled as the entry's job does, with the target's labels.

    Raises:
        ValueError: a line is no part of an exposition.
    """
    series = [
        Shown(metric=metric, labels=kept, kind=kind)
        for metric, labels, kind in _lines(text, file)
        if (kept := _kept({**labels, **target}, scrape)) is not None
    ]
    series += [Shown(metric=name, labels=dict(target), kind="gauge") for name in OF_PROMETHEUS]
    return Exposition(file=file, series=tuple(series))


def _lines(text: str, file: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, labels and type of each sample. Prometheus' own text form, in which a counter's name may end as it likes.

    client_python's parser reads OpenMetrics' meaning into it and calls such a counter `…_total`: a series that nobody has.
    """
    kinds: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            kinds[name] = kind
        elif line and not line.startswith("#"):
            found = _SAMPLE.fullmatch(line)
            if found is None:
                raise ValueError(f"{file}, line {number}: {line[:80]!r} is no sample of an exposition")
            labels = {label: _unescaped(value) for label, value in _LABEL.findall(found["labels"] or "")}
            yield found["metric"], labels, _kind(found["metric"], kinds)


def _kind(metric: str, kinds: Mapping[str, str]) -> str:
    family = re.sub(r"_(bucket|sum|count)$", "", metric)
    return kinds.get(metric) or kinds.get(family, "untyped")


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda one: "\n" if one[1] == "n" else one[1], value)


def _kept(labels: Mapping[str, str], scrape: Scrape) -> dict[str, str] | None:
    """The labels as the job's relabelling leaves them (`scrape.metric_relabelling`), or None for another target's series."""
    kept = dict(labels)
    if scrape.keep is not None:
        wanted = labels.get(scrape.keep.equals, "")
        if kept.setdefault(scrape.keep.label, wanted) != wanted:
            return None
    return {name: value for name, value in kept.items() if name not in scrape.drop}
