"""`sankofa-observe audit`: what was done in a stretch of time, by whom, as a file that an auditor checks without us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import MISMATCH, AsJson, ConfigFile, show


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Export the records of a stretch of time for an auditor, and check such a file."
    )
    group.command()(export)
    group.command()(check)
    app.add_typer(group, name="audit")


def export(
    file: Annotated[Path, typer.Argument(help="A new file; one that is there is left alone.")],
    config: ConfigFile,
    since: Annotated[str, typer.Option("--from", help="A UTC instant, like 2027-01-01T00:00:00Z.")],
    to: Annotated[str, typer.Option(help="The instant before which it ends.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write every record of that time, a line each with who wrote it and when, each line bound to the one before; prints the digest.

    Example: sankofa-observe audit export 2027-01.jsonl --from 2027-01-01T00:00:00Z --to 2027-02-01T00:00:00Z --config sankofa.yaml
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.adapters.ledger import audit
    from sankofa_observe.cli.pipeline import instant
    from sankofa_observe.config import load_settings
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.units import Period

    starts_at, ends_at = instant("--from", since), instant("--to", to)
    if ends_at <= starts_at:
        raise InvalidInput(f"--to {to}: expected an instant after {since}; nothing was written")
    if ends_at > SystemClock().now():
        raise InvalidInput(
            f"--to {to}: it is yet to come, and what is written until then would be missing; nothing was written"
        )
    period = Period(starts_at=starts_at, ends_at=ends_at)
    show([audit.export(load_settings(config).ledger_url, period, file)], as_json=as_json, nothing="")


def check(
    file: Annotated[Path, typer.Argument(help="A file of `audit export`.")],
    digest: Annotated[str, typer.Option(help="The digest that was printed with it.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Say whether anything was taken out, put in, changed or moved since it was exported; exit 3 if so. No ledger is asked.

    Without --digest a file that was written anew as a whole is not seen.

    Example: sankofa-observe audit check 2027-01.jsonl --digest 5f2c…
    """
    from sankofa_observe.adapters.ledger import audit

    found = audit.check(file, digest)
    bound = "every line is bound to the one before it, and the last one to their number"
    whose = "the digest is that one" if digest else "whether the file was written anew, --digest alone tells"
    show(found, as_json=as_json, nothing=f"{bound}; {whose}")
    if found:
        raise typer.Exit(MISMATCH)
