"""evaluate: the slots of a closed period become a verdict with bounds.

A period is judged once its grace has passed and its slots were observed to the end. Judging again from the same slots
adds nothing; from other slots it adds a revision, and the first verdict stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sankofa_observe.pipeline.period import period_slots
from sankofa_observe.ports import Clock, Ledger, SlotTable
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence import slot_root
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.slo.slot import slot_starts
from sankofa_observe.slo.verdict import judge
from sankofa_observe.slo.window import periods_between
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict, and whether this run added it."""

    record: VerdictRecord
    added: bool

    def __str__(self) -> str:
        one, attained = self.record, self.record.attainment
        counts = f"{attained.good} good, {attained.bad} bad, {attained.unknown} unknown"
        return f"{one.slo} at {one.site}, {one.period}: {one.verdict} ({counts}; revision {one.revision})"


@dataclass(frozen=True, kw_only=True)
class NotYet:
    """A closed period that cannot be judged yet, and why."""

    promise: Promise
    period: Period
    reason: str

    def __str__(self) -> str:
        return f"{self.promise.label}, {self.period}: not judged yet: {self.reason}"


def evaluate(
    agreement: Agreement, *, table: SlotTable, ledger: Ledger, clock: Clock, leave_before_at: int = 0
) -> Iterator[Judged | NotYet]:
    """Judge every closed period of the agreement that is not judged from these slots yet.

    Periods that ended before `leave_before_at` and are fully judged are not read again: their slots do not change by
    themselves, only by a backfill, after which one evaluates without it.
    """
    until_at = clock.now() - agreement.grace_seconds
    promised = {(promise.slo.name, promise.site) for promise in agreement.promises}
    newest = {slo: table.watermarks(slo) for slo in {name for name, _ in promised}}
    for period in periods_between(agreement.window, agreement.starts_at, until_at):
        standing = {(v.slo, v.site): v for v in ledger.verdicts(agreement_id=agreement.id, period=period)}
        if period.ends_at < leave_before_at and promised <= standing.keys():
            continue
        for promise in agreement.promises:
            if not _observed(newest[promise.slo.name].get(promise.site), promise, period):
                yield NotYet(promise=promise, period=period, reason="its slots are not observed to the end")
                continue
            yield _evaluate_one(agreement, promise, period, standing, table=table, ledger=ledger, clock=clock)


def _observed(newest: int | None, promise: Promise, period: Period) -> bool:
    """Whether the newest slot of the site is the period's last one, or a later one."""
    return newest is not None and newest >= slot_starts(period, promise.slo.slot.seconds)[-1]


def _evaluate_one(
    agreement: Agreement,
    promise: Promise,
    period: Period,
    standing: dict[tuple[str, str], VerdictRecord],
    *,
    table: SlotTable,
    ledger: Ledger,
    clock: Clock,
) -> Judged:
    slo = promise.slo
    found = period_slots(slo, promise.site, period, table)
    attainment = found.attainment(slo)
    record = VerdictRecord(
        agreement_id=agreement.id,
        slo=slo.name,
        site=promise.site,
        period=period,
        revision=1,
        verdict=judge(slo, attainment),
        attainment=attainment,
        target_ppm=slo.target_ppm,
        spec_digest=slo.digest,
        slot_root=slot_root(found.slots),
        slot_count=len(found.slots),
        judged_at=clock.now(),
    )
    before = standing.get((slo.name, promise.site))
    if before and _same(before, record):
        return Judged(record=before, added=False)
    if before:
        record = replace(record, revision=before.revision + 1)
    return Judged(record=record, added=ledger.add_verdict(record))


def _same(before: VerdictRecord, record: VerdictRecord) -> bool:
    """Whether a verdict was drawn from the same slots, edges and rules."""
    return all(getattr(before, name) == getattr(record, name) for name in ("slot_root", "spec_digest", "attainment"))
