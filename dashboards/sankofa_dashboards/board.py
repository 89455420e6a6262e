"""A board: uid, title, variables and sections, made into the JSON that Grafana loads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafanalib import core as grafana
from grafanalib._gen import DashboardEncoder

from .finish import finish
from .layout import Section, place
from .panels import DATASOURCE, Panel

MAX_UID_CHARS = 40


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A choice above the board; `query` gives its values."""

    name: str
    label: str
    query: str

    def template(self) -> grafana.Template:
        on_time_range = 2
        return grafana.Template(
            name=self.name,
            label=self.label,
            query=self.query,
            dataSource=DATASOURCE,
            refresh=on_time_range,
            type="query",
        )


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board. The uid is chosen, short and stable: links and bookmarks hold it."""

    uid: str
    title: str
    description: str
    sections: Sequence[Section]
    variables: Sequence[Variable] = ()
    time_from: str = "now-6h"

    def __post_init__(self) -> None:
        if not 0 < len(self.uid) <= MAX_UID_CHARS:
            raise ValueError(f"board {self.title!r}: the uid {self.uid!r} must have 1 to {MAX_UID_CHARS} characters")

    @property
    def panels(self) -> list[Panel]:
        return [panel for section in self.sections for panel in section.panels]

    def document(self) -> dict[str, Any]:
        """The finished JSON, as a mapping."""
        source = grafana.Template(name="datasource", label="Data source", query="prometheus", type="datasource")
        dashboard = grafana.Dashboard(
            uid=self.uid,
            title=self.title,
            description=self.description,
            tags=["sankofa"],
            timezone="utc",
            refresh="1m",
            editable=False,
            time=grafana.Time(self.time_from, "now"),
            panels=place(self.sections),
            templating=grafana.Templating([source, *(variable.template() for variable in self.variables)]),
        )
        return finish(json.loads(json.dumps(dashboard.to_json_data(), cls=DashboardEncoder)))

    def text(self) -> str:
        return json.dumps(self.document(), indent=1, ensure_ascii=False) + "\n"
