"""retention: slots and evidence of closed periods are deleted once so many calendar years have passed, by a person's act, and never before.

What is open, disputed, waiting or unpaid stays whatever its age. Records are never deleted: what was deleted, when, by whom and why is in
them. Each step may be repeated; killed at any point, the next act finishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.pipeline.persons import person
from sankofa_observe.ports import Clock, EvidenceArchive, KeptBack, Ledger, OldEvidence, SealedStore
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period, rfc3339, years_before

Unredeemed = Callable[[Collection[str]], Mapping[str, int]]
"""Of agreements, by the contract's key, the minor units that were accrued and are on no invoice."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """What may be deleted now, and what stays although it is old."""

    cutoff_at: int
    evidence: Sequence[OldEvidence]
    days: Mapping[str, Sequence[int]]  # by observer, the UTC days whose slots may go
    kept: Sequence[KeptBack]

    def __str__(self) -> str:
        days = [f"slots of {_days(days)} by {observer}" for observer, days in self.days.items() if days]
        found = [*([f"{len(self.evidence)} evidence documents"] if self.evidence else []), *days]
        lines = [f"what was closed by {rfc3339(self.cutoff_at)} may go: {', '.join(found) or 'nothing'}"]
        return "\n".join([*lines, *(f"  kept: {one}" for one in self.kept)])


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What went, of the archive or of one observer."""

    what: str
    told: str

    def __str__(self) -> str:
        return f"{self.what}: {self.told} deleted"


@dataclass(frozen=True, kw_only=True)
class Retention:
    ledger: Ledger
    archive: EvidenceArchive
    slots: Mapping[str, SealedStore]  # by observer
    clock: Clock
    years: int
    needed_days: int  # for which the specs need slots, whatever the years say
    unredeemed: Unredeemed | None  # without a contract that can be asked

    def due(self) -> Due:
        cutoff = years_before(self.clock.now(), self.years)
        kept, evidence = list(self.ledger.kept_back(cutoff)), list(self.ledger.old_evidence(cutoff))
        unpaid = self._unpaid(evidence)
        kept += [KeptBack(what=f"settlement {name}", period=period, why=why) for (name, period), why in unpaid.items()]
        evidence = [one for one in evidence if (one.settlement_id, one.period) not in unpaid]
        stay = {day for one in kept for day in _around(one)}
        last = (
            min(cutoff, self.clock.now() - self.needed_days * DAY_SECONDS) // DAY_SECONDS
        )  # the first day that is not over by then
        days = {
            observer: sorted(
                day for day in table.days_of_slots() - set(table.unsealed()) if day < last and day not in stay
            )
            for observer, table in self.slots.items()
        }
        return Due(cutoff_at=cutoff, evidence=evidence, days=days, kept=kept)

    def _unpaid(self, evidence: Sequence[OldEvidence]) -> Mapping[tuple[str, Period], str]:
        """By settlement and period, why it is not paid or nobody can tell."""
        if self.unredeemed is None:
            granted = self.ledger.granted({one.settlement_id for one in evidence})
            why = (
                "its credit is granted, and without `chain` in the settings nobody can tell whether it is on an invoice"
            )
            return {(one.settlement_id, one.period): why for one in evidence if granted.get(one.settlement_id)}
        owed = self.unredeemed({one.agreement_key for one in evidence}) if evidence else {}
        return {
            (one.settlement_id, one.period): (
                f"{minor} minor units of its agreement are on no invoice: sankofa-observe credits show"
            )
            for one in evidence
            if (minor := owed.get(one.agreement_key))
        }

    def apply(self, *, by: str, reason: str) -> Iterator[Deleted]:
        """Delete what is due. The locks of slots that go are taken first: where an observer is at work, nothing is deleted.

        Raises:
            InvalidInput: nobody is known by that name, or there is no reason.
            Held: an observer writes its slots; stop it first.
        """
        acting, due = self.ledger.acting(person(by, reason, self.ledger)), self.due()
        for observer in [one for one, days in due.days.items() if days]:
            self.slots[observer].lease.take()
        at, until = self.clock.now(), f"closed by {rfc3339(due.cutoff_at)}"
        if due.evidence:
            acting.add_retention(what="evidence", reason=reason, told=f"{len(due.evidence)} documents, {until}", at=at)
            for one in due.evidence:
                self.archive.remove(one.document_hash)
                acting.add_removal(one, reason=reason, at=at)
            yield Deleted(what="evidence", told=f"documents: {len(due.evidence)}")
        for observer, days in due.days.items():
            if days:
                told = f"slots of {_days(days)}"
                acting.add_retention(what=f"slots of {observer}", reason=reason, told=f"{told}, {until}", at=at)
                self.slots[observer].forget(days)
                yield Deleted(what=f"observer {observer}", told=told)


def _around(one: KeptBack) -> range:
    """The days of a period, and those beside it, on which its edges lean."""
    return range(one.period.starts_at // DAY_SECONDS - 1, (one.period.ends_at - 1) // DAY_SECONDS + 2)


def _days(days: Sequence[int]) -> str:
    first, last = (rfc3339(day * DAY_SECONDS)[:10] for day in (days[0], days[-1]))
    return f"{len(days)} days, {first} to {last}" if len(days) > 1 else f"1 day, {first}"
