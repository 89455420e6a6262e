"""`sankofa-observe rules` and `dashboards`: what Prometheus and Grafana load, made of an operator's own specs.

The one file of the platform that knows the packages which make rules and boards; they, and what they need, are the extra `generate`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import ConfigFile, complain, say

EXTRA = "generate"
SHORTEST_WINDOW_SECONDS = 300
DISAGREE = 3

Specs = Annotated[Path, typer.Option("--specs", help="Folder with the SLOs, and the fleet file and agreements if any.")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write into; it holds nothing else of these.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; end with 3 where a file is not as it would be.")]
Runbooks = Annotated[
    str | None, typer.Option("--runbooks", help="Where runbooks are served: an alert's link is this and /NAME.")
]


def register(app: typer.Typer) -> None:
    rules = typer.Typer(no_args_is_help=True, help="Make Prometheus' rules of specs.")
    rules.command("generate")(generate_rules)
    app.add_typer(rules, name="rules")
    dashboards = typer.Typer(no_args_is_help=True, help="Make Grafana's boards of specs.")
    dashboards.command("generate")(generate_dashboards)
    app.add_typer(dashboards, name="dashboards")
    routes = typer.Typer(no_args_is_help=True, help="Make Alertmanager's configuration of the settings.")
    routes.command("generate")(generate_routes)
    app.add_typer(routes, name="alertmanager")


def generate_rules(
    specs: Specs,
    out: Out,
    step_seconds: Annotated[
        int, typer.Option("--step-seconds", min=1, help="Pace of the SLO rules; 60 but in a lab. It divides 300.")
    ] = 60,
    scrape_seconds: Annotated[
        int, typer.Option("--scrape-seconds", min=1, help="How often Prometheus scrapes and evaluates.")
    ] = 15,
    runbooks: Runbooks = None,
    boards: Annotated[
        str | None, typer.Option("--boards", help="Where Grafana shows boards, like https://grafana.example.org/d.")
    ] = None,
    *,
    check: Check = False,
) -> None:
    """Write rule files: those of all systems and of the platform, and the SLOs of the folder and no others.

    What is told of an SLO, like a row that can never fire, stands at the head of slo.yaml.

    Example: sankofa-observe rules generate --specs deploy/specs --out /etc/prometheus/rules
    """
    from sankofa_observe.errors import InvalidInput

    if SHORTEST_WINDOW_SECONDS % step_seconds:
        raise InvalidInput(f"--step-seconds {step_seconds}: expected a divisor of {SHORTEST_WINDOW_SECONDS}, like 60")
    with _extra():
        from sankofa_rules.book import Edition, groups_by_file, stale, write
        from sankofa_rules.rule import Links
        from sankofa_rules.slo import watched_slos
    links = Links(**{name: _web(name, url) for name, url in (("runbooks", runbooks), ("boards", boards)) if url})
    edition = Edition(specs=specs, step_seconds=step_seconds, scrape_seconds=scrape_seconds, links=links)
    found = watched_slos(specs)
    parts = len(found.slos) - len(found.promised)
    what = f"rules of {_counted(len(found.promised), 'SLO')}" + (f" and {_counted(parts, 'part')}" if parts else "")
    if check:
        _compared(_read(lambda: stale(out, edition), out), what, groups_by_file(edition))
    else:
        _written(lambda: write(out, edition), what, out)
        for note in found.notes:
            say(f"note: {note}")


def generate_dashboards(specs: Specs, out: Out, runbooks: Runbooks = None, *, check: Check = False) -> None:
    """Write boards for Grafana, as its provisioning reads them. An SLO is a value of a board's variable, and needs no board of its own.

    Example: sankofa-observe dashboards generate --specs deploy/specs --out /var/lib/grafana/dashboards
    """
    with _extra():
        from sankofa_dashboards.board import RUNBOOKS
        from sankofa_dashboards.book import documents, stale, write
        from sankofa_rules.slo import watched_slos
    base = _web("runbooks", runbooks) if runbooks else RUNBOOKS
    what = f"{_counted(len(documents()), 'board')} for {_counted(len(watched_slos(specs).promised), 'SLO')}"
    if check:
        _compared(_read(lambda: stale(out, base), out), what, documents())
    else:
        _written(lambda: write(out, base), what, out)


def generate_routes(
    config: ConfigFile,
    out: Annotated[Path, typer.Option("--out", help="File to write, like /etc/alertmanager/alertmanager.yml.")],
    *,
    check: Check = False,
) -> None:
    """Write alertmanager.yml: who is told of pages, tickets, the heartbeat and incidents, by the section `alerting` of the settings.

    It names files with secrets, which Alertmanager reads by itself, and holds none.

    Example: sankofa-observe alertmanager generate --config sankofa.yaml --out /etc/alertmanager/alertmanager.yml
    """
    from sankofa_observe.config import load_settings
    from sankofa_observe.errors import InvalidInput

    with _extra():
        from sankofa_rules.alertmanager import alertmanager
    alerting = load_settings(config).alerting
    if alerting is None:
        raise InvalidInput(f"{config}: it has no section alerting; see docs/reference/settings.md; nothing was written")
    text = alertmanager(alerting)
    if check:
        old = _read(lambda: [] if out.is_file() and out.read_text(encoding="utf-8") == text else [out], out)
        _compared(old, "alertmanager.yml", {out.name})
    else:
        _written(lambda: out.write_text(text, encoding="utf-8"), "alertmanager.yml", out)


def _web(name: str, url: str) -> str:
    from urllib.parse import urlsplit

    from sankofa_observe.errors import InvalidInput

    parts = urlsplit(url)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise InvalidInput(f"--{name}: expected an address like https://host/path, without user, query or fragment")
    return url


@contextmanager
def _extra() -> Iterator[None]:
    """A part of the extra that is not there is said by its name; anything else is ours to mend."""
    from sankofa_observe.errors import InvalidInput

    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sankofa_observe"):
            raise
        raise InvalidInput(
            f"{error.name} is not installed; rules and boards need the extra {EXTRA}: pip install 'sankofa-observe[{EXTRA}]'"
        ) from error


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _written(write: Callable[[], object], what: str, out: Path) -> None:
    from sankofa_observe.errors import InvalidInput

    try:
        write()
    except OSError as error:
        raise InvalidInput(f"--out {out}: cannot be written: {error.filename}: {error.strerror}") from error
    say(f"{what}: written to {out}")


def _read(compare: Callable[[], list[Path]], out: Path) -> list[Path]:
    from sankofa_observe.errors import InvalidInput

    try:
        return compare()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--out {out}: cannot be read: {error}") from error


def _compared(old: list[Path], what: str, ours: Container[str]) -> None:
    """Each path that differs, and what helps: to generate leaves a file alone that it does not make."""
    for path in old:
        if path.name in ours:
            complain(f"{path}: is not what would be written; generate it again")
        else:
            complain(f"{path}: is a file that generate does not make; take it out of the folder, or name another one")
    if old:
        raise typer.Exit(DISAGREE)
    say(f"{what}: as they would be written")
