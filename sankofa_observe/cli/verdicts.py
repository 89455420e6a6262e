"""`sankofa-observe verdicts`: how periods were judged, what nobody can tell, and a person's word on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sankofa_observe.cli.drawing import NoColor, SvgFile, Width, draw, screen, write
from sankofa_observe.cli.output import AsJson, ConfigFile, show
from sankofa_observe.cli.person import By, named, who
from sankofa_observe.scope import OPERATOR

if TYPE_CHECKING:
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.pictures.strip import Strip
    from sankofa_observe.ports import AgreementRecord, LedgerRead, Page
    from sankofa_observe.sla.penalty import VerdictRecord

MOST_TOLD = 5  # ids in a line
Ref = Annotated[str, typer.Argument(help="The verdict: first word of its line in `verdicts list`.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]
After = Annotated[str | None, typer.Option(help="Go on where the list before ended: what it named.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="See how periods were judged, and settle what nobody can tell.")
    group.command("list")(listed)
    group.command("waiting")(waiting)
    group.command("show")(shown)
    group.command("settle")(settle)
    group.command("dismiss")(dismiss)
    app.add_typer(group, name="verdicts")


def listed(
    config: ConfigFile,
    agreement: Annotated[str | None, typer.Option(help="Only of the agreement with this id.")] = None,
    limit: Limit = 100,
    after: After = None,
    *,
    undetermined: Annotated[
        bool, typer.Option("--undetermined", help="Only what nobody can tell and nobody has reviewed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List verdicts, oldest period first, with every revision; or only what waits for a person's word.

    Example: sankofa-observe verdicts list --config sankofa.yaml --undetermined
    """
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.ports import Page

    if undetermined and agreement is not None:
        raise InvalidInput("--undetermined lists those of all agreements: leave --agreement out")
    with _ledger(config) as ledger:
        reads = ledger.read(OPERATOR)
        if agreement is not None:
            _known(agreement, [one.agreement_id for one in reads.agreements()])
        page = (
            reads.undetermined(limit=limit, after=after)
            if undetermined
            else reads.verdicts(agreement, limit=limit, after=after)
        )
        worded: tuple[Any, ...] = page.items
        if not as_json and not undetermined:
            worded = tuple(_with_word(one, reads) for one in page.items)
        nothing = "nothing is undetermined" if undetermined else "no period was judged"
        _show(Page(items=worded, next=page.next), as_json=as_json, nothing=nothing, worded=named(ledger))


def waiting(config: ConfigFile, limit: Limit = 100, after: After = None, *, as_json: AsJson = False) -> None:
    """List what is due and cannot be judged or done yet, longest first, with the reason and how long it may.

    Example: sankofa-observe verdicts waiting --config sankofa.yaml
    """
    with _ledger(config) as ledger:
        _show(ledger.read(OPERATOR).waits(limit=limit, after=after), as_json=as_json, nothing="nothing waits")


def shown(
    ref: Ref,
    config: ConfigFile,
    svg: SvgFile = None,
    width: Width = None,
    *,
    no_color: NoColor = False,
    as_json: AsJson = False,
) -> None:
    """Show a verdict with the slots that it was judged from, day by day and as a picture, and what persons said of it.

    Example: sankofa-observe verdicts show 4b05569f2e6ae6f7 --config sankofa.yaml --svg month.svg
    """
    from sankofa_observe.errors import SankofaError
    from sankofa_observe.pipeline.review import judged_from

    with _ledger(config) as ledger:
        judged = judged_from(ref, ledger)
        terms = ledger.read(OPERATOR).agreement(judged.record.agreement_id, judged.record.agreement_version)
        show([judged], as_json=as_json, nothing="", worded=named(ledger))
    if as_json and svg is None:
        return
    try:
        strip, changed = _strip(judged.record, terms, config)
    except SankofaError as error:
        if svg is not None:
            raise
        typer.echo(f"no picture: {error}", err=True)
        return
    if svg is not None:
        from sankofa_observe.pictures import svg as svg_picture

        write(svg, svg_picture.month(strip))
    if not as_json:
        from sankofa_observe.pictures.terminal import month

        draw(["", *month(strip, screen(width, no_color=no_color))])
    if changed:
        typer.echo("the slots have changed since it was judged: the picture shows them as they stand now", err=True)


