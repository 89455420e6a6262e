"""evaluate: the slots of a closed period become a verdict with bounds.

A period is judged once its grace has passed, its slots were observed to the end, and late samples were looked for; until then it
waits, and the wait is a record. What was attained is drawn once for all agreements that lean on it. Judging again from the same
attainment adds nothing; another one adds a revision, and the first verdict stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import groupby
from types import MappingProxyType

from sankofa_observe.pipeline.attained import NOT_OBSERVED, NOT_SCRAPED, Attained, LookAgain
from sankofa_observe.pipeline.isolation import isolated
from sankofa_observe.pipeline.panel import PanelOf
from sankofa_observe.ports import Clock, Ledger, Wait
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.penalty import VerdictRecord, at_stake
from sankofa_observe.slo.verdict import AttainmentRecord, Verdict, judge
from sankofa_observe.slo.window import periods_between
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict, and whether this run added it."""

    record: VerdictRecord
    added: bool
    problem: str = ""  # why it was not judged again: it stands as it was

    def __str__(self) -> str:
        return f"{self.record}; not judged again: {self.problem}" if self.problem else str(self.record)


@dataclass(frozen=True, kw_only=True)
class NotYet:
    """A closed period that cannot be judged yet, and why."""

    promise: Promise
    period: Period
    reason: str

    def __str__(self) -> str:
        return f"{self.promise.label}, {self.period}: not judged yet: {self.reason}"


STRANGER = "its agreement is in no spec: restore it, or end the wait by sankofa-observe verdicts dismiss"
PERIOD = "period"  # of a wait: an agreement's period that is due and cannot be judged
DUE_SECONDS = 3600  # a period that is not judged so long after it could have been is late
CAUSES = ("slots", "source", "agreement", "other")  # of a wait, in one word
UNTOLD_SECONDS = 2 * 86_400  # before the longest grace: what a process that ended may have changed and not judged again


def cause_of(reason: str) -> str:
    """What a period waits for, in one of a few words: a reason names sites and times."""
    words = ((STRANGER, "agreement"), (NOT_OBSERVED, "slots"), (NOT_SCRAPED, "source"))
    return next((word for part, word in words if part in reason), "other")


@dataclass(kw_only=True)
class Marks:
    """What a process need not ask again; it begins from records, and is never stored."""

    judged_to: dict[str, int] = field(default_factory=dict)  # by version on chain: periods before are judged, or wait
    again: dict[str, Period] = field(
        default_factory=dict
    )  # by version of an SLO, where slots or exclusions have changed since
    exclusions: int = 0  # the newest change of an exclusion that was looked at


def evaluate(
    agreements: Iterable[Agreement],
    *,
    panel_of: PanelOf,
    ledger: Ledger,
    clock: Clock,
    look_again: LookAgain = lambda *_: "",
    source_at: Callable[[], int] | None = None,
    observer: str = "",
    marks: Marks | None = None,
    since_at: Mapping[str, int] = MappingProxyType({}),
    anyhow: bool = False,
) -> Iterator[Judged | NotYet]:
    """Judge every closed period that is not judged from these slots yet; where nothing is due, no store is asked.

    Each version of an agreement judges the periods that are its own. `source_at` is when the source of `observer` last scraped, by its own
    clock: a clock of ours that runs ahead closes no period. `since_at` is when each site was deployed, of those of which that is known.

    With `marks`, only what is new since: periods that have ended, periods that wait, and those of which slots have changed, by whichever
    agreement's look for late samples. What another process recounted long after the grace is judged by a run without them.

    A period whose slots were counted from more samples when it was judged stands as it is, but `anyhow`.
    """
    agreements = sorted(agreements, key=lambda one: one.version)
    waits = _by_agreement(ledger.waits(PERIOD))
    attained = Attained(
        agreements=agreements,
        panel_of=panel_of,
        ledger=ledger,
        clock=clock,
        look_again=look_again,
        source_at=source_at,
        observer=observer,
        since_at=since_at,
        anyhow=anyhow,
    )
    if marks is not None:
        _begin(marks, agreements, ledger, clock.now())
        for slo, stretch in attained.written():
            marks.again[slo] = stretch.joined(marks.again.get(slo))
        _note_exclusions(marks, agreements, ledger)
    used, whole = marks or Marks(), set[str]()

    def judged(agreement: Agreement) -> Iterator[Judged | NotYet]:
        stands = False  # as it was, because it could not be judged again
        for event in _evaluate(agreement, used, _own(waits.get(agreement.id, {}), agreement), attained):
            stands = stands or (isinstance(event, Judged) and event.problem != "")
            yield event
        if not stands:
            whole.add(agreement.version_id)

    try:
        yield from isolated((f"agreement {one.name}", judged(one)) for one in agreements)
    finally:
        if len(whole) == len(agreements):
            used.again.clear()
    for agreement_id in set(waits) - {one.id for one in agreements}:
        _tell_of_a_stranger(waits[agreement_id].values(), ledger)


