"""evaluate: the slots of a closed period become a verdict with bounds.

A period is judged once its grace has passed, its slots were observed to the end, and late samples were looked for; until then it
waits, and the wait is a record. What was attained is drawn once for all agreements that lean on it. Judging again from the same
attainment adds nothing; another one adds a revision, and the first verdict stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.period import PeriodTotals, period_totals, with_neighbours
from sankofa_observe.ports import Clock, Ledger, SlotTable, Wait
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.penalty import VerdictRecord, at_stake
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import slot_starts
from sankofa_observe.slo.verdict import AttainmentRecord, Verdict, judge
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
        return str(self.record)


@dataclass(frozen=True, kw_only=True)
class NotYet:
    """A closed period that cannot be judged yet, and why."""

    promise: Promise
    period: Period
    reason: str

    def __str__(self) -> str:
        return f"{self.promise.label}, {self.period}: not judged yet: {self.reason}"


Marks = dict[str, int]
"""By agreement, up to where every period is judged: what lies before is not asked again. Kept by a process, and begun from records."""

STRANGER = "its agreement is in no spec: restore it, or end the wait by sankofa-observe verdicts dismiss"
PERIOD = "period"  # of a wait: an agreement's period that is due and cannot be judged
DUE_SECONDS = 3600  # a period that is not judged so long after it could have been is late


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
    agreements = list(agreements)
    waits = {wait.subject_id: wait for wait in ledger.waits(PERIOD)}
    if marks is not None:
        _begin(marks, agreements, ledger, waits)
    marks = {} if marks is None else marks
    attained = _Attained(
        agreements=agreements, table=table, ledger=ledger, clock=clock, look_again=look_again, source_at=source_at
    )
    for agreement in agreements:
        since_at = marks.get(agreement.id, agreement.starts_at)
        whole = True
        for period in periods_between(agreement.window, since_at, clock.now() - agreement.grace_seconds):
            events = list(_evaluate_period(agreement, period, attained))
            yield from events
            reasons = sorted({one.reason for one in events if isinstance(one, NotYet)})
            _keep_waiting(agreement, period, "; ".join(reasons), waits, ledger, clock.now())
            whole = whole and not reasons
            if whole:
                marks[agreement.id] = period.ends_at
    _tell_of_strangers(waits, {one.id for one in agreements}, ledger)


def _tell_of_strangers(waits: Mapping[str, Wait], known: Collection[str], ledger: Ledger) -> None:
    """A period of an agreement that is in no spec any more is judged by nobody: its wait says so, and a person ends it."""
    for wait in waits.values():
        if wait.subject_id.rpartition("/")[0] not in known and wait.reason != STRANGER:
            ledger.begin_wait(replace(wait, reason=STRANGER))


def _begin(marks: Marks, agreements: Sequence[Agreement], ledger: Ledger, waits: Mapping[str, Wait]) -> None:
    """Where a process that has just started goes on: the newest period that was judged, or the oldest one that waits."""
    if all(agreement.id in marks for agreement in agreements):
        return
    judged = ledger.judged_to()
    waiting: dict[str, int] = {}
    for subject_id in waits:
        agreement_id, _, starts_at = subject_id.rpartition("/")
        waiting[agreement_id] = min(int(starts_at), waiting.get(agreement_id, int(starts_at)))
    for one in agreements:
        newest = judged.get(one.id, one.starts_at)
        marks.setdefault(one.id, min(newest, waiting.get(one.id, newest)))


def _keep_waiting(
    agreement: Agreement, period: Period, reason: str, waits: Mapping[str, Wait], ledger: Ledger, now: int
) -> None:
    """Record that a period waits, or that it does no more."""
    subject_id = f"{agreement.id}/{period.starts_at}"
    standing = waits.get(subject_id)
    if standing and not reason:
        ledger.end_wait(PERIOD, subject_id, now)
    if reason and (standing is None or standing.reason != reason):
        ledger.begin_wait(
            Wait(
                subject=PERIOD,
                subject_id=subject_id,
                tenant=agreement.tenant,
                reason=reason,
                since_at=now,
                due_at=period.ends_at + agreement.grace_seconds + DUE_SECONDS,
            )
        )


@dataclass(kw_only=True)
class _Attained:
    """What was attained in a period, of all sites that any agreement names: drawn once, and kept as a record."""

    agreements: Sequence[Agreement]
    table: SlotTable
    ledger: Ledger
    clock: Clock
    look_again: LookAgain
    source_at: Callable[[], int] | None = None
    _scraped_at: int | None = None
    _found: dict[tuple[str, Period], Mapping[str, AttainmentRecord | str]] = field(default_factory=dict)
    _newest: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _reasons: dict[tuple[str, Period], str] = field(default_factory=dict)

    def at(self, slo: Slo, site: str, period: Period) -> AttainmentRecord | str:
        """What one site attained, or why that cannot be said."""
        key = (slo.name, period)
        if key not in self._found:
            self._found[key] = self._draw(slo, period)
        return self._found[key][site]

    def _draw(self, slo: Slo, period: Period) -> Mapping[str, AttainmentRecord | str]:
        """Of every site that is observed to the end; where slots were forgotten since, what was drawn from them stands."""
        standing = {one.site: one for one in self.ledger.attainments(slo.name, period)}
        kept = standing if self.table.forgotten(with_neighbours(period, slo)) else {}
        drawn: dict[str, AttainmentRecord | str] = dict(kept)
        sites = [site for site in self._sites(slo) if site not in kept and self._observed(slo, site, period)]
        for site, found in period_totals(slo, sites, period, self.table).items():
            drawn[site] = found.problem or _attained(slo, site, period, found, standing.get(site), self.clock.now())
        records = [one for one in drawn.values() if not isinstance(one, str)]
        self.ledger.add_attainments([one for one in records if one is not standing.get(one.site)])
        return drawn

    def not_yet(self, slo: Slo, site: str, period: Period) -> str:
        """Why a period cannot be judged, or nothing: then late samples were looked for as well."""
        if not self._observed(slo, site, period):
            return "its slots are not observed to the end"
        key = (slo.name, period)
        if key not in self._reasons:
            self._reasons[key] = self.look_again(slo, self._sites(slo), period)
        return self._reasons[key]

    def _observed(self, slo: Slo, site: str, period: Period) -> bool:
        if slo.name not in self._newest:
            self._newest[slo.name] = self.table.watermarks(slo.name)
        newest = self._newest[slo.name].get(site)
        # Events of the period may be counted in the slot after it.
        last = (
            period.ends_at if isinstance(slo.indicator, RatioIndicator) else slot_starts(period, slo.slot.seconds)[-1]
        )
        return newest is not None and newest >= last

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


def _attained(
    slo: Slo, site: str, period: Period, found: PeriodTotals, standing: AttainmentRecord | None, at: int
) -> AttainmentRecord:
    """The record that stands where it was drawn from the same slots by the same rules, else the next revision."""
    if standing and (standing.slots_digest, standing.spec_digest) == (found.digest, slo.digest):
        return standing
    return AttainmentRecord(
        slo=slo.name,
        site=site,
        period=period,
        revision=standing.revision + 1 if standing else 1,
        attainment=found.attainment(slo),
        slot_count=found.slots,
        slots_digest=found.digest,
        spec_digest=slo.digest,
        days=found.days,
        drawn_at=at,
    )


def _evaluate_period(agreement: Agreement, period: Period, attained: _Attained) -> Iterator[Judged | NotYet]:
    standing = {(v.slo, v.site): v for v in attained.ledger.standing(agreement.id, period)}
    early = attained.too_early(period.ends_at + agreement.grace_seconds)
    for promise in agreement.promises:
        reason = early or attained.not_yet(promise.slo, promise.site, period)
        if reason:
            yield NotYet(promise=promise, period=period, reason=reason)
            continue
        found = attained.at(promise.slo, promise.site, period)
        if isinstance(found, str):
            yield NotYet(promise=promise, period=period, reason=found)
            continue
        yield _judge(agreement, promise, found, standing.get((promise.slo.name, promise.site)), attained)


def _judge(
    agreement: Agreement, promise: Promise, found: AttainmentRecord, before: VerdictRecord | None, attained: _Attained
) -> Judged:
    if before and before.attainment_revision == found.revision:
        return Judged(record=before, added=False)
    verdict = judge(promise.slo, found.attainment)
    record = VerdictRecord(
        agreement_id=agreement.id,
        tenant=agreement.tenant,
        slo=found.slo,
        site=found.site,
        period=found.period,
        revision=before.revision + 1 if before else 1,
        verdict=verdict,
        attainment=found.attainment,
        attainment_revision=found.revision,
        target_ppm=promise.slo.target_ppm,
        spec_digest=found.spec_digest,
        slots_digest=found.slots_digest,
        slot_count=found.slot_count,
        at_stake=at_stake(agreement, promise, found.attainment)
        if verdict is Verdict.UNDETERMINED
        else agreement.money(0),
        judged_at=attained.clock.now(),
    )
    return Judged(record=record, added=attained.ledger.add_verdict(record))
