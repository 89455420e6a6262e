"""`sankofa-observe runbook`: what to do about an alert, with its labels filled in."""

from __future__ import annotations

from typing import Annotated

import typer

from sankofa_observe.cli.output import say


def register(app: typer.Typer) -> None:
    app.command("runbook")(runbook)


def runbook(
    name: Annotated[str | None, typer.Argument(help="The alert; without it, all are listed.")] = None,
    labels: Annotated[
        list[str] | None, typer.Argument(metavar="LABEL=VALUE", help="Labels of the alert, like site=edge-nairobi-1.")
    ] = None,
) -> None:
    """Print what to do about an alert. It needs neither a network nor settings.

    Queries and commands of the page are filled in with the labels that are given, so that they can be pasted.

    Example: sankofa-observe runbook SiteDown site=edge-nairobi-1
    """
    from sankofa_observe import runbooks

    if name is None:
        say("\n".join(runbooks.names()))
        return
    say(runbooks.page(name, dict(map(_pair, labels or ()))))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r}: expected LABEL=VALUE, like site=edge-nairobi-1")
    return name, value
