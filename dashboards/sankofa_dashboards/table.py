"""The worst-first table: a row a site, a column a query, sorted by one that is not shown.

Assumes that each column's query keeps to the worst sites by itself (topk in the query), so that the browser gets few rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from grafanalib import core as grafana

from .panels import Json, Panel, Query
from .states import PLAIN, Steps, nothing_is_not_known, state_mappings, thresholds


@dataclass(frozen=True, kw_only=True)
class Column:
    """A value column of the worst-first table; its query gives one row a site."""

    name: str
    expr: str
    unit: str = "none"
    decimals: int | None = None
    steps: Steps = PLAIN
    states: bool = False

    def properties(self) -> list[Json]:
        """What this column overrides."""
        mappings = state_mappings() if self.states else [nothing_is_not_known()]
        return [
            {"id": "unit", "value": self.unit},
            {"id": "decimals", "value": self.decimals},
            {"id": "mappings", "value": mappings},
            {"id": "thresholds", "value": thresholds(self.steps)},
            {
                "id": "custom.cellOptions",
                "value": {"type": "color-background", "mode": "basic"} if self.states else {"type": "color-text"},
            },
        ]


@dataclass(frozen=True, kw_only=True)
class WorstTable(Panel):
    """Sites, worst first: the columns' queries joined by site, sorted by the last column, which is not shown."""

    columns: tuple[Column, ...]
    link: str
    shape = grafana.Table

    def options(self) -> Json:
        return {"showHeader": True, "cellHeight": "sm"}

    def custom(self) -> Json:
        return {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False, "inspect": False}

    def transformations(self) -> list[Json]:
        values = [f"Value #{chr(ord('A') + place)}" for place in range(len(self.columns))]
        times = ["Time", *(f"Time {place + 1}" for place in range(len(self.columns)))]
        names = dict(zip(values, (column.name for column in self.columns), strict=True))
        order = ["site", "tier", "region", *values]
        return [
            {"id": "joinByField", "options": {"byField": "site", "mode": "outer"}},
            {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": values[-1], "desc": True}]}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": dict.fromkeys([*times, values[-1]], True),
                    "indexByName": {name: place for place, name in enumerate(order)},
                    "renameByName": names,
                },
            },
        ]

    def overrides(self) -> list[Json]:
        columns = [
            {"matcher": {"id": "byName", "options": column.name}, "properties": column.properties()}
            for column in self.columns[:-1]
        ]
        links = [{"title": "Board of this site", "url": self.link}]
        site: Json = {"matcher": {"id": "byName", "options": "site"}, "properties": [{"id": "links", "value": links}]}
        return [site, *columns]


def worst_table(*, columns: tuple[Column, ...], link: str, title: str, description: str) -> WorstTable:
    """The table, with the queries that its columns name."""
    queries = tuple(Query(expr=column.expr, instant=True, format="table") for column in columns)
    return WorstTable(
        title=title, description=description, columns=columns, link=link, queries=queries, width=16, height=14
    )
