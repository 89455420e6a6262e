"""`sankofa-observe specs check`: every violation of every document, in one run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson, complain, console


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check fleets, SLOs and agreements.")
    group.command("check")(check)
    app.add_typer(group, name="specs")


def check(
    paths: Annotated[list[Path], typer.Argument(help="Spec files, or folders of them.")], *, as_json: AsJson = False
) -> None:
    """Check specs; nothing is written.

    Example: sankofa-observe specs check deploy/specs
    """
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.errors import InvalidInput

    try:
        catalog = load_catalog(paths)
    except InvalidInput as error:
        if as_json:
            print(json.dumps([vars(violation) for violation in error.violations], indent=2))  # noqa: T201
        else:
            complain(str(error))
        raise typer.Exit(2) from None
    if as_json:
        print("[]")  # noqa: T201
        return
    counted: dict[str, Mapping[str, object]] = {
        "site": catalog.sites,
        "SLO": catalog.slos,
        "agreement": catalog.agreements,
    }
    counts = ", ".join(f"{len(found)} {noun}{'' if len(found) == 1 else 's'}" for noun, found in counted.items())
    console.print(f"{counts}: no violation", markup=False)
