"""The files of the repository as a reader finds them: what is committed or about to be, nothing that set-up or runs have made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = ("sankofa_observe", "exporters", "dashboards", "alert_rules", "deploy", "docs")
MADE = {".git", "__pycache__", "node_modules", "out", "cache", "dist"}


@cache
def files() -> tuple[Path, ...]:
    """Every file, by its path from the root."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink() or path.name in MADE or path.name.endswith(".egg-info"):
            continue
        if path.is_dir() and _is_source(path):
            yield from _walk(path)
        elif path.is_file():
            yield path.relative_to(ROOT)


def _is_source(folder: Path) -> bool:
    """Not hidden, save the checking machine's; and no virtual environment, whatever its name."""
    return (folder.name == ".ci" or not folder.name.startswith(".")) and not (folder / "pyvenv.cfg").exists()


def named(*endings: str) -> list[Path]:
    return [path for path in files() if path.suffix in endings]


def text(path: Path | str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def python_sources() -> list[Path]:
    """Python of the product, its build-time packages, its lab and its generators; no tests."""
    return [path for path in named(".py") if path.parts[0] in SOURCE_ROOTS]
