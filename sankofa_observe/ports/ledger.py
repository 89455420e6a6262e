"""Where the records are kept, how they are read, and what is to be done by them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from sankofa_observe.ports.audit import Audited
from sankofa_observe.ports.chain import Attempt, Receipt
from sankofa_observe.ports.exclusions import Exclusions
from sankofa_observe.ports.incidents import Incidents
from sankofa_observe.ports.lease import Lease
from sankofa_observe.ports.retention import Retained
from sankofa_observe.scope import Scope
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.exclusion import ExclusionRecord
from sankofa_observe.sla.incident import IncidentRecord
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.revision import Revision
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.verdict import AttainmentRecord
from sankofa_observe.units import Money, Period, rfc3339

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """One move of a settlement, as recorded."""

    state: SettlementState
    at: int
    detail: str = ""
    revision: int = 0  # the newest that the chain holds of it, as was last seen; 0 while there is none
    due_at: int | None = None  # when time alone moves it on, by the contract's clock

    def __str__(self) -> str:
        word = f", revision {self.revision} on chain" if self.revision else ""
        return f"{rfc3339(self.at)}  {self.state}{word}{f': {self.detail}' if self.detail else ''}"


@dataclass(frozen=True, kw_only=True)
class SettlementRecord:
    """A penalty with the moves of its settlement, oldest first."""

    penalty: Penalty
    history: tuple[StateChange, ...]

    @property
    def state(self) -> SettlementState:
        return self.history[-1].state

    @property
    def on_chain(self) -> int:
        """The newest revision of it that the chain holds, as was last seen; 0 where it holds none."""
        return self.history[-1].revision


@dataclass(frozen=True, kw_only=True)
class AgreementRecord:
    """One version of an agreement, as it was recorded: it needs no file to be read."""

    agreement_id: str
    version: int
    tenant: str
    terms_hash: str
    document: str  # the canonical JSON that was hashed
    ends_at: int | None = None  # where a party has ended it, all its versions


@dataclass(frozen=True, kw_only=True)
class ToAssess:
    """A verdict that asks for a price: a breach without one, or one whose price is of another revision."""

    record: VerdictRecord
    penalty: Penalty | None
    state: SettlementState | None  # of the settlement that has this price
    on_chain: bool = False  # whether the chain holds it, as was last seen: then it is restated, and not withdrawn


class Outcome(StrEnum):
    """What a person says of a period of which the slots could not tell."""

    MET = "met"
    BREACH = "breach"


@dataclass(frozen=True, kw_only=True)
class Review:
    """A person's word on an undetermined verdict: what is owed by it is granted elsewhere, under the reference."""

    verdict: str  # its ref
    tenant: str
    outcome: Outcome
    reason: str
    reference: str  # of what was done elsewhere, like the number of a credit note
    actor: str
    at: int

    def __str__(self) -> str:
        reference = f" (reference {self.reference})" if self.reference else ""
        return f"reviewed by {self.actor} at {rfc3339(self.at)}: {self.outcome}, {self.reason}{reference}"


@dataclass(frozen=True, kw_only=True)
class JudgedFrom:
    """A verdict with what it was judged from, how it came about, and what persons said of it, oldest first."""

    record: VerdictRecord
    attained: AttainmentRecord | None
    reviews: tuple[Review, ...]
    history: tuple[Revision, ...] = ()  # every verdict of the same promise and period, this one among them

    def __str__(self) -> str:
        lines = [
            str(self.record),
            f"version {self.record.agreement_version} of agreement {self.record.agreement_id} of {self.record.tenant}",
        ]
        if self.attained:
            drawn = f"{self.attained.slot_count} slots, digest {self.attained.slots_digest}"
            lines.append(f"judged from attainment {self.attained.revision}: {drawn}")
            lines += [f"  {rfc3339(day)[:10]} {digest}" for day, digest in sorted(self.attained.days.items())]
            lines += [f"observed by {self.attained.quorum}"] if self.attained.views else []
            lines += [f"  {view}" for view in self.attained.views]
        since = self.record.overlay.since_at
        lines += [f"  nothing is promised before {rfc3339(since)}, when the site was deployed"] if since else []
        lines += [
            f"  excluded ({self.record.overlay.excluded_slots}) {Period(starts_at=one.starts_at, ends_at=one.ends_at)} by exclusion {one.exclusion_id[2:18]}"
            for one in self.record.overlay.applied
        ]
        history = [*map(str, self.history)] if len(self.history) > 1 else []
        return "\n".join([*lines, *history, *map(str, self.reviews)])


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Something that is due and cannot be done yet; `since_at` is kept while its reason changes."""

    subject: str  # what kind of thing waits
    subject_id: str
    tenant: str
    reason: str
    since_at: int
    due_at: int  # after which somebody is told

    def __str__(self) -> str:
        start = self.subject_id.rpartition("/")[2]
        begins = f"begins {rfc3339(int(start))}, waits " if start.isdecimal() else ""
        until = f"{begins}since {rfc3339(self.since_at)}, due {rfc3339(self.due_at)}"
        return f"{self.subject} {self.subject_id} of {self.tenant}: {self.reason} ({until})"


@dataclass(frozen=True, kw_only=True)
class Undetermined:
    """What waits for a person's word of one SLO."""

    slo: str
    verdicts: int
    oldest_ends_at: int  # end of the oldest period


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits of one kind."""

    subject: str
    waits: int
    oldest_since_at: int
    oldest_due_at: int


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """What was signed for the chain, by whom and when, and its fate where that is known."""

    attempt: Attempt
    actor: str
    at: int
    receipt: Receipt | None
    reviews: tuple[str, ...] = ()  # why a person signed it in the place of another one

    def __str__(self) -> str:
        receipt = self.receipt
        if receipt is None:
            fate = "its fate is not known"
        elif receipt.succeeded:
            fate = f"mined in block {receipt.block_number}"
        else:
            fate = (
                receipt.reason
                if not receipt.block_hash
                else f"refused in block {receipt.block_number}: {receipt.reason}"
            )
        told = "".join(f"\n  {one}" for one in self.reviews)
        return f"{rfc3339(self.at)}  {self.attempt}, by {self.actor}: {fate}{told}"


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """Some of many, in order, and where the next ones begin; None at the end."""

    items: tuple[Item, ...]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over all records, kept up to date as they are written."""

    settlements: Mapping[SettlementState, int]
    penalties: Mapping[tuple[str, int], int]  # minor units by currency and exponent, before caps
    credits: Mapping[tuple[str, str, int], int]  # the same granted, by tenant as well


