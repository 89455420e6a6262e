"""`sankofa-observe slots`: look after the table of slots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, progress, show

if TYPE_CHECKING:
    from sankofa_observe.adapters.slots import DeltaSlots


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check, repair and seal the table of slots.")
    for command in (check, repair, seal):
        group.command()(command)
    app.add_typer(group, name="slots")


def check(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Say what is wrong with the table; exit 1 if anything is. Everything is read, nothing is written.

    Example: sankofa-observe slots check --config sankofa.yaml
    """
    with _store(config) as store, progress("reading") as advance:
        from sankofa_observe.adapters.slots import care

        found = care.check(store, advance)
    show(found, as_json=as_json, nothing="the table of slots is whole")
    if found:
        raise typer.Exit(1)


def repair(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Build the table anew from every row that can be read; the old one is kept beside it. Stop the scheduler first.

    What cannot be read is named, with the command that counts it again. A table that is whole is left as it is.

    Example: sankofa-observe slots repair --config sankofa.yaml
    """
    with _store(config) as store, progress("reading") as advance:
        from sankofa_observe.adapters.slots import care

        said = care.repair(store, advance)
    show(said, as_json=as_json, nothing="nothing to repair: the table of slots is whole")


def seal(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Look for late samples of recent days, and make the totals of those that are over. The scheduler does so each hour.

    Example: sankofa-observe slots seal --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    with open_platform(load_settings(config), new=False) as platform:
        show(platform.seal(), as_json=as_json, nothing="no day to seal")


@contextmanager
def _store(config: ConfigFile) -> Iterator[DeltaSlots]:
    from sankofa_observe.config import load_settings

    settings = load_settings(config)
    from sankofa_observe.adapters.slots import DeltaSlots  # 1 s, which whoever has mistyped a setting does not wait for

    with closing(DeltaSlots(settings.slot_table, settings.observer)) as store:
        yield store
