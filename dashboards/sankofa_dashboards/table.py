"""Tables: a row a thing, label columns first, then a column a query, sorted by one that is not shown.

Grafana drops the column of a query without rows. So each column's query gives a row for each thing of the first one's, NaN where
nothing is known of it (`always`), and the cell says NOT KNOWN. Assumes that the queries keep to few rows by themselves (topk).
"""

from __future__ import annotations

from dataclasses import dataclass

from grafanalib import core as grafana

from .panels import Json, Link, Panel, Query
from .states import PLAIN, Steps, Subject, nothing_is_not_known, state_mappings, thresholds


def always(expr: str, things: str, key: str) -> str:
    """The expression by `key`, and NaN for each of the things that it has no value for."""
    return f"max by ({key}) ({expr})\nor on ({key}) NaN * max by ({key}) ({things})"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A value column; its query gives one row a thing. Hidden, it only sorts."""

    name: str
    expr: str
    unit: str = "none"
    decimals: int | None = None
    steps: Steps = PLAIN
    of: Subject | None = None  # shows the word of that subject's state
    words: tuple[Json, ...] = ()  # mappings of its own, before all others
    links: tuple[Link, ...] = ()
    hidden: bool = False
    width: int | None = None

    def override(self) -> Json:
        """What this column has of its own."""
        mappings = [*self.words, *(state_mappings(self.of) if self.of else [nothing_is_not_known()])]
        cell = {"type": "color-background", "mode": "basic"} if self.of else {"type": "color-text"}
        properties: list[Json] = [
            {"id": "unit", "value": self.unit},
            {"id": "decimals", "value": self.decimals},
            {"id": "mappings", "value": mappings},
            {"id": "thresholds", "value": thresholds(self.steps)},
            {"id": "custom.cellOptions", "value": cell},
            {"id": "custom.width", "value": self.width},
            {"id": "links", "value": [link.document() for link in self.links] or None},
        ]
        kept = [one for one in properties if one["value"] is not None]
        return {"matcher": {"id": "byName", "options": self.name}, "properties": kept}


@dataclass(frozen=True, kw_only=True)
class Label:
    """A column of text: a label of the first query's rows, or of another one's (`letter`)."""

    name: str
    title: str = ""
    links: tuple[Link, ...] = ()
    width: int | None = None
    before: str = ""  # the column that it stands before; first of all without one

    @property
    def shown(self) -> str:
        return self.title or self.name

    def override(self) -> Json:
        """A label that a row lacks is no unknown value: the cell has a dash."""
        links = [{"id": "links", "value": [link.document() for link in self.links]}] if self.links else []
        width = [{"id": "custom.width", "value": self.width}] if self.width else []
        nothing = [{"id": "noValue", "value": "-"}, {"id": "mappings", "value": []}]
        return {"matcher": {"id": "byName", "options": self.shown}, "properties": [*nothing, *links, *width]}


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """Rows joined by the first label; sorted by the last column, largest first; by a label before that, where one is named."""

    labels: tuple[Label, ...]
    columns: tuple[Column, ...]
    first_by: str = ""
    shape = grafana.Table

    def options(self) -> Json:
        return {"showHeader": True, "cellHeight": "sm"}

    def custom(self) -> Json:
        return {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False, "inspect": False}

    def transformations(self) -> list[Json]:
        several = len(self.columns) > 1
        values = [f"Value #{chr(ord('A') + place)}" for place in range(len(self.columns))] if several else ["Value"]
        times = ["Time", *(f"Time {place + 1}" for place in range(len(self.columns)) if several)]
        hidden = [value for value, column in zip(values, self.columns, strict=True) if column.hidden]
        order = [label.name for label in self.labels if not label.before]
        for value, column in zip(values, self.columns, strict=True):
            order += [*(label.name for label in self.labels if label.before == column.name), value]
        unseen = [*times, *hidden]
        join = {"id": "joinByField", "options": {"byField": self.labels[0].name, "mode": "outer"}}
        # A query keeps its metric's name and other labels: a column that nobody named says nothing.
        named = {"id": "filterFieldsByName", "options": {"include": {"names": order}}}
        return [
            *([join] if several else []),
            named,
            _sorted(values[-1], descending=True),
            *([_sorted(self.first_by, descending=False)] if self.first_by else []),
            {
                "id": "organize",
                "options": {
                    "excludeByName": dict.fromkeys(unseen, True),
                    "indexByName": {name: place for place, name in enumerate(order)},
                    "renameByName": {value: column.name for value, column in zip(values, self.columns, strict=True)}
                    | {label.name: label.title for label in self.labels if label.title},
                },
            },
        ]

    def overrides(self) -> list[Json]:
        return [
            *(label.override() for label in self.labels),
            *(column.override() for column in self.columns if not column.hidden),
        ]


def _sorted(field: str, *, descending: bool) -> Json:
    """Rows that are equal by it keep their order."""
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": field, "desc": descending}]}}


def table(
    *,
    title: str,
    description: str,
    labels: tuple[Label, ...],
    columns: tuple[Column, ...],
    width: int,
    height: int,
    links: tuple[Link, ...] = (),
    first_by: str = "",
) -> Table:
    """The table, with the queries that its columns name."""
    queries = tuple(Query(expr=column.expr, instant=True, format="table") for column in columns)
    return Table(
        title=title,
        description=description,
        labels=labels,
        columns=columns,
        queries=queries,
        width=width,
        height=height,
        links=links,
        first_by=first_by,
    )
