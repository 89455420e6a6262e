"""`sankofa-observe agreements`: what the two parties of an agreement do with it on chain, each with a key of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sankofa_observe.cli.acting import (
    Acting,
    FromBlock,
    Name,
    Specs,
    signed,
    versions_of,
)
from sankofa_observe.cli.output import say
from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.adapters.agreement_acts import Done, Parties

At = Annotated[str, typer.Option(help="An instant, like 2027-01-01T00:00:00Z.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Propose, accept, withdraw, amend and terminate agreements on chain."
    )
    for command in (propose, accept, withdraw, amend, terminate):
        group.command()(signed(command))
    app.add_typer(group, name="agreements")


def propose(
    name: Name,
    *,
    acting: Acting,
    specs: Specs,
    accept_before: At = "",
) -> None:
    """Offer the first version of an agreement to its tenant, as its provider; open until it begins, or for a shorter time.

    Example: sankofa-observe agreements propose acme-edge --rpc … --keystore provider.json --password-file … --contract 0x…
    --specs specs/
    """
    first, until = versions_of(name, specs)[0], _instant("--accept-before", accept_before)
    _act(
        acting,
        0,
        lambda parties, key: [parties.propose(first, key, until)],
    )


def amend(
    name: Name,
    *,
    acting: Acting,
    specs: Specs,
    accept_before: At = "",
) -> None:
    """Offer the newest version in the specs to the other party, as either one; it holds from a boundary that is still to come.

    Example: sankofa-observe agreements amend acme-edge --rpc … --keystore provider.json --password-file … --contract 0x…
    --specs specs/
    """
    newest, until = versions_of(name, specs)[-1], _instant("--accept-before", accept_before)
    if newest.version == 1:
        raise InvalidInput(
            f"agreement {name} has one version in these specs; nothing was sent. An amendment is a document of version 2, with a startsAt "
            "where a period begins; the first version is offered by `agreements propose`"
        )
    _act(
        acting,
        0,
        lambda parties, key: [parties.propose(newest, key, until)],
    )


def accept(
    name: Name,
    *,
    acting: Acting,
    specs: Specs,
    version: Annotated[int, typer.Option(help="Which version; without it, each that is offered.", min=0)] = 0,
    from_block: FromBlock = 0,
) -> None:
    """Accept exactly the terms in your own copy of the specs: of the version that the other party offers.

    Example: sankofa-observe agreements accept acme-edge --rpc … --keystore tenant.json --password-file … --contract 0x…
    --specs specs/
    """
    versions = [one for one in versions_of(name, specs) if version in {0, one.version}]
    if not versions:
        raise InvalidInput(f"agreement {name} has no version {version} in these specs; nothing was sent")
    _act(
        acting,
        from_block,
        lambda parties, key: parties.accept_offered(versions, key),
    )


def withdraw(
    name: Name,
    *,
    acting: Acting,
    specs: Specs,
) -> None:
    """Take back what you have offered and nobody has accepted: the newest version in the specs.

    Example: sankofa-observe agreements withdraw acme-edge --rpc … --keystore provider.json --password-file … --contract 0x…
    --specs specs/
    """
    newest = versions_of(name, specs)[-1]
    _act(
        acting,
        0,
        lambda parties, key: [parties.withdraw(newest, key)],
    )


def terminate(
    name: Name,
    *,
    acting: Acting,
    specs: Specs,
    at: At = "",
) -> None:
    """End an agreement, as either party, where a period begins after its notice; periods before that are settled as ever.

    Example: sankofa-observe agreements terminate acme-edge --at 2027-06-01T00:00:00Z --rpc … --keystore tenant.json --password-file …
    --contract 0x… --specs specs/
    """
    newest, ends_at = versions_of(name, specs)[-1], _instant("--at", at)
    _act(
        acting,
        0,
        lambda parties, key: [parties.terminate(newest, key, ends_at)],
    )


def _act(
    acting: Acting,
    first_block: int,
    act: Callable[[Parties, Any], Iterable[Done]],
) -> None:
    from sankofa_observe.adapters.agreement_acts import Parties

    with acting.at_books() as (books, key):
        for done in act(Parties(books=books, first_block=first_block), key):
            say(str(done))


def _instant(option: str, text: str) -> int | None:
    """Seconds of an instant, or None where none was given."""
    from sankofa_observe.units import instant

    if not text:
        return None
    try:
        return int(instant(text).timestamp())
    except ValueError:
        raise InvalidInput(f"{option} {text!r}: expected UTC like 2027-01-01T00:00:00Z; nothing was sent") from None
