"""What the pipeline needs of the world, and nothing else: each Protocol has a double in `testing` and a real adapter.

Every write is an append and is safe to repeat: it answers False when the same thing stands already, and raises
`InvariantBroken` when another thing stands in its place. Every read may raise `Unavailable`; nothing is lost by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.evidence import Document
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import ChainIdentity, Report, SettlementState
from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.totals import SiteDay, SiteSpan
from sankofa_observe.units import Period


class Clock(Protocol):
    def now(self) -> int:
        """UTC seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class RawSeries:
    """Raw samples of one series: labels (with `__name__`), then `(milliseconds, value as the source wrote it)`."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[int, str]]


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """What a source answered. `complete` is False when it warned that a part is missing: then nothing in it is proof."""

    series: Sequence[RawSeries]
    complete: bool = True


HOUR_SECONDS = 3600  # samples are compared with what was counted from them by the hour


class SampleSource(Protocol):
    """Raw samples, as scraped: no deduplication, no downsampling, no functions."""

    def read(self, selector: str, period: Period) -> SampleSet:
        """Samples with `starts_at <= t < ends_at`."""

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        """Per site and hour (its start, of those that begin in the period) how many samples there are by now."""

    def newest_at(self) -> int:
        """When the source last scraped anything, by its own clock; UTC seconds."""


class SlotTable(Protocol):
    """The append-only table of one observer's slots; a slot that changed stands in a new revision, the old one stays."""

    def append(self, slots: Iterable[Slot], observed_at: int, *, anyhow: bool = False) -> int:
        """Add the slots that differ from what stands; answers how many were added. Of two of one key the last counts.

        One that was counted from fewer samples than what stands is left out, unless it is to change `anyhow`.
        """

    def amend(self, slots: Iterable[Slot], observed_at: int) -> int:
        """Add those that stand as counted from as many samples, and came out otherwise; answers how many were added."""

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        """The latest revision of each slot that starts in the period, by site and time."""

    def site_days(self, slo: str, sites: Sequence[str], period: Period) -> list[SiteDay]:
        """Per site and UTC day the same slots added up, of every day in the period that has any, by site and day."""

    def spans(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, SiteSpan]:
        """Per site those days together."""

    def forgotten(self, period: Period) -> bool:
        """Whether slots of the period are no longer kept, but in the totals of their day."""

    def late(self, slots: Iterable[Slot]) -> Mapping[str, tuple[int, int]]:
        """Per site the starts of the first and the last of these slots that stand as counted from fewer samples."""

    def samples(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[tuple[str, int], int]:
        """Per site and hour (its start) how many raw samples its slots were counted from."""

    def watermarks(self, slo: str) -> Mapping[str, int]:
        """Per site the start of the newest slot there is."""

    def uncertain(self, slo: str, since_at: int) -> Mapping[str, int]:
        """Per site the oldest slot since then of which something is not certain: what comes after it may settle it."""


class EvidenceArchive(Protocol):
    """Evidence documents by the digest of their canonical bytes; written once."""

    def put(self, document: Document) -> str:
        """Store the document; answers its digest."""

    def get(self, digest: str) -> bytes | None: ...


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """One move of a settlement, as recorded."""

    state: SettlementState
    at: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class SettlementRecord:
    """A penalty with the moves of its settlement, oldest first."""

    penalty: Penalty
    history: tuple[StateChange, ...]

    @property
    def state(self) -> SettlementState:
        return self.history[-1].state


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


class Ledger(Protocol):
    """The records, append-only."""

    def add_agreement(self, *, agreement_id: str, version: int, terms_hash: str, document: str, at: int) -> bool: ...

    def versions(self, agreement_id: str) -> list[int]:
        """The versions of an agreement that were ever recorded, in order."""

    def add_verdict(self, record: VerdictRecord) -> bool: ...

    def verdicts(self, *, agreement_id: str | None = None, period: Period | None = None) -> list[VerdictRecord]:
        """Every revision, oldest first."""

    def add_penalty(self, penalty: Penalty) -> bool:
        """Store the penalty and its settlement's COMPUTED in one transaction."""

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        """Append a move; a move that no arrow allows raises `InvariantBroken`."""

    def settlements(self, *states: SettlementState) -> list[SettlementRecord]:
        """Settlements now in one of the states (all, when none is named), by period and id."""

    def settlement(self, settlement_id: str) -> SettlementRecord | None: ...

    def add_attempt(self, attempt: Attempt, at: int) -> bool: ...

    def open_attempts(self) -> list[Attempt]:
        """Attempts whose fate is not recorded, by nonce."""

    def close_attempt(self, attempt: Attempt, receipt: Receipt, at: int) -> bool: ...

    def add_credit(self, credit: ServiceCredit) -> bool: ...

    def credits(self, *, tenant: str | None = None) -> list[ServiceCredit]: ...


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


class SettlementChain(Protocol):
    """The SLA contract. The chain is the truth; what we store beside it only says where to look."""

    @property
    def identity(self) -> ChainIdentity: ...

    def head(self) -> ChainHead:
        """Raises `InvariantBroken` on a wrong chain or a missing contract, `Unavailable` when it does not answer."""

    def attestor_set(self) -> AttestorSet: ...

    def settlement(self, settlement_id: str) -> OnChainSettlement | None: ...

    def holds_terms(self, agreement_id: str, terms_hash: str) -> bool:
        """Whether both parties accepted exactly these terms."""

    def can_finalise(self, settlement_id: str) -> bool: ...

    def next_nonce(self) -> int:
        """The sender's next nonce, mined transactions only."""

    def sign_reports(self, reports: Sequence[Report], signatures: Sequence[bytes], nonce: int) -> Attempt: ...

    def sign_finalise(self, settlement_ids: Sequence[str], nonce: int) -> Attempt: ...

    def send(self, attempt: Attempt) -> None:
        """Send the stored bytes; a node that knows them already is content."""

    def receipt(self, attempt: Attempt) -> Receipt | None:
        """None means *not known*, never *failed*."""

    def finalisation(self, settlement_id: str) -> Finalisation | None: ...


class Attestor(Protocol):
    """An independent witness: it recounts from its own samples and signs the proposer's document, or nothing."""

    @property
    def name(self) -> str: ...

    @property
    def account(self) -> str: ...

    def objection(self, document: Document) -> str | None:
        """Why it would not sign this document, or None."""

    def sign(self, reports: Sequence[Report], attestors: AttestorSet, chain: ChainIdentity) -> bytes: ...
