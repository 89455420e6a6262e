"""`sankofa-observe disputes`: object to a settlement, with one's own evidence; take it back; rule.

A settlement is named by its evidence document, as /v1/settlements/<id>/evidence answers it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.acting import (
    Acting,
    Contract,
    FromBlock,
    Rpc,
    RpcFile,
    Specs,
    at_node,
    signed,
)
from sankofa_observe.cli.output import say
from sankofa_observe.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from sankofa_observe.adapters.agreement_acts import Done
    from sankofa_observe.sla.evidence import Evidence

MOST_SHOWN = 50  # slots that differ
Document = Annotated[Path, typer.Argument(help="The evidence document that was reported.")]
Reason = Annotated[str, typer.Option(help="Why, in words; on chain it is a hash.")]
Counter = Annotated[Path | None, typer.Option(help="Your own evidence of the same period, from `disputes recount`.")]
Out = Annotated[
    Path, typer.Option(help="New file for what the hash on chain is of: keep it, and hand it to the others.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Object to a settlement with your own evidence, take it back, rule, make it final."
    )
    group.command()(recount)
    group.command("open")(signed(open_))
    group.command()(show)
    for command in (withdraw, resolve, finalise):
        group.command()(signed(command))
    app.add_typer(group, name="disputes")


def recount(
    document: Document,
    *,
    prometheus: Annotated[str, typer.Option(help="Address of your own Prometheus.")],
    specs: Specs,
    exclusions: Annotated[
        Path | None, typer.Option(help="File of the exclusions that you know; see attestors.")
    ] = None,
    out: Annotated[Path, typer.Option(help="New file for your evidence.")],
) -> None:
    """Count a reported period from your own samples, and say in which slots it differs.

    Example: sankofa-observe disputes recount reported.json --prometheus http://127.0.0.1:9090 --specs specs/ --out mine.json
    """
    from sankofa_observe.bootstrap import recounted

    reported = read_document(document)
    own = recounted(reported, prometheus=prometheus, specs=specs, exclusions=exclusions)
    _write(out, _written(own))
    _differences(reported, own)
    say(f"written: {out}; root {own.identity.root}")


def open_(
    document: Document,
    *,
    reason: Reason,
    counter: Counter = None,
    out: Out,
    acting: Acting,
    from_block: FromBlock = 0,
) -> None:
    """Object to a reported settlement, as a party of its agreement, while its window is open.

    Example: sankofa-observe disputes open reported.json --reason "we were down for twice as long" --counter mine.json --out objection.json
    --rpc … --keystore tenant.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters.dispute_acts import Disputes
    from sankofa_observe.sla.dispute import Objection

    _is_text(reason)
    reported, own = read_document(document), read_document(counter) if counter else None
    if own and own.identity.row != reported.identity.row:
        raise InvalidInput(f"{counter}: it is evidence of another period or promise than {document}; nothing was sent")
    with acting.at_books() as (books, key):
        disputes = Disputes(books=books, first_block=from_block)
        row, word = disputes.reported(reported)
        objection = Objection(row=row, reason=reason, salt=f"0x{secrets.token_hex(32)}", counter=own)
        _act(out, objection.document, lambda: disputes.open(objection, word, key))


def show(
    document: Document,
    *,
    counter: Counter = None,
    rpc: Rpc = None,
    rpc_file: RpcFile = None,
    contract: Contract,
    from_block: FromBlock = 0,
) -> None:
    """Show what happened to a settlement on chain, and slot by slot where two documents of it differ.

    Example: sankofa-observe disputes show reported.json --counter mine.json --rpc … --contract 0x…
    """
    from sankofa_observe.adapters.books import Books
    from sankofa_observe.adapters.dispute_acts import Disputes
    from sankofa_observe.cli.acting import account
    from sankofa_observe.sla.evidence import attested_row

    account("--contract", contract)
    reported = read_document(document)
    with at_node(rpc, rpc_file) as node:
        disputes = Disputes(books=Books.at(node, contract), first_block=from_block)
        key = attested_row(reported)[1].key
        found = disputes.settlement(key)
        say(
            f"settlement {reported.identity.settlement_id}: {reported.identity.slo.name} at {reported.identity.slo.site}, {reported.identity.period}"
        )
        for word in found.words if found else ():
            deadline = disputes.deadline(key, word)
            until = "" if deadline is None else f"; it may be {deadline}"
            if deadline is not None and disputes.has_passed(deadline):
                until = "; its time is over, and anybody makes it final: `disputes finalise`"
            say(f"  revision {word.revision} is {word.state}, {word.credit_ppm} ppm of the fee{until}")
        for line in disputes.history(key):
            say(f"  {line}")
    if counter:
        _differences(reported, read_document(counter))


