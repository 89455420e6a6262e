"""`sankofa-observe chain`: what the parties do before anything is settled: deploy, propose, accept."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.output import say
from sankofa_observe.cli.signer import Keystore, PasswordFile, SignerFile, signer_of
from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.adapters.node import Node
    from sankofa_observe.ports import Signer
    from sankofa_observe.sla.agreement import Agreement

MAX_ATTESTORS = 32  # of the contract
VARIABLE = "SANKOFA_RPC"
Rpc = Annotated[
    str | None, typer.Option(help=f"Address of a chain node, if it shows no secret. Without it: as {VARIABLE} says.")
]
RpcFile = Annotated[Path | None, typer.Option(help="File with that address, for one that has a password or a key.")]
Contract = Annotated[str, typer.Option(help="Address of the SLA contract.")]
Specs = Annotated[list[Path], typer.Option(help="Spec files or folders; may be repeated.")]
GasPrice = Annotated[int, typer.Option(help="0 on a free-gas network.", min=0)]
Name = Annotated[str, typer.Argument(help="Name of the agreement.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Deploy the contract; propose and accept agreements.")
    for command in (deploy, propose, accept):
        group.command()(command)
    app.add_typer(group, name="chain")


def deploy(
    *,
    rpc: Rpc = None,
    rpc_file: RpcFile = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signer: SignerFile = None,
    attestor: Annotated[list[str], typer.Option(help="Account of an attestor; may be repeated.")],
    threshold: Annotated[int, typer.Option(help="How many attestors must sign.")],
    reporter: Annotated[str, typer.Option(help="Account that may send reports.")],
    admin_delay_seconds: Annotated[int, typer.Option(help="How long a change of admin waits.")] = 86_400,
    gas_price_wei: GasPrice = 0,
) -> None:
    """Deploy the contract and let one account report; prints the settings to copy.

    Example: sankofa-observe chain deploy --rpc http://127.0.0.1:8545 --keystore admin.json --password-file admin.password
    --attestor 0x… --attestor 0x… --attestor 0x… --threshold 2 --reporter 0x…
    """
    from sankofa_observe.adapters import parties

    if not len(attestor) / 2 < threshold <= len(attestor) <= MAX_ATTESTORS or len(
        {one.lower() for one in attestor}
    ) < len(attestor):
        raise InvalidInput(
            f"--threshold {threshold} of {len(attestor)} attestors; expected more than half of them and no more than all, each named once "
            f"and {MAX_ATTESTORS} at most; nothing was sent"
        )
    for name, account in (*(("--attestor", one) for one in attestor), ("--reporter", reporter)):
        _account(name, account)
    key_of = partial(signer_of, keystore, password_file, signer)
    with _acting(_address(rpc, rpc_file), key_of, gas_price_wei) as (node, key):
        made = parties.deploy(node, key, attestor, threshold, admin_delay_seconds)
        parties.grant_reporter(node, made.identity.contract, key, reporter)
    found = {**vars(made.identity), "from_block": made.block_number}
    print(json.dumps(found))  # noqa: T201  the output


def propose(
    name: Name,
    *,
    rpc: Rpc = None,
    rpc_file: RpcFile = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signer: SignerFile = None,
    contract: Contract,
    specs: Specs,
    gas_price_wei: GasPrice = 0,
) -> None:
    """Offer the terms of an agreement, as its provider: of each version that was not offered before.

    Example: sankofa-observe chain propose acme-edge --rpc … --keystore provider.json --password-file … --contract 0x… --specs specs/
    """
    from sankofa_observe.adapters import parties

    _account("--contract", contract)
    versions = _versions(name, specs)
    key_of = partial(signer_of, keystore, password_file, signer)
    with _acting(_address(rpc, rpc_file), key_of, gas_price_wei) as (node, key):
        for one in _signed_by(key.account, versions, lambda one: one.provider_account):
            sent = parties.propose(node, contract, one, key)
            say(f"proposed {one.title}: {one.on_chain_id}{'' if sent else ', which it was before; nothing was sent'}")


def accept(
    name: Name,
    *,
    rpc: Rpc = None,
    rpc_file: RpcFile = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signer: SignerFile = None,
    contract: Contract,
    specs: Specs,
    gas_price_wei: GasPrice = 0,
) -> None:
    """Accept exactly the terms in your own copy of the specs, as the tenant: of each version that was not accepted before.

    Example: sankofa-observe chain accept acme-edge --rpc … --keystore tenant.json --password-file … --contract 0x… --specs specs/
    """
    from sankofa_observe.adapters import parties

    _account("--contract", contract)
    versions = _versions(name, specs)
    key_of = partial(signer_of, keystore, password_file, signer)
    with _acting(_address(rpc, rpc_file), key_of, gas_price_wei) as (node, key):
        for one in _signed_by(key.account, versions, lambda one: one.tenant_account):
            sent = parties.accept(node, contract, one, key)
            say(f"accepted {one.title}: {one.on_chain_id}{'' if sent else ', which it was before; nothing was sent'}")


@contextmanager
def _acting(rpc: str, key: Callable[[], Signer], gas_price_wei: int) -> Iterator[tuple[Node, Signer]]:
    from sankofa_observe.adapters.node import Node

    with closing(Node(rpc, gas_price_wei)) as node:
        yield node, key()


def _address(rpc: str | None, file: Path | None) -> str:
    """The address that was given: on the command line, in a file, or in the environment.

    The command line stands in the list of processes, which everyone on the machine reads, and in the shell's history. So an address that
    shows a user, a password or a query is refused there: a warning would come when it has been read already.
    """
    from sankofa_observe import shown
    from sankofa_observe.adapters.keys import read_address

    if rpc is not None and file is not None:
        raise InvalidInput("both --rpc and --rpc-file are given, expected one; nothing was sent")
    if rpc is not None and shown.tells_a_secret(rpc):
        raise InvalidInput(
            "--rpc has a user, a password or a query, which everyone on this machine can read there; write the address into a "
            f"file that only you can read, and name it with --rpc-file, or set {VARIABLE}; nothing was sent"
        )
    given = read_address(file) if file is not None else rpc if rpc is not None else os.environ.get(VARIABLE)
    if given is None:
        raise InvalidInput(f"no chain node: give --rpc or --rpc-file, or set {VARIABLE}; nothing was sent")
    return given


def _account(option: str, value: str) -> None:
    """An address that is none is told before anything is sent."""
    if not re.fullmatch("0x[0-9a-fA-F]{40}", value):
        raise InvalidInput(f"{option} {value!r}: expected an address, 0x and 40 hex digits; nothing was sent")


def _signed_by(account: str, versions: list[Agreement], of: Callable[[Agreement], str]) -> list[Agreement]:
    """The versions that a key can sign; all where it can sign none, so that the contract's answer names the first."""
    return [one for one in versions if of(one) == account.lower()] or versions


def _versions(name: str, specs: list[Path]) -> list[Agreement]:
    from sankofa_observe.adapters.specs import load_catalog

    known = {versions[0].name: versions for versions in load_catalog(specs).agreements_by_id().values()}
    if name not in known:
        raise InvalidInput(f"no agreement {name!r} in the specs; known: {', '.join(sorted(known)) or 'none'}")
    return known[name]
