"""`sankofa-observe transactions`: what was signed for the chain, another one in the place of what is not mined, and what is given up."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, Limit, pages, say, show
from sankofa_observe.cli.person import By, who


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="See what was signed for the chain; replace what is not mined, or abandon a lost key's.",
    )
    group.command("list")(listed)
    group.command()(replace)
    group.command()(abandon)
    app.add_typer(group, name="transactions")


def listed(
    config: ConfigFile,
    limit: Limit = None,
    after: Annotated[str | None, typer.Option(help="Go on where the list before ended: what it named.")] = None,
    *,
    is_open: Annotated[bool, typer.Option("--open", help="Only those whose fate is not known.")] = False,
    as_json: AsJson = False,
) -> None:
    """List transactions in the order in which they were signed, each with its fate; those of one nonce share it.

    Example: sankofa-observe transactions list --config sankofa.yaml --open
    """
    from sankofa_observe.bootstrap import open_records

    with open_records(config) as (reads, named):
        found = pages(partial(reads.transactions, is_open=is_open), limit=limit, after=after, whole=as_json)
        nothing = "no transaction is open" if is_open else "nothing was signed"
        show(found if not as_json else map(str, found), as_json=as_json, nothing=nothing, worded=named)


def replace(
    nonce: Annotated[int, typer.Argument(help="The nonce of a transaction whose fate is not known.", min=0)],
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why: it is kept with who did it.")],
    by: By = None,
) -> None:
    """Sign the same call once more under its nonce, at the price of the settings, and send it: the chain takes one of both.

    Raise chain.gas_price_wei first, where the price was too low.

    Example: sankofa-observe transactions replace 17 --config sankofa.yaml --reason "the base fee rose"
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.bootstrap import open_lane
    from sankofa_observe.config import load_settings
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.pipeline.persons import person

    with open_lane(load_settings(config)) as (ledger, chain):
        actor = person(who(by), reason, ledger)
        chain.head()  # the right chain, before anything is signed
        own = chain.account.lower()
        gone = ledger.sent_from(own, chain.next_nonce())  # mined in blocks that were rewritten
        every = [one for one in (*ledger.open_attempts(), *gone) if one.nonce == nonce]
        found = [one for one in every if one.sender == own] or every
        if not found:
            raise InvalidInput(
                f"no open transaction with nonce {nonce}; see sankofa-observe transactions list --open; nothing was sent"
            )
        if found[-1].sender != own:
            raise InvalidInput(
                f"nonce {nonce} is of {found[-1].sender}, and chain.sender of the settings is {chain.account.lower()}; nothing was sent"
            )
        known = ledger.attempts_under(own, nonce)
        made = dataclasses.replace(chain.replacement(found[-1]), replacement=len(known))
        if made.transaction in {one.transaction for one in known}:
            raise InvalidInput(
                f"transaction {made.transaction} has the price of the settings already; raise chain.gas_price_wei first; nothing was sent"
            )
        ledger.acting(actor).add_attempt(made, SystemClock().now(), reason=reason)
        chain.send(made)
        say(f"sent: {made}; one of the {len(known) + 1} under nonce {nonce} is mined, and that is the fate of all")


def abandon(
    transaction: Annotated[str, typer.Argument(help="A transaction whose fate is not known, 0x…")],
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why: it is kept with who did it.")],
    by: By = None,
) -> None:
    """Wait no longer for what a key signed that is not chain.sender any more: what it carries may be priced, released and adopted again.

    A node may still mine it. Nothing is paid twice by that: the contract takes one row of a revision, and refuses the second.

    Example: sankofa-observe transactions abandon 0x… --config sankofa.yaml --reason "its key is lost, INC-7"
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.bootstrap import open_lane
    from sankofa_observe.config import load_settings
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.pipeline.persons import person
    from sankofa_observe.ports import Receipt

    with open_lane(load_settings(config)) as (ledger, chain):
        actor = person(who(by), reason, ledger)
        chain.head()  # the right chain, before anything is said of what it holds
        every = ledger.open_attempts()
        found = next((one for one in every if one.transaction == transaction), None)
        if found is None:
            raise InvalidInput(
                f"no open transaction {transaction!r}; see sankofa-observe transactions list --open; nothing was written"
            )
        if found.sender == chain.account.lower():
            raise InvalidInput(
                f"transaction {transaction} is of chain.sender itself, and is sent again until it is mined; where its price is too low: "
                f"sankofa-observe transactions replace {found.nonce}; nothing was written"
            )
        if chain.next_nonce(found.sender) > found.nonce:
            raise InvalidInput(
                f"nonce {found.nonce} of {found.sender} was used: what became of transaction {transaction} is recorded by the next turn of "
                "settle; nothing was written"
            )
        said = f"abandoned by {actor}: {reason}; a node may still mine it"
        given_up = [one for one in every if (one.sender, one.nonce) == (found.sender, found.nonce)]
        for one in given_up:
            ledger.acting(actor).close_attempt(
                one, Receipt(succeeded=False, block_number=0, reason=said), SystemClock().now()
            )
            say(f"abandoned: {one}; it is not sent again, and a node may still mine it")
