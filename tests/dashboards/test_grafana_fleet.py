"""The wall on a real Prometheus with 325 sites, as Grafana's own libraries show it: who is down, and what a screen costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.lab.boards.__main__ import SITE, Moment, lab, outage, source
from deploy.lab.boards.world import BoardFleet, BoardWorld
from deploy.lab.pace import measured
from sankofa_dashboards.events import NOTHING_FIRES
from sankofa_dashboards.queries import generated_boards
from sankofa_dashboards.states import COLOURS, GOOD_COLOUR, NOT_KNOWN_TEXT
from sankofa_observe.telemetry import State
from tests.dashboards.grafana import Shown, shown

pytestmark = [
    pytest.mark.tier("test-all"),
    pytest.mark.real("prometheus", "prometheus-alertmanager", "node", "tsc"),
    pytest.mark.timeout(300),  # 13 minutes of production, which a slow machine plays at production's own pace
]

FLEET = BoardFleet()
BOARDS = generated_boards()
SCREEN_BYTES = 1_000_000
DOWN_TEXT, DOWN_COLOUR = COLOURS[State.DOWN]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Boards at a moment, by uid."""

    moment: Moment
    boards: dict[str, Shown]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """All boards in a good minute and in the middle of the core outage."""
    folder: Path = tmp_path_factory.mktemp("fleet")
    world = BoardWorld(fleet=FLEET, factor=max(1.0, 3 / max(1.0, measured().wall)))
    with lab(folder, world) as rig:
        moments = outage(rig, world)
        asked = source(rig)
        requests = [
            {
                "board": board, "variables": SITE if uid == "sk-site" else {}, "end": moment.at,
                "prometheus": asked.prometheus, "scrape": asked.scrape_seconds, "range": asked.range_seconds,
            }
            for moment in moments
            for uid, board in BOARDS.items()
        ]  # fmt: skip
        answered = iter(shown(requests))
        yield {one.name: Seen(moment=one, boards={uid: next(answered) for uid in BOARDS}) for one in moments}


def _taken() -> set[str]:
    return {SITE["site"], *FLEET.edges_of_metros(range(20))}


def test_a_good_minute_has_nobody_down_and_nobody_unknown(seen: dict[str, Seen]) -> None:
    """Each count of the first row is 0, of all places of the fleet."""
    wall = seen["good"].boards["sk-fleet"]
    assert {
        name: wall.said(name)[0][1] for name in ("DOWN", "BREACH", "Burning", "NOT KNOWN", "No target")
    } == dict.fromkeys(("DOWN", "BREACH", "Burning", "NOT KNOWN", "No target"), "0")
    assert wall.said("NOT KNOWN")[1] == ("of", str(len(FLEET.sites)))


def test_a_good_minute_leaves_nothing_open(seen: dict[str, Seen]) -> None:
    """No panel of any board says NOT KNOWN or has nothing to show, and nothing fires but the one verdict that waits for a person."""
    boards = seen["good"].boards
    assert {
        (uid, one.panel) for uid, board in boards.items() for one in board.words if one.text == NOT_KNOWN_TEXT
    } == set()
    assert {word.text for word in boards["sk-fleet"].of("Events") if word.name == "Alert"} <= {NOTHING_FIRES}
    assert {word.text for word in boards["sk-paging"].of("Pages that fire") if word.name == "Alert"} == {NOTHING_FIRES}


def test_the_middle_of_a_core_outage_is_down_in_words_and_in_red(seen: dict[str, Seen]) -> None:
    """The wall counts every site that fell, the worst table has nothing else, and the core's own board says DOWN for each system."""
    boards = seen["outage"].boards
    (count,) = boards["sk-fleet"].of("DOWN")
    assert (count.text, count.color != GOOD_COLOUR) == (str(len(_taken())), True)
    worst = [word for word in boards["sk-fleet"].of("Worst 25 sites") if word.name == "State"]
    assert {(word.text, word.color) for word in worst} == {(DOWN_TEXT, DOWN_COLOUR)}
    assert len(worst) == 25
    assert {word.text for word in boards["sk-site"].of("This system")} == {DOWN_TEXT}


def test_tables_have_the_columns_that_were_named(seen: dict[str, Seen]) -> None:
    """No metric's name and no second label of the same name stands at the head of a column."""
    names = {
        word.name
        for one in seen.values()
        for board in one.boards.values()
        for word in board.words
        if word.kind == "table"
    }
    assert {name for name in names if re.search(r"^(__|Value|Time)| \d$", name)} == set()


@pytest.mark.parametrize("uid", BOARDS)
def test_a_board_costs_less_than_a_megabyte(seen: dict[str, Seen], uid: str) -> None:
    """All answers of Prometheus that one drawing of a whole board takes, uncompressed, with 325 sites of which 77 are down."""
    assert {name: one.boards[uid].bytes < SCREEN_BYTES for name, one in seen.items()} == dict.fromkeys(seen, True)
