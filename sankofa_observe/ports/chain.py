"""The SLA contract, and what is sent to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementState


class AttemptKind(StrEnum):
    REPORT = "report"
    FINALISE = "finalise"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One signed transaction. It is stored before it is sent, and the same bytes are sent again until its fate is known."""

    kind: AttemptKind
    settlement_ids: tuple[str, ...]
    sender: str
    nonce: int
    transaction: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The fate of a transaction: in which block, and whether it took effect."""

    succeeded: bool
    block_number: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ChainHead:
    number: int
    at: int


@dataclass(frozen=True, kw_only=True)
class AttestorSet:
    """Who may attest, how many must, and the digest that binds a signature to this very set."""

    members: tuple[str, ...]
    threshold: int
    epoch: int
    config_digest: str


@dataclass(frozen=True, kw_only=True)
class OnChainSettlement:
    """What the contract holds under a settlement id."""

    state: SettlementState
    document_hash: str
    credit_minor: int
    deadline_at: int


@dataclass(frozen=True, kw_only=True)
class Finalisation:
    """The contract's own word that a credit was accrued."""

    credit_minor: int
    cut_minor: int
    transaction: str
    block_number: int
    at: int


CHANGES = (
    "AttestorsSet", "RoleGranted", "RoleRevoked", "RoleAdminChanged", "Paused", "Unpaused",
    "DefaultAdminTransferScheduled", "DefaultAdminTransferCanceled", "DefaultAdminDelayChangeScheduled",
    "DefaultAdminDelayChangeCanceled",
)  # fmt: skip
"""Events of the contract after which somebody else may do something, or nobody may."""


class SettlementChain(Protocol):
    """The SLA contract. The chain is the truth; what we store beside it only says where to look."""

    @property
    def identity(self) -> ChainIdentity: ...

    @property
    def account(self) -> str:
        """Who sends: an address."""

    def head(self) -> ChainHead:
        """Raises `InvariantBroken` on a wrong chain or a missing contract, `Unavailable` when it does not answer."""

    def attestor_set(self) -> AttestorSet: ...

    def is_paused(self) -> bool: ...

    def changes(self, first_block: int, last_block: int) -> Sequence[str]:
        """The names of those of `CHANGES` that were logged in these blocks, both included, each as often as it was."""

    def settlement(self, settlement_id: str) -> OnChainSettlement | None: ...

    def holds_terms(self, agreement_id: str, terms_hash: str) -> bool:
        """Whether both parties accepted exactly these terms."""

    def can_finalise(self, settlement_id: str) -> bool: ...

    def next_nonce(self) -> int:
        """The sender's next nonce, mined transactions only."""

    def sign_reports(self, rows: Sequence[Row], signatures: Sequence[bytes], nonce: int) -> Attempt: ...

    def sign_finalise(self, settlement_ids: Sequence[str], nonce: int) -> Attempt: ...

    def send(self, attempt: Attempt) -> None:
        """Send the stored bytes; a node that knows them already is content."""

    def receipt(self, attempt: Attempt) -> Receipt | None:
        """None means *not known*, never *failed*."""

    def finalisation(self, settlement_id: str) -> Finalisation | None: ...
