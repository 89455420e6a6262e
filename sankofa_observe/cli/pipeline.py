"""The verbs of the pipeline by hand: observe, backfill, evaluate, settle. Each may be repeated at any time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, errors, show
from sankofa_observe.errors import InvalidInput
from sankofa_observe.units import rfc3339

if TYPE_CHECKING:
    from sankofa_observe.bootstrap import Platform
    from sankofa_observe.pipeline.observe import Observed


def register(app: typer.Typer) -> None:
    for command in (observe, backfill, evaluate, settle):
        app.command()(command)


def observe(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Read raw samples and bring the slots up to date.

    Example: sankofa-observe observe --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    with open_platform(load_settings(config)) as platform:
        show(_with_progress(platform, since_at=None, only=None), as_json=as_json, nothing="nothing to observe yet")


def backfill(
    config: ConfigFile,
    since: Annotated[str, typer.Option(help="UTC instant to begin at, like 2026-11-01T00:00:00Z.")],
    slo: Annotated[str | None, typer.Option(help="Only this SLO.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Count the slots of a past stretch, from what Prometheus still holds. Sites that have slots go on from their newest.

    Example: sankofa-observe backfill --config sankofa.yaml --since 2026-11-01T00:00:00Z
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    since_at = _instant(since)
    with open_platform(load_settings(config)) as platform:
        if slo is not None and slo not in platform.catalog.slos:
            raise InvalidInput(f"no SLO {slo!r}; known: {', '.join(sorted(platform.catalog.slos))}")
        show(_with_progress(platform, since_at=since_at, only=slo), as_json=as_json, nothing="nothing to backfill")


def evaluate(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Judge closed periods, and price what was missed.

    Example: sankofa-observe evaluate --config sankofa.yaml --json
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    with open_platform(load_settings(config)) as platform:
        events = chain(platform.evaluate(), platform.assess() if platform.identity else ())
        show(events, as_json=as_json, nothing="no period is closed")


def settle(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Bring penalties across the chain, and grant the credits of those that are final.

    Example: sankofa-observe settle --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    with open_platform(load_settings(config), settling=True) as platform:
        show(chain(platform.settle(), platform.credit()), as_json=as_json, nothing="nothing to settle")


def _with_progress(platform: Platform, *, since_at: int | None, only: str | None) -> Iterator[Observed]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("observing", total=None)
        for step in platform.observe(since_at=since_at, only=only):
            progress.update(
                task,
                description=f"{step.slo}: {step.sites} sites to {rfc3339(step.period.ends_at)}",
                total=step.whole.seconds,
                completed=step.period.ends_at - step.whole.starts_at,
            )
            yield step


def _instant(text: str) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise InvalidInput(f"--since {text!r}: expected a UTC instant like 2026-11-01T00:00:00Z") from None