def withdraw(
    document: Document,
    *,
    acting: Acting,
    from_block: FromBlock = 0,
) -> None:
    """Take your objection back; the window stays as it is: open, or over.

    Example: sankofa-observe disputes withdraw reported.json --rpc … --keystore tenant.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters.dispute_acts import Disputes

    with acting.at_books() as (books, key):
        disputes = Disputes(books=books, first_block=from_block)
        say(str(disputes.withdraw(*disputes.reported(read_document(document)), key)))


def resolve(
    document: Document,
    *,
    outcome: Annotated[str, typer.Option(help="upheld, corrected or rejected.")],
    reason: Reason,
    corrected: Annotated[
        Path | None, typer.Option(help="Evidence with the counts that are in force, for corrected.")
    ] = None,
    out: Out,
    acting: Acting,
    from_block: FromBlock = 0,
) -> None:
    """Rule on a dispute, as the arbiter: the report stands, it stands with other counts, or it falls.

    Example: sankofa-observe disputes resolve reported.json --outcome corrected --corrected mine.json --reason "…" --out ruling.json
    --rpc … --keystore arbiter.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters.dispute_acts import Disputes
    from sankofa_observe.ports import RulingOutcome
    from sankofa_observe.sla.dispute import RulingText
    from sankofa_observe.sla.evidence import attested_row

    if outcome not in set(RulingOutcome):
        raise InvalidInput(f"--outcome {outcome!r}: expected {', '.join(RulingOutcome)}; nothing was sent")
    if (outcome == RulingOutcome.CORRECTED) is not (corrected is not None):
        raise InvalidInput(
            f"--outcome {outcome}: --corrected names the counts in force of `corrected`, and of nothing else; nothing was sent"
        )
    _is_text(reason)
    reported = read_document(document)
    own = read_document(corrected) if corrected else reported
    if own.identity.row != reported.identity.row:
        raise InvalidInput(
            f"{corrected}: it is evidence of another period or promise than {document}; nothing was sent"
        )
    with acting.at_books() as (books, key):
        disputes = Disputes(books=books, first_block=from_block)
        row, word = disputes.reported(reported)
        in_force = replace(attested_row(own)[1], revision=row.revision)
        ruling = RulingText(outcome=outcome, row=in_force, reason=reason, salt=f"0x{secrets.token_hex(32)}")
        _act(out, ruling.document, lambda: disputes.resolve(row, word, ruling, key))


def finalise(
    document: Document,
    *,
    acting: Acting,
    from_block: FromBlock = 0,
) -> None:
    """Make a settlement final whose window, or time to rule, is over, by any key; the provider's scheduler does so by itself.

    Example: sankofa-observe disputes finalise reported.json --rpc … --keystore any.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters.dispute_acts import Disputes

    with acting.at_books() as (books, key):
        disputes = Disputes(books=books, first_block=from_block)
        say(str(disputes.finalise(*disputes.reported(read_document(document)), key)))


def _act(out: Path, document: bytes, act: Callable[[], Done]) -> None:
    """Keep the words before their hash is sent: one on chain whose words nobody has would be no reason.

    The file stays where the hash was sent, or may have been.
    """
    _write(out, document)
    try:
        done = act()
    except (InvalidInput, Refused):
        out.unlink()
        raise
    if not done.sent:
        out.unlink()
    say(str(done))


def _is_text(reason: str) -> None:
    try:
        reason.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"--reason {reason!r}: expected text in UTF-8; nothing was sent") from None


def _differences(reported: Evidence, own: Evidence) -> None:
    from sankofa_observe.sla.dispute import slot_differences

    one, other = reported.identity, own.identity
    say(
        f"reported: {one.good} good, {one.bad} bad, {one.unknown} unknown; yours: {other.good} good, {other.bad} bad, {other.unknown} unknown"
    )
    found = list(slot_differences(reported, own))
    if not found:
        say("no slot differs")
        return
    say(f"{len(found)} slots differ:\nslot                  reported yours")
    for difference in found[:MOST_SHOWN]:
        say(str(difference))
    if len(found) > MOST_SHOWN:
        say(f"and {len(found) - MOST_SHOWN} more")


def read_document(file: Path) -> Evidence:
    """An evidence document from a file."""
    from sankofa_observe.sla.evidence import parse

    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}; expected an evidence document") from None
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from None


def _written(evidence: Evidence) -> bytes:
    from sankofa_observe.sla.evidence import written

    return written(evidence)


def _write(file: Path, document: bytes) -> None:
    try:
        with file.open("xb") as opened:
            opened.write(document)
    except OSError as error:
        raise InvalidInput(
            f"{file}: {error.strerror}; expected a new file in a folder that exists; nothing was sent"
        ) from None