def _by_agreement(waits: Iterable[Wait]) -> Mapping[str, Mapping[int, Wait]]:
    """Waits of periods by agreement and start of the period."""
    found: dict[str, dict[int, Wait]] = defaultdict(dict)
    for wait in waits:
        agreement_id, _, starts_at = wait.subject_id.rpartition("/")
        found[agreement_id][int(starts_at)] = wait
    return found


def _own(waits: Mapping[int, Wait], agreement: Agreement) -> Mapping[int, Wait]:
    return {at: wait for at, wait in waits.items() if agreement.covers(at)}


def _begin(marks: Marks, agreements: Sequence[Agreement], ledger: Ledger, now: int) -> None:
    """Where a process that has just started goes on: at the newest period that was judged, and where slots may have changed since."""
    if all(agreement.version_id in marks.judged_to for agreement in agreements):
        return
    judged = ledger.judged_to()
    for agreement in agreements:
        first = _first_to_judge(agreement, judged.get(agreement.id, 0), ledger)
        marks.judged_to.setdefault(agreement.version_id, first)
        untold = Period(starts_at=now - agreement.grace_seconds - UNTOLD_SECONDS, ends_at=now)
        for promise in agreement.promises:
            marks.again[promise.slo.counted_as] = untold.joined(marks.again.get(promise.slo.counted_as))


def _first_to_judge(agreement: Agreement, newest: int, ledger: Ledger) -> int:
    """Where a version goes on, by the start of the newest period that any version judged.

    A later version may have judged while the longer grace of this one still ran, or after this one had failed: then its own newest
    is asked for.
    """
    if agreement.ends_at is not None and newest >= agreement.ends_at:
        own = ledger.newest_judged(agreement.id, before_at=agreement.ends_at)
        newest = own.period.starts_at if own else agreement.starts_at
    return max(newest, agreement.starts_at)


def _note_exclusions(marks: Marks, agreements: Sequence[Agreement], ledger: Ledger) -> None:
    """What was approved or withdrawn since: a process that begins looks at what came after the newest period that was judged began."""
    by_id: dict[str, list[Agreement]] = defaultdict(list)
    for one in agreements:
        by_id[one.id].append(one)
    for change in ledger.exclusion_changes(marks.exclusions):
        for agreement in by_id.get(change.agreement_id, ()):
            if not marks.exclusions and change.at < marks.judged_to[agreement.version_id]:
                continue
            for promise in agreement.promises:
                marks.again[promise.slo.counted_as] = change.period.joined(marks.again.get(promise.slo.counted_as))
        marks.exclusions = max(marks.exclusions, change.number)


def _evaluate(
    agreement: Agreement, marks: Marks, waits: Mapping[int, Wait], attained: Attained
) -> Iterator[Judged | NotYet]:
    """One agreement; nothing after a period that the source has not reached is looked at: it is not due."""
    for at in waits:
        if agreement.window.period_at(at).starts_at != at:  # its window is another one now: no such period will come
            attained.ledger.end_wait(PERIOD, f"{agreement.id}/{at}", attained.clock.now())
    for period in _periods(agreement, marks, waits, attained.clock.now() - agreement.grace_seconds):
        early = attained.too_early(agreement, period.ends_at + agreement.grace_seconds)
        events = list(_evaluate_period(agreement, period, attained, early))
        yield from events
        reasons = sorted({one.reason for one in events if isinstance(one, NotYet)})
        _keep_waiting(agreement, period, "; ".join(reasons), waits.get(period.starts_at), attained)
        if reasons and early:
            break
        own = agreement.version_id
        marks.judged_to[own] = max(period.ends_at, marks.judged_to.get(own, period.ends_at))


