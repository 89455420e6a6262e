"""What if: the past under another objective, schedule or exclusion, priced by the functions that judge and price.

Nothing here is owed. A period of which nobody can tell costs between nothing and all that is at stake, and is never shown as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.penalty import most_owed, owed
from sankofa_observe.sla.schedule import Counted, CreditBand, Schedule
from sankofa_observe.sla.stacking import Credit
from sankofa_observe.slo.verdict import Attainment, Verdict, judge
from sankofa_observe.units import PPM, Period, floor_ppm


@dataclass(frozen=True, kw_only=True)
class Owed:
    """An amount between two bounds, in minor units; they are equal where the slots can tell."""

    low_minor: int = 0
    high_minor: int = 0

    def __add__(self, other: Owed) -> Owed:
        return Owed(low_minor=self.low_minor + other.low_minor, high_minor=self.high_minor + other.high_minor)

    def __sub__(self, other: Owed) -> Owed:
        return Owed(low_minor=self.low_minor - other.low_minor, high_minor=self.high_minor - other.high_minor)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A verdict with what it costs: `owed` by itself, before anything that is agreed of several, and the bounds that are put together."""

    verdict: Verdict
    owed: Owed
    low: Credit
    high: Credit


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be otherwise, for the promises of one SLO."""

    slo: str
    target_ppm: int | None = None
    schedule: Schedule = ()  # in place of the promises' own

    def of(self, promise: Promise) -> Promise:
        """The promise as it would have been."""
        if promise.slo.name != self.slo:
            return promise
        bands = self.schedule if isinstance(self.schedule, tuple) else ()
        target_ppm = self.target_ppm or (bands[0].below_ppm if bands else promise.slo.target_ppm)
        return under(self.scheduled(promise), target_ppm)

    def scheduled(self, promise: Promise) -> Promise:
        """The promise with the other schedule alone."""
        if isinstance(self.schedule, tuple):
            return replace(promise, bands=self.schedule, formula=None) if self.schedule else promise
        return replace(promise, bands=(), formula=self.schedule)


def under(promise: Promise, target_ppm: int) -> Promise:
    """The promise with another objective: a miss of it is credited as its schedule credits such an attainment, and by its first band
    at least; bands above the objective have no meaning any more. A formula stays what it is.
    """
    if promise.formula:
        return replace(promise, slo=replace(promise.slo, target_ppm=target_ppm))
    above = [band for band in promise.bands if band.below_ppm >= target_ppm]
    first = CreditBand(below_ppm=target_ppm, credit_ppm=(above[-1:] or promise.bands[:1])[0].credit_ppm)
    deeper = [one for one in promise.bands if one.below_ppm < target_ppm and one.credit_ppm > first.credit_ppm]
    return replace(promise, slo=replace(promise.slo, target_ppm=target_ppm), bands=(first, *deeper))


def outcome(agreement: Agreement, promise: Promise, attained: Attainment) -> Outcome:
    """How the promise would be judged, and what it would cost."""
    verdict = judge(promise.slo, attained)
    low = high = Credit()
    if verdict is Verdict.BREACH:
        low = high = owed(agreement, promise, good=attained.high_good, valid=attained.base)
    if verdict is Verdict.UNDETERMINED:
        high = most_owed(agreement, promise, attained)
    alone = Owed(low_minor=agreement.alone_minor(low), high_minor=agreement.alone_minor(high))
    return Outcome(verdict=verdict, owed=alone, low=low, high=high)


def owed_together(agreement: Agreement, outcomes: Sequence[Outcome]) -> Owed:
    """What the outcomes of one period come to, by the rule of money."""
    return Owed(
        low_minor=agreement.credit_minor(one.low for one in outcomes),
        high_minor=agreement.credit_minor(one.high for one in outcomes),
    )


def within_year(agreement: Agreement, uncut: Owed) -> Owed:
    """What is paid of the sum of one year's periods."""
    most = agreement.credit_rules.cap_year_minor
    if not most:
        return uncut
    return Owed(low_minor=min(uncut.low_minor, most), high_minor=min(uncut.high_minor, most))


@dataclass(frozen=True, kw_only=True)
class Judgeable:
    """What one promise attained in one period."""

    agreement: Agreement
    promise: Promise
    period: Period
    attained: Attainment


@dataclass(frozen=True, kw_only=True)
class Step:
    """From this objective on, up to the next step, all of the past comes to so much."""

    target_ppm: int
    owed: Owed


def curve(of: Sequence[Judgeable], change: Change) -> list[Step]:
    """What the past comes to as a function of the objective, from 1 ppm on: every objective at which anything changes.

    A promise changes at two objectives, where it can no longer be certainly met and where it is certainly missed; what it costs does not
    depend on the objective otherwise (`under`). So the curve is the sum of such steps, each period stacked and under its cap, and the
    periods of each year of an agreement under the cap of the year.

    Raises:
        ValueError: a formula prices what is beyond the objective, which changes with every objective.
    """
    if any(beyond(change.of(one.promise)) for one in of if one.promise.slo.name == change.slo):
        raise ValueError("a formula of what is beyond the objective has no steps to draw")
    moves: list[tuple[int, int, int, Outcome]] = []  # at which objective which promise of which period comes to what
    places: dict[tuple[str, Period], int] = {}
    agreements: list[Agreement] = []
    years: list[tuple[str, int]] = []
    several: list[list[Outcome]] = []
    for one in of:
        place = places.setdefault((one.agreement.id, one.period), len(places))
        if place == len(several):
            agreements.append(one.agreement)
            years.append((one.agreement.id, one.agreement.year_at(one.period)))
            several.append([])
        moves += [(at, place, len(several[place]), found) for at, found in _moves(one, change)]
        several[place].append(_NOTHING)
    stands, total, uncut = [Owed() for _ in several], Owed(), dict.fromkeys(years, Owed())
    steps: list[Step] = []
    for at, group in groupby(sorted(moves, key=lambda move: move[0]), key=lambda move: move[0]):
        touched = set()
        for _, place, seat, found in group:
            several[place][seat] = found
            touched.add(place)
        for place in touched:
            after = owed_together(agreements[place], several[place])
            before = uncut[years[place]]
            uncut[years[place]] = before + after - stands[place]
            stands[place] = after
            total += within_year(agreements[place], uncut[years[place]]) - within_year(agreements[place], before)
        if not steps or steps[-1].owed != total:
            steps.append(Step(target_ppm=at, owed=total))
    return steps


def beyond(promise: Promise) -> bool:
    """Whether what a miss costs depends on the objective itself."""
    return promise.formula is not None and promise.formula.counted is Counted.BEYOND


_NOTHING = Outcome(verdict=Verdict.MET, owed=Owed(), low=Credit(), high=Credit())


def _moves(one: Judgeable, change: Change) -> list[tuple[int, Outcome]]:
    """What a promise comes to, from which objective on."""
    scheduled, attained = change.scheduled(one.promise), one.attained
    if one.promise.slo.name != change.slo or not attained.bounded or not attained.base:  # the same under each objective
        return [(1, outcome(one.agreement, change.of(one.promise), attained))]
    doubted = floor_ppm(attained.good, attained.base) + 1  # the least objective that `good` misses
    missed = floor_ppm(attained.high_good, attained.base) + 1
    asked = [at for at in sorted({doubted, missed}) if at < PPM]
    return [(at, outcome(one.agreement, under(scheduled, at), attained)) for at in asked]
