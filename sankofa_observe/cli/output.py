"""How the commands speak: words and tables on a terminal, one JSON document with --json, complaints on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

console = Console()
errors = Console(stderr=True)

ConfigFile = Annotated[Path, typer.Option("--config", help="Settings file; see docs/reference/settings.md.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]


def complain(text: str) -> None:
    errors.print(text, style="red", markup=False, highlight=False, soft_wrap=True)


def show(events: Iterable[Any], *, as_json: bool, nothing: str) -> None:
    """Print events as they come, or all of them as one JSON list."""
    if as_json:
        print(json.dumps([plain(event) for event in events], indent=2))  # noqa: T201  this is the output
        return
    said = False
    for event in events:
        console.print(str(event), markup=False, highlight=False, soft_wrap=True)
        said = True
    if not said:
        console.print(nothing, markup=False)


def plain(value: Any) -> Any:
    """Values as JSON has them: dataclasses name themselves, enums are text; bytes never get this far.

    Not `asdict`: it builds a Counter anew from pairs, and so counts the pairs.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {"event": type(value).__name__, **_members(value)}
    return value


def _members(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _members(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _members(one) for key, one in value.items()}
    return [_members(one) for one in value] if isinstance(value, (list, tuple)) else value
