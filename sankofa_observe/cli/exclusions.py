"""`sankofa-observe exclusions`: planned work that is not held against a promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, Limit, pages, show
from sankofa_observe.cli.person import By, named, who

if TYPE_CHECKING:
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.sla.catalog import Catalog

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
Name = Annotated[str, typer.Argument(help="A plan or one exclusion: 16 digits, as `exclusions list` names them.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="Plan work that is not held against a promise: one person proposes, another one approves.",
    )
    group.command("propose")(propose)
    group.command("approve")(approve)
    group.command("list")(listed)
    group.command("withdraw")(withdraw)
    group.command("announce")(announce)
    app.add_typer(group, name="exclusions")


def propose(
    config: ConfigFile,
    site: Annotated[list[str], typer.Option(help="Where; repeat it for several sites.")],
    begins: Annotated[str, typer.Option("--from", help="Local time at which it begins, like 2027-01-10T02:00.")],
    length: Annotated[str, typer.Option("--for", help="How long, in elapsed time, like 2h or 1h30m.")],
    zone: Annotated[str, typer.Option(help="IANA zone of that time, like Africa/Nairobi.")],
    reason: Annotated[str, typer.Option(help="What is done.")],
    rrule: Annotated[str, typer.Option(help="Repeat it by this rule of RFC 5545, with COUNT or UNTIL.")] = "",
    slo: Annotated[
        list[str] | None, typer.Option(help="Only these SLOs; without it, all that are promised there.")
    ] = None,
    agreement: Annotated[
        list[str] | None,
        typer.Option(help="Only these agreements, by name or id; without it, all that lean on the sites."),
    ] = None,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Announce planned work to every agreement that leans on the sites. It changes nothing before somebody else approves it.

    The announcement is the moment of this command: each agreement says how long before it must come. A series stays at its local
    time over clock changes. A time that they skip is read by the offset before, of a time that comes twice the first counts (RFC 5545).

    Example: sankofa-observe exclusions propose --config sankofa.yaml --site edge-nairobi-1 --from 2027-01-10T02:00 --for 2h
    --zone Africa/Nairobi --rrule "FREQ=WEEKLY;COUNT=8" --reason "firmware of the switches, CHG-7"
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.pipeline import exclusions
    from sankofa_observe.sla.recurrence import Schedule

    schedule = Schedule(zone=zone, begins=_with_seconds(begins), length_seconds=_seconds(length), rule=rrule)
    proposal = exclusions.Proposal(
        sites=tuple(dict.fromkeys(site)),
        slos=tuple(dict.fromkeys(slo or ())),
        agreements=tuple(dict.fromkeys(agreement or ())),
        schedule=schedule,
        reason=reason,
    )
    catalog, ledger = _opened(config)
    try:
        done = exclusions.propose(proposal, by=who(by), catalog=catalog, ledger=ledger, clock=SystemClock())
        show(done, as_json=as_json, nothing="", worded=named(ledger))
    finally:
        ledger.close()


def approve(
    name: Name,
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="What was looked at.")] = "approved",
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Approve what somebody else proposed: a plan, or one exclusion of it. It counts in every period that is judged from now on.

    A period that was judged already is judged again, as a revision; one whose settlement is on chain is refused.

    Example: sankofa-observe exclusions approve 3f0c19d2a4b7e581 --config sankofa.yaml --by amina
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.pipeline import exclusions

    ledger = _ledger(config)
    try:
        done = exclusions.approve(name, by=who(by), reason=reason, ledger=ledger, clock=SystemClock())
        show(done, as_json=as_json, nothing="", worded=named(ledger))
    finally:
        ledger.close()


def listed(
    config: ConfigFile,
    agreement: Annotated[str | None, typer.Option(help="Only of the agreement with this id.")] = None,
    limit: Limit = None,
    after: Annotated[str | None, typer.Option(help="Go on where the list before ended: what it named.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List exclusions by when they begin, with every act about them and the stretches of UTC that count.

    Example: sankofa-observe exclusions list --config sankofa.yaml --json
    """
    from sankofa_observe.pipeline.exclusions import announced
    from sankofa_observe.scope import OPERATOR

    ledger = _ledger(config)
    try:
        reads = ledger.read(OPERATOR)
        found = pages(lambda **page: reads.exclusions(agreement, **page), limit=limit, after=after, whole=as_json)
        show(map(announced, found), as_json=as_json, nothing="no exclusion was ever proposed", worded=named(ledger))
    finally:
        ledger.close()


def withdraw(
    name: Name,
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why it does not take place.")],
    since: Annotated[
        str | None, typer.Option("--from", help="What begins at this UTC instant or later; without it, now.")
    ] = None,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Withdraw what has not begun of a plan, or of one exclusion. What had begun stays as it is, unless --from is before it.

    Example: sankofa-observe exclusions withdraw 3f0c19d2a4b7e581 --config sankofa.yaml --reason "the parts did not come"
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.cli.pipeline import instant
    from sankofa_observe.pipeline import exclusions

    from_at = None if since is None else instant("--from", since)
    ledger = _ledger(config)
    try:
        done = exclusions.withdraw(name, by=who(by), reason=reason, ledger=ledger, clock=SystemClock(), from_at=from_at)
        show(done, as_json=as_json, nothing="", worded=named(ledger))
    finally:
        ledger.close()


def announce(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Silence in Alertmanager what approved exclusions cover, as the scheduler does in each of its turns.

    A place is silenced where all that is promised there is excluded; else only alerts of SLOs that are excluded for everybody. A silence
    that somebody made by hand is left alone, and still costs money: it excludes nothing.

    Example: sankofa-observe exclusions announce --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    with open_platform(load_settings(config), new=False) as platform:
        show(platform.announce(), as_json=as_json, nothing="every silence is as approved exclusions ask for")


def _with_seconds(text: str) -> str:
    return f"{text}:00" if re.fullmatch(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}", text) else text


def _seconds(text: str) -> int:
    from sankofa_observe.errors import InvalidInput

    parts = re.fullmatch(r"(?:[1-9][0-9]{0,5}[dhms])+", text)
    if not parts:
        raise InvalidInput(f"--for {text[:80]!r}: expected a length like 2h, 90m or 1h30m; nothing was written")
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", text))


def _ledger(config: Path) -> SqlLedger:
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.config import load_settings

    return SqlLedger(load_settings(config).ledger_url, new=False)


def _opened(config: Path) -> tuple[Catalog, SqlLedger]:
    """The specs are read first: where they are wrong, no ledger is opened."""
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.bootstrap import refuse_places
    from sankofa_observe.config import load_settings

    settings = load_settings(config)
    catalog = load_catalog(settings.specs)
    refuse_places(settings, catalog)
    return catalog, SqlLedger(settings.ledger_url, new=False)
