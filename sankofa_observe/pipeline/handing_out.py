"""Evidence is handed out with a record of who got it, over which way and why. Where no record can be written, nothing is handed out.

One record an actor, document, way, reason and UTC day: who reads the same a thousand times a day writes once. One write at a time of a
process, so that many readers together take no more turns from the stages than one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import Clock, EvidenceArchive, EvidenceRead, Ledger, SettlementRecord, Way

TURN_SECONDS = 5  # for which a reader waits for the readers before it


@dataclass(frozen=True, kw_only=True)
class HandingOut:
    ledger: Ledger
    archive: EvidenceArchive
    clock: Clock
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def document(self, of: SettlementRecord) -> bytes | None:
        """Of a settlement, or None; raises `InvariantBroken` where it is damaged."""
        return self.archive.get(of.penalty.document_hash)

    def record(self, of: SettlementRecord, *, actor: str, way: Way, reason: str) -> None:
        """That its document is handed out now; raises whatever keeps the ledger from taking it."""
        read = EvidenceRead(
            document_hash=of.penalty.document_hash,
            settlement_id=of.penalty.settlement_id,
            tenant=of.penalty.tenant,
            actor=actor,
            way=way,
            reason=reason,
            at=self.clock.now(),
        )
        if not self._turn.acquire(timeout=TURN_SECONDS):
            raise Unavailable(
                f"reads of evidence waited {TURN_SECONDS} s for those before them; nothing was written, try again"
            )
        try:
            self.ledger.add_evidence_read(read)
        finally:
            self._turn.release()
