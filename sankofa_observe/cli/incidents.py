"""`sankofa-observe incidents`: what was paged, or drained a promise, and which slots it lay over."""

from __future__ import annotations

from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, Limit, pages, show


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Read the incidents that Alertmanager told of.")
    group.command("list")(listed)
    group.command("show")(one)
    app.add_typer(group, name="incidents")


def listed(
    config: ConfigFile,
    site: Annotated[str | None, typer.Option(help="Only of alerts at this site.")] = None,
    limit: Limit = None,
    after: Annotated[str | None, typer.Option(help="Go on where the list before ended: what it named.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List incidents by when they began: pages, and alerts about promises.

    One that was silenced while it fired stays open: Alertmanager says nothing more of it.

    Example: sankofa-observe incidents list --config sankofa.yaml --site edge-nairobi-1
    """
    from contextlib import closing

    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.config import load_settings
    from sankofa_observe.scope import OPERATOR

    with closing(SqlLedger(load_settings(config).ledger_url, new=False)) as ledger:
        reads = ledger.read(OPERATOR)
        found = pages(lambda **page: reads.incidents(site, **page), limit=limit, after=after, whole=as_json)
        show(found, as_json=as_json, nothing="no incident was told of")


def one(
    name: Annotated[str, typer.Argument(help="16 digits, as `incidents list` names them.")],
    config: ConfigFile,
    *,
    as_json: AsJson = False,
) -> None:
    """Show an incident with every slot of a promise that it lies over, by the specs of today.

    It is no evidence: what slots say is shown by `slots`, and what was judged by `verdicts`.

    Example: sankofa-observe incidents show 3f0c19d2a4b7e581 --config sankofa.yaml
    """
    from contextlib import closing

    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.config import load_settings
    from sankofa_observe.pipeline.incidents import shown

    settings = load_settings(config)
    catalog = load_catalog(settings.specs)
    with closing(SqlLedger(settings.ledger_url, new=False)) as ledger:
        show([shown(name, ledger, catalog, SystemClock())], as_json=as_json, nothing="")
