"""Panels in our words: a figure, lines, rows of states, bars, a heat map; tables stand beside (`table`).

Each is a frozen value that becomes a grafanalib panel; what grafanalib cannot say goes through its `extraJson`. Every
panel shows NOT KNOWN for nothing. Never holds a query's meaning: those are the boards'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from grafanalib import core as grafana

from .states import (
    BREACH_COLOUR,
    NOT_KNOWN_TEXT,
    PLAIN,
    STATE_STEPS,
    Steps,
    Subject,
    nothing_is_not_known,
    state_mappings,
    thresholds,
)

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, Any]
LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
TOOLTIP = {"mode": "multi", "sort": "desc"}
LAST_VALUE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
# Grafana's palette begins with green: lines that have no bounds are shades of one colour that means no state.
NEITHER_GOOD_NOR_BAD = {"mode": "shades", "fixedColor": "#3274D9"}

COUNTED = {"none", "reqps", "cps", "iops"}
"""Units of what is counted, or counted a second."""
ABOVE_ALL = 1.05  # of a share: a line at all of it is not drawn on the panel's edge


@dataclass(frozen=True, kw_only=True)
class Query:
    """One PromQL expression; `instant` reads one moment, `table` gives rows with their labels as columns."""

    expr: str
    legend: str = ""
    instant: bool = False
    format: str = "time_series"

    def target(self, ref: str) -> grafana.Target:
        return grafana.Target(
            expr=self.expr,
            legendFormat=self.legend or "__auto",
            instant=self.instant,
            format=self.format,
            refId=ref,
            datasource=DATASOURCE,
        )


@dataclass(frozen=True, kw_only=True)
class Link:
    """Where a click leads; the address may use variables of the board and fields of the row."""

    title: str
    url: str

    def document(self) -> Json:
        """As a field has it."""
        return {"title": self.title, "url": self.url}

    def of_a_board(self) -> Json:
        """As a panel or a board has it."""
        where = {"type": "link", "icon": "external link", "tooltip": "", "tags": []}
        how = {"asDropdown": False, "includeVars": False, "keepTime": False, "targetBlank": False}
        return self.document() | where | how


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What all panels share. Width of 24, height in Grafana's rows."""

    title: str
    description: str = ""
    queries: tuple[Query, ...] = ()
    width: int
    height: int
    unit: str = "none"
    decimals: int | None = None
    steps: Steps = PLAIN
    links: tuple[Link, ...] = ()
    shape: ClassVar[type[grafana.Panel]] = grafana.TimeSeries

    def panel(self, number: int, grid: grafana.GridPos) -> grafana.Panel:
        """The grafanalib panel with its id and place."""
        return self.shape(
            id=number,
            gridPos=grid,
            title=self.title,
            description=self.description,
            dataSource=DATASOURCE,
            targets=[query.target(chr(ord("A") + place)) for place, query in enumerate(self.queries)],
            transformations=self.transformations(),
            links=[link.of_a_board() for link in self.links],
            extraJson={
                "options": self.options(),
                "fieldConfig": {"defaults": self.defaults(), "overrides": self.overrides()},
            },
        )

    def options(self) -> Json:
        return {}

    def custom(self) -> Json:
        return {}

    def mappings(self) -> list[Json]:
        return [nothing_is_not_known()]

    def overrides(self) -> list[Json]:
        return []

    def transformations(self) -> list[Json]:
        return []

    def colour(self) -> Json:
        return {"mode": "thresholds"}

    def defaults(self) -> Json:
        return {
            "unit": self.unit,
            "decimals": self.decimals,
            "noValue": NOT_KNOWN_TEXT,
            "mappings": self.mappings(),
            "thresholds": thresholds(self.steps),
            "color": self.colour(),
            "custom": self.custom(),
        }


def named(pattern: str, colour: str) -> Json:
    """The override that gives series of these names (a regular expression between slashes) one colour."""
    return _of_one_colour("byRegexp", pattern, colour)


def painted(ref: str, colour: str) -> Json:
    """The override that gives all series of a query (by its letter) one colour."""
    return _of_one_colour("byFrameRefID", ref, colour)


def _of_one_colour(matcher: str, options: str, colour: str) -> Json:
    fixed = {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}
    return {"matcher": {"id": matcher, "options": options}, "properties": [fixed]}


@dataclass(frozen=True, kw_only=True)
class Figure(Panel):
    """One number, read at one moment; `of` shows it as the word of that subject's state, `plain` are queries without a bound."""

    of: Subject | None = None
    plain: tuple[str, ...] = ()
    named: bool = False  # with its series' name, also where there is but one
    shape = grafana.Stat

    def options(self) -> Json:
        return {
            "colorMode": "background_solid" if self.of else "value",  # a gradient bends the colour of a state
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "value_and_name" if len(self.queries) > 1 or self.named else "auto",
            "wideLayout": True,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
            "reduceOptions": LAST_VALUE,
        }

    def mappings(self) -> list[Json]:
        return state_mappings(self.of) if self.of else super().mappings()

    def overrides(self) -> list[Json]:
        return [painted(ref, "text") for ref in self.plain]