def _strip(record: VerdictRecord, terms: AgreementRecord | None, config: Path) -> tuple[Strip, bool]:
    """The picture's slots as they stand, and whether they are others than the verdict was drawn from."""
    from sankofa_observe.bootstrap import open_panels
    from sankofa_observe.config import load_settings
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.pipeline.picture import strip_of
    from sankofa_observe.sla.recorded_terms import agreement_of

    agreement = agreement_of(terms.document) if terms else None
    promises = agreement.promises if agreement else ()
    slo = next((one.slo for one in promises if (one.slo.name, one.site) == (record.slo, record.site)), None)
    if slo is None or agreement is None:
        raise InvalidInput(
            f"agreement {record.agreement_id} as it stands does not promise {record.slo} at {record.site}"
        )
    with open_panels(load_settings(config)) as panel_of:
        panel = panel_of(agreement.observers)
        strip = strip_of(slo, record.site, record.period, panel)
        found = panel.draw(slo, [record.site], record.period)[record.site]
    return strip, found.digest != record.slots_digest


def settle(
    ref: Ref,
    config: ConfigFile,
    outcome: Annotated[str, typer.Option("--as", help="met or breach.")],
    reason: Annotated[str, typer.Option(help="What shows it.")],
    reference: Annotated[
        str, typer.Option(help="Of what was done by it, like a credit note; needed for a breach.")
    ] = "",
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Record a person's word on an undetermined verdict: met, or a breach that is conceded. It is kept with who, when and why.

    Nothing is paid by it here: the credit of a breach is granted elsewhere, and the reference says where.

    Example: sankofa-observe verdicts settle 4b05569f2e6ae6f7 --config sankofa.yaml --as met --reason "probe host was down, see INC-7"
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.pipeline.review import review
    from sankofa_observe.ports import Outcome

    if outcome not in set(Outcome):
        raise InvalidInput(f"--as {outcome!r}: expected {' or '.join(Outcome)}")
    with _ledger(config) as ledger:
        done = review(
            ref, Outcome(outcome), reason=reason, reference=reference, by=who(by), ledger=ledger, clock=SystemClock()
        )
        show([done], as_json=as_json, nothing="", worded=named(ledger))


def dismiss(
    period: Annotated[str, typer.Argument(help="AGREEMENT/START, as `verdicts waiting` names it.")],
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why it will not be judged.")],
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """End the wait of a period that nobody can judge any more, like that of an agreement whose spec is gone. The reason is kept.

    A period that is still promised and still cannot be judged waits anew in the next turn.

    Example: sankofa-observe verdicts dismiss 0xab…/1767225600 --config sankofa.yaml --reason "contract ended, see LEGAL-3"
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.pipeline import review
    from sankofa_observe.pipeline.evaluate import PERIOD

    with _ledger(config) as ledger:
        done = review.dismiss(PERIOD, period, reason=reason, by=who(by), ledger=ledger, clock=SystemClock())
        show([done], as_json=as_json, nothing="")


def _with_word(record: VerdictRecord, reads: LedgerRead) -> str:
    """A verdict in a line, with the last word of a person on it: what was settled must not look as if it waited."""
    judged = reads.verdict(record.ref) if record.verdict == "undetermined" else None
    return "; ".join(map(str, (record, *(judged.reviews[-1:] if judged else ()))))


def _show(page: Page[Any], *, as_json: bool, nothing: str, worded: Callable[[str], str] = str) -> None:
    show(page.items, as_json=as_json, nothing=nothing, worded=worded)
    if page.next:
        typer.echo(f"more: --after {page.next}", err=True)


def _known(agreement: str, known: list[str]) -> None:
    """An id that is none has no verdicts, and neither has one that is well kept: nobody is to take one for the other."""
    from sankofa_observe.errors import InvalidInput

    if agreement not in known:
        some = ", ".join(known[:MOST_TOLD]) + (f" and {len(known) - MOST_TOLD} more" if len(known) > MOST_TOLD else "")
        raise InvalidInput(
            f"--agreement {agreement[:80]!r}: no agreement of this ledger; expected one of: {some or 'none is recorded'}"
        )


@contextmanager
def _ledger(config: Path) -> Iterator[SqlLedger]:
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.config import load_settings

    with closing(SqlLedger(load_settings(config).ledger_url, new=False)) as ledger:
        yield ledger
