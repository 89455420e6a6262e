"""Who acts by a command: whom --by names, or the user of this terminal."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

By = Annotated[str | None, typer.Option(help="Who says so; without it, the user of this terminal.")]


def who(by: str | None) -> str:
    """An empty name is a name that is none; a container may run as a number that has no name."""
    from sankofa_observe.errors import InvalidInput

    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise InvalidInput("the user of this terminal has no name: say with --by who you are") from error
