"""Boards fit the types that Grafana's own front end is compiled with, the options of each panel included."""

from __future__ import annotations

import json
from collections.abc import Callable
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


def _two_panels(board: Json) -> None:
    _strange_word(board)
    _footer(board)


def _strange_override(board: Json) -> None:
    change = {"id": "custom.cellOptions", "value": {"type": "colour-background"}}
    _panel(board, "table")["fieldConfig"]["overrides"].append(
        {"matcher": {"id": "byName", "options": "site"}, "properties": [change]}
    )


# What is done to a board, where that is told and how; a fault of one panel hides none of another.
SPOILED: list[tuple[Callable[[Json], None], str, str]] = [
    (_footer, "options.footer", "'\"footer\"' does not exist"),
    (_two_panels, "options.footer", "'\"footer\"' does not exist"),
    (_two_panels, "options.colorMode", "'\"rainbow\"' is not assignable"),
    (_no_current, "templating.list.0.current", "missing the following properties"),
    (_strange_key, "rows", "'\"rows\"' does not exist"),
    (_strange_word, "options.colorMode", "'\"rainbow\"' is not assignable"),
    (_strange_custom, "fieldConfig.defaults.custom.cellColour", "'\"cellColour\"' does not exist"),
    (_dead_plugin, "type", "no panel of @grafana/schema is called singlestat"),
    (_text_for_a_number, "gridPos.w", "'string' is not assignable to type 'number'"),
    (_strange_override, "custom.cellOptions.type", "'\"colour-background\"' is not assignable"),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """Faults of the generated boards and of each spoiled one, from one run: reading the types is what takes the time."""
    folder = tmp_path_factory.mktemp("spoiled")
    for place, (spoil, _, _) in enumerate(SPOILED):
        board = json.loads((GENERATED / "sk-fleet.json").read_text(encoding="utf-8"))
        spoil(board)
        (folder / f"spoiled-{place}.json").write_text(json.dumps(board), encoding="utf-8")
    return faults([*GENERATED.glob("*.json"), *folder.glob("*.json")])


def test_generated_boards_fit_the_types_of_grafana(found: list[Json]) -> None:
    """No key that Grafana does not know, no value it would not take, in any generated board."""
    ours = {path.name for path in GENERATED.glob("*.json")}
    assert [fault for fault in found if fault["board"] in ours | {""}] == []


@pytest.mark.parametrize("place", range(len(SPOILED)), ids=[f"{spoil.__name__} {path}" for spoil, path, _ in SPOILED])
def test_a_fault_of_the_types_is_found_and_named(found: list[Json], place: int) -> None:
    """R20's faults and others, each put into a good board, are told with the way to them."""
    _, path, expected = SPOILED[place]
    told = [fault["message"] for fault in found if (fault["board"], fault["path"]) == (f"spoiled-{place}.json", path)]
    assert any(expected in message for message in told), told
