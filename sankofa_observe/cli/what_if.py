"""`sankofa-observe what-if`: what the past would have cost under another objective, schedule or exclusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.drawing import Exclude, NoColor, SvgFile, Width, draw, intervals, screen, write
from sankofa_observe.cli.output import AsJson, ConfigFile, show
from sankofa_observe.errors import InvalidInput, SankofaError

if TYPE_CHECKING:
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.cli.comparison import Recorded
    from sankofa_observe.pictures.curve import Curve
    from sankofa_observe.pipeline.what_if import Compared, NotPriced
    from sankofa_observe.sla.agreement import Agreement
    from sankofa_observe.sla.catalog import Catalog
    from sankofa_observe.sla.what_if import Change
    from sankofa_observe.slo.verdict import Verdict
    from sankofa_observe.units import Period


NO_CURVE = "the formula prices what is beyond the objective, which changes with every objective"


def register(app: typer.Typer) -> None:
    app.command("what-if")(what_if)


def what_if(
    agreement: Annotated[list[str], typer.Argument(help="Names or ids of agreements.")],
    config: ConfigFile,
    slo: Annotated[
        str | None, typer.Option(help="Whose objective or schedule; needed where the agreements promise several SLOs.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Another objective, like 0.999 or 99.9%.")] = None,
    bands: Annotated[
        str | None,
        typer.Option(
            help="Another schedule: 99.9:10,99:25 (below:credit, in percent), or a YAML file with `bands` or `formula`."
        ),
    ] = None,
    exclude: Exclude = None,
    last: Annotated[int, typer.Option(min=1, max=1200, help="How many past periods.")] = 12,
    svg: SvgFile = None,
    width: Width = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Tell of promises that were met and still would be, too.")
    ] = False,
    no_color: NoColor = False,
    as_json: AsJson = False,
) -> None:
    """Price the past under another objective, schedule or exclusion, beside what it is; nothing is owed by it, nothing written.

    From the totals of days, by the functions that judge and price. What nobody can tell is a range, from nothing to all that is at
    stake. With another objective, a miss is credited as the schedule credits such an attainment, by its first band at least.

    Example: sankofa-observe what-if example-edge --config sankofa.yaml --slo availability-edge --target 0.999 --svg credit.svg
    """
    from sankofa_observe.config import load_settings

    settings, excluded = load_settings(config), intervals("--exclude", exclude or ())
    from sankofa_observe.adapters.specs import load_catalog

    catalog = load_catalog(settings.specs)
    asked = _agreements(catalog, agreement)
    change = _change(asked, slo, target, bands)
    from sankofa_observe.bootstrap import open_panels
    from sankofa_observe.pipeline.overlays import NoExclusions, Overlays
    from sankofa_observe.pipeline.what_if import compare

    with ExitStack() as opened:
        panel_of, ledger = opened.enter_context(open_panels(settings)), _ledger(settings.ledger_url, opened)
        overlays = Overlays(agreements=asked, known=ledger or NoExclusions(), since_at=catalog.since_at)
        found = list(compare(asked, change, excluded, panel_of=panel_of, overlays=overlays, last=last))
        recorded = _recorded(ledger, asked, found) if ledger else {}
    if not found:
        raise InvalidInput(
            f"no period of {', '.join(dict.fromkeys(one.name for one in asked))} is over yet: there is no past to price"
        )
    drawn = _curve(asked, change, found, excluded)
    if svg:
        _write_curve(svg, drawn)
    if as_json:
        show(_events(found, recorded, drawn), as_json=True, nothing="")
        return
    from sankofa_observe.cli.comparison import lines
    from sankofa_observe.pictures.braille import chart

    for one in asked:
        own = [event for event in found if _is_of(event, one)]
        if not own and any(other.id == one.id and other is not one for other in asked):
            continue  # a version of which no period is over
        draw([*lines(one, own, change, excluded, recorded, every=every), ""])
    draw(chart(drawn, screen(width, no_color=no_color)) if drawn else [f"no curve: {NO_CURVE}"])


def _write_curve(svg: Path, drawn: Curve | None) -> None:
    from sankofa_observe.pictures.svg_curve import chart

    if drawn is None:
        raise InvalidInput(f"--svg {svg}: {NO_CURVE}; ask without --svg, or for a formula with `counted: all`")
    write(svg, chart(drawn))


def _agreements(catalog: Catalog, names: Sequence[str]) -> list[Agreement]:
    """Each once with all its versions, in the order of the line; of one currency, or their sums would have none."""
    by_id = catalog.agreements_by_id()
    by_name = {versions[0].name: versions for versions in by_id.values()}
    wrong = sorted(set(names) - set(by_name) - set(by_id))
    if wrong:
        raise InvalidInput(f"no agreement {', '.join(wrong)}; known: {', '.join(sorted(by_name)) or 'none'}")
    asked = {versions[0].id: versions for versions in (by_name.get(name) or by_id[name] for name in names)}
    found = [one for versions in asked.values() for one in versions]
    money = {f"{one.currency} with {one.exponent} decimals" for one in found}
    if len(money) > 1:
        raise InvalidInput(f"the agreements are in {' and '.join(sorted(money))}: ask for those of one currency")
    return found


def _change(agreements: Sequence[Agreement], slo: str | None, target: str | None, bands: str | None) -> Change:
    from sankofa_observe.adapters.spec_schedule import objective, schedule
    from sankofa_observe.sla.schedule import Steps
    from sankofa_observe.sla.what_if import Change
    from sankofa_observe.slo.objective import Budgeting

    promised = sorted({promise.slo.name for one in agreements for promise in one.promises})
    if slo is None and len(promised) > 1:
        raise InvalidInput(f"the agreements promise {', '.join(promised)}: say with --slo whose objective is meant")
    if slo is not None and slo not in promised:
        raise InvalidInput(f"--slo {slo[:80]!r}: not promised there; expected one of: {', '.join(promised)}")
    target_ppm = None if target is None else objective("--target", target)
    other = schedule("--bands", bands, target_ppm) if bands is not None else ()
    by_time = isinstance(other, Steps) and other.each_seconds
    of = {promise.slo.name: promise.slo for one in agreements for promise in one.promises}[slo or promised[0]]
    if by_time and of.budgeting is Budgeting.OCCURRENCES:
        raise InvalidInput(f"--bands {bands}: {of.name} counts events, which have no seconds; expected eachPpm")
    return Change(slo=slo or promised[0], target_ppm=target_ppm, schedule=other)


def _is_of(event: Compared | NotPriced, agreement: Agreement) -> bool:
    from sankofa_observe.pipeline.what_if import NotPriced

    if isinstance(event, NotPriced):
        return event.agreement == agreement.name and agreement.covers(event.period.starts_at)
    return event.actual.agreement is agreement


def _curve(
    agreements: Sequence[Agreement], change: Change, found: Sequence[Compared | NotPriced], excluded: Sequence[Period]
) -> Curve | None:
    """None where a formula prices what is beyond the objective."""
    from sankofa_observe.pictures.curve import Curve
    from sankofa_observe.pipeline.what_if import Compared
    from sankofa_observe.sla.what_if import beyond, curve

    if any(beyond(change.of(each)) for one in agreements for each in one.promises if each.slo.name == change.slo):
        return None

    priced = [one.changed for one in found if isinstance(one, Compared)]
    promise = next(one for each in reversed(agreements) for one in each.promises if one.slo.name == change.slo)
    is_ppm, asked_ppm = promise.slo.target_ppm, change.of(promise).slo.target_ppm
    marks = [(is_ppm, "objective now"), *([(asked_ppm, "what if")] if asked_ppm != is_ppm else [])]
    periods = len({one.period for one in priced})
    count = len({one.id for one in agreements})
    many = f"{count} agreements" if count > 1 else agreements[0].name
    otherwise = (", by the other schedule" if change.schedule else "") + (", with what is excluded" if excluded else "")
    return Curve(
        title=f"Credits of {many} over {periods} {'period' if periods == 1 else 'periods'}, by the objective of {change.slo}{otherwise}",
        steps=curve(priced, change),
        currency=agreements[0].currency,
        exponent=agreements[0].exponent,
        marks=marks,
    )


def _ledger(url: str, opened: ExitStack) -> SqlLedger | None:
    """One that is not there is told, and done without."""
    from sankofa_observe.adapters.ledger import SqlLedger

    try:
        return opened.enter_context(closing(SqlLedger(url, new=False)))
    except SankofaError as error:
        typer.echo(f"without approved exclusions, and not compared with what was judged: {error}", err=True)
        return None


def _recorded(
    ledger: SqlLedger, agreements: Sequence[Agreement], found: Sequence[Compared | NotPriced]
) -> dict[tuple[str, str, str, Period], Verdict]:
    """What the ledger has of the same periods."""
    from sankofa_observe.pipeline.what_if import NotPriced

    periods = sorted({one.period if isinstance(one, NotPriced) else one.actual.period for one in found})
    ids = {one.id for one in agreements}
    records = [one for each in ids for period in periods for one in ledger.standing(each, period)]
    return {(one.agreement_id, one.slo, one.site, one.period): one.verdict for one in records}


def _events(found: Sequence[Compared | NotPriced], recorded: Recorded, drawn: Curve | None) -> Iterator[object]:
    """For programs: each promise, each period, each step of the curve."""
    from sankofa_observe.cli.comparison import periods_compared, promise_compared
    from sankofa_observe.pipeline.what_if import Compared

    priced = [one for one in found if isinstance(one, Compared)]
    yield from (promise_compared(one, recorded) if isinstance(one, Compared) else one for one in found)
    yield from periods_compared(priced)
    yield from drawn.steps if drawn else ()
