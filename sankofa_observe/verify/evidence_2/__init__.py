"""Format `sankofa-evidence/2`, and `sankofa-evidence-slot/2`, the proof of one slot of it. Frozen: a change is another format.

The rules stand in docs/reference/evidence.md; this is one reading of them, and the tests have a second.
"""

from __future__ import annotations

from sankofa_observe.verify.evidence_2.file import document, slot
from sankofa_observe.verify.evidence_2.form import FORMAT, SLOT_FORMAT

__all__ = ["FORMAT", "SLOT_FORMAT", "document", "slot"]
