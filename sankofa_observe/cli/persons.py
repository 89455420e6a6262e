"""`sankofa-observe persons`: whom the ids in records stand for: the one table with names, mail and labels of keys, which can be erased."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, show
from sankofa_observe.cli.person import By, who


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Say whom the ids in records stand for; erase it again.")
    group.command()(add)
    group.command("list")(listed)
    group.command()(erase)
    app.add_typer(group, name="persons")


def add(
    name: Annotated[str, typer.Argument(help="What people call the person, or the key.")],
    config: ConfigFile,
    mail: Annotated[str, typer.Option(help="By which the person is known as well.")] = "",
    key: Annotated[str, typer.Option(help="Label this API key, as the keys file names it, and no person.")] = "",
    reason: Annotated[str, typer.Option(help="Why: it is kept, and says no name.")] = "acts by hand",
    by: Annotated[
        str | None, typer.Option(help="Who adds it; without it, who is added, and of a key the user of this terminal.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a person known, who may then act by --by; prints the id that records will have. A person whose name is that of a user acts from that user's terminal without --by.

    Example: sankofa-observe persons add amina --mail amina@example.org --config sankofa.yaml
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.bootstrap import open_ledger
    from sankofa_observe.config import load_settings
    from sankofa_observe.pipeline import persons

    with open_ledger(load_settings(config)) as ledger:
        digits = base64.b32encode(secrets.token_bytes(5)).decode().lower()
        made = persons.add(
            name,
            mail=mail,
            key=key,
            by=who(by) if key else by,
            reason=reason,
            ledger=ledger,
            clock=SystemClock(),
            digits=digits,
        )
        show([made], as_json=as_json, nothing="")


def listed(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """List persons and labelled keys by when they were added; of those that were erased the id alone.

    Example: sankofa-observe persons list --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_ledger
    from sankofa_observe.config import load_settings

    with open_ledger(load_settings(config)) as ledger:
        show(
            ledger.persons(), as_json=as_json, nothing="nobody is known: sankofa-observe persons add NAME --config FILE"
        )


def erase(
    person: Annotated[str, typer.Argument(help="Id, name or mail of a person, or the id of a key.")],
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why: it is kept, and says no name.")],
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take name and mail away for good. Records keep the id: they stay whole, and nobody can tell any more who it was.

    Backups hold the name until they are gone; after a restore, erase again.

    Example: sankofa-observe persons erase amina --reason "left, HR-12" --by kofi --config sankofa.yaml
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.bootstrap import open_ledger
    from sankofa_observe.config import load_settings
    from sankofa_observe.pipeline import persons

    with open_ledger(load_settings(config)) as ledger:
        done = persons.erase(person, by=who(by), reason=reason, ledger=ledger, clock=SystemClock())
        show([done], as_json=as_json, nothing="")
