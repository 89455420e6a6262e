"""`sankofa-observe ledger`: look after the records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import MISMATCH, AsJson, ConfigFile, show
from sankofa_observe.cli.person import By, who


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Upgrade, check, rebuild and back up the ledger.")
    for command in (status, upgrade, check, rebuild, reconcile, backup):
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
    """Bring the ledger's tables to this release, or make a new ledger. Stop scheduler and API first, and keep a backup.

    It is one transaction: killed at any point, nothing of it stands, and it is run again.

    Example: sankofa-observe ledger upgrade --config sankofa.yaml
    """
    from sankofa_observe.adapters.ledger import care
    from sankofa_observe.bootstrap import make_data_dir
    from sankofa_observe.config import load_settings

    settings = load_settings(config)
    make_data_dir(settings.data_dir)
    show([care.upgrade(settings.ledger_url)], as_json=as_json, nothing="")


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


def reconcile(
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why: it is kept with who did it.")],
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare ledger, credits and contract, from the block of its deployment on, and take over what the ledger lacks.

    A ledger that was lost or is older is made whole: what is on the contract is taken over with the evidence that it was reported with.
    Exit 3: something cannot be taken over, or is another one here than there; each is named, with what leads out.

    Example: sankofa-observe ledger reconcile --config sankofa.yaml --reason "restored from the backup of 03:00, INC-7"
    """
    from sankofa_observe.bootstrap import open_lane_acts
    from sankofa_observe.config import load_settings
    from sankofa_observe.errors import SankofaError
    from sankofa_observe.pipeline.lane_waits import Waiting

    settings = load_settings(config)
    faults = 0
    with open_lane_acts(settings, by=who(by), reason=reason) as acts:
        first_block = settings.chain.from_block if settings.chain else 0
        for one in acts.reconcile(first_block):
            faults += isinstance(one, SankofaError | Waiting)
            show([str(one)], as_json=as_json, nothing="")
    if faults:
        raise typer.Exit(MISMATCH)
    show([], as_json=as_json, nothing="ledger, credits and contract agree")


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
