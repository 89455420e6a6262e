"""What may be deleted once its retention is over, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sankofa_observe.ports import KeptBack, OldEvidence, SettlementRecord, ToAssess, Wait
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.settlement import DONE
from sankofa_observe.units import Period

LONGEST_SECONDS = 367 * 86_400


@dataclass(kw_only=True)
class MemoryRetained:
    """The part of a ledger in memory that says what is kept."""

    records: dict[str, SettlementRecord] = field(default_factory=dict)
    verdicts: list[VerdictRecord] = field(default_factory=list)
    open_waits: dict[tuple[str, str], Wait] = field(default_factory=dict)
    grants: dict[tuple[str, int], ServiceCredit] = field(default_factory=dict)  # by settlement and revision
    prices: list[Penalty] = field(default_factory=list)  # every one that was ever added
    removals: dict[str, int] = field(default_factory=dict)  # when, by document
    retentions: list[tuple[str, str]] = field(default_factory=list)  # what it was applied to, and what that meant

    if TYPE_CHECKING:  # what the other parts of the ledger answer

        def uncredited(self) -> list[SettlementRecord]: ...
        def to_review(self) -> list[VerdictRecord]: ...
        def agreements_to_assess(self) -> list[str]: ...
        def to_assess(self, agreement_id: str) -> list[ToAssess]: ...

    def kept_back(self, cutoff_at: int) -> list[KeptBack]:
        found = [*self._settlements(cutoff_at), *self._verdicts(cutoff_at), *self._waits(cutoff_at)]
        return [one for one in found if one.period.starts_at < cutoff_at]

    def old_evidence(self, cutoff_at: int) -> list[OldEvidence]:
        asking = {_promise(one) for one, _ in self._asking()}
        done = {
            one.penalty.settlement_id
            for one in self.records.values()
            if not self._why(one, cutoff_at) and _promise(one.penalty) not in asking
        }
        names = ("document_hash", "settlement_id", "tenant", "agreement_key", "period")
        found = {
            OldEvidence(**{name: getattr(one, name) for name in names})
            for one in self.prices
            if one.settlement_id in done
        }
        left = [one for one in found if one.document_hash not in self.removals]
        return sorted(left, key=lambda one: (one.period.starts_at, one.document_hash))

    def add_removal(self, evidence: OldEvidence, *, reason: str, at: int) -> None:  # noqa: ARG002
        self.removals.setdefault(evidence.document_hash, at)

    def add_retention(self, *, what: str, reason: str, told: str, at: int) -> None:  # noqa: ARG002
        self.retentions.append((what, told))

    def _asking(self) -> list[tuple[VerdictRecord, str]]:
        found = [(one, "nobody can tell it, and nobody has said") for one in self.to_review()]
        for agreement_id in self.agreements_to_assess():
            found += [(one.record, "it asks for a price") for one in self.to_assess(agreement_id)]
        return sorted(found, key=lambda one: (one[0].period.starts_at, one[0].ref))

    def _why(self, one: SettlementRecord, cutoff_at: int) -> list[str]:
        own = one.penalty.settlement_id
        times = [one.penalty.period.ends_at, *(each.at for each in one.history)]
        times += [each.granted_at for (name, _), each in self.grants.items() if name == own]
        told = {
            "it is not at its end": one.state not in DONE,
            "its credit is not granted": own in {each.penalty.settlement_id for each in self.uncredited()},
            "it waits": ("settlement", own) in self.open_waits,
            "its retention has not passed": max(times) > cutoff_at,
        }
        return [why for why, is_so in told.items() if is_so]

    def _settlements(self, cutoff_at: int) -> Iterator[KeptBack]:
        for one in sorted(self.records.values(), key=lambda one: (one.penalty.period, one.penalty.settlement_id)):
            if why := self._why(one, cutoff_at):
                what = f"settlement {one.penalty.settlement_id}, {one.state}"
                yield KeptBack(what=what, period=one.penalty.period, why=", ".join(why))

    def _verdicts(self, cutoff_at: int) -> Iterator[KeptBack]:
        for one, why in self._asking():
            yield KeptBack(what=f"verdict {one.ref}", period=one.period, why=why)
        for period in sorted({one.period for one in self.verdicts if one.period.ends_at > cutoff_at}):
            yield KeptBack(what="a period that was judged", period=period, why="its retention has not passed")

    def _waits(self, cutoff_at: int) -> Iterator[KeptBack]:
        for (subject, subject_id), wait in self.open_waits.items():
            start = subject_id.rpartition("/")[2]
            if subject == "period" and start.isdecimal() and int(start) < cutoff_at:
                period = Period(starts_at=int(start), ends_at=int(start) + LONGEST_SECONDS)
                yield KeptBack(what=f"period {subject_id}", period=period, why=f"it waits: {wait.reason}")


def _promise(of: object) -> tuple[object, ...]:
    return tuple(getattr(of, name) for name in ("agreement_id", "period", "slo", "site"))
