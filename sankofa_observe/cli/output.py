"""How the commands speak: sentences on stdout, one JSON document with --json, complaints and progress on stderr.

Only a progress bar needs rich, which costs more than all other imports of a command line together: it is imported for a bar.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from sankofa_observe.ports import Page

Item = TypeVar("Item")
Advance = Callable[[str, int, int | None], None]
"""What is worked on, how much of it is done, and how much there is: None while nobody knows."""

ConfigFile = Annotated[Path, typer.Option("--config", help="Settings file; see docs/reference/settings.md.")]
Limit = Annotated[
    int | None, typer.Option(min=1, max=10_000, help="At most so many; without it 100, and all of them with --json.")
]
PAGE = 100
MISMATCH = 3
"""The exit code where two truths disagree."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]


def say(text: str) -> None:
    typer.echo(text)


def complain(text: str) -> None:
    typer.secho(text, fg="red", err=True)


def show(events: Iterable[Any], *, as_json: bool, nothing: str, worded: Callable[[str], str] = str) -> None:
    """Print events as they come, or all of them as one JSON list; `worded` is for people alone."""
    if as_json:
        print(json.dumps([plain(event) for event in events], indent=2))  # noqa: T201  this is the output
        return
    said = False
    for event in events:
        say(worded(str(event)))
        said = True
    if not said:
        say(nothing)


def pages(ask: Callable[..., Page[Item]], *, limit: int | None, after: str | None, whole: bool) -> Iterator[Item]:
    """The items of a list: as many as were asked for, of which the next is named on stderr, or all of them where it is whole."""
    while True:
        page = ask(limit=limit or PAGE, after=after)
        yield from page.items
        if page.next is None:
            return
        if limit or not whole:
            typer.echo(f"more: --after {page.next}", err=True)
            return
        after = page.next


@contextmanager
def progress(what: str) -> Iterator[Advance]:
    """A bar on a terminal, and nothing where stderr is none."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda now, done, whole: bar.update(task, description=now, completed=done, total=whole)


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
