"""Check evidence, sharing no code with the engine that wrote it: only Python's own library, and the rules written out a second time.

A tenant runs this on a file: slots are recounted from the raw samples the file carries, then added up, judged, priced and hashed
again, and each result is compared with what the file claims. With a node's address the contract is asked as well.

A format is a package of its own that never changes once documents of it exist; `FORMATS` is the list.
"""

from __future__ import annotations

import json
from typing import Any

from sankofa_observe.verify import evidence_2
from sankofa_observe.verify.chain import ADDRESS, Ask, held_by_contract
from sankofa_observe.verify.findings import CannotCheck, Check, Findings, NoAnswer, OnChain, reading

FORMATS = {evidence_2.FORMAT: evidence_2.document, evidence_2.SLOT_FORMAT: evidence_2.slot}

__all__ = ["FORMATS", "CannotCheck", "Check", "Findings", "NoAnswer", "OnChain", "verify"]


def verify(raw: bytes, *, ask: Ask | None = None, contract: str | None = None) -> Findings:
    """Recompute everything a file claims; `ask(method, params)` is a JSON-RPC of a chain node.

    `contract` is the address the reader signed with: a forger may name one of their own.

    Raises:
        CannotCheck: it is no such file, or the node answers in another form; nothing is said about its numbers.
        NoAnswer: the node did not answer.
    """
    if contract is not None and not ADDRESS.fullmatch(contract):
        raise CannotCheck(f"contract is {contract[:80]!r}, expected 0x and 40 hex digits")
    document = _parse(raw)
    with reading():
        found = FORMATS[document["format"]](raw, document)
        if ask is not None or contract is not None:
            found = held_by_contract(found, ask, contract)
    return found


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError, MemoryError) as error:
        raise CannotCheck(
            f"no JSON: {str(error)[:300] or type(error).__name__}; expected an evidence document as the API answers it"
        ) from error
    seen = document.get("format") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(seen, str) or seen not in FORMATS:
        told = "format is missing" if seen is None else f"format {str(seen)[:80]!r} is not known here"
        raise CannotCheck(
            f"{told}, expected one of {', '.join(sorted(FORMATS))}; "
            "for a newer one, take a newer sankofa-observe[verify]"
        )
    return document
