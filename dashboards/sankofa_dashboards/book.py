"""All boards, and their files: the wall, a site, paging, and one for each system of the exporters' registry."""

from __future__ import annotations

from pathlib import Path

from sankofa_exporters.registry import SYSTEM_NAMES, system

from .board import RUNBOOKS, Board
from .fleet import FLEET
from .paging import PAGING
from .queries import GENERATED
from .site import SITE_BOARD
from .system import board_of

BOARDS: tuple[Board, ...] = (FLEET, SITE_BOARD, *(board_of(system(name)) for name in SYSTEM_NAMES), PAGING)


def documents(runbooks: str = RUNBOOKS) -> dict[str, str]:
    """File name to JSON text; the file's path is the board's identity for Grafana's provisioning."""
    return {f"{board.uid}.json": board.text(runbooks) for board in BOARDS}


def write(folder: Path = GENERATED, runbooks: str = RUNBOOKS) -> list[Path]:
    """Write the boards, whose runbooks are served at that address; the paths of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in documents(runbooks).items():
        (folder / name).write_text(text)
        written.append(folder / name)
    return written


def stale(folder: Path = GENERATED) -> list[Path]:
    """Files that differ from what the code says, are missing, or should not be there."""
    expected = {folder / name: text for name, text in documents().items()}
    return sorted(
        path
        for path in {*expected, *folder.glob("*.json")}
        if path not in expected or not path.exists() or path.read_text() != expected[path]
    )
