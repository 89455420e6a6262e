"""`sankofa-observe ledger`: look after the records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, show


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Upgrade, check, rebuild and back up the ledger.")
    for command in (status, upgrade, check, rebuild, backup):
        group.command()(command)
    app.add_typer(group, name="ledger")


def status(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Say which revision the ledger's tables are at, and how many records it has.

    Example: sankofa-observe ledger status --config sankofa.yaml
    """
    url = _url(config)
    from sankofa_observe.adapters.ledger import care

    show([care.status(url)], as_json=as_json, nothing="")


def upgrade(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Bring the ledger's tables to this release. Stop scheduler and API first, and keep a backup.

    It is one transaction: killed at any point, nothing of it stands, and it is run again.

    Example: sankofa-observe ledger upgrade --config sankofa.yaml
    """
    url = _url(config)
    from sankofa_observe.adapters.ledger import care

    show([care.upgrade(url)], as_json=as_json, nothing="")


def check(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Say what is wrong with the ledger; exit 1 if anything is. Everything is read, nothing is written.

    Each record is compared with its checksum, what guards records with what this release makes, and what is made of records with them.

    Example: sankofa-observe ledger check --config sankofa.yaml
    """
    url = _url(config)
    from sankofa_observe.adapters.ledger import care

    found = care.check(url)
    show(found, as_json=as_json, nothing="the ledger is whole")
    if found:
        raise typer.Exit(1)


def rebuild(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Make anew what is read hot: the newest verdicts, the states of settlements, and sums. Records are not touched.

    Where records may have been changed, nothing is made of them: see sankofa-observe ledger check.

    Example: sankofa-observe ledger rebuild --config sankofa.yaml
    """
    url = _url(config)
    from sankofa_observe.adapters.ledger import care

    show([care.rebuild(url)], as_json=as_json, nothing="")


def backup(
    file: Annotated[Path, typer.Argument(help="A new file; one that is there is left alone.")],
    config: ConfigFile,
    *,
    as_json: AsJson = False,
) -> None:
    """Copy the ledger, as it is at one moment, into a new file that only its owner reads. Nobody has to stop for it.

    Example: sankofa-observe ledger backup /backup/ledger.sqlite --config sankofa.yaml
    """
    url = _url(config)
    from sankofa_observe.adapters.ledger import care

    show([care.backup(url, file)], as_json=as_json, nothing="")


def _url(config: Path) -> str:
    from sankofa_observe.config import load_settings

    return load_settings(config).ledger_url
