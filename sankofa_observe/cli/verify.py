"""`sankofa-observe verify`: a tenant recomputes what a document claims. Exit 0 match, 1 mismatch, 2 cannot check."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sankofa_observe.cli.output import AsJson, complain, say


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    document: Annotated[Path, typer.Argument(help="An evidence document, as the API answers it; - reads stdin.")],
    rpc: Annotated[str | None, typer.Option(help="Ask the contract too, at this chain node.")] = None,
    contract: Annotated[str | None, typer.Option(help="The contract you signed with, 0x…")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Recount slots, verdict, credit and roots from an evidence document, sharing no code with the engine.

    Exit 0: everything matches. 1: something does not. 2: it cannot be checked.

    Offline it proves that the document fits itself; --rpc asks the contract the document names, and --contract holds that
    name against the one you signed with.

    Example: sankofa-observe verify evidence.json --rpc http://127.0.0.1:8545 --contract 0x…
    """
    from sankofa_observe import verify as verifier

    try:
        raw = sys.stdin.buffer.read() if str(document) == "-" else document.read_bytes()
        checks = verifier.verify(raw)
        if contract and not rpc:
            checks.append(verifier.verify_contract(raw, contract))
        if rpc:
            checks += verifier.verify_on_chain(raw, lambda method, params: _ask(rpc, method, params), contract)
    except (OSError, ValueError, verifier.CannotCheck) as error:  # ValueError: a node's answer that is no hex
        complain(f"{document}: cannot check: {error}")
        raise typer.Exit(2) from None
    wrong = [check for check in checks if not check.holds]
    if as_json:
        print(json.dumps([{**vars(check), "holds": check.holds} for check in checks], indent=2))  # noqa: T201
    else:
        for check in wrong:
            told = f"MISMATCH {check.what}\n  claimed {check.claimed}\n  found   {check.found}"
            say(told)
        said = f"{len(wrong)} of {len(checks)} checks do not hold" if wrong else f"all {len(checks)} checks hold"
        say(f"{document}: {said}")
    raise typer.Exit(1 if wrong else 0)


def _ask(rpc: str, method: str, params: list[Any]) -> str:
    import httpx

    from sankofa_observe.verify import CannotCheck

    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    try:
        answer = httpx.post(rpc, json=body, timeout=10, trust_env=False).json()
        return str(answer["result"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise CannotCheck(f"chain node {rpc}: {type(error).__name__}: {error}") from error
