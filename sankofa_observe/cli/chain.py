"""`sankofa-observe chain`: the contracts themselves: deployed, paused and resumed, and who may do more than anybody."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sankofa_observe.cli.acting import (
    Acting,
    GasPrice,
    Rpc,
    RpcFile,
    account,
    at_node,
    signed,
)
from sankofa_observe.cli.output import say
from sankofa_observe.cli.signer import Keystore, PasswordFile, SignerFile, signer_of
from sankofa_observe.errors import InvalidInput

MAX_ATTESTORS = 32  # of the contract
MOST_SECONDS = 366 * 86_400  # of a dispute window, in the contract; a change that waits longer is none
ROLES = ("admin", "arbiter", "billing", "guardian")
Attestors = Annotated[list[str], typer.Option("--attestor", help="Account of an attestor; may be repeated.")]
Threshold = Annotated[int, typer.Option(help="How many attestors must sign.")]
RoleName = Annotated[str, typer.Argument(help=f"One of: {', '.join(ROLES)}.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Deploy the contracts; change attestors and roles; pause and resume."
    )
    group.command()(deploy)
    for change in (pause, resume, announce_attestors, apply_attestors, announce_role, apply_role):
        group.command(change.__name__.replace("_", "-"))(signed(change))
    app.add_typer(group, name="chain")


def deploy(
    *,
    rpc: Rpc = None,
    rpc_file: RpcFile = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signer: SignerFile = None,
    admin: Annotated[str, typer.Option(help="Account that announces changes and resumes; better several signers.")],
    arbiter: Annotated[str, typer.Option(help="Account that rules on disputes.")],
    guardian: Annotated[str, typer.Option(help="Account that may pause.")],
    billing: Annotated[str, typer.Option(help="Account that may announce redemptions; without it providers do.")] = "",
    attestor: Attestors,
    threshold: Threshold,
    change_delay_seconds: Annotated[
        int, typer.Option(help="How long a change of role or attestors waits.", min=0, max=MOST_SECONDS)
    ] = 172_800,
    minimum_window_seconds: Annotated[
        int, typer.Option(help="The shortest dispute window of an agreement.", min=1, max=MOST_SECONDS)
    ] = 259_200,
    gas_price_wei: GasPrice = 0,
) -> None:
    """Deploy both contracts; prints the settings to copy. The deployer keeps no right in them.

    Example: sankofa-observe chain deploy --rpc http://127.0.0.1:8545 --keystore deployer.json --password-file deployer.password
    --admin 0x… --arbiter 0x… --guardian 0x… --attestor 0x… --attestor 0x… --attestor 0x… --threshold 2
    """
    from sankofa_observe.adapters import deployment

    _set_of(attestor, threshold)
    accounts = {
        "--admin": admin,
        "--arbiter": arbiter,
        "--guardian": guardian,
        **({"--billing": billing} if billing else {}),
    }
    for name, one in accounts.items():
        account(name, one)
        _is_somebody(name, one)
    holders = deployment.Holders(admin=admin, arbiter=arbiter, guardian=guardian, billing=billing or deployment.NOBODY)
    with at_node(rpc, rpc_file, gas_price_wei) as node:
        made = deployment.deploy(
            node,
            signer_of(keystore, password_file, signer),
            holders,
            attestor,
            threshold,
            change_delay_seconds=change_delay_seconds,
            minimum_window_seconds=minimum_window_seconds,
        )
    found = {**vars(made.identity), "from_block": made.block_number, "genesis": made.genesis}
    print(json.dumps(found))  # noqa: T201  the output


def announce_attestors(
    *,
    acting: Acting,
    attestor: Attestors,
    threshold: Threshold,
) -> None:
    """Announce another set of attestors, as the admin; it is in force when its delay has passed and somebody applies it.

    Example: sankofa-observe chain announce-attestors --rpc … --keystore admin.json --password-file … --contract 0x…
    --attestor 0x… --attestor 0x… --attestor 0x… --threshold 2
    """
    from sankofa_observe.adapters import deployment

    _set_of(attestor, threshold)
    with acting.at_books() as (books, key):
        say(deployment.announce_attestors(books, key, attestor, threshold))


def apply_attestors(
    *,
    acting: Acting,
    attestor: Attestors,
    threshold: Threshold,
) -> None:
    """Put an announced set of attestors in force, by any key.

    Example: sankofa-observe chain apply-attestors --rpc … --keystore any.json --password-file … --contract 0x…
    --attestor 0x… --attestor 0x… --attestor 0x… --threshold 2
    """
    from sankofa_observe.adapters import deployment

    _set_of(attestor, threshold)
    with acting.at_books() as (books, key):
        say(deployment.apply_attestors(books, key, attestor, threshold))


def announce_role(
    role: RoleName,
    holder: Annotated[str, typer.Argument(help="Account that is to hold it.")],
    *,
    acting: Acting,
) -> None:
    """Announce another holder of a role, as the admin.

    Example: sankofa-observe chain announce-role arbiter 0x… --rpc … --keystore admin.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters import deployment

    account("HOLDER", holder)
    found = deployment.Role(_role(role))
    with acting.at_books() as (books, key):
        say(deployment.announce_role(books, key, found, holder))


def apply_role(
    role: RoleName,
    *,
    acting: Acting,
) -> None:
    """Put an announced holder of a role in force, by any key.

    Example: sankofa-observe chain apply-role arbiter --rpc … --keystore any.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters import deployment

    found = deployment.Role(_role(role))
    with acting.at_books() as (books, key):
        say(deployment.apply_role(books, key, found))


def pause(
    *,
    acting: Acting,
) -> None:
    """Stop reports, rulings, finality and redemptions, as the guardian; disputes stay open, and no window runs out.

    Example: sankofa-observe chain pause --rpc … --keystore guardian.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters import deployment

    with acting.at_books() as (books, key):
        say(deployment.pause(books, key, paused=True))


def resume(
    *,
    acting: Acting,
) -> None:
    """Run again, as the admin: every window goes on where it stood.

    Example: sankofa-observe chain resume --rpc … --keystore admin.json --password-file … --contract 0x…
    """
    from sankofa_observe.adapters import deployment

    with acting.at_books() as (books, key):
        say(deployment.pause(books, key, paused=False))


def _set_of(attestors: list[str], threshold: int) -> None:
    """Attestors and a threshold that the contract takes."""
    distinct = {one.lower() for one in attestors}
    if not len(attestors) / 2 < threshold <= len(attestors) <= MAX_ATTESTORS or len(distinct) < len(attestors):
        raise InvalidInput(
            f"--threshold {threshold} of {len(attestors)} attestors; expected more than half of them and no more than all, each named once "
            f"and {MAX_ATTESTORS} at most; nothing was sent"
        )
    for one in attestors:
        account("--attestor", one)
        _is_somebody("--attestor", one)


def _is_somebody(option: str, value: str) -> None:
    """The account of nobody holds nothing: the contract would refuse it, after the first of both was deployed."""
    if int(value, 16) == 0:
        raise InvalidInput(f"{option} {value}: the account of nobody; expected one that has a key; nothing was sent")


def _role(name: str) -> int:
    if name not in ROLES:
        raise InvalidInput(f"no role {name!r}; expected one of {', '.join(ROLES)}; nothing was sent")
    return ROLES.index(name)
