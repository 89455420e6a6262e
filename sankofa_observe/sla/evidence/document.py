"""The evidence document as values: an identity, the days behind it, and where it comes from.

The identity is what was agreed and counted; its hash goes on chain, in the row that it names. Days carry the slots and their proofs, which the identity binds
by a leaf a day. The provenance identifies nothing: the same slots, assessed by another release or observer, are the same evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sankofa_observe.sla.calendar import Calendar
from sankofa_observe.sla.overlay import Overlay
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.units import Period

FORMAT = "sankofa-evidence/2"
Json = Any  # a value of canonical JSON: integers, strings, lists and objects


@dataclass(frozen=True, kw_only=True)
class RowName:
    """By what the contract knows a settlement: agreement, period of its calendar, promise of the version that holds for it."""

    agreement_id: str  # on chain
    period_index: int
    slo_index: int


@dataclass(frozen=True, kw_only=True)
class AgreedTerms:
    """What the credit follows from; `terms_hash` names the whole terms document."""

    version: int
    terms_hash: str
    fee_minor: int
    currency: str
    exponent: int
    cap_ppm: int
    bands: tuple[tuple[int, int], ...]  # below_ppm, credit_ppm


@dataclass(frozen=True, kw_only=True)
class CountingRules:
    """What slots and verdict follow from; `spec_digest` names the whole way of counting.

    Which sources a site has changes with the fleet file: that stands in each slot's own proof.
    """

    name: str
    site: str
    spec_digest: str
    target_ppm: int
    budgeting: str
    no_traffic: str
    counted: str  # states, events or parts
    slot_seconds: int
    slot_expected: int
    slot_target_ppm: int
    scrape_seconds: int
    settles_seconds: int
    counts_bad: int  # 1: the good counters are of bad events
    combine: str


@dataclass(frozen=True, kw_only=True)
class EdgeCounts:
    """What stands outside the period and may belong to it."""

    settled: int
    after_good: int
    after_bad: int
    after_hidden: int


@dataclass(frozen=True, kw_only=True)
class Day:
    """The slots of the period in one UTC day, each a line of text, and the proofs of those that are not GOOD."""

    day: int  # days since the epoch
    rows: tuple[str, ...]  # `start,counts,state`, as site-days are hashed
    proofs: tuple[tuple[int, Json], ...]  # start of the slot, and what its figures follow from


@dataclass(frozen=True, kw_only=True)
class DayLeaf:
    """A day as the period's root binds it."""

    day: int
    slots: int
    rows_digest: str  # the digest of the site-day, where the day lies wholly in the period
    proofs_digest: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What was agreed and what was counted: nothing of who wrote it, with what, and when."""

    settlement_id: str  # follows from chain and row
    chain: ChainIdentity
    row: RowName
    calendar: Calendar  # in which the row's period is `period`
    agreement: AgreedTerms
    slo: CountingRules
    period: Period
    observers: Quorum
    days: tuple[DayLeaf, ...]  # of one observer after the other, in the order of their names
    root: str
    edges: tuple[EdgeCounts, ...]  # of each observer
    overlay: Overlay
    good: int
    bad: int
    unknown: int
    verdict: str
    credit_ppm: int
    credit_minor: int

    @property
    def high_good(self) -> int:
        """Good if all that is not known was good: what is reported and priced."""
        return self.good + self.unknown

    @property
    def base(self) -> int:
        return self.good + self.bad + self.unknown


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who computes: written into every evidence document."""

    engine: str  # name and version of the code
    observer: str  # name of the observer that this process is

    def observers(self, quorum: Quorum) -> str:
        """Whose slots are used: of an agreement that names nobody, those of this process."""
        return ", ".join(quorum.names) or self.observer


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a document comes from; none of it is hashed into the identity."""

    engine: str  # name and version of the code
    observer: str  # whose process wrote it
    queries: tuple[str, ...]  # the selectors that were read
    revision: int  # which verdict of this period it is, in the ledger it was written for
    assessed_at: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One document; `days` are those of one observer after the other, as the identity has their leaves."""

    identity: Identity
    days: tuple[Day, ...]
    provenance: Provenance

    def days_of(self, observer: int) -> tuple[Day, ...]:
        """The days of one observer, by its place among the names."""
        own = len(self.days) // len(self.identity.observers)
        return self.days[observer * own : (observer + 1) * own]
