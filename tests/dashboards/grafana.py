"""Boards as Grafana's own libraries see them: `faults` of their types, and what is `shown` of given or real answers.

Both run one process of Node for all they are asked, and need the part board-gate.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.parts import CHECKOUT, need_program

GATE = CHECKOUT / "dashboards" / "viewer" / "gate"
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word on a panel and its colour; `name` is the series', the row's or the column's, `row` is -1 outside of tables; a `label` is no value."""

    panel: str
    kind: str
    name: str
    text: str
    color: str
    row: int = -1
    label: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A board as it is drawn: its words in the order of its panels, and the bytes of Prometheus' answers."""

    words: tuple[Word, ...]
    bytes: int

    def of(self, panel: str) -> list[Word]:
        found = [word for word in self.words if word.panel == panel]
        if not found:
            raise KeyError(f"{panel!r} is none of the panels: {sorted({word.panel for word in self.words})}")
        return found

    def said(self, panel: str) -> list[tuple[str, str]]:
        """(name, text) of a panel's words."""
        return [(word.name, word.text) for word in self.of(panel)]


def faults(files: Iterable[Path]) -> list[Json]:
    """What Grafana's types say against boards, as mappings with board, panel, path and message."""
    found: list[Json] = json.loads(_node("types.mjs", *map(str, files)))
    return found


def shown(requests: Iterable[Mapping[str, Any]]) -> list[Shown]:
    """What boards show; a request is as show.mjs has it."""
    answers: list[Json] = json.loads(_node("show.mjs", text=json.dumps(list(requests))))
    return [Shown(words=tuple(_words(answer["panels"])), bytes=answer["bytes"]) for answer in answers]


def _words(panels: list[Json]) -> Iterable[Word]:
    for panel in panels:
        for one in panel["shown"]:
            yield Word(
                panel=panel["title"],
                kind=panel["type"],
                name=one["name"],
                text=one["text"],
                color=one["color"],
                row=one.get("row", -1),
                label=one.get("label", False),
            )


def _node(script: str, *arguments: str, text: str = "") -> str:
    command = [need_program("node"), str(GATE / script), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
