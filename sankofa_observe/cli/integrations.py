"""`sankofa-observe integrations`: check the catalogue of what is scraped, and write targets for Prometheus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson, complain, say

Folder = Annotated[Path, typer.Option("--catalogue", help="The folder with one YAML file an integration.")]
CATALOGUE = Path("deploy/integrations")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check what is scraped, and write its targets.")
    group.command("check")(check)
    group.command("targets")(targets)
    app.add_typer(group, name="integrations")


def check(folder: Folder = CATALOGUE, *, as_json: AsJson = False) -> None:
    """Check each entry against what its source was recorded to show; nothing is written.

    Example: sankofa-observe integrations check --catalogue deploy/integrations
    """
    from sankofa_observe.adapters.integrations.check import sound_catalogue
    from sankofa_observe.errors import InvalidInput

    try:
        catalogue = sound_catalogue(folder)
    except InvalidInput as error:
        if as_json:
            print(json.dumps([vars(one) for one in error.violations], indent=2))  # noqa: T201  this is the output
        else:
            complain(str(error))
        raise typer.Exit(2) from None
    if as_json:
        print("[]")  # noqa: T201  this is the output
        return
    indicators = len(list(catalogue.indicators()))
    say(f"{len(catalogue.entries)} integrations, {indicators} indicators: no violation")


def targets(
    fleet: Annotated[Path, typer.Option("--fleet", help="The fleet file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for NAME.json, one an integration.")],
    folder: Folder = CATALOGUE,
) -> None:
    """Write target files for Prometheus (file_sd_configs) of all integrations but our own exporters, which are asked.

    Each file is replaced in one step. Where one target is wrong, all are told and nothing is written.

    Example: sankofa-observe integrations targets --fleet deploy/specs/fleet.yaml --out /etc/sankofa-observe/targets
    """
    from sankofa_observe.adapters.integrations.catalogue import load_catalogue
    from sankofa_observe.adapters.integrations.targets import target_groups, write_groups

    groups = target_groups(load_catalogue(folder), fleet)
    write_groups(groups, out)
    say(", ".join(f"{len(found)} {name}" for name, found in groups.items()) + f": written to {out}")
