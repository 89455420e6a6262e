"""`sankofa-observe credits`: how a credit reaches an invoice: by the tenant's word, or announced and not objected to."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sankofa_observe.cli.acting import (
    Acting,
    Contract,
    FromBlock,
    Name,
    Rpc,
    RpcFile,
    Specs,
    account,
    at_node,
    signed,
    versions_of,
)
from sankofa_observe.cli.output import say
from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.adapters.agreement_acts import Done
    from sankofa_observe.adapters.redemption_acts import Redemptions
    from sankofa_observe.sla.agreement import Agreement

Invoice = Annotated[str, typer.Option(help="Reference of the invoice; on chain it is a hash.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Redeem credit for invoices; object to what was announced.")
    for command in (redeem, object_, complete):
        group.command(command.__name__.rstrip("_"))(signed(command))
    group.command()(show)
    app.add_typer(group, name="credits")


def redeem(
    name: Name,
    *,
    invoice: Invoice,
    amount_minor: Annotated[int, typer.Option(help="In minor units of the agreement's currency.", min=1)],
    acting: Acting,
    specs: Specs,
) -> None:
    """Take credit for an invoice: at once as the tenant; as the provider or whoever bills, it is announced and the tenant may object.

    Example: sankofa-observe credits redeem acme-edge --invoice 2027-0042 --amount-minor 50000 --rpc … --keystore tenant.json
    --password-file … --contract 0x… --specs specs/
    """
    _act(
        name,
        specs,
        acting,
        lambda redemptions, agreement, key: redemptions.redeem(agreement, invoice, amount_minor, key),
    )


def object_(
    name: Name,
    *,
    invoice: Annotated[str, typer.Option(help="Reference of the invoice.")] = "",
    invoice_hash: Annotated[
        str, typer.Option(help="Its hash instead, as `credits show` has it: of an invoice that you know nothing of.")
    ] = "",
    acting: Acting,
    specs: Specs,
) -> None:
    """Object to an announced redemption, as the tenant.

    Example: sankofa-observe credits object acme-edge --invoice 2027-0042 --rpc … --keystore tenant.json --password-file …
    --contract 0x… --specs specs/
    """
    from sankofa_observe.adapters.redemption_acts import InvoiceHash

    if bool(invoice) is bool(invoice_hash):
        raise InvalidInput("expected one of --invoice and --invoice-hash; nothing was sent")
    if invoice_hash and not re.fullmatch("0x[0-9a-f]{64}", invoice_hash):
        raise InvalidInput(
            f"--invoice-hash {invoice_hash!r}: expected 0x and 64 lower-case hex digits; nothing was sent"
        )
    which = InvoiceHash(invoice_hash) if invoice_hash else invoice
    _act(
        name,
        specs,
        acting,
        lambda redemptions, agreement, key: redemptions.object(agreement, which, key),
    )


def complete(
    name: Name,
    *,
    invoice: Invoice,
    acting: Acting,
    specs: Specs,
) -> None:
    """Take an announced credit that nobody objected to in time, by any key.

    Example: sankofa-observe credits complete acme-edge --invoice 2027-0042 --rpc … --keystore any.json --password-file …
    --contract 0x… --specs specs/
    """
    _act(
        name,
        specs,
        acting,
        lambda redemptions, agreement, key: redemptions.complete(agreement, invoice, key),
    )


def show(
    name: Name,
    *,
    rpc: Rpc = None,
    rpc_file: RpcFile = None,
    contract: Contract,
    specs: Specs,
    from_block: FromBlock = 0,
) -> None:
    """Show what is outstanding, and every invoice that takes credit or was announced to, also by others.

    Example: sankofa-observe credits show acme-edge --rpc … --contract 0x… --specs specs/
    """
    from sankofa_observe.adapters.books import Books
    from sankofa_observe.adapters.redemption_acts import Redemptions

    account("--contract", contract)
    agreement = versions_of(name, specs)[-1]
    with at_node(rpc, rpc_file) as node:
        for line in Redemptions(books=Books.at(node, contract), first_block=from_block).shown(agreement):
            say(line)


def _act(
    name: str,
    specs: list[Path],
    acting: Acting,
    act: Callable[[Redemptions, Agreement, Any], Done],
) -> None:
    from sankofa_observe.adapters.redemption_acts import Redemptions

    agreement = versions_of(name, specs)[-1]
    with acting.at_books() as (books, key):
        say(str(act(Redemptions(books=books), agreement, key)))