def figure(
    title: str,
    expr: str,
    *,
    description: str,
    steps: Steps,
    unit: str = "none",
    decimals: int | None = 0,
    legend: str = "",
) -> Figure:
    """A figure of one query, a sixth of a row; with a legend, that stands beside each value."""
    return Figure(
        named=bool(legend),
        title=title,
        description=description,
        queries=(Query(expr=expr, instant=True, legend=legend),),
        steps=steps,
        unit=unit,
        decimals=decimals,
        width=4,
        height=4,
    )


@dataclass(frozen=True, kw_only=True)
class Lines(Panel):
    """Lines over time; a gap stays a gap. With bounds, they are drawn, and a line has the colour of where it is."""

    minimum: float | None = None
    plain: tuple[str, ...] = ()  # queries whose lines are in the colour of text
    parts: bool = True  # each part of a line in the colour of where it is; else all of it in that of its last value
    colours: tuple[Json, ...] = ()  # overrides of single lines

    def options(self) -> Json:
        return {"legend": LEGEND, "tooltip": TOOLTIP}

    def overrides(self) -> list[Json]:
        return [*(painted(ref, "text") for ref in self.plain), *self.colours]

    def reach(self) -> float | None:
        """How far the axis goes at least: to the bounds of a share, count or rate, a little beyond where good is above them.

        Without it Grafana draws a line that is always 0 up to 100, which is 10000 % of a share.
        """
        bounds = [value for value, _ in self.steps[1:]]
        if self.unit not in {"percentunit", *COUNTED}:
            return None
        if not bounds:
            return 1 if self.unit in COUNTED and self.minimum == 0 else None
        good_is_above = self.steps[0][1] == BREACH_COLOUR
        if good_is_above:
            return ABOVE_ALL if self.unit == "percentunit" else max(bounds) + 1
        return max(bounds)

    def colour(self) -> Json:
        return NEITHER_GOOD_NOR_BAD if self.steps == PLAIN else {"mode": "thresholds"}

    def custom(self) -> Json:
        bounded = self.steps != PLAIN
        return {
            "drawStyle": "line",
            "lineWidth": 2,
            "fillOpacity": 5,
            "spanNulls": False,
            "showPoints": "auto",
            "gradientMode": "scheme" if bounded and self.parts else "none",
            "thresholdsStyle": {"mode": "dashed" if bounded else "off"},  # what is solid was measured
            **({"axisSoftMax": reach} if (reach := self.reach()) is not None else {}),
        }

    def defaults(self) -> Json:
        return super().defaults() | {"min": self.minimum}


@dataclass(frozen=True, kw_only=True)
class StateRows(Panel):
    """One row a thing, one colour a state, over time."""

    of: Subject
    steps: Steps = STATE_STEPS
    shape = grafana.StateTimeline

    def options(self) -> Json:
        return {
            "mergeValues": True,
            "showValue": "auto",  # a colour is never alone, where its word has room
            "alignValue": "left",
            "rowHeight": 0.9,
            "legend": LEGEND,
            "tooltip": {"mode": "single", "sort": "none"},
        }

    def mappings(self) -> list[Json]:
        return state_mappings(self.of)

    def custom(self) -> Json:
        return {"lineWidth": 0, "fillOpacity": 85}


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """A bar for each series, read at one moment."""

    colours: tuple[Json, ...] = ()  # overrides of single bars
    shape = grafana.BarGauge

    def overrides(self) -> list[Json]:
        return list(self.colours)

    def options(self) -> Json:
        return {
            "displayMode": "basic",
            "orientation": "horizontal",
            "valueMode": "text",
            "namePlacement": "left",
            "showUnfilled": True,
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 300,
            "text": {"titleSize": 14, "valueSize": 18},  # as large as there is room for, names would be cut
            "legend": LEGEND | {"showLegend": False},
            "reduceOptions": LAST_VALUE,
        }

    def defaults(self) -> Json:
        return super().defaults() | {"min": 0}


@dataclass(frozen=True, kw_only=True)
class Heat(Panel):
    """The buckets of a histogram over time."""

    shape = grafana.Heatmap

    def options(self) -> Json:
        return {
            "calculate": False,
            "cellGap": 1,
            "color": {
                "mode": "scheme",
                "scheme": "Oranges",
                "fill": "dark-orange",
                "scale": "exponential",
                "exponent": 0.5,
                "steps": 64,
                "reverse": False,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
            "yAxis": {"axisPlacement": "left", "unit": self.unit, "reverse": False},
        }

    def custom(self) -> Json:
        return {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}
