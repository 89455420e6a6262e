"""`sankofa-observe fleet`: a fleet of 325 regions to begin with, and a fleet as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import say


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The places that are promised something.")
    group.command("example")(example)
    group.command("show")(show)
    app.add_typer(group, name="fleet")


def example(
    out: Annotated[Path | None, typer.Option(help="File to write; it must not be there yet. Default: stdout.")] = None,
) -> None:
    """Write a fleet of 10 core, 65 regional and 250 edge sites, with the chain, the core's links and a region a zone.

    Example: sankofa-observe fleet example --out fleet.yaml
    """
    from sankofa_observe.adapters.fleet_example import as_yaml
    from sankofa_observe.errors import InvalidInput

    if out is None:
        typer.echo(as_yaml(), nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(as_yaml())
    except OSError as error:
        problem = f"{out}: {error.strerror or error}; expected the name of a new file in a folder that can be written"
        raise InvalidInput(problem) from None
    say(f"{out}: written; look at it with: sankofa-observe fleet show {out}")


def show(paths: Annotated[list[Path], typer.Argument(help="Spec files, or folders of them.")]) -> None:
    """Show a fleet as a table, a row a zone; nothing is written.

    Example: sankofa-observe fleet show deploy/specs
    """
    from sankofa_observe.adapters.fleet_table import table
    from sankofa_observe.adapters.specs import load_catalog

    for line in table(load_catalog(paths).sites.values()):
        say(line)
