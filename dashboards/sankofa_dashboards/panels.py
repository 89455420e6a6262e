"""Panels in our words: a figure, lines, rows of states, bars, a heat map, firing alerts.

Each is a frozen value that becomes a grafanalib panel; what grafanalib cannot say goes through its `extraJson`. Every
panel shows NOT KNOWN for nothing. Never holds a query's meaning: those are the boards'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from grafanalib import core as grafana

from .states import (
    NOT_KNOWN_TEXT,
    PLAIN,
    STATE_STEPS,
    Steps,
    nothing_is_not_known,
    state_mappings,
    thresholds,
)

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, Any]
LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
TOOLTIP = {"mode": "multi", "sort": "desc"}
LAST_VALUE = {"calcs": ["lastNotNull"], "fields": "", "values": False}


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


@dataclass(frozen=True, kw_only=True)
class Figure(Panel):
    """One number, read at one moment; `states` shows it as the word of its state."""

    states: bool = False
    shape = grafana.Stat

    def options(self) -> Json:
        return {
            "colorMode": "background" if self.states else "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "auto",
            "wideLayout": True,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
            "reduceOptions": LAST_VALUE,
        }

    def mappings(self) -> list[Json]:
        return state_mappings() if self.states else super().mappings()


@dataclass(frozen=True, kw_only=True)
class Lines(Panel):
    """Lines over time; a gap stays a gap."""

    minimum: float | None = None

    def options(self) -> Json:
        return {"legend": LEGEND, "tooltip": TOOLTIP}

    def colour(self) -> Json:
        return {"mode": "palette-classic"}

    def custom(self) -> Json:
        return {"drawStyle": "line", "lineWidth": 2, "fillOpacity": 5, "spanNulls": False, "showPoints": "auto"}

    def defaults(self) -> Json:
        return super().defaults() | {"min": self.minimum}


@dataclass(frozen=True, kw_only=True)
class StateRows(Panel):
    """One row a thing, one colour a state, over time."""

    steps: Steps = STATE_STEPS
    shape = grafana.StateTimeline

    def options(self) -> Json:
        return {
            "mergeValues": True,
            "showValue": "never",
            "alignValue": "left",
            "rowHeight": 0.9,
            "legend": LEGEND,
            "tooltip": {"mode": "single", "sort": "none"},
        }

    def mappings(self) -> list[Json]:
        return state_mappings()

    def custom(self) -> Json:
        return {"lineWidth": 0, "fillOpacity": 85}


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """A bar for each series, read at one moment; `colours` paints the bars of a query (by its letter)."""

    colours: tuple[tuple[str, str], ...] = ()
    shape = grafana.BarGauge

    def options(self) -> Json:
        return {
            "displayMode": "basic",
            "orientation": "horizontal",
            "valueMode": "text",
            "namePlacement": "auto",
            "showUnfilled": True,
            "sizing": "auto",
            "minVizWidth": 8,
            "minVizHeight": 16,
            "maxVizHeight": 300,
            "legend": LEGEND | {"showLegend": False},
            "reduceOptions": LAST_VALUE,
        }

    def overrides(self) -> list[Json]:
        return [
            {
                "matcher": {"id": "byFrameRefID", "options": ref},
                "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
            }
            for ref, colour in self.colours
        ]

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


class _AlertList(grafana.Panel):  # type: ignore[misc]  # grafanalib is untyped, and its own AlertList takes no options
    def to_json_data(self) -> Json:
        return dict(self.panel_json({"type": "alertlist"}))


@dataclass(frozen=True, kw_only=True)
class FiringAlerts(Panel):
    """What fires now, asked of the alerting side itself: it has no query, since ALERTS is absent when all is well."""

    labels: str
    shape = _AlertList

    def options(self) -> Json:
        return {
            "viewMode": "list",
            "groupMode": "default",
            "maxItems": 20,
            "sortOrder": 3,  # newest first
            "alertInstanceLabelFilter": self.labels,
            "stateFilter": {"firing": True, "pending": False, "noData": True, "normal": False, "error": True},
        }
