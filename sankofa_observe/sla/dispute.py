"""An objection to a settlement, and the ruling on it: documents that stay off chain and are named there by their SHA-256.

Both hold a salt, so that nobody finds the words by guessing at them. Whoever writes one keeps the file: the chain has its hash alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import rfc8785

from sankofa_observe.sla.evidence import Evidence, document_hash, seen_of
from sankofa_observe.sla.settlement import Row
from sankofa_observe.slo.observers import merged
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.units import rfc3339

NO_ROOT = "0x" + "00" * 32


@dataclass(frozen=True, kw_only=True)
class Objection:
    """Why a party does not agree with a row, with its own evidence where it has one."""

    row: Row
    reason: str
    salt: str
    counter: Evidence | None = None

    @property
    def root(self) -> str:
        """Over the party's own slots; zeros where it brings none."""
        return self.counter.identity.root if self.counter else NO_ROOT

    @property
    def document(self) -> bytes:
        said: dict[str, Any] = {
            "format": "sankofa-objection/1",
            "row": row_json(self.row),
            "reason": self.reason,
            "salt": self.salt,
        }
        if self.counter:
            said |= {"document": document_hash(self.counter.identity), "root": self.root}
        return rfc8785.dumps(said)


@dataclass(frozen=True, kw_only=True)
class RulingText:
    """Why the arbiter ruled so; `row` is the one in force by the ruling, or the one that it rejects."""

    outcome: str
    row: Row
    reason: str
    salt: str

    @property
    def document(self) -> bytes:
        said: dict[str, Any] = {
            "outcome": self.outcome,
            "row": row_json(self.row),
            "reason": self.reason,
            "salt": self.salt,
        }
        return rfc8785.dumps({"format": "sankofa-ruling/1", **said})


def digest_of(document: bytes) -> str:
    return "0x" + hashlib.sha256(document).hexdigest()


def row_json(row: Row) -> dict[str, Any]:
    return {
        "agreement": row.agreement_id,
        "period": row.period_index,
        "slo": row.slo_index,
        "revision": row.revision,
        "good": str(row.good),
        "valid": str(row.valid),
        "document": row.document_hash,
    }


@dataclass(frozen=True, kw_only=True)
class SlotDifference:
    """One slot that two documents count otherwise; None where a document has no such slot."""

    starts_at: int
    reported: SlotState | None
    countered: SlotState | None

    def __str__(self) -> str:
        words = [one.value if one else "absent" for one in (self.reported, self.countered)]
        return f"{rfc3339(self.starts_at)}  {words[0]:<8} {words[1]}"


def slot_differences(reported: Evidence, countered: Evidence) -> Iterator[SlotDifference]:
    """Slot by slot, oldest first: the states by which periods are judged, as each document's observers have them together."""
    one, other = (
        {slot.starts_at: slot.state for slot in merged(document.identity.observers, seen_of(document))}
        for document in (reported, countered)
    )
    for starts_at in sorted(one.keys() | other.keys()):
        if one.get(starts_at) is not other.get(starts_at):
            yield SlotDifference(starts_at=starts_at, reported=one.get(starts_at), countered=other.get(starts_at))
