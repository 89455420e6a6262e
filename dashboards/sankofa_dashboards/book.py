"""All boards, and their files."""

from __future__ import annotations

from pathlib import Path

from .fleet import FLEET
from .queries import GENERATED
from .site import SITE

BOARDS = (FLEET, SITE)


def documents() -> dict[str, str]:
    """File name to JSON text; the file's path is the board's identity for Grafana's provisioning."""
    return {f"{board.uid}.json": board.text() for board in BOARDS}


def write(folder: Path = GENERATED) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text)


def stale(folder: Path = GENERATED) -> list[Path]:
    """Files that differ from what the code says, are missing, or should not be there."""
    expected = {folder / name: text for name, text in documents().items()}
    return sorted(
        path
        for path in {*expected, *folder.glob("*.json")}
        if path not in expected or not path.exists() or path.read_text() != expected[path]
    )
