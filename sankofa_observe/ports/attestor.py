"""Independent witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sankofa_observe.ports.chain import AttestorSet
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.settlement import ChainIdentity, Row


class Attestor(Protocol):
    """An independent witness: it recounts from its own samples and signs the proposer's document, or nothing."""

    @property
    def name(self) -> str: ...

    @property
    def account(self) -> str: ...

    def objection(self, document: Evidence) -> str | None:
        """Why it would not sign this document, or None."""

    def sign(self, rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> bytes: ...
