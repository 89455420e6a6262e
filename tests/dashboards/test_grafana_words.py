"""Grafana's own display processor says NOT KNOWN for nothing, on every panel of every board, and never paints it green."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sankofa_dashboards.queries import generated_boards
from sankofa_dashboards.states import GOOD_COLOUR, NOT_KNOWN_COLOUR, NOT_KNOWN_TEXT
from tests.dashboards.grafana import Shown, Word, shown

Json = dict[str, Any]
pytestmark = pytest.mark.real("node", "tsc")

END = 1_800_000_000
PALETTE_GREEN = "#73BF69"  # the first line of Grafana's palette
GREENS = {GOOD_COLOUR, PALETTE_GREEN, "green"}
SERIES = {
    "site": "edge-1", "tier": "edge", "region": "r1", "system": "ceph", "observer": "observer-1", "target": "ceph-1",
    "instance": "ceph-1", "job": "sankofa-ceph", "slo": "availability-edge", "le": "0.1", "severity": "page",
    "alertname": "SiteDown", "scope": "site", "kind": "slo", "currency": "USD", "agreement": "example-edge",
}  # fmt: skip
STATES = ["0", "1", "2", "3", "4", "5", "6"]
STRAYS = ["-1", "2.5"]
NOTHINGS: dict[str, list[Json] | None] = {
    "null": [{"metric": SERIES, "value": None}],
    "NaN": [{"metric": SERIES, "value": "NaN"}],
    "an empty answer": [],
    "no answer": None,
}


def _drawable(board: Mapping[str, Any]) -> Json:
    return {**board, "panels": [panel for panel in board["panels"] if panel["type"] != "alertlist"]}


BOARDS = {uid: _drawable(board) for uid, board in generated_boards().items()}
VARIABLES = {"site": "edge-1", "tier": "edge", "region": "r1", "system": "ceph", "observer": "observer-1"}


@pytest.fixture(scope="module")
def answered() -> dict[tuple[str, str], Shown]:
    """Every board with every value in every panel, by uid and value; one process draws them all."""
    values: dict[str, list[Json] | None] = dict(NOTHINGS)
    values |= {value: [{"metric": SERIES, "value": value}] for value in [*STATES, *STRAYS]}
    keys = [(uid, value) for uid in BOARDS for value in values]
    requests = [
        {"board": BOARDS[uid], "variables": VARIABLES, "end": END, "every": values[value]} for uid, value in keys
    ]
    return dict(zip(keys, shown(requests), strict=True))


def _values(board: Shown) -> Iterator[Word]:
    return (word for word in board.words if not word.label and word.kind not in {"text", "heatmap"})


@pytest.mark.parametrize("uid", BOARDS)
@pytest.mark.parametrize("nothing", NOTHINGS)
def test_nothing_is_not_known_and_never_green(answered: dict[tuple[str, str], Shown], uid: str, nothing: str) -> None:
    """Null, NaN, an empty answer and no answer at all: each panel says NOT KNOWN, in its colour or in none."""
    words = list(_values(answered[uid, nothing]))
    assert words
    assert [
        word for word in words if (word.text, word.color) != (NOT_KNOWN_TEXT, NOT_KNOWN_COLOUR) and word.color
    ] == []
    assert {word.text for word in words} == {NOT_KNOWN_TEXT}


def _mapped(panel: Json) -> dict[str, tuple[str, str]]:
    """The words and colours a panel has for numbers."""
    return {
        number: (result["text"], result["color"])
        for mapping in panel["fieldConfig"]["defaults"]["mappings"]
        if mapping["type"] == "value"
        for number, result in mapping["options"].items()
    }


STATE_PANELS = [
    pytest.param(uid, panel, id=f"{uid} {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] in {"stat", "bargauge", "state-timeline"} and _mapped(panel)
]


def _drawn(board: Shown, panel: Json) -> list[Word]:
    """Words at the moment that was answered; between two samples of a state timeline there is a gap, and it is NOT KNOWN."""
    words = [word for word in board.words if word.panel == panel["title"]]
    return words[-1:] if panel["type"] == "state-timeline" else words


@pytest.mark.parametrize(("uid", "panel"), STATE_PANELS)
def test_a_state_is_shown_as_its_word_in_its_colour(
    answered: dict[tuple[str, str], Shown], uid: str, panel: Json
) -> None:
    """Each number with a word is that word, as drawn by Grafana; only a word of something good is green."""
    for number, expected in _mapped(panel).items():
        words = _drawn(answered[uid, number], panel)
        assert {(word.text, word.color) for word in words} == {expected}


@pytest.mark.parametrize(("uid", "panel"), STATE_PANELS)
@pytest.mark.parametrize("stray", STRAYS)
def test_a_number_that_is_no_state_is_never_green(
    answered: dict[tuple[str, str], Shown], uid: str, panel: Json, stray: str
) -> None:
    """A mean of states, or a state from nowhere, must not look well."""
    assert not {word.color for word in _drawn(answered[uid, stray], panel)} & GREENS


TABLES = [
    pytest.param(uid, panel, id=f"{uid} {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] == "table"
]


@pytest.mark.parametrize(("uid", "panel"), TABLES)
def test_an_unanswered_query_of_a_table_spoils_no_other_column(uid: str, panel: Json) -> None:
    """With one query empty, what the others tell stands in the table as before, and nothing takes its place in green."""
    board = BOARDS[uid] | {"panels": [panel]}
    refs = [target["refId"] for target in panel["targets"]]
    request = {"board": board, "variables": VARIABLES, "end": END, "every": [{"metric": SERIES, "value": "3"}]}
    whole, *others = shown([request, *({**request, "without": [ref]} for ref in refs[1:])])
    for other in others:
        kept = {word for word in other.words if word.text != NOT_KNOWN_TEXT}
        assert kept <= set(whole.words)
        assert not {word.color for word in other.words} - {word.color for word in whole.words} - {NOT_KNOWN_COLOUR, ""}