class LedgerRead(Protocol):
    """The records as one scope may see them; what it may not see is absent.

    Lists come in pages of at most `limit`; `after` is the `next` of the page before. A cursor that is none raises `WrongCursor`. What
    stands from the first page to the last comes once, whatever changes about it. What is written meanwhile comes where its place is yet
    to come: credits always.
    """

    def agreements(self) -> list[AgreementRecord]:
        """The newest version of each agreement, by id."""

    def agreement(self, agreement_id: str, version: int | None = None) -> AgreementRecord | None:
        """One version of one, or the newest."""

    def verdicts(
        self, agreement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[VerdictRecord]:
        """Every revision of one agreement or of all, oldest period first."""

    def undetermined(self, *, limit: int = 100, after: str | None = None) -> Page[VerdictRecord]:
        """Verdicts that a person has to look at and nobody has, oldest period first."""

    def verdict(self, ref: str) -> JudgedFrom | None: ...

    def exclusions(
        self, agreement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[ExclusionRecord]:
        """By their first occurrence, then in the order in which they were proposed."""

    def incidents(self, site: str | None = None, *, limit: int = 100, after: str | None = None) -> Page[IncidentRecord]:
        """Of one place or of all, by when they began."""

    def waits(self, *subjects: str, limit: int = 100, after: str | None = None) -> Page[Wait]:
        """What waits now, of these kinds or of all, longest first."""

    def wait(self, subject: str, subject_id: str) -> Wait | None:
        """Whether one thing waits, and for what."""

    def settlement(self, settlement_id: str) -> SettlementRecord | None: ...

    def settlements(
        self, state: SettlementState | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[SettlementRecord]:
        """Those in a state, or all, by period and id."""

    def removed_at(self, document_hash: str) -> int | None:
        """When an evidence document was removed because its retention was over; None for one that was not."""

    def credits(
        self, settlement_id: str | None = None, *, limit: int = 100, after: str | None = None
    ) -> Page[ServiceCredit]:
        """Of one settlement or of all, in the order in which they were written: what is written later comes later."""

    def transactions(self, *, is_open: bool = False, limit: int = 100, after: str | None = None) -> Page[Transaction]:
        """What was signed for the chain, in that order, each with its fate, or only what has none yet; the operator's and auditors' alone."""

    def balance(self) -> list[Money]:
        """What is granted, one sum a currency."""


class Ledger(Exclusions, Incidents, Audited, Retained, Protocol):
    """The records as the stages write them, append-only, and the questions that stages ask: each for what is to be done."""

    def read(self, scope: Scope) -> LedgerRead: ...

    def acting(self, actor: str) -> Ledger:
        """The same ledger; what is written through it is by this stage, key or person."""

    def fenced(self, lease: Lease) -> Ledger:
        """The same ledger; a write through it raises `Lost` once another one has taken the lease."""

    def add_agreement(
        self, *, agreement_id: str, version: int, tenant: str, terms_hash: str, document: str, at: int
    ) -> bool: ...

    def end_agreement(self, *, agreement_id: str, tenant: str, ends_at: int, at: int) -> bool:
        """A party has ended it on chain: no period from there on is part of it."""

    def ends(self) -> Mapping[str, int]:
        """Where agreements end that a party has ended, by id; of several the earliest."""

    def versions(self, agreement_id: str) -> list[int]:
        """The versions of an agreement that were ever recorded, in order."""

    def newest_judged(self, agreement_id: str, *, before_at: int | None = None) -> VerdictRecord | None:
        """The last verdict on the newest period of an agreement that was judged, of those that begin before an instant."""

    def judged_to(self) -> Mapping[str, int]:
        """The start of the newest period of each agreement of which a promise was judged, by agreement."""

    def verdicts_written(self) -> int:
        """A number that is another one after a verdict was added."""

    def add_attainments(self, records: Sequence[AttainmentRecord]) -> None:
        """All of them or none; those that stand already are left.

        Raises:
            Unavailable: another one stands under a revision: another process drew it at the same time, and the next run sees it.
        """

    def attainments(self, slo: str, period: Period) -> list[AttainmentRecord]:
        """The newest of each site and of those who observe it."""

    def add_verdict(self, record: VerdictRecord) -> bool: ...

    def add_review(self, review: Review) -> None:
        """Raises `InvalidInput` where the verdict is not undetermined, was revised, or was reviewed already."""

    def undetermined(self) -> list[Undetermined]:
        """What waits for a person's word, by SLO."""

    def at_stake(self) -> list[Money]:
        """The most that may be owed for it, one sum a currency: of an agreement and period what its cap leaves beside its penalties."""

    def begin_wait(self, wait: Wait) -> bool:
        """Something waits; False where it does for this reason already."""

    def end_wait(self, subject: str, subject_id: str, at: int) -> bool:
        """It waits no more; False where it did not wait."""

    def change_waits(self, begun: Sequence[Wait], ended: Sequence[tuple[str, str]], at: int) -> None:
        """Many at once: these wait, or wait for another reason, and those, by subject and id, wait no more."""

    def dismiss_wait(self, subject: str, subject_id: str, *, reason: str, at: int) -> None:
        """A person ends it, whatever it waits for, and the reason is kept; raises `InvalidInput` where it does not wait."""

    def waits(self, subject: str) -> list[Wait]:
        """What waits of one kind, longest first."""

    def waiting(self) -> list[Waiting]:
        """How much waits, by kind."""

    def standing(self, agreement_id: str, period: Period) -> list[VerdictRecord]:
        """The newest verdict of each promise over a period."""

    def agreements_to_assess(self) -> list[str]:
        """The agreements of which a verdict asks for a price, by id."""

    def to_assess(self, agreement_id: str) -> list[ToAssess]:
        """Oldest period first."""

    def add_penalty(self, penalty: Penalty) -> bool:
        """Store the penalty and its settlement's COMPUTED in one transaction; a later revision too, of one that is not on its way.

        Raises:
            InvariantBroken: it is priced by another revision, and on its way.
            Unavailable: it is being reported.
        """

    def adopt(self, penalty: Penalty, change: StateChange) -> None:
        """Take over what the chain holds: the price that it was reported with in the place of ours, and the state that it is in there.

        A settlement that is not known here is added. Raises `Unavailable` where a transaction carries it.
        """

    def add_state(self, settlement_id: str, change: StateChange) -> bool:
        """Append a move; a move that no arrow allows raises `InvariantBroken`."""

    def computed(self) -> list[str]:
        """The ids of settlements that are to be reported, by period and id."""

    def due(self, unpaused_at: int, limit: int) -> list[SettlementRecord]:
        """Those on chain that time alone moves on by now, longest due first."""

    def settlements_of(self, ids: Collection[str]) -> list[SettlementRecord]:
        """Those of these that are known here, by period and id."""

    def on_chain(self, *, limit: int, after: str | None = None) -> Page[SettlementRecord]:
        """All that the chain holds, as was last seen, those at an end among them; by id."""

    def add_attempt(
        self, attempt: Attempt, at: int, priced: Mapping[str, int] | None = None, *, reason: str = ""
    ) -> bool:
        """Store it before it is sent; `reason` is why a person signed it in the place of another one.

        Raises:
            Unavailable: one of its settlements has another price than that of this revision, or is not computed any more.
        """

    def open_attempts(self) -> list[Attempt]:
        """Attempts whose fate is not recorded, by nonce; those of one nonce in the order in which they were signed."""

    def close_attempt(self, attempt: Attempt, receipt: Receipt, at: int) -> bool: ...

    def attempts_under(self, sender: str, nonce: int) -> list[Attempt]:
        """Every attempt that was ever signed under a nonce, in that order: of blocks that were rewritten it may be free again."""

    def sent_from(self, sender: str, nonce: int) -> list[Attempt]:
        """The attempts that were mined under this nonce and later ones, by nonce."""

    def cursor(self, name: str) -> tuple[int, str] | None:
        """How far something is read: number and hash of a block."""

    def move_cursor(self, name: str, number: int, block_hash: str) -> None: ...

    def uncredited(self) -> list[SettlementRecord]:
        """Settlements that were final by a revision of which nothing is granted yet, whatever they are by now; by period and id."""

    def granted(self, ids: Collection[str]) -> Mapping[str, Collection[int]]:
        """The revisions of these of which something is granted, by settlement."""

    def add_credit(self, credit: ServiceCredit, at: int | None = None) -> bool: ...

    def totals(self) -> Totals: ...
