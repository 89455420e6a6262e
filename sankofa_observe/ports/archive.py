"""Where evidence documents are kept."""

from __future__ import annotations

from typing import Protocol

from sankofa_observe.sla.evidence import Evidence


class EvidenceArchive(Protocol):
    """Evidence documents by the hash of their identity; one that is whole is never replaced."""

    def put(self, document: Evidence) -> str:
        """Store the document unless one of its identity is there and whole; answers its hash."""

    def get(self, digest: str) -> bytes | None:
        """The bytes of a document, or None.

        Raises:
            InvariantBroken: what is stored there is damaged; `put` mends it.
        """

    def remove(self, digest: str) -> bool:
        """Delete a document for good, with what damaged copies of it are kept beside it; False where there was none."""

    def exposed(self, digest: str) -> str:
        """How somebody else than its owner may reach a document, with what to do, or nothing; `put` mends it."""
