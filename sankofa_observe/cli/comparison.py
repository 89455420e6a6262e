"""What `what-if` tells: promises as they are beside what they would be, sums under the cap of each period, and the curve's steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sankofa_observe.cli.spec_explain import formula_words
from sankofa_observe.pictures.curve import percent
from sankofa_observe.pipeline.what_if import Compared, NotPriced
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.what_if import Change, Outcome, Owed, owed_together, within_year
from sankofa_observe.slo.verdict import Attainment, Verdict
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, Window
from sankofa_observe.units import Period, floor_ppm, rfc3339

FOUR_PLACES = 10_000


@dataclass(frozen=True, kw_only=True)
class Side:
    """A promise in a period, as it is or as it would be; bounds in ppm, rounded down, or None where no base is known."""

    low_ppm: int | None
    high_ppm: int | None
    verdict: Verdict
    owed: Owed


@dataclass(frozen=True, kw_only=True)
class PromiseCompared:
    """One promise in one period."""

    agreement: str
    agreement_version: int  # that held then
    slo: str
    site: str
    period: Period
    as_it_is: Side
    what_if: Side
    recorded: Verdict | None  # what the ledger has, where that is another verdict than follows from what is stored now
    currency: str
    exponent: int


@dataclass(frozen=True, kw_only=True)
class PeriodCompared:
    """All promises of an agreement in one period, under its cap and before that of the year."""

    agreement: str
    agreement_version: int
    agreement_year: int  # from 0
    period: Period
    as_it_is: Owed
    what_if: Owed
    currency: str
    exponent: int


Recorded = Mapping[tuple[str, str, str, Period], Verdict]
"""What the ledger has, by agreement id, SLO, site and period."""


def promise_compared(one: Compared, recorded: Recorded) -> PromiseCompared:
    agreement, promise = one.actual.agreement, one.actual.promise
    return PromiseCompared(
        agreement=agreement.name,
        agreement_version=agreement.version,
        slo=promise.slo.name,
        site=promise.site,
        period=one.actual.period,
        as_it_is=_side(one.actual.attained, one.was),
        what_if=_side(one.changed.attained, one.would_be),
        recorded=_recorded(one, recorded),
        currency=agreement.currency,
        exponent=agreement.exponent,
    )


def periods_compared(found: Iterable[Compared]) -> Iterator[PeriodCompared]:
    """In the order of what was found: by agreement, oldest period first."""
    for (_, period), some in groupby(found, key=lambda one: (one.actual.agreement.id, one.actual.period)):
        group = list(some)
        agreement = group[0].actual.agreement
        yield PeriodCompared(
            agreement=agreement.name,
            agreement_version=agreement.version,
            agreement_year=agreement.year_at(period),
            period=period,
            as_it_is=owed_together(agreement, [one.was for one in group]),
            what_if=owed_together(agreement, [one.would_be for one in group]),
            currency=agreement.currency,
            exponent=agreement.exponent,
        )


def _recorded(one: Compared, recorded: Recorded) -> Verdict | None:
    promise = one.actual.promise
    found = recorded.get((one.actual.agreement.id, promise.slo.name, promise.site, one.actual.period))
    return None if found is one.was.verdict else found


def _side(attained: Attainment, outcome: Outcome) -> Side:
    return Side(low_ppm=attained.low_ppm, high_ppm=attained.high_ppm, verdict=outcome.verdict, owed=outcome.owed)


# ---------------------------------------------------------------------------------------------------------------- lines


def lines(
    agreement: Agreement,
    found: Sequence[Compared | NotPriced],
    change: Change,
    excluded: Sequence[Period],
    recorded: Recorded,
    *,
    every: bool,
) -> Iterator[str]:
    """What there is to tell of one agreement; promises that were met and still would be are counted alone, unless every one is asked for."""
    priced = [one for one in found if isinstance(one, Compared)]
    yield from _head(agreement, change, excluded)
    quiet = 0
    for one in found:
        if isinstance(one, NotPriced):
            yield str(one)
        elif every or one.differs or one.was.verdict is not Verdict.MET or _recorded(one, recorded):
            yield from _promise_lines(one)
            if other := _recorded(one, recorded):
                yield f"  the ledger has {other}: slots or terms were others when it was judged"
        else:
            quiet += 1
    if quiet:
        yield f"{quiet:,} more {'was' if quiet == 1 else 'were'} met, and still would be"
    yield ""
    yield from _sums(agreement, list(periods_compared(priced)))


def _head(agreement: Agreement, change: Change, excluded: Sequence[Period]) -> Iterator[str]:
    fee, cap = agreement.money(agreement.fee_minor), agreement.money(agreement.cap_minor)
    yield f"{agreement.title}: fee of a period {fee}, its credits {cap} at most"
    promises = [one for one in agreement.promises if one.slo.name == change.slo]
    was, would_be = (list(dict.fromkeys(map(_terms, some))) for some in (promises, map(change.of, promises)))
    yield f"{change.slo}:"
    yield from (f"  as it is  {terms}" for terms in was)
    yield from (f"  what if   {terms}" for terms in would_be if would_be != was)
    yield from (f"  excluded  {one}" for one in excluded)


def _terms(promise: Promise) -> str:
    """The objective, and the share of the fee that is credited below each band's edge, or the formula in words."""
    if promise.formula:
        return f"{percent(promise.slo.target_ppm)}; credit {formula_words(promise.formula)}"
    first, *deeper = (f"{percent(one.credit_ppm)} below {percent(one.below_ppm)}" for one in promise.bands)
    return ", ".join([f"{percent(promise.slo.target_ppm)}; credit {first}", *deeper])


