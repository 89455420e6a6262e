"""What an agreement means in numbers, before anything was counted: its periods, its budgets, and what each miss costs.

Nothing is computed here that judges or prices: whole periods are put to `judge` and `most_owed`, as they are when one is over, and
where their answers change is looked for. So an explanation cannot say anything that a verdict would not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.penalty import most_owed
from sankofa_observe.sla.schedule import most_of
from sankofa_observe.sla.stacking import claim_ends_at, year_credits
from sankofa_observe.slo.clock_changes import ClockChange, clock_changes
from sankofa_observe.slo.objective import Budgeting
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Attainment, Verdict, judge
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from sankofa_observe.units import Money, Period

PERIODS = 3
FEW = 5  # steps of a formula that are shown, before the last
EVENTS = 1_000_000  # of events nobody knows how many a period will have: so many stand for them
_DAY = 86_400
_MONTHS = tuple(days * _DAY for days in (28, 29, 30, 31))
_USUAL = 30 * _DAY


@dataclass(frozen=True, kw_only=True)
class PeriodAhead:
    """A period, the changes of its zone's clocks in it, and when what it owes may be known."""

    period: Period
    zone: str
    changes: tuple[ClockChange, ...]
    judged_at: int  # when its grace has ended
    final_at: int  # when the dispute window has passed that opens then, at the earliest
    claim_ends_at: int | None  # from when on its credit can no longer be claimed; None where it has not to be


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Of so many slots, or events, `allowed` may be bad and the promise is met; `seconds` is the length, 0 for events."""

    seconds: int
    base: int
    allowed: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """From `bad` slots or events on, the credit is this one."""

    bad: int
    good: int
    credit: Money


@dataclass(frozen=True, kw_only=True)
class PromiseMeaning:
    """What one promise allows, and what missing it alone costs in a period with `base` slots or events.

    A formula may have thousands of steps: then `steps` are the first ones and the last.
    """

    promise: Promise
    budgets: tuple[Budget, ...]
    base: int
    seconds: int  # of that period; 0 for events
    steps: tuple[Step, ...]
    example: Step  # a miss from within the first of them


@dataclass(frozen=True, kw_only=True)
class Meaning:
    agreement: Agreement
    periods: tuple[PeriodAhead, ...]
    promises: tuple[PromiseMeaning, ...]
    worst_year: (
        Money | None
    )  # what the first year pays if every promise is missed wholly; None where a year has no cap of its own


def explain(agreement: Agreement, now: int) -> Meaning:
    """The meaning of a version of an agreement, from the period on that is open now, or from its first one, to its end."""
    ahead = _periods(agreement, max(now, agreement.starts_at))
    return Meaning(
        agreement=agreement,
        periods=tuple(_ahead(agreement, one) for one in ahead),
        promises=tuple(_promise(agreement, one, ahead) for one in agreement.promises),
        worst_year=_worst_year(agreement) if agreement.credit_rules.cap_year_minor else None,
    )


def _worst_year(agreement: Agreement) -> Money:
    owed = agreement.credit_minor(most_of(one.schedule, agreement.fee_minor) for one in agreement.promises)
    return agreement.money(sum(year_credits(agreement.credit_rules, [owed] * agreement.year_periods)))


def _periods(agreement: Agreement, at: int) -> list[Period]:
    found = [agreement.window.period_at(at)]
    while len(found) < PERIODS and found[-1].ends_at < agreement.holds_until:
        found.append(agreement.window.period_at(found[-1].ends_at))
    return found


def _ahead(agreement: Agreement, period: Period) -> PeriodAhead:
    zone = agreement.window.zone if isinstance(agreement.window, CalendarWindow) else "UTC"
    judged_at, claim = period.ends_at + agreement.grace_seconds, agreement.credit_rules.claim
    return PeriodAhead(
        period=period,
        zone=zone,
        changes=tuple(clock_changes(zone, period)),
        judged_at=judged_at,
        final_at=judged_at + agreement.dispute_window_seconds,
        claim_ends_at=claim_ends_at(claim, agreement.window, period) if claim else None,
    )


def _promise(agreement: Agreement, promise: Promise, ahead: list[Period]) -> PromiseMeaning:
    slo, lengths = promise.slo, _lengths(agreement, ahead)
    counts_events = slo.budgeting is Budgeting.OCCURRENCES
    bases = [(0, EVENTS)] if counts_events else [(one, one // slo.slot.seconds) for one in lengths]
    seconds, base = next((one for one in bases if one[0] == _USUAL), bases[0])
    steps = list(_steps(agreement, promise, base))
    return PromiseMeaning(
        promise=promise,
        budgets=tuple(
            Budget(seconds=one, base=count, allowed=_first(count, _missed(promise, count)) - 1) for one, count in bases
        ),
        base=base,
        seconds=seconds,
        steps=tuple(steps),
        example=_step(agreement, promise, base, _within_first(steps, base)),
    )


def _lengths(agreement: Agreement, ahead: list[Period]) -> list[int]:
    """In seconds: of the months of a calendar all four, else those of the periods ahead."""
    window = agreement.window
    if isinstance(window, CalendarWindow) and window.unit is CalendarUnit.MONTH:
        return list(_MONTHS)
    return sorted({one.seconds for one in ahead})


def _attained(base: int, bad: int) -> Attainment:
    """A period in which everything is known."""
    return Attainment(good=base - bad, bad=bad, unknown=0, slots={SlotState.GOOD: base - bad, SlotState.BAD: bad})


def _missed(promise: Promise, base: int) -> Callable[[int], bool]:
    return lambda bad: judge(promise.slo, _attained(base, bad)) is not Verdict.MET


def _steps(agreement: Agreement, promise: Promise, base: int) -> list[Step]:
    """Where the credit of a whole period changes, from none on."""
    found: list[Step] = []
    now = _step(agreement, promise, base, 0)
    most = _step(agreement, promise, base, base)
    while now.credit.amount_minor < most.credit.amount_minor:
        if promise.formula and len(found) == FEW:
            bad = _first(base, lambda bad: _step(agreement, promise, base, bad).credit == most.credit)
            return [*found, _step(agreement, promise, base, bad)]
        paid = now.credit.amount_minor
        bad = _first(base, lambda bad: _step(agreement, promise, base, bad).credit.amount_minor > paid)  # noqa: B023  used at once
        found.append(now := _step(agreement, promise, base, bad))
    return found


def _step(agreement: Agreement, promise: Promise, base: int, bad: int) -> Step:
    alone = most_owed(agreement, promise, _attained(base, bad))
    return Step(bad=bad, good=base - bad, credit=agreement.money(agreement.credit_minor([alone])))


def _within_first(steps: list[Step], base: int) -> int:
    """Halfway through the first step, or all bad where nothing is ever paid."""
    ends = [one.bad for one in steps[:2]]
    return (ends[0] + (ends[1] if len(ends) > 1 else base)) // 2 if ends else base


def _first(base: int, holds: Callable[[int], bool]) -> int:
    """The first count of bad ones, up to all, of which something holds that holds of all more as well; one more if of none."""
    return bisect_left(range(base + 1), True, key=holds)
