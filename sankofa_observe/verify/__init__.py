"""Check evidence, sharing no code with the engine that wrote it: only Python's own library, and the rules written out a second time.

A tenant runs this on a file: slots are recounted from the raw samples the file carries, then added up, judged, priced and hashed
again, and each result is compared with what the file claims. With a node's address the contract is asked as well.

A format is a package of its own that never changes once documents of it exist; `FORMATS` is the list.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sankofa_observe.verify import evidence_2
from sankofa_observe.verify.answers import ADDRESS, Ask
from sankofa_observe.verify.chain import Asking, held_by_contract
from sankofa_observe.verify.findings import CannotCheck, Check, Findings, NoAnswer, OnChain, reading
from sankofa_observe.verify.row import REVISIONS

FORMATS = {evidence_2.FORMAT: evidence_2.document, evidence_2.SLOT_FORMAT: evidence_2.slot}

__all__ = ["FORMATS", "Asking", "CannotCheck", "Check", "Findings", "NoAnswer", "OnChain", "verify"]


def verify(raw: bytes, *, ask: Ask | Asking | None = None, contract: str | None = None, revision: int = 1) -> Findings:
    """Recompute everything a file claims; `ask(method, params)` is a JSON-RPC of a chain node.

    `revision` is that of the row whose commitment is told where no node is asked: a document knows none, for a ruling or a restatement
    gives it one. `contract` is the address the reader signed with: a forger may name one of their own.

    Raises:
        CannotCheck: it is no such file, or the node answers in another form; nothing is said about its numbers.
        NoAnswer: the node did not answer.
    """
    if contract is not None and not ADDRESS.fullmatch(contract):
        raise CannotCheck(f"contract is {contract[:80]!r}, expected 0x and 40 hex digits")
    if revision not in REVISIONS:
        raise CannotCheck(f"revision is {revision}, expected {REVISIONS.start} to {REVISIONS.stop - 1}")
    document = _parse(raw)
    with reading():
        found = _with_row(FORMATS[document["format"]](raw, document), revision)
        if ask is not None or contract is not None:
            found = held_by_contract(found, Asking(ask=ask) if callable(ask) else ask, contract)
    return found


def _with_row(found: Findings, revision: int) -> Findings:
    """By what the contract knows it, and what it keeps of it."""
    row = found.on_chain.row
    named = {
        "row": f"agreement {row.agreement}, period {row.period}, SLO {row.slo}",
        "commitment": f"{row.commitment(revision)} of revision {revision}: good {row.good} of {row.valid}, document {row.document_hash}",
    }
    return replace(found, summary={**found.summary, **named})


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
