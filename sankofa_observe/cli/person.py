"""Who acts by a command: whom --by names, or the user of this terminal; both are known to the ledger, by an id that says nothing."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sankofa_observe.ports import Ledger

By = Annotated[
    str | None,
    typer.Option(
        help="Who says so: an id, a name or a mail of `persons list`. Without it, the user of this terminal, if a person has that name."
    ),
]


def who(by: str | None) -> str:
    """An empty name is a name that is none; a container may run as a number that has no name."""
    from sankofa_observe.errors import InvalidInput

    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise InvalidInput("the user of this terminal has no name: say with --by who you are") from error


def named(ledger: Ledger) -> Callable[[str], str]:
    """Puts names to ids in what people read on a terminal; programs get the ids alone."""
    from sankofa_observe.pipeline.persons import naming

    return naming(ledger.persons())
