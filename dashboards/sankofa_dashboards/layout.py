"""Where panels go: left to right in rows of 24, a section title above each group; nobody places a panel by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafanalib import core as grafana

from .panels import Panel

WIDTH = 24
TITLE_HEIGHT = 1


@dataclass(frozen=True, kw_only=True)
class Section:
    """A titled group of panels, once for each value of the variable `repeat`; a title of "" puts none."""

    title: str = ""
    panels: tuple[Panel, ...]
    repeat: str | None = None


def place(sections: Sequence[Section]) -> list[Any]:
    """Panels of grafanalib with ids from 1 and places that never overlap."""
    placed: list[Any] = []
    top = 0
    for section in sections:
        if section.title:
            grid = grafana.GridPos(h=TITLE_HEIGHT, w=WIDTH, x=0, y=top)
            repeated = grafana.Repeat(variable=section.repeat)
            row = grafana.RowPanel(id=len(placed) + 1, title=section.title, gridPos=grid, repeat=repeated)
            placed.append(row)
            top += TITLE_HEIGHT
        top = _flow(section.panels, placed, top)
    return placed


def _flow(panels: Sequence[Panel], placed: list[Any], top: int) -> int:
    """Put panels side by side while they fit; a new row starts under the tallest of the last one."""
    left, tallest = 0, 0
    for panel in panels:
        if left + panel.width > WIDTH:
            top, left, tallest = top + tallest, 0, 0
        grid = grafana.GridPos(h=panel.height, w=panel.width, x=left, y=top)
        placed.append(panel.panel(len(placed) + 1, grid))
        left, tallest = left + panel.width, max(tallest, panel.height)
    return top + tallest
