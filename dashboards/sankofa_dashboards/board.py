"""A board: uid, title, variables, annotations and sections, made into the JSON that Grafana loads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafanalib import core as grafana
from grafanalib._gen import DashboardEncoder

from .finish import finish
from .layout import Section, place
from .panels import DATASOURCE, Link, Panel

MAX_UID_CHARS = 40
TAG = "sankofa"
# By its uid in deploy/grafana: Grafana would take the first one of the type by name, which may be another platform's.
DEFAULT_SOURCE = {"text": "Sankofa Prometheus", "value": "sankofa-prometheus"}
RUNBOOKS = "http://127.0.0.1:9800/runbooks"
"""Where runbooks are served, as in the alerts of the same build; each board has it as a variable, so it stands in it once."""
ON_TIME_RANGE = 2
HIDDEN = 2


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A choice above the board, whose values `query` gives; `several` may be chosen, and are all at first."""

    name: str
    label: str
    query: str
    several: bool = False
    hidden: bool = False
    all_value: str | None = ".*"  # None: the values themselves, as a row that is repeated needs them

    def template(self) -> grafana.Template:
        return grafana.Template(
            name=self.name,
            label=self.label,
            query=self.query,
            dataSource=DATASOURCE,
            refresh=ON_TIME_RANGE,
            type="query",
            sort=1,
            hide=HIDDEN if self.hidden else 0,
            multi=self.several,
            includeAll=self.several,
            allValue=self.all_value if self.several else None,
            default="$__all" if self.several else None,
        )


@dataclass(frozen=True, kw_only=True)
class Mark:
    """An annotation: where the expression has a value, the time is marked on every panel."""

    name: str
    expr: str
    title: str
    text: str
    colour: str

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "datasource": DATASOURCE,
            "enable": True,
            "hide": False,
            "iconColor": self.colour,
            "expr": self.expr,
            "step": "60s",
            "titleFormat": self.title,
            "textFormat": self.text,
            "useValueForTime": False,
        }


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board. The uid is chosen, short and stable: links and bookmarks hold it."""

    uid: str
    title: str
    description: str
    sections: Sequence[Section]
    variables: Sequence[Variable] = ()
    marks: Sequence[Mark] = ()
    time_from: str = "now-6h"

    def __post_init__(self) -> None:
        if not 0 < len(self.uid) <= MAX_UID_CHARS:
            raise ValueError(f"board {self.title!r}: the uid {self.uid!r} must have 1 to {MAX_UID_CHARS} characters")

    @property
    def panels(self) -> list[Panel]:
        return [panel for section in self.sections for panel in section.panels]

    def document(self, runbooks: str = RUNBOOKS) -> dict[str, Any]:
        """The finished JSON, as a mapping."""
        source = grafana.Template(name="datasource", label="Data source", query="prometheus", type="datasource")
        dashboard = grafana.Dashboard(
            uid=self.uid,
            title=self.title,
            description=self.description,
            tags=[TAG],
            timezone="utc",
            refresh="1m",
            editable=False,
            time=grafana.Time(self.time_from, "now"),
            panels=place(self.sections),
            links=_links(),
            annotations=grafana.Annotations(list=[mark.document() for mark in self.marks]),
            templating=grafana.Templating([source, *(one.template() for one in self.variables), _constant(runbooks)]),
        )
        document = json.loads(json.dumps(dashboard.to_json_data(), cls=DashboardEncoder))
        document["templating"]["list"][0]["current"] = DEFAULT_SOURCE
        return finish(document)

    def text(self, runbooks: str = RUNBOOKS) -> str:
        return json.dumps(self.document(runbooks), indent=1, ensure_ascii=False) + "\n"


def _constant(runbooks: str) -> grafana.Template:
    return grafana.Template(name="runbooks", query=runbooks, default=runbooks, type="constant", hide=HIDDEN)


def _links() -> list[dict[str, Any]]:
    """From every board to all others, with the time that is shown, and to the runbooks."""
    boards = {"type": "dashboards", "tags": [TAG], "asDropdown": True, "keepTime": True}
    return [
        Link(title="Boards", url="").of_a_board() | boards,
        Link(title="Runbooks", url="${runbooks}").of_a_board(),
    ]
