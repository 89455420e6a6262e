"""`sankofa-observe specs`: every violation of every document in one run, what will surprise, and what a Prometheus shows of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.output import AsJson, complain, say
from sankofa_observe.cli.spec_explain import explain
from sankofa_observe.cli.spec_import import import_

if TYPE_CHECKING:
    from sankofa_observe.adapters.spec_faults import Place
    from sankofa_observe.errors import Violation
    from sankofa_observe.sla.catalog import Catalog


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check fleets, SLOs and agreements.")
    group.command("check")(check)
    group.command("import")(import_)
    group.command()(explain)
    group.command()(schema)
    app.add_typer(group, name="specs")


def check(
    paths: Annotated[list[Path], typer.Argument(help="Spec files, or folders of them.")],
    *,
    prometheus: Annotated[
        str | None, typer.Option(help="Address of a Prometheus: see what the selectors meet there.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings are errors, but those that time alone brings.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check specs, by themselves or against a Prometheus that runs; nothing is written.

    Example: sankofa-observe specs check deploy/specs --prometheus http://127.0.0.1:9090 --strict
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.adapters.spec_agreement import BY_THE_CLOCK
    from sankofa_observe.adapters.specs import load_with_places
    from sankofa_observe.errors import InvalidInput

    try:
        catalog, places = load_with_places(paths, now=SystemClock().now())
    except InvalidInput as error:
        if as_json:
            _print_json(error.violations, ())
        else:
            complain(str(error))
        raise typer.Exit(2) from None
    errors, warnings = _looked(catalog, places, prometheus) if prometheus else ([], [])
    warnings = [*catalog.warnings, *warnings]
    if strict:  # what has become true by the clock alone is no error: nobody can mend an agreement that runs
        errors = [*errors, *(one for one in warnings if one.code not in BY_THE_CLOCK)]
        warnings = [one for one in warnings if one.code in BY_THE_CLOCK]
    if as_json:
        _print_json(errors, warnings)
    else:
        _say(catalog, errors, warnings)
    if errors:
        raise typer.Exit(2)


def _looked(
    catalog: Catalog, places: Mapping[str, Place], prometheus: str
) -> tuple[Sequence[Violation], Sequence[Violation]]:
    from contextlib import closing

    from sankofa_observe.adapters.prometheus import PrometheusSamples
    from sankofa_observe.adapters.spec_live import look

    with closing(PrometheusSamples(prometheus)) as source:
        found = look(catalog, places, source)
    return found.errors, found.warnings


def _say(catalog: Catalog, errors: Sequence[Violation], warnings: Sequence[Violation]) -> None:
    counted: dict[str, Collection[str]] = {
        "site": catalog.sites,
        "SLO": catalog.slo_names(),
        "agreement": catalog.agreements_by_id(),
    }
    counts = ", ".join(f"{len(found)} {noun}{'' if len(found) == 1 else 's'}" for noun, found in counted.items())
    say(f"{counts}: {len(errors) or 'no'} {'violation' if len(errors) < 2 else 'violations'}")  # noqa: PLR2004  a plural
    for error in errors:
        complain(f"error: {error}")
    for warning in warnings:
        say(f"warning: {warning}")
    for line in _boundaries(catalog):
        say(line)


def _boundaries(catalog: Catalog) -> Iterator[str]:
    """What each later version changes, of what is counted and of what is agreed."""
    from sankofa_observe.sla.terms import changes, counting_changes
    from sankofa_observe.units import rfc3339

    for name in catalog.slo_names():
        for before, after in pairwise(catalog.slo_versions(name)):
            yield f"SLO {name}: version {after.version} from {rfc3339(after.starts_at or 0)}"
            yield from _changed(counting_changes(before, after))
    for versions in catalog.agreements_by_id().values():
        for one, other in pairwise(versions):
            yield f"agreement {other.name}: version {other.version} from {rfc3339(other.starts_at)}"
            yield from _changed(changes(one.terms_document, other.terms_document))


def _changed(found: Iterator[str]) -> Iterator[str]:
    told = [f"  {one}" for one in found]
    yield from told or ["  nothing that is counted or agreed"]


def schema(
    kind: Annotated[
        str | None, typer.Argument(help="SLO, SLI, Fleet or Agreement; without it, a file of any of them.")
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


def _print_json(violations: Sequence[Violation], warnings: Sequence[Violation]) -> None:
    found = [
        vars(one) | {"severity": severity}
        for severity, every in (("violation", violations), ("warning", warnings))
        for one in every
    ]
    print(json.dumps(found, indent=2))  # noqa: T201  this is the output
