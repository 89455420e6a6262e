"""`sankofa-observe slots`: draw, write out and look after the table of slots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.drawing import Exclude, NoColor, SvgFile, Width, draw, intervals, screen, write
from sankofa_observe.cli.output import AsJson, ConfigFile, progress, show
from sankofa_observe.cli.pipeline import instant, known
from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.adapters.slots import DeltaSlots
    from sankofa_observe.ports import SlotTable
    from sankofa_observe.slo.objective import Slo
    from sankofa_observe.units import Period


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Draw, check, repair and seal the table of slots.")
    for command in (shown, check, repair, seal):
        group.command("show" if command is shown else None)(command)
    app.add_typer(group, name="slots")


def shown(
    slo: Annotated[str, typer.Argument(help="The SLO, by its name.")],
    site: Annotated[str, typer.Argument(help="One of its sites.")],
    config: ConfigFile,
    since: Annotated[
        str | None, typer.Option("--from", help="UTC instant to begin at, like 2026-11-01T00:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="UTC instant to end at.")] = None,
    exclude: Exclude = None,
    svg: SvgFile = None,
    width: Width = None,
    *,
    no_color: NoColor = False,
    as_json: AsJson = False,
) -> None:
    """Draw the slots of a site: a row a day whose cells show the worst in them, totals, and a table of what is not good.

    Without --from and --to, the SLO's own period in which the newest slot lies. A single bad slot of a month is always seen.

    Example: sankofa-observe slots show availability-edge edge-nairobi-1 --config sankofa.yaml --svg november.svg
    """
    from sankofa_observe.config import load_settings

    settings, excluded = load_settings(config), intervals("--exclude", exclude or ())
    asked = _asked(since, until)
    from sankofa_observe.adapters.specs import load_catalog

    catalog = load_catalog(settings.specs)
    known("SLO", slo, catalog.slos)
    known(f"site of {slo}", site, catalog.sites_of(catalog.slos[slo]))
    from sankofa_observe.pictures import svg as svg_picture
    from sankofa_observe.pictures.terminal import month
    from sankofa_observe.pipeline.picture import strip_of

    with _store(config) as store:
        of = catalog.slos[slo]
        strip = strip_of(of, site, asked or _newest_period(of, site, store), store, excluded)
    if svg:
        write(svg, svg_picture.month(strip))
    if as_json:
        show(strip.spells, as_json=True, nothing="")
    else:
        draw(month(strip, screen(width, no_color=no_color)))


def _asked(since: str | None, until: str | None) -> Period | None:
    from sankofa_observe.units import Period

    if since is None and until is None:
        return None
    if since is None or until is None:
        raise InvalidInput("expected --from and --to together, or neither of them")
    starts_at, ends_at = instant("--from", since), instant("--to", until)
    if starts_at >= ends_at:
        raise InvalidInput(f"--from {since} --to {until}: the end must be after the start")
    return Period(starts_at=starts_at, ends_at=ends_at)


def _newest_period(slo: Slo, site: str, table: SlotTable) -> Period:
    from sankofa_observe.pipeline.picture import newest_slot

    return slo.window.period_at(newest_slot(slo.name, site, table))


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
