"""`sankofa-verify`, and the whole of `sankofa-observe verify`: a file is checked and what was found is printed.

Exit codes: 0 everything matches · 1 the chain node did not answer, try again · 2 it cannot be checked, or what was found cannot be
written · 3 something does not match.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from sankofa_observe.verify import Asking, CannotCheck, Findings, NoAnswer, verify
from sankofa_observe.verify.address import VARIABLE, named
from sankofa_observe.verify.node import node
from sankofa_observe.verify.settled import SUPERSEDED

MATCH, NO_ANSWER, NO_FILE, MISMATCH = 0, 1, 2, 3
SHOWN = 20  # mismatches in words; --json has all
LONGEST = 400  # letters of a value in words; --json has all
MOST_BYTES = 64 * 2**20
_CLEARED = "\r\x1b[K"  # a terminal's line, with nothing on it


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="sankofa-verify",
        description="Recount slots, verdict, credit and hashes from evidence, sharing no code with the engine.",
        epilog="Exit codes: 0 everything matches, 1 the node did not answer, 2 it cannot be checked, 3 something does not match. "
        "Example: sankofa-verify evidence.json --rpc http://127.0.0.1:8545 --contract 0x...",
    )
    parser.add_argument("file", help="a document as the API answers it, or the proof of a slot; - reads stdin")
    parser.add_argument(
        "--rpc",
        metavar="URL",
        help=f"ask the contract too, at this chain node; without it, as {VARIABLE} says, if it is set",
    )
    parser.add_argument(
        "--rpc-file", metavar="FILE", type=Path, help="a file with that address, for one that has a password or a key"
    )
    parser.add_argument("--contract", metavar="ADDRESS", help="the contract you signed with, 0x…")
    parser.add_argument(
        "--revision",
        metavar="N",
        type=int,
        default=1,
        help="tell the contract's commitment of this revision of the row, 1 to 31; without it of the first",
    )
    parser.add_argument(
        "--from-block",
        metavar="N",
        type=int,
        help="search events from this block on; without it from the one in which the period ended",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args()
    asked = {name: getattr(chosen, name) for name in ("rpc", "rpc_file", "contract", "revision", "from_block")}
    sys.exit(run(chosen.file, **asked, as_json=chosen.json))


def run(
    file: str,
    *,
    rpc: str | None = None,
    rpc_file: Path | None = None,
    contract: str | None = None,
    revision: int = 1,
    from_block: int | None = None,
    as_json: bool = False,
) -> int:
    """Check the file and print what was found; answers the exit code, of which each has one meaning whatever goes wrong."""
    try:
        address = named(rpc, rpc_file)
        asking = _asking(address, from_block) if address is not None else None
        found = verify(_read(file), ask=asking, contract=contract, revision=revision)
        _say(_json_of(file, found) if as_json else _text_of(file, found))
    except CannotCheck as error:
        return _complain(f"{file}: cannot check: {error}", NO_ANSWER if isinstance(error, NoAnswer) else NO_FILE)
    except OSError as error:
        return _complain(f"{file}: cannot check: {error.strerror or error}", NO_FILE)
    except KeyboardInterrupt:
        return _complain(f"{file}: cannot check: interrupted before the end", NO_FILE)
    except Exception as error:  # noqa: BLE001  a traceback ends with exit code 1, which has another meaning
        return _complain(f"{file}: cannot check: {type(error).__name__}: {error}", NO_FILE)
    return MISMATCH if found.wrong else MATCH


def _asking(address: str, from_block: int | None) -> Asking:
    if from_block is not None and from_block < 0:
        raise CannotCheck(f"from-block is {from_block}, expected a block's number, 0 or more")
    asking = Asking(ask=node(address), from_block=from_block)
    return replace(asking, progress=_show_progress) if _is_watched() else asking


def _is_watched() -> bool:
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()


def _show_progress(first: int, done: int, last: int) -> None:
    """One line of a terminal, gone when the search is over."""
    sys.stderr.write(_CLEARED if done >= last else f"{_CLEARED}events: block {done} of {first} to {last}")
    sys.stderr.flush()


def _read(file: str) -> bytes:
    if file == "-" and sys.stdin is None:
        raise CannotCheck("stdin is closed, expected a document there")
    with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as source:
        raw = source.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise CannotCheck(
            f"it has more than {MOST_BYTES} bytes, expected an evidence document: a month has about 2 million"
        )
    return raw


def _json_of(file: str, found: Findings) -> str:
    told = {
        "file": file,
        "holds": not found.wrong,
        "checks": len(found.checks),
        "mismatches": [vars(check) for check in found.wrong],
        "standing": found.standing or None,
        "summary": dict(found.summary),
        "proved": [] if found.wrong else list(found.proved),
        "not_proved": list(found.not_proved),
    }
    return json.dumps(told, indent=2)  # in ASCII: what a terminal obeys is escaped, and every value stays what it was


def _text_of(file: str, found: Findings) -> str:
    """In lines, each value in one of them: what a forger writes begins no line of the report."""
    wrong = found.wrong
    width = max(map(len, found.summary), default=0) + 1
    lines = [f"{name:<{width}}{_plain(value)}" for name, value in found.summary.items()]
    if wrong:
        for check in wrong[:SHOWN]:
            lines += [
                f"MISMATCH {_plain(check.what)}",
                f"  claimed {_plain(check.claimed)}",
                f"  found   {_plain(check.found)}",
            ]
        if len(wrong) > SHOWN:
            lines.append(f"and {len(wrong) - SHOWN} more; --json shows all")
        return "\n".join([*lines, f"{_plain(file)}: {len(wrong)} of {len(found.checks)} checks do not hold"])
    lines += ["proved:", *(f"  {_plain(one)}" for one in found.proved)]
    lines += ["not proved:", *(f"  {_plain(one)}" for one in found.not_proved)]
    superseded = "; it is superseded, and its credit is not in force" if found.standing == SUPERSEDED else ""
    return "\n".join([*lines, f"{_plain(file)}: all {len(found.checks)} checks hold{superseded}"])


def _complain(text: str, code: int) -> int:
    with suppress(OSError, ValueError, CannotCheck):  # nobody listens: the exit code still tells
        if _is_watched():
            sys.stderr.write(_CLEARED)  # of a search that did not end
        _write(sys.stderr, _plain(text))
    return code


def _say(text: str) -> None:
    try:
        _write(sys.stdout, text)
    except BrokenPipeError as error:
        _close(sys.stdout)
        raise CannotCheck("whoever read what was found went away before the end") from error
    except OSError as error:
        _close(sys.stdout)
        raise CannotCheck(f"what was found cannot be written: {error.strerror}") from error


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None or stream.closed:
        raise CannotCheck("stdout is closed, expected a place to write what was found")
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()  # here and not at the end of the program, where it would end in another exit code


def _close(stream: TextIO) -> None:
    """What could not be written is not tried again when the program ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _plain(text: str) -> str:
    """One value in one line: a forged file, or a lying node, may hold what a terminal obeys, or end lines of the report."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} letters; --json shows all)"
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown)
