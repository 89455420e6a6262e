"""The verbs of the pipeline by hand: observe, recount, evaluate, settle. Each may be repeated at any time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe import units
from sankofa_observe.cli.output import AsJson, ConfigFile, progress, show
from sankofa_observe.cli.person import By, who
from sankofa_observe.errors import InvalidInput
from sankofa_observe.units import rfc3339

if TYPE_CHECKING:
    from sankofa_observe.pipeline.counting import Observed

AsObserver = Annotated[str, typer.Option("--observer", help="Count as this observer of the settings.")]

YEARS = range(2000, 2101)  # of samples that anybody has, and of agreements


def register(app: typer.Typer) -> None:
    for command in (observe, recount, evaluate, settle):
        app.command()(command)


def observe(config: ConfigFile, observer: AsObserver = "", *, as_json: AsJson = False) -> None:
    """Read raw samples and bring the slots up to date.

    Example: sankofa-observe observe --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_observing
    from sankofa_observe.config import load_settings

    with open_observing(load_settings(config).as_observer(observer)) as observing:
        show(
            _with_progress(observing.observe()),
            as_json=as_json,
            nothing="nothing to observe: every slot that has closed is counted; where Prometheus scrapes nothing, one closes an hour after its end",
        )


def recount(
    config: ConfigFile,
    since: Annotated[str, typer.Option("--from", help="UTC instant to begin at, like 2026-11-01T00:00:00Z.")],
    until: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="UTC instant to end at; without it, where slots are closed: an hour ago where Prometheus scrapes nothing.",
        ),
    ] = None,
    slo: Annotated[str | None, typer.Option(help="Only this SLO.")] = None,
    site: Annotated[str | None, typer.Option(help="Only this site.")] = None,
    observer: AsObserver = "",
    *,
    anyhow: Annotated[
        bool, typer.Option("--anyhow", help="Change slots that were counted from more samples than there are now, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Count the slots of a past stretch from what Prometheus holds: for history, and for data that came late.

    A slot that comes out otherwise is a new revision. One that was counted from samples which Prometheus no longer has stays as it
    is. Judge again with `evaluate`, and with `evaluate --anyhow` what was changed anyhow.

    Example: sankofa-observe recount --config sankofa.yaml --from 2026-11-01T00:00:00Z
    """
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.bootstrap import open_observing
    from sankofa_observe.config import load_settings

    since_at, until_at = instant("--from", since), None if until is None else instant("--to", until)
    settings = load_settings(config).as_observer(observer)
    catalog = load_catalog(settings.specs)
    known("SLO", slo, catalog.slo_names())
    known("site", site, catalog.sites)
    with open_observing(settings, catalog=catalog) as observing:
        period = observing.closed(since_at, until_at)
        show(
            _with_progress(observing.recount(period, only=slo, site=site, anyhow=anyhow)),
            as_json=as_json,
            nothing="no slot lies in there",
        )


def evaluate(
    config: ConfigFile,
    *,
    as_it_stands: Annotated[
        bool, typer.Option("--as-it-stands", help="Do not look for late samples: for a Prometheus that is gone.")
    ] = False,
    anyhow: Annotated[
        bool, typer.Option("--anyhow", help="Judge again also what was judged from more samples than there are now.")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Judge closed periods, and price what was missed. Before a period is judged, samples that came late are looked for.

    A verdict whose slots are lost stands as it is. With --anyhow it is judged from what is left, which may make a penalty less: that is a
    person's word, who is kept with the verdict.

    Exit 1: something was not judged because a part did not answer, and a verdict stands as it was.

    Example: sankofa-observe evaluate --config sankofa.yaml --json
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings
    from sankofa_observe.pipeline.evaluate import Judged, NotYet
    from sankofa_observe.pipeline.persons import person

    actor = person(who(by), "judged anyhow") if anyhow else "stage:evaluate"
    with open_platform(load_settings(config)) as platform:
        events = chain(
            platform.evaluate(look=not as_it_stands, anyhow=anyhow, actor=actor),
            platform.assess() if platform.identity else (),
        )
        told: list[object] = []
        show(_kept(events, told), as_json=as_json, nothing="no period is closed")
        if not as_it_stands and any(isinstance(one, NotYet) for one in told):
            platform.source.newest_at()  # raises where that is why: what waits for its time is told, and is no failure
    if any(isinstance(one, Judged) and one.problem for one in told):
        raise typer.Exit(1)


def settle(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Bring penalties across the chain, and grant the credits of those that are final.

    Example: sankofa-observe settle --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    settings = load_settings(config)
    if settings.chain is None:
        raise InvalidInput("settle: no chain in the settings; add the section `chain`; nothing was sent")
    with open_platform(settings, settling=True, new=False) as platform:
        show(chain(platform.settle(), platform.credit()), as_json=as_json, nothing="nothing to settle")


def _kept(events: Iterable[object], told: list[object]) -> Iterator[object]:
    for event in events:
        told.append(event)
        yield event


def _with_progress(steps: Iterable[Observed]) -> Iterator[Observed]:
    with progress("observing") as advance:
        for step in steps:
            advance(
                f"{step.slo}: {step.sites} sites to {rfc3339(step.period.ends_at)}",
                step.period.ends_at - step.whole.starts_at,
                step.whole.seconds,
            )
            yield step


def known(what: str, name: str | None, names: Iterable[str]) -> None:
    if name is not None and name not in names:
        raise InvalidInput(f"no {what} {name!r}; known: {', '.join(sorted(names))}")


def instant(option: str, text: str) -> int:
    """UTC seconds; nothing is counted near 1970, where the samples before a slot would have negative times."""
    try:
        found = units.instant(text)
    except ValueError:
        raise InvalidInput(f"{option} {text[:80]!r}: expected a UTC instant like 2026-11-01T00:00:00Z") from None
    if found.year not in YEARS:
        raise InvalidInput(
            f"{option} {text}: expected a year from {YEARS.start} to {YEARS.stop - 1}, like 2026-11-01T00:00:00Z; "
            "nothing was written"
        )
    return int(found.timestamp())
