"""Whoever acts on chain by a command: at which node, on which contract, with which key, and which agreement of which specs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.adapters.books import Books
    from sankofa_observe.adapters.node import Node
    from sankofa_observe.ports import Signer
    from sankofa_observe.sla.agreement import Agreement

VARIABLE = "SANKOFA_RPC"
Rpc = Annotated[
    str | None, typer.Option(help=f"Address of a chain node, if it shows no secret. Without it: as {VARIABLE} says.")
]
RpcFile = Annotated[Path | None, typer.Option(help="File with that address, for one that has a password or a key.")]
Contract = Annotated[str, typer.Option(help="Address of the settlement book, as `chain deploy` printed it.")]
FromBlock = Annotated[int, typer.Option(help="Block of the deployment, where a search of logs ends.", min=0)]
Specs = Annotated[list[Path], typer.Option(help="Spec files or folders; may be repeated.")]
GasPrice = Annotated[int, typer.Option(help="0 on a free-gas network.", min=0)]
Name = Annotated[str, typer.Argument(help="Name of the agreement.")]


@contextmanager
def at_node(rpc: str | None, rpc_file: Path | None, gas_price_wei: int = 0) -> Iterator[Node]:
    """A node, closed at the end."""
    from sankofa_observe.adapters.node import Node

    with closing(Node(address(rpc, rpc_file), gas_price_wei)) as node:
        yield node


@contextmanager
def acting(
    rpc: str | None, rpc_file: Path | None, key: Callable[[], Signer], contract: str, gas_price_wei: int
) -> Iterator[tuple[Books, Signer]]:
    """Both books of a contract, and the key of whoever acts there."""
    from sankofa_observe.adapters.books import Books

    account("--contract", contract)
    with at_node(rpc, rpc_file, gas_price_wei) as node:
        signer = key()  # first: a key that cannot be opened needs no node
        yield Books.at(node, contract), signer


def address(rpc: str | None, file: Path | None) -> str:
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


def account(option: str, value: str) -> None:
    """An address that is none is told before anything is sent."""
    if not re.fullmatch("0x[0-9a-fA-F]{40}", value):
        raise InvalidInput(f"{option} {value!r}: expected an address, 0x and 40 hex digits; nothing was sent")


def versions_of(name: str, specs: list[Path]) -> list[Agreement]:
    """Every version of an agreement, oldest first."""
    from sankofa_observe.adapters.specs import load_catalog

    known = {versions[0].name: versions for versions in load_catalog(specs).agreements_by_id().values()}
    if name not in known:
        raise InvalidInput(f"no agreement {name!r} in the specs; known: {', '.join(sorted(known)) or 'none'}")
    return list(known[name])
