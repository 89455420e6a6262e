"""Boards fit the types that Grafana's own front end is compiled with, the options of each panel included."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sankofa_dashboards.queries import GENERATED
from tests.dashboards.grafana import faults

Json = dict[str, Any]
pytestmark = pytest.mark.real("node", "tsc")


def _panel(board: Json, kind: str) -> Json:
    found: Json = next(panel for panel in board["panels"] if panel["type"] == kind)
    return found


def _footer(board: Json) -> None:
    _panel(board, "table")["options"]["footer"] = {"show": False, "reducer": [], "countRows": False}


def _no_current(board: Json) -> None:
    board["templating"]["list"][0]["current"] = {"selected": False}


def _strange_key(board: Json) -> None:
    board["rows"] = []


def _strange_word(board: Json) -> None:
    _panel(board, "stat")["options"]["colorMode"] = "rainbow"


def _strange_custom(board: Json) -> None:
    _panel(board, "table")["fieldConfig"]["defaults"]["custom"]["cellColour"] = "red"


def _dead_plugin(board: Json) -> None:
    _panel(board, "stat")["type"] = "singlestat"


def _text_for_a_number(board: Json) -> None:
    _panel(board, "stat")["gridPos"]["w"] = "4"


def _strange_override(board: Json) -> None:
    change = {"id": "custom.cellOptions", "value": {"type": "colour-background"}}
    _panel(board, "table")["fieldConfig"]["overrides"].append(
        {"matcher": {"id": "byName", "options": "site"}, "properties": [change]}
    )


SPOILED: dict[str, tuple[Callable[[Json], None], str]] = {
    "options.footer": (_footer, "'\"footer\"' does not exist"),
    "templating.list.0.current": (_no_current, "missing the following properties"),
    "rows": (_strange_key, "'\"rows\"' does not exist"),
    "options.colorMode": (_strange_word, "'\"rainbow\"' is not assignable"),
    "fieldConfig.defaults.custom.cellColour": (_strange_custom, "'\"cellColour\"' does not exist"),
    "type": (_dead_plugin, "no panel of @grafana/schema is called singlestat"),
    "gridPos.w": (_text_for_a_number, "'string' is not assignable to type 'number'"),
    "custom.cellOptions.type": (_strange_override, "'\"colour-background\"' is not assignable"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """Faults of the generated boards and of each spoiled one, from one run: reading the types is what takes the time."""
    folder = tmp_path_factory.mktemp("spoiled")
    for place, (spoil, _) in enumerate(SPOILED.values()):
        board = json.loads((GENERATED / "sk-fleet.json").read_text(encoding="utf-8"))
        spoil(board)
        (folder / f"spoiled-{place}.json").write_text(json.dumps(board), encoding="utf-8")
    return faults([*GENERATED.glob("*.json"), *folder.glob("*.json")])


def test_generated_boards_fit_the_types_of_grafana(found: list[Json]) -> None:
    """No key that Grafana does not know, no value it would not take, in any generated board."""
    ours = {path.name for path in GENERATED.glob("*.json")}
    assert [fault for fault in found if fault["board"] in ours | {""} and "alertlist" not in fault["message"]] == []


@pytest.mark.parametrize("path", SPOILED)
def test_a_fault_of_the_types_is_found_and_named(found: list[Json], path: str) -> None:
    """R20's faults and others, each put into a good board, are told with the way to them."""
    place = list(SPOILED).index(path)
    told = [fault["message"] for fault in found if (fault["board"], fault["path"]) == (f"spoiled-{place}.json", path)]
    assert any(SPOILED[path][1] in message for message in told), told


def test_a_board_of_two_faults_has_both_told(tmp_path: Path) -> None:
    """A fault of one panel hides none of another."""
    board = json.loads((GENERATED / "sk-fleet.json").read_text(encoding="utf-8"))
    _strange_word(board)
    _footer(board)
    path = tmp_path / "two.json"
    path.write_text(json.dumps(board), encoding="utf-8")
    assert {"options.colorMode", "options.footer"} <= {fault["path"] for fault in faults([path])}
