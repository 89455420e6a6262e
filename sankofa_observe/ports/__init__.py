"""What the pipeline needs of the world, and nothing else: each Protocol has a double in `testing` and a real adapter; of leases,
jobs and an attestor's own side, which need nothing that a test lacks, there are only the real ones.

Every write is an append and is safe to repeat: it answers False when the same thing stands already, and raises
`InvariantBroken` when another thing stands in its place. Every read may raise `Unavailable`; nothing is lost by that.
"""

from __future__ import annotations

from sankofa_observe.ports.archive import EvidenceArchive
from sankofa_observe.ports.attestor import (
    NO_PAPERS,
    Answer,
    AnswerMemory,
    Asked,
    Attestor,
    AttestorDesk,
    NoAnswer,
    Proposal,
    Witness,
    Word,
)
from sankofa_observe.ports.audit import Audited, EvidenceRead, Person, PersonKind, Way
from sankofa_observe.ports.chain import (
    CHANGES,
    Attempt,
    AttemptKind,
    AttestorSet,
    ChainHead,
    Finalisation,
    OnChainAgreement,
    OnChainSettlement,
    OnChainWord,
    PartyRole,
    Receipt,
    Ruling,
    RulingOutcome,
    SettlementChain,
    Signed,
)
from sankofa_observe.ports.clock import Clock
from sankofa_observe.ports.exclusions import ExclusionChange, Exclusions, KnownExclusions
from sankofa_observe.ports.incidents import Incidents
from sankofa_observe.ports.jobs import Job, Jobs
from sankofa_observe.ports.lease import Lease
from sankofa_observe.ports.ledger import (
    AgreementRecord,
    JudgedFrom,
    Ledger,
    LedgerRead,
    Outcome,
    Page,
    Review,
    SettlementRecord,
    StateChange,
    ToAssess,
    Totals,
    Transaction,
    Undetermined,
    Wait,
    Waiting,
)
from sankofa_observe.ports.retention import KeptBack, OldEvidence, Retained
from sankofa_observe.ports.samples import HOUR_SECONDS, RawSeries, SampleSet, SampleSource
from sankofa_observe.ports.signer import Signer
from sankofa_observe.ports.silences import Silence, Silences
from sankofa_observe.ports.slots import SealedStore, SlotTable

__all__ = [
    "CHANGES",
    "HOUR_SECONDS",
    "NO_PAPERS",
    "AgreementRecord",
    "Answer",
    "AnswerMemory",
    "Asked",
    "Attempt",
    "AttemptKind",
    "Attestor",
    "AttestorDesk",
    "AttestorSet",
    "Audited",
    "ChainHead",
    "Clock",
    "EvidenceArchive",
    "EvidenceRead",
    "ExclusionChange",
    "Exclusions",
    "Finalisation",
    "Incidents",
    "Job",
    "Jobs",
    "JudgedFrom",
    "KeptBack",
    "KnownExclusions",
    "Lease",
    "Ledger",
    "LedgerRead",
    "NoAnswer",
    "OldEvidence",
    "OnChainAgreement",
    "OnChainSettlement",
    "OnChainWord",
    "Outcome",
    "Page",
    "PartyRole",
    "Person",
    "PersonKind",
    "Proposal",
    "RawSeries",
    "Receipt",
    "Retained",
    "Review",
    "Ruling",
    "RulingOutcome",
    "SampleSet",
    "SampleSource",
    "SealedStore",
    "SettlementChain",
    "SettlementRecord",
    "Signed",
    "Signer",
    "Silence",
    "Silences",
    "SlotTable",
    "StateChange",
    "ToAssess",
    "Totals",
    "Transaction",
    "Undetermined",
    "Wait",
    "Waiting",
    "Way",
    "Witness",
    "Word",
]
