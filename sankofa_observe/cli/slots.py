"""`sankofa-observe slots`: draw, write out and look after the table of slots."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sankofa_observe.cli.drawing import Exclude, NoColor, SvgFile, Width, draw, intervals, screen, stretch, write
from sankofa_observe.cli.output import AsJson, ConfigFile, progress, show
from sankofa_observe.cli.pipeline import known
from sankofa_observe.errors import InvalidInput
from sankofa_observe.slo.totals import DAY_SECONDS

AsSeenBy = Annotated[str, typer.Option("--observer", help="Whose slots; else those of the observer in the settings.")]

if TYPE_CHECKING:
    from sankofa_observe.adapters.slots import DeltaSlots
    from sankofa_observe.units import Period


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Draw, check, repair and seal the table of slots.")
    for command in (shown, export, check, repair, seal):
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
    observer: AsSeenBy = "",
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
    known("SLO", slo, catalog.slo_names())
    versions = catalog.slo_versions(slo)
    known(f"site of {slo}", site, catalog.sites_of(versions[0]))
    from sankofa_observe.pictures import svg as svg_picture
    from sankofa_observe.pictures.terminal import month
    from sankofa_observe.pipeline.picture import drawn_version, newest_period, strip_of

    with _store(config, observer) as store:
        period = asked or newest_period(versions, site, store)
        strip = strip_of(drawn_version(versions, period), site, period, store, excluded)
    if svg:
        write(svg, svg_picture.month(strip))
    if as_json:
        show(strip.spells, as_json=True, nothing="")
    else:
        draw(month(strip, screen(width, no_color=no_color)))


def _asked(since: str | None, until: str | None) -> Period | None:
    if since is None and until is None:
        return None
    if since is None or until is None:
        raise InvalidInput("expected --from and --to together, or neither of them")
    return stretch(since, until)


def export(
    config: ConfigFile,
    form: Annotated[str, typer.Option("--format", help="csv, parquet or arrow (an IPC file).")],
    since: Annotated[str, typer.Option("--from", help="UTC instant to begin at, like 2026-11-01T00:00:00Z.")],
    until: Annotated[str, typer.Option("--to", help="UTC instant to end at.")],
    out: Annotated[str, typer.Option(help="The file to write, whole or not at all; - is standard output.")],
    slo: Annotated[list[str] | None, typer.Option(help="Only this SLO, all its versions; may be repeated.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be repeated.")] = None,
    observer: AsSeenBy = "",
) -> None:
    """Write slots for other programs: the newest revision of each, by day, SLO, site and time, without proofs.

    Times are RFC 3339 in UTC; slots of a later version of an SLO stand under its name and number, like `latency@2`. In CSV, text that a spreadsheet would run as a formula begins with an apostrophe, and text that
    begins with one has a second.

    Example: sankofa-observe slots export --config sankofa.yaml --format csv --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z --out november.csv
    """
    from sankofa_observe.config import load_settings

    settings, period = load_settings(config), stretch(since, until)
    if form not in _FORMATS:
        raise InvalidInput(f"--format {form[:80]!r}: expected {' or '.join(_FORMATS)}; nothing was written")
    if out == "-" and sys.stdout.isatty() and form != "csv":
        raise InvalidInput(
            f"--out -: {form} is not for a terminal; name a file, or lead it elsewhere; nothing was written"
        )
    from sankofa_observe.adapters.specs import load_catalog

    catalog = load_catalog(settings.specs)
    with _store(config, observer) as store, progress("writing") as advance:
        from sankofa_observe.adapters.slots import export as to_file

        kept = _Kept(slos={*catalog.slos, *catalog.slo_names()}, sites=set(catalog.sites))
        if set(slo or ()) - kept.slos or set(site or ()) - kept.sites:  # what was promised once may be kept still
            kept = _Kept(*(one | more for one, more in zip(kept, to_file.names(store, period), strict=True)))
        for what, asked, there in (("SLO", slo, kept.slos), ("site", site, kept.sites)):
            for one in asked or ():
                known(what, one, there)
        days = (period.starts_at // DAY_SECONDS, (period.ends_at - 1) // DAY_SECONDS)
        gone = sum(days[0] <= day <= days[1] for day in store.forgotten_days())
        of = [each for name in slo or () for each in {name, *(one.counted_as for one in catalog.slo_versions(name))}]
        wanted = to_file.Wanted(period=period, slos=of, sites=site or ())
        to = sys.stdout.buffer if out == "-" else Path(out)
        count = to_file.export(store, wanted, to_file.Format(form), to, advance)
    if gone:
        typer.echo(f"of {gone} days in there only totals are kept: their slots are not in the export", err=True)
    typer.echo(f"{count:,} slots written to {'standard output' if out == '-' else out}", err=True)


class _Kept(NamedTuple):
    slos: set[str]
    sites: set[str]


_FORMATS = ("csv", "parquet", "arrow")


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


def seal(config: ConfigFile, observer: AsSeenBy = "", *, as_json: AsJson = False) -> None:
    """Look for late samples of recent days, and make the totals of those that are over. The scheduler does so each hour.

    Example: sankofa-observe slots seal --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_observing
    from sankofa_observe.config import load_settings

    settings = load_settings(config).as_observer(observer)
    from sankofa_observe.adapters.slots import care

    if gone := care.absent(settings.slot_table):
        raise InvalidInput(f"slot table {gone}; nothing was written")
    with open_observing(settings) as observing:
        show(observing.seal(), as_json=as_json, nothing="no day to seal")


@contextmanager
def _store(config: ConfigFile, observer: str = "") -> Iterator[DeltaSlots]:
    from sankofa_observe.config import load_settings

    settings = load_settings(config).as_observer(observer)
    from sankofa_observe.adapters.slots import DeltaSlots  # 1 s, which whoever has mistyped a setting does not wait for

    with closing(DeltaSlots(settings.slot_table, settings.observer)) as store:
        yield store
