"""How a command draws: on the terminal as wide as it is, or into an SVG file that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.pictures.terminal import Screen
    from sankofa_observe.units import Period

NARROWEST, WIDEST, UNKNOWN_WIDTH = 60, 1000, 80

SvgFile = Annotated[Path | None, typer.Option("--svg", help="Write the picture into this SVG file as well.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR in the environment says the same.")]
Width = Annotated[
    int | None,
    typer.Option(
        min=NARROWEST, max=WIDEST, help="Columns to draw in; without it, those of the terminal, 80 if it is none."
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="FROM/TO", help="Exclude what lies between two UTC instants; may be repeated."),
]


def screen(width: int | None, *, no_color: bool) -> Screen:
    """What the terminal shows; colours only where a person looks."""
    from sankofa_observe.pictures.terminal import Screen

    columns = width or (shutil.get_terminal_size((UNKNOWN_WIDTH, 24)).columns if sys.stdout.isatty() else UNKNOWN_WIDTH)
    return Screen(
        width=columns,
        colour=sys.stdout.isatty() and not no_color and not os.environ.get("NO_COLOR"),
        unicode=_shows("█·⣿"),
    )


def _shows(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def draw(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line, color=True)


def write(file: Path, document: str) -> None:
    """The file, whole or not at all; what was there is replaced."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.write_text(document, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InvalidInput(f"{file}: {error.strerror}; expected a file in a folder that can be written") from error
    typer.echo(f"written: {file}", err=True)


def stretch(since: str, until: str) -> Period:
    """What lies between two instants that were given as --from and --to."""
    from sankofa_observe.cli.pipeline import instant
    from sankofa_observe.units import Period

    starts_at, ends_at = instant("--from", since), instant("--to", until)
    if starts_at >= ends_at:
        raise InvalidInput(f"--from {since} --to {until}: the end must be after the start")
    return Period(starts_at=starts_at, ends_at=ends_at)


def intervals(option: str, texts: Sequence[str]) -> list[Period]:
    """Half-open stretches of UTC, in order; those that overlap or touch are one."""
    from sankofa_observe.cli.pipeline import instant
    from sankofa_observe.units import Period, union

    found: list[Period] = []
    for text in texts:
        start, slash, end = text.partition("/")
        if not slash:
            raise InvalidInput(
                f"{option} {text[:80]!r}: expected FROM/TO, like 2026-11-01T02:00:00Z/2026-11-01T04:00:00Z"
            )
        starts_at, ends_at = instant(option, start), instant(option, end)
        if starts_at >= ends_at:
            raise InvalidInput(f"{option} {text}: the end must be after the start")
        found.append(Period(starts_at=starts_at, ends_at=ends_at))
    return union(found)
