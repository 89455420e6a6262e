"""`sankofa-observe verify`: the command of `sankofa-verify`, for who has the platform installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import AsJson


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    document: Annotated[
        str, typer.Argument(help="An evidence document, as the API answers it, or the proof of a slot; - reads stdin.")
    ],
    rpc: Annotated[
        str | None,
        typer.Option(help="Ask the contract too, at this chain node. Without it: as SANKOFA_RPC says, if set."),
    ] = None,
    rpc_file: Annotated[
        Path | None, typer.Option(help="File with that address, for one that has a password or a key.")
    ] = None,
    contract: Annotated[str | None, typer.Option(help="The contract you signed with, 0x…")] = None,
    revision: Annotated[
        int, typer.Option(help="Tell the contract's commitment of this revision of the row, 1 to 31.")
    ] = 1,
    from_block: Annotated[
        int | None,
        typer.Option(help="Search events from this block on; without it from the one in which the period ended."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Recount slots, verdict, credit and hashes from evidence, sharing no code with the engine.

    Exit 0: everything matches. 1: the chain node did not answer. 2: it cannot be checked. 3: something does not match.

    Offline it proves that the document fits itself; --rpc asks the contract the document names, and --contract holds that
    name against the one you signed with. What was not proved is said as well.

    Example: sankofa-observe verify evidence.json --rpc http://127.0.0.1:8545 --contract 0x…
    """
    from sankofa_observe.verify.command import run

    code = run(
        document,
        rpc=rpc,
        rpc_file=rpc_file,
        contract=contract,
        revision=revision,
        from_block=from_block,
        as_json=as_json,
    )
    raise typer.Exit(code)