def _promise_lines(one: Compared) -> Iterator[str]:
    agreement, promise = one.actual.agreement, one.actual.promise
    yield f"{label(one.actual.period, agreement.window)}  {promise.label}"
    for words, attained, outcome in (
        ("as it is", one.actual.attained, one.was),
        ("what if", one.changed.attained, one.would_be),
    ):
        yield f"  {words:<8}  {_attained(attained):<22} {outcome.verdict:<12} {amount(agreement, outcome.owed):>30}"


def _sums(agreement: Agreement, sums: Sequence[PeriodCompared]) -> Iterator[str]:
    yield f"{'credits':<21} {'as it is':>28} {'what if':>28}"
    for one in sums:
        yield _sum_line(label(one.period, agreement.window), agreement, one.as_it_is, one.what_if)
    years = [list(some) for _, some in groupby(sums, key=lambda one: one.agreement_year)]
    was, would_be = (
        sum((within_year(agreement, sum(some, Owed())) for some in each), Owed())
        for each in (
            [[one.as_it_is for one in year] for year in years],
            [[one.what_if for one in year] for year in years],
        )
    )
    yield _sum_line(f"{len(sums)} together", agreement, was, would_be)


def _sum_line(words: str, agreement: Agreement, was: Owed, would_be: Owed) -> str:
    return f"{words:<21} {amount(agreement, was):>28} {amount(agreement, would_be):>28}"


def amount(agreement: Agreement, owed: Owed) -> str:
    low, high = str(agreement.money(owed.low_minor)), str(agreement.money(owed.high_minor))
    return low if low == high else f"{low.partition(' ')[0]} to {high}"


def _attained(attained: Attainment) -> str:
    if not attained.bounded:
        return "no bounds"
    if not attained.base:
        return "all of it excluded" if attained.excluded and not attained.slots else "nothing was counted"
    low, high = (floor_ppm(one, attained.base) for one in (attained.good, attained.high_good))
    return _percent(low) if low == high else f"{_percent(low).removesuffix(' %')} to {_percent(high)}"


def _percent(ppm: int) -> str:
    """Four places, rounded down: what is shown never says more than what was attained."""
    return f"{ppm // FOUR_PLACES}.{ppm % FOUR_PLACES:04d} %"


def label(period: Period, window: Window) -> str:
    """A period as people name it."""
    if not isinstance(window, CalendarWindow):
        return rfc3339(period.starts_at)
    local = datetime.fromtimestamp(period.starts_at, ZoneInfo(window.zone))
    if window.unit is CalendarUnit.QUARTER:
        return f"{local.year}-Q{(local.month + 2) // 3}"
    return local.strftime("%Y-%m" if window.unit is CalendarUnit.MONTH else "%Y-%m-%d")
