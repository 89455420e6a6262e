"""The boards' page of the reference: each board, its choices, and what each panel answers, from the committed JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .queries import generated_boards

_FIRST = ("sk-fleet", "sk-site", "sk-paging")
_HIDDEN = 2


def boards_page() -> str:
    """The wall, a site and paging first, then a board a system."""
    boards = generated_boards()
    order = [*_FIRST, *sorted(boards.keys() - set(_FIRST))]
    return "\n".join("".join(_board(boards[uid])) for uid in order)


def _board(board: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {board['title']} (`{board['uid']}`)\n\n{board['description']}\n\n"
    if shown := [one["label"] for one in board["templating"]["list"] if one.get("hide") != _HIDDEN]:
        yield f"Choices: {', '.join(shown)}.\n\n"
    yield "| Panel | Answers |\n|---|---|\n"
    for panel in board["panels"]:
        if panel["type"] == "row":
            each = " (once for each)" if panel.get("repeat") else ""
            yield f"| **{panel['title'].replace('$system', 'each system of the site')}**{each} | |\n"
        else:
            yield f"| {panel['title']} | {panel['description']} |\n"
