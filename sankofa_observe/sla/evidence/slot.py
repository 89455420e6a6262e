"""The proof of one slot: what a tenant hands on about a minute, without the fee and the rest of the month.

It carries the slot's day, the way from that day to the period's root, and the one hash that makes a document of the root; with the counts
of the row that is what the contract keeps.
"""

from __future__ import annotations

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.evidence.document import Day, Evidence, Json
from sankofa_observe.sla.evidence.form import canonical, counted_json, exact, leaf_json, rest_digest, row_json, sha256
from sankofa_observe.sla.evidence.tree import leaf_hash, path
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import rfc3339

SLOT_FORMAT = "sankofa-evidence-slot/2"


def slot_proof(evidence: Evidence, at: int, observer: str = "") -> bytes:
    """The proof of the slot in which this instant lies, as one observer counted it: of several, the first unless one is named.

    Raises:
        InvalidInput: the period has no such slot, or its agreement no such observer.
    """
    identity, step = evidence.identity, evidence.identity.slo.slot_seconds
    names, start = identity.observers.names, at // step * step
    if observer and observer not in names:
        expected = f"one of its agreement: {', '.join(names)}" if names else "no name: its agreement names no observers"
        raise InvalidInput(f"observer {observer} is not in it, expected {expected}")
    place = names.index(observer) if observer else 0
    first = place * len(evidence.days_of(place))
    days = enumerate(evidence.days_of(place), first)
    index = next((n for n, day in days if day.day == start // DAY_SECONDS), None)
    if index is None or not _has(evidence.days[index], start):
        raise InvalidInput(f"slot {rfc3339(start)} is not in it, expected one of the period {identity.period}")
    day = evidence.days[index]
    return canonical(
        {
            "format": SLOT_FORMAT,
            "settlement_id": identity.settlement_id,
            "chain": vars(identity.chain),
            "row": row_json(identity.row),
            "good": exact(identity.high_good),
            "valid": exact(identity.base),
            "rest": rest_digest(identity),
            **counted_json(identity),
            "root": identity.root,
            "days": len(identity.days),
            "index": index,
            "path": ["0x" + one.hex() for one in path([leaf_hash(leaf) for leaf in identity.days], index)],
            "leaf": leaf_json(identity.days[index]),
            "rows": list(day.rows),
            "proof_digests": [[of, sha256(canonical(proof))] for of, proof in day.proofs],
            "slot": start,
            "proof": _proof(day, start),
        }
    )


def _has(day: Day, start: int) -> bool:
    return any(row.startswith(f"{start},") for row in day.rows)


def _proof(day: Day, start: int) -> Json:
    """The slot's own proof, in a list; an empty list for a GOOD slot, which has none."""
    return [proof for of, proof in day.proofs if of == start]