def _periods(agreement: Agreement, marks: Marks, waits: Mapping[int, Wait], until_at: int) -> Iterator[Period]:
    """Those that have ended since, those that wait, and those of which slots have changed; oldest first.

    Each is made when it is looked at: where our clock runs years ahead, the first one that the source has not reached is the last.
    """
    window, since_at = agreement.window, marks.judged_to.get(agreement.version_id, agreement.starts_at)
    until_at = min(until_at, agreement.holds_until)
    others = {window.period_at(at) for at in waits}
    for promise in agreement.promises:
        if changed := marks.again.get(promise.slo.counted_as):
            # A slot beside the period may hold something of it.
            low = max(agreement.starts_at, changed.starts_at - promise.slo.slot.seconds)
            high = min(since_at, changed.ends_at + promise.slo.slot.seconds)
            if low < high:
                others |= set(periods_between(window, window.period_at(low).starts_at, window.period_at(high).ends_at))
    found = (period for period, _ in groupby(merge(sorted(others), periods_between(window, since_at, until_at))))
    return (one for one in found if agreement.starts_at <= one.starts_at and one.ends_at <= until_at)


def _keep_waiting(agreement: Agreement, period: Period, reason: str, standing: Wait | None, attained: Attained) -> None:
    """Record that a period waits, or that it does no more."""
    subject_id, ledger, now = f"{agreement.id}/{period.starts_at}", attained.ledger, attained.clock.now()
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


def _tell_of_a_stranger(waits: Iterable[Wait], ledger: Ledger) -> None:
    """A period of an agreement that is in no spec any more is judged by nobody: its wait says so, and a person ends it."""
    for wait in waits:
        if wait.reason != STRANGER:
            ledger.begin_wait(replace(wait, reason=STRANGER))


def _evaluate_period(agreement: Agreement, period: Period, attained: Attained, early: str) -> Iterator[Judged | NotYet]:
    """A promise that has a verdict waits for nothing: where it cannot be judged again, it stands, and that is told."""
    standing = {(v.slo, v.site): v for v in attained.ledger.standing(agreement.id, period)}
    for promise in agreement.promises:
        before = standing.get((promise.slo.name, promise.site))
        reason = early or attained.not_yet(agreement, promise, period)
        found = reason or attained.at(agreement, promise, period)
        if not isinstance(found, str):
            yield _judge(agreement, promise, found, before, attained)
        elif before:
            yield Judged(record=before, added=False, problem=found)
        else:
            yield NotYet(promise=promise, period=period, reason=found)


def _judge(
    agreement: Agreement, promise: Promise, found: AttainmentRecord, before: VerdictRecord | None, attained: Attained
) -> Judged | NotYet:
    """The same slots under the same exclusions are the same verdict; anything else is the next revision."""
    overlay = attained.overlays.over(agreement, promise, found.period)
    if before and (before.attainment_revision, before.overlay) == (found.revision, overlay):
        return Judged(record=before, added=False)
    counted = attained.under(overlay, agreement, promise, found.period) if overlay else found.attainment
    if isinstance(counted, str):
        if before:
            return Judged(record=before, added=False, problem=counted)
        return NotYet(promise=promise, period=found.period, reason=counted)
    verdict = judge(promise.slo, counted)
    record = VerdictRecord(
        agreement_id=agreement.id,
        agreement_version=agreement.version,
        tenant=agreement.tenant,
        slo=found.slo,
        site=found.site,
        period=found.period,
        revision=before.revision + 1 if before else 1,
        verdict=verdict,
        attainment=counted,
        attainment_revision=found.revision,
        target_ppm=promise.slo.target_ppm,
        spec_digest=found.spec_digest,
        slots_digest=found.slots_digest,
        slot_count=found.slot_count,
        overlay=overlay,
        at_stake=at_stake(agreement, promise, counted) if verdict is Verdict.UNDETERMINED else agreement.money(0),
        cap_minor=agreement.cap_minor,
        judged_at=attained.clock.now(),
    )
    return Judged(record=record, added=attained.ledger.add_verdict(record))
