"""`sankofa-verify`, and the whole of `sankofa-observe verify`: a file is checked and what was found is printed.

Exit codes: 0 everything matches · 1 the chain node did not answer, try again · 2 it is no such file · 3 something does not match.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from sankofa_observe.verify import CannotCheck, Findings, NoAnswer, verify
from sankofa_observe.verify.node import node

MATCH, NO_ANSWER, NO_FILE, MISMATCH = 0, 1, 2, 3
SHOWN = 20  # mismatches in words; --json has all


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="sankofa-verify",
        description="Recount slots, verdict, credit and hashes from evidence, sharing no code with the engine.",
        epilog="Exit codes: 0 everything matches, 1 the node did not answer, 2 no such file, 3 something does not match. "
        "Example: sankofa-verify evidence.json --rpc http://127.0.0.1:8545 --contract 0x...",
    )
    parser.add_argument("file", help="a document as the API answers it, or the proof of a slot; - reads stdin")
    parser.add_argument("--rpc", metavar="URL", help="ask the contract too, at this chain node")
    parser.add_argument("--contract", metavar="ADDRESS", help="the contract you signed with, 0x…")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args()
    sys.exit(run(chosen.file, rpc=chosen.rpc, contract=chosen.contract, as_json=chosen.json))


def run(file: str, *, rpc: str | None = None, contract: str | None = None, as_json: bool = False) -> int:
    """Check the file and print what was found; answers the exit code."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        found = verify(raw, ask=node(rpc) if rpc else None, contract=contract)
    except OSError as error:
        return _complain(f"{file}: cannot check: {error.strerror or error}", NO_FILE)
    except CannotCheck as error:
        return _complain(f"{file}: cannot check: {error}", NO_ANSWER if isinstance(error, NoAnswer) else NO_FILE)
    _say(_json_of(file, found) if as_json else _text_of(file, found))
    return MISMATCH if found.wrong else MATCH


def _json_of(file: str, found: Findings) -> str:
    told = {
        "file": file,
        "holds": not found.wrong,
        "checks": len(found.checks),
        "mismatches": [vars(check) for check in found.wrong],
        "summary": dict(found.summary),
        "proved": [] if found.wrong else list(found.proved),
        "not_proved": list(found.not_proved),
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _text_of(file: str, found: Findings) -> str:
    wrong = found.wrong
    lines = [f"{name:<9}{value}" for name, value in found.summary.items()]
    if wrong:
        for check in wrong[:SHOWN]:
            lines += [f"MISMATCH {check.what}", f"  claimed {check.claimed}", f"  found   {check.found}"]
        if len(wrong) > SHOWN:
            lines.append(f"and {len(wrong) - SHOWN} more; --json shows all")
        return "\n".join([*lines, f"{file}: {len(wrong)} of {len(found.checks)} checks do not hold"])
    lines += ["proved:", *(f"  {one}" for one in found.proved)]
    lines += ["not proved:", *(f"  {one}" for one in found.not_proved)]
    return "\n".join([*lines, f"{file}: all {len(found.checks)} checks hold"])


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"{_plain(text)}\n")
    return code


def _say(text: str) -> None:
    sys.stdout.write(f"{_plain(text)}\n")


def _plain(text: str) -> str:
    """A forged file may hold what a terminal obeys: nothing but printable text and line ends is shown."""
    shown = "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown.encode(sys.stdout.encoding or "utf-8", "replace").decode(sys.stdout.encoding or "utf-8")
