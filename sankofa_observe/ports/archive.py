"""Where evidence documents are kept."""

from __future__ import annotations

from typing import Protocol

from sankofa_observe.sla.evidence import Document


class EvidenceArchive(Protocol):
    """Evidence documents by the digest of their canonical bytes; written once."""

    def put(self, document: Document) -> str:
        """Store the document; answers its digest."""

    def get(self, digest: str) -> bytes | None: ...
