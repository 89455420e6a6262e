"""Whoever acts on chain by a command: at which node, on which contract, with which key, and which agreement of which specs."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sankofa_observe.cli.signer import Keystore, PasswordFile, SignerFile, signer_of
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


@dataclass(frozen=True, kw_only=True, repr=False)
class Acting:
    """What the options of `signed` say: a node, a contract, and whose key. Not shown: an address may hold a secret."""

    rpc: Rpc = None
    rpc_file: RpcFile = None
    keystore: Keystore = None
    password_file: PasswordFile = None
    signer: SignerFile = None
    contract: Contract
    gas_price_wei: GasPrice = 0

    @contextmanager
    def at_books(self) -> Iterator[tuple[Books, Signer]]:
        """Both books of the contract, and the key of whoever acts there."""
        from sankofa_observe.adapters.books import Books

        account("--contract", self.contract)
        with at_node(self.rpc, self.rpc_file, self.gas_price_wei) as node:
            # First: a key that cannot be opened needs no node.
            key = signer_of(self.keystore, self.password_file, self.signer)
            yield Books.at(node, self.contract), key


OPTIONS = inspect.signature(Acting, eval_str=True).parameters


def signed(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of whoever signs, in place of its parameter `acting`; the price of gas comes last."""

    @wraps(command)
    def called(**given: Any) -> None:
        acting = Acting(**{name: given.pop(name) for name in OPTIONS})
        command(**given, acting=acting)

    own = list(inspect.signature(command, eval_str=True).parameters.values())
    at = [one.name for one in own].index("acting")
    *first, last = OPTIONS.values()
    called.__signature__ = inspect.Signature([*own[:at], *first, *own[at + 1 :], last])  # type: ignore[attr-defined]  # what typer reads
    return called


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
