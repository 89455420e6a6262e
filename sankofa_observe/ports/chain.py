"""The SLA contracts, and what is sent to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sankofa_observe.sla.settlement import MAX_BATCH, ChainIdentity, Row, SettlementKey, SettlementState


class AttemptKind(StrEnum):
    REPORT = "report"
    FINALISE = "finalise"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One signed transaction. It is stored before it is sent, and the same bytes are sent again until its fate is known.

    Several may share a nonce: the first is 0, and each later one was signed in the place of those before. The chain takes one of them.
    """

    kind: AttemptKind
    settlement_ids: tuple[str, ...]
    sender: str
    nonce: int
    transaction: str
    raw: bytes = field(repr=False)
    replacement: int = 0

    def __str__(self) -> str:
        again = f", replacement {self.replacement}" if self.replacement else ""
        return (
            f"{self.kind} of {len(self.settlement_ids)}, nonce {self.nonce} of {self.sender}{again}: {self.transaction}"
        )


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signed batch, and what each of its rows would meet if it were sent now: nothing, or why the contract would set it apart."""

    attempt: Attempt
    refused: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The fate of a transaction: in which block, and whether it took effect."""

    succeeded: bool
    block_number: int
    reason: str = ""
    block_hash: str = ""  # nothing where no block has it: another transaction took its nonce


@dataclass(frozen=True, kw_only=True)
class ChainHead:
    """The newest block, and what the contract says of itself there."""

    number: int
    at: int
    hash: str
    unpaused_at: int  # the contract's clock, which stands still while it is paused
    paused: bool = False
    most_rows: int = MAX_BATCH  # of one transaction: as many as its contract takes, and its block holds


@dataclass(frozen=True, kw_only=True)
class AttestorSet:
    """Who may attest, how many must, and the digest that binds a signature to this very set."""

    members: tuple[str, ...]
    threshold: int
    epoch: int
    config_digest: str


class PartyRole(StrEnum):
    """Which of the two parties of an agreement."""

    PROVIDER = "provider"
    TENANT = "tenant"


@dataclass(frozen=True, kw_only=True)
class OnChainWord:
    """One word of a settlement: a row that was reported, and how far it has come."""

    state: SettlementState
    revision: int
    commitment: str  # to the row that was reported, see `Row.commitment`
    credit_ppm: int
    deadline_at: int  # of the dispute window, in unpaused time
    deadline_block: int
    disputed_by: frozenset[PartyRole] = frozenset()  # who objects

    def due_at(self, ruling_seconds: int) -> int | None:
        """When time alone makes it final, by the contract's clock; None where nothing but an act moves it on."""
        if self.state is SettlementState.REPORTED:
            return self.deadline_at
        return self.deadline_at + ruling_seconds if self.state is SettlementState.DISPUTED else None


@dataclass(frozen=True, kw_only=True)
class OnChainSettlement:
    """What the contract holds under a settlement's name: what stands, and the restatement that waits beside it."""

    standing: OnChainWord
    pending: OnChainWord | None = None

    @property
    def next_revision(self) -> int:
        """Of the next report."""
        return 1 + max(one.revision for one in self.words)

    @property
    def words(self) -> tuple[OnChainWord, ...]:
        return (self.standing,) if self.pending is None else (self.standing, self.pending)

    def holding(self, row_at: Callable[[int], Row]) -> OnChainWord | None:
        """The word that commits to a row; of a row any revision, so it is made for each."""
        return next((one for one in self.words if row_at(one.revision).commitment == one.commitment), None)


@dataclass(frozen=True, kw_only=True)
class OnChainAgreement:
    """What both parties accepted: periods by their index, the end being the first one that is no part of it."""

    version: int
    first_period: int
    end_period: int

    def covers(self, period_index: int) -> bool:
        return self.first_period <= period_index < self.end_period


@dataclass(frozen=True, kw_only=True)
class Finalisation:
    """The contract's own word that a revision became final: what its period comes to, and what the credit changed by."""

    revision: int
    period_minor: int
    delta_minor: int
    by_default: bool  # a dispute that was not ruled on in time
    transaction: str
    block_number: int
    at: int


class RulingOutcome(StrEnum):
    """By the contract's number of each."""

    UPHELD = "upheld"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What the arbiter said: revision, counts, document and credit in force by it, zeros where it rejected."""

    outcome: RulingOutcome
    row: Row
    credit_ppm: int
    ruling_hash: str
    transaction: str
    block_number: int


CHANGES = (
    "AttestorsAnnounced", "AttestorsSet", "RoleChangeAnnounced", "RoleChanged", "Paused", "Unpaused",
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

    def changes(self, first_block: int, last_block: int) -> Sequence[str]:
        """The names of those of `CHANGES` that were logged in these blocks, both included, each as often as it was."""

    def settlements(self, keys: Sequence[SettlementKey]) -> Sequence[OnChainSettlement | None]:
        """Of each what the contract holds, in one question however many they are."""

    def touched(self, first_block: int, last_block: int) -> frozenset[SettlementKey]:
        """The settlements of which the contract logged anything in these blocks, both included."""

    def block_hash(self, number: int) -> str | None:
        """None where the node has no such block."""

    def agreement(self, agreement_id: str) -> OnChainAgreement | None:
        """What both parties accepted under an id; None where they did not."""

    def terms_hashes(self, periods: Sequence[tuple[str, int]]) -> Sequence[str | None]:
        """Of agreements and indices of periods which terms both parties accepted, in a few questions; None where they did for none."""

    def next_nonce(self, account: str | None = None) -> int:
        """The sender's next nonce, or another account's; mined transactions only."""

    def sign_reports(self, rows: Sequence[Row], signatures: Sequence[bytes], nonce: int) -> Signed: ...

    def sign_finalise(self, keys: Sequence[SettlementKey], nonce: int) -> Signed: ...

    def replacement(self, attempt: Attempt) -> Attempt:
        """The same call under the same nonce, signed at the price of the settings."""

    def send(self, attempt: Attempt) -> None:
        """Send the stored bytes; a node that knows them already is content. Raises `NotTaken` where it answered, and does not take them."""

    def receipt(self, attempt: Attempt) -> Receipt | None:
        """None means *not known*, never *failed*."""

    def finalisations(self, keys: frozenset[SettlementKey]) -> Mapping[SettlementKey, Sequence[Finalisation]]:
        """Every revision of these that became final, oldest first."""

    def rows(self, keys: frozenset[SettlementKey]) -> Mapping[SettlementKey, Mapping[int, Row]]:
        """Of each what was ever reported, and put in its place by a ruling, by revision."""

    def ruling(self, key: SettlementKey, revision: int) -> Ruling | None:
        """The ruling by which a revision stands."""
