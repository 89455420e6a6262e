"""`sankofa-observe specs check`: every violation of every document, in one run, and what will surprise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.output import AsJson, complain, say
from sankofa_observe.cli.spec_explain import explain
from sankofa_observe.cli.spec_import import import_

if TYPE_CHECKING:
    from sankofa_observe.errors import Violation


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check fleets, SLOs and agreements.")
    group.command("check")(check)
    group.command("import")(import_)
    group.command()(explain)
    group.command()(schema)
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
            _print_json(error.violations, "violation")
        else:
            complain(str(error))
        raise typer.Exit(2) from None
    if as_json:
        _print_json(catalog.warnings, "warning")
        return
    counted: dict[str, Mapping[str, object]] = {
        "site": catalog.sites,
        "SLO": catalog.slos,
        "agreement": catalog.agreements,
    }
    counts = ", ".join(f"{len(found)} {noun}{'' if len(found) == 1 else 's'}" for noun, found in counted.items())
    say(f"{counts}: no violation")
    for warning in catalog.warnings:
        say(f"warning: {warning}")


def schema(
    kind: Annotated[
        str | None, typer.Argument(help="SLO, Fleet or Agreement; without it, a file of any of them.")
    ] = None,
) -> None:
    """Print the JSON Schema of spec documents, with what each field means, for editors.

    Example: sankofa-observe specs schema > specs.schema.json
    """
    from sankofa_observe.adapters.spec_schema import kinds
    from sankofa_observe.adapters.spec_schema import schema as schema_of
    from sankofa_observe.errors import InvalidInput

    if kind is not None and kind not in kinds():
        raise InvalidInput(f"no kind {kind}; there are: {', '.join(kinds())}")
    print(json.dumps(schema_of(kind), indent=2))  # noqa: T201  this is the output


def _print_json(found: Sequence[Violation], severity: str) -> None:
    print(json.dumps([vars(one) | {"severity": severity} for one in found], indent=2))  # noqa: T201  this is the output
