"""`sankofa-observe specs import`: promises that other tools' files make, as documents of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import complain, say


def import_(
    files: Annotated[list[Path], typer.Argument(help="Files of sloth, pyrra or OpenSLO, or folders of them.")],
    *,
    tier: Annotated[str | None, typer.Option(help="Whose promise it is: core, regional, edge, ...")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the documents, a file each; else they are printed.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="Over which time: 1M or 1Q of the calendar, or rolling, like 30d.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the calendar.")] = "UTC",
    scrape: Annotated[str | None, typer.Option(help="How often the sources are scraped, like 15s.")] = None,
    slot: Annotated[str | None, typer.Option(help="Length of a slot, like 1m.")] = None,
    sources: Annotated[str | None, typer.Option(help="System of the fleet file whose targets are the sources.")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave out what has no counterpart: alerting, datasources, services, rules."),
    ] = None,
) -> None:
    """Import SLOs from files of sloth, pyrra or OpenSLO: all of them, or nothing with each reason.

    Example: sankofa-observe specs import sloth.yaml --tier edge --window 1M --without alerting --out deploy/specs/slos
    """
    from sankofa_observe.adapters.spec_import import LEAVABLE, Wanted, import_specs, write
    from sankofa_observe.errors import InvalidInput

    if unknown := sorted(set(without or ()) - LEAVABLE.keys()):
        raise InvalidInput(f"--without {', '.join(unknown)}: expected of {', '.join(LEAVABLE)}; nothing was imported")
    asked = Wanted(
        tier=tier, scrape=scrape, slot=slot, sources=sources, window=window, zone=zone, without=frozenset(without or ())
    )
    found = import_specs(files, asked)
    for one in found.left_out:
        complain(f"left out: {one}")
    for one in found.notes:
        complain(f"note: {one}")
    if out is None:
        say("---\n".join(found.documents.values()).rstrip("\n"))
        return
    for file in write(found, out):
        say(f"{file}: written")
