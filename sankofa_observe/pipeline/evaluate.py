"""evaluate: the slots of a closed period become a verdict with bounds.

A period is judged once its grace has passed, its slots were observed to the end, and late samples were looked for. Judging
again from the same slots adds nothing; from other slots it adds a revision, and the first verdict stays. What was attained
is added up once for all agreements that lean on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.period import PeriodTotals, period_totals, with_neighbours
from sankofa_observe.ports import Clock, Ledger, SlotTable
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import slot_starts
from sankofa_observe.slo.verdict import judge
from sankofa_observe.slo.window import periods_between
from sankofa_observe.units import Period, rfc3339

LookAgain = Callable[[Slo, Sequence[str], Period], str]
"""Counts again what late samples changed of the sites' slots in the period; why it could not, or nothing."""


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


Marks = dict[str, int]
"""By agreement, up to where every period is judged: what lies before is not asked again. Kept by a process, never stored."""


def evaluate(
    agreements: Iterable[Agreement],
    *,
    table: SlotTable,
    ledger: Ledger,
    clock: Clock,
    look_again: LookAgain = lambda *_: "",
    source_at: Callable[[], int] | None = None,
    marks: Marks | None = None,
) -> Iterator[Judged | NotYet]:
    """Judge every closed period that is not judged from these slots yet; where nothing is due, no store is asked.

    `source_at` is when the source last scraped, by its own clock: a clock of ours that runs ahead closes no period.

    With `marks`, a period that was judged once is not judged again by itself: its slots change only when they are recounted,
    after which one evaluates without them.
    """
    marks = {} if marks is None else marks
    agreements = list(agreements)
    attained = _Attained(agreements=agreements, table=table, look_again=look_again, source_at=source_at)
    for agreement in agreements:
        since_at = marks.get(agreement.id, agreement.starts_at)
        whole = True
        for period in periods_between(agreement.window, since_at, clock.now() - agreement.grace_seconds):
            events = list(_evaluate_period(agreement, period, attained, ledger=ledger, clock=clock))
            yield from events
            whole = whole and all(isinstance(one, Judged) for one in events)
            if whole:
                marks[agreement.id] = period.ends_at


@dataclass(kw_only=True)
class _Attained:
    """What was attained in a period, of all sites that any agreement names, asked once."""

    agreements: Sequence[Agreement]
    table: SlotTable
    look_again: LookAgain
    source_at: Callable[[], int] | None = None
    _scraped_at: int | None = None
    _found: dict[tuple[str, Period], Mapping[str, PeriodTotals]] = field(default_factory=dict)
    _newest: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _reasons: dict[tuple[str, Period], str] = field(default_factory=dict)

    def totals(self, slo: Slo, site: str, period: Period) -> PeriodTotals:
        key = (slo.name, period)
        if key not in self._found:
            self._found[key] = period_totals(slo, self._sites(slo), period, self.table)
        return self._found[key][site]

    def not_yet(self, slo: Slo, site: str, period: Period) -> str:
        """Why a period cannot be judged, or nothing: then late samples were looked for as well."""
        if slo.name not in self._newest:
            self._newest[slo.name] = self.table.watermarks(slo.name)
        newest = self._newest[slo.name].get(site)
        # Events of the period may be counted in the slot after it.
        last = (
            period.ends_at if isinstance(slo.indicator, RatioIndicator) else slot_starts(period, slo.slot.seconds)[-1]
        )
        if newest is None or newest < last:
            return "its slots are not observed to the end"
        key = (slo.name, period)
        if key not in self._reasons:
            self._reasons[key] = self.look_again(slo, self._sites(slo), period)
        return self._reasons[key]

    def too_early(self, until_at: int) -> str:
        """Why this instant has not passed for the source, or nothing."""
        if self.source_at is None:
            return ""
        if self._scraped_at is None:
            try:
                self._scraped_at = self.source_at()
            except Unavailable as error:
                return str(error)
        if self._scraped_at >= until_at:
            return ""
        return f"its grace ends at {rfc3339(until_at)}, and by its own clock the source has not scraped past that yet"

    def _sites(self, slo: Slo) -> list[str]:
        named: dict[str, None] = defaultdict()
        for agreement in self.agreements:
            named |= {one.site: None for one in agreement.promises if one.slo.name == slo.name}
        return sorted(named)


def _evaluate_period(
    agreement: Agreement, period: Period, attained: _Attained, *, ledger: Ledger, clock: Clock
) -> Iterator[Judged | NotYet]:
    standing = {(v.slo, v.site): v for v in ledger.standing(agreement.id, period)}
    early = attained.too_early(period.ends_at + agreement.grace_seconds)
    for promise in agreement.promises:
        reason = early or attained.not_yet(promise.slo, promise.site, period)
        if reason:
            yield NotYet(promise=promise, period=period, reason=reason)
            continue
        before = standing.get((promise.slo.name, promise.site))
        if before and attained.table.forgotten(with_neighbours(period, promise.slo)):
            # It was drawn from more than is left.
            yield Judged(record=before, added=False)
            continue
        found = attained.totals(promise.slo, promise.site, period)
        if found.problem:
            yield NotYet(promise=promise, period=period, reason=found.problem)
            continue
        record = _record(agreement, promise, period, found, clock.now())
        yield _add(record, before, ledger)


def _record(agreement: Agreement, promise: Promise, period: Period, found: PeriodTotals, at: int) -> VerdictRecord:
    slo = promise.slo
    attainment = found.attainment(slo)
    return VerdictRecord(
        agreement_id=agreement.id,
        tenant=agreement.tenant,
        slo=slo.name,
        site=promise.site,
        period=period,
        revision=1,
        verdict=judge(slo, attainment),
        attainment=attainment,
        target_ppm=slo.target_ppm,
        spec_digest=slo.digest,
        slots_digest=found.digest,
        slot_count=found.slots,
        judged_at=at,
    )


def _add(record: VerdictRecord, before: VerdictRecord | None, ledger: Ledger) -> Judged:
    if before and (before.slots_digest, before.spec_digest) == (record.slots_digest, record.spec_digest):
        return Judged(record=before, added=False)
    if before:
        record = replace(record, revision=before.revision + 1)
    return Judged(record=record, added=ledger.add_verdict(record))
