"""`sankofa-observe retention`: what may be deleted because it is old enough, and the one command that deletes it."""

from __future__ import annotations

from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, show
from sankofa_observe.cli.person import By, who


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="See which slots and evidence are older than retention_years, and delete them."
    )
    group.command("show")(shown)
    group.command()(apply)
    app.add_typer(group, name="retention")


def shown(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Say what could be deleted now, and what stays although it is old, with why. Nothing is deleted.

    Example: sankofa-observe retention show --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_retention
    from sankofa_observe.config import load_settings

    with open_retention(load_settings(config)) as retention:
        show([retention.due()], as_json=as_json, nothing="")


def apply(
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why: it is kept with who did it.")],
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Delete slots and evidence of periods that are closed for longer than retention_years. Records stay, and say what was deleted.

    What is open, disputed, waiting or unpaid stays whatever its age. Stop the scheduler and all observers first.

    Example: sankofa-observe retention apply --reason "yearly, POL-4" --by kofi --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_retention
    from sankofa_observe.config import load_settings

    with open_retention(load_settings(config)) as retention:
        show(retention.apply(by=who(by), reason=reason), as_json=as_json, nothing="nothing is old enough")
