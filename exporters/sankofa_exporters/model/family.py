"""The metric catalogue's vocabulary: a `Family` is what HELP, TYPE, the docs page and rule checks are made from.

A family is data. It assumes Prometheus' naming rules and refuses names that break them when the module is imported, so
a wrong catalogue never starts. It never holds values; those are `Sample`s, made afresh for every probe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["gauge", "counter", "histogram", "info"]

# Prometheus target labels carry these; a series of ours that had one would be renamed to `exported_…` by the scrape.
RESERVED_LABELS = frozenset(
    {"region", "zone", "cluster", "type", "site", "tier", "network", "instance", "job", "le", "system", "observer"}
)
UNITS = frozenset({"", "seconds", "bytes", "ratio", "wei", "votes"})
SUFFIXES: dict[Kind, str] = {"gauge": "", "counter": "_total", "histogram": "", "info": "_info"}
_NAME = re.compile(r"sankofa_[a-z][a-z0-9_]*[a-z0-9]")
_LABEL = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, kw_only=True, eq=False)  # each is made once: compared at each of a probe's thousands of samples
class Family:
    """One metric family; `name` is the name as PromQL writes it (with `_total` or `_info`, without `_bucket`)."""

    name: str
    help: str
    kind: Kind = "gauge"
    unit: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for broken, rule in self._rules():
            if broken:
                raise ValueError(f"family {self.name!r}: {rule}")

    @property
    def base(self) -> str:
        """The OpenMetrics family name: without the suffix that its samples carry."""
        return self.name.removesuffix(SUFFIXES[self.kind])

    @property
    def series(self) -> int:
        """How many time series one sample becomes: a histogram is its buckets, +Inf, count and sum."""
        return len(self.buckets) + 3 if self.buckets else 1

    def _rules(self) -> list[tuple[bool, str]]:
        suffix = SUFFIXES[self.kind]
        return [
            (not _NAME.fullmatch(self.name), "a name is sankofa_ and lower case words"),
            (not self.name.endswith(suffix), f"a {self.kind} ends in {suffix}"),
            (self.kind == "gauge" and self.name.endswith(("_total", "_info")), "the suffix belongs to another kind"),
            (self.unit not in UNITS, f"the unit is one of {sorted(UNITS)}"),
            (bool(self.unit) and not self.base.endswith("_" + self.unit), f"the name ends in its unit {self.unit}"),
            (any(not _LABEL.fullmatch(label) for label in self.labels), "labels are lower case words"),
            (bool(RESERVED_LABELS & set(self.labels)), f"labels of the target are reserved: {sorted(RESERVED_LABELS)}"),
            (len(set(self.labels)) != len(self.labels), "a label appears once"),
            ((self.kind == "histogram") != bool(self.buckets), "buckets belong to histograms, and each has them"),
            (not self.help or "\n" in self.help or not self.help.endswith("."), "help is one line and a sentence"),
        ]


class Distribution(NamedTuple):
    """A histogram's value: `counts[i]` observations were at or under bucket i (cumulative, +Inf last)."""

    counts: tuple[int, ...]
    total: float


class Sample(NamedTuple):
    """One series of a family: its label values in the family's order, and its value."""

    family: Family
    value: float | Distribution
    labels: tuple[str, ...] = ()


def series_of(samples: Sequence[Sample]) -> int:
    """How many time series these samples become."""
    return len(samples) + sum(sample.family.series - 1 for sample in samples if sample.family.buckets)


def present(labels: tuple[str, ...], *values: tuple[Family, float | None]) -> Iterator[Sample]:
    """Samples of the values that are there: an absent value is an absent series, never a zero."""
    return (Sample(family, value, labels) for family, value in values if value is not None)


def pairs(families: Iterable[Family]) -> tuple[tuple[str, str], ...]:
    """The names of `known` and `up` of each kind of target; what has labels of its own is about a part of one."""
    whole = {family.name for family in families if not family.labels}
    stems = (name.removesuffix("_known") for name in sorted(whole) if name.endswith("_known"))
    return tuple((f"{stem}_known", f"{stem}_up") for stem in stems if f"{stem}_up" in whole)
