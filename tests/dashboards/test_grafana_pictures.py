"""Every board has its two pictures, and they are what `make boards` writes."""

from __future__ import annotations

import struct

import pytest

from deploy.lab.boards.__main__ import MOMENTS, PICTURES
from deploy.lab.boards.viewer import SCREEN, WIDTH
from sankofa_dashboards.queries import generated_boards
from tests.repository.tree import ROOT, text

KILOBYTES = 150
NAMES = {f"{uid}-{moment}.png" for uid in generated_boards() for moment in MOMENTS}


def test_each_board_has_a_picture_of_each_moment_and_no_other_is_left() -> None:
    """A board that is new, renamed or gone shows here: draw with `make boards`."""
    assert {path.name for path in PICTURES.iterdir()} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_picture_is_a_screen_wide_and_small(name: str) -> None:
    """1920 pixels wide, a screen high at least, of a palette, and small enough for a repository."""
    data = (PICTURES / name).read_bytes()
    width, height, depth, kind = struct.unpack_from(">IIBB", data, 16)
    assert (width, depth, kind) == (WIDTH, 8, 3)
    assert height >= SCREEN
    assert len(data) < KILOBYTES * 1024


def test_a_page_shows_every_picture() -> None:
    """None is drawn for nobody."""
    page = text("docs/how-to/see-the-boards.md")
    assert [name for name in sorted(NAMES) if f"../pictures/boards/{name}" not in page] == []
    assert (ROOT / "docs" / "pictures" / "boards") == PICTURES
