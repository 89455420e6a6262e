"""What if: the past under another objective, schedule or exclusion, priced by the functions that judge and price.

Nothing here is owed. A period of which nobody can tell costs between nothing and all that is at stake, and is never shown as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.penalty import at_stake
from sankofa_observe.sla.schedule import CreditBand, credit_ppm
from sankofa_observe.slo.verdict import Attainment, Verdict, judge
from sankofa_observe.units import PPM, Period, floor_ppm, share_floor


@dataclass(frozen=True, kw_only=True)
class Owed:
    """An amount between two bounds, in minor units; they are equal where the slots can tell."""

    low_minor: int = 0
    high_minor: int = 0

    def __add__(self, other: Owed) -> Owed:
        return Owed(low_minor=self.low_minor + other.low_minor, high_minor=self.high_minor + other.high_minor)

    def __sub__(self, other: Owed) -> Owed:
        return Owed(low_minor=self.low_minor - other.low_minor, high_minor=self.high_minor - other.high_minor)

    def capped(self, cap_minor: int) -> Owed:
        return Owed(low_minor=min(self.low_minor, cap_minor), high_minor=min(self.high_minor, cap_minor))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A verdict with what it costs, before the cap of the period."""

    verdict: Verdict
    owed: Owed


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be otherwise, for the promises of one SLO."""

    slo: str
    target_ppm: int | None = None
    bands: tuple[CreditBand, ...] = ()  # in place of the promises' own

    def of(self, promise: Promise) -> Promise:
        """The promise as it would have been."""
        if promise.slo.name != self.slo:
            return promise
        target_ppm = self.target_ppm or (self.bands[0].below_ppm if self.bands else promise.slo.target_ppm)
        return under(self.scheduled(promise), target_ppm)

    def scheduled(self, promise: Promise) -> Promise:
        """The promise with the other schedule alone."""
        return replace(promise, bands=self.bands) if self.bands else promise


def under(promise: Promise, target_ppm: int) -> Promise:
    """The promise with another objective: a miss of it is credited as its schedule credits such an attainment, and by its first band
    at least; bands above the objective have no meaning any more.
    """
    above = [band for band in promise.bands if band.below_ppm >= target_ppm]
    first = CreditBand(below_ppm=target_ppm, credit_ppm=(above[-1:] or promise.bands[:1])[0].credit_ppm)
    deeper = [one for one in promise.bands if one.below_ppm < target_ppm and one.credit_ppm > first.credit_ppm]
    return replace(promise, slo=replace(promise.slo, target_ppm=target_ppm), bands=(first, *deeper))


def outcome(agreement: Agreement, promise: Promise, attained: Attainment) -> Outcome:
    """How the promise would be judged, and what it would cost."""
    verdict = judge(promise.slo, attained)
    if verdict is Verdict.BREACH:
        share_ppm = credit_ppm(attained.high_good, attained.base, promise.bands)
        minor = share_floor(agreement.fee_minor, share_ppm)
        return Outcome(verdict=verdict, owed=Owed(low_minor=minor, high_minor=minor))
    if verdict is Verdict.UNDETERMINED:
        most = at_stake(agreement, promise, attained).amount_minor
        return Outcome(verdict=verdict, owed=Owed(high_minor=most))
    return Outcome(verdict=verdict, owed=Owed())


def cap_minor(agreement: Agreement) -> int:
    """The most that all credits of a period come to."""
    return share_floor(agreement.fee_minor, agreement.cap_ppm)


def owed_together(agreement: Agreement, outcomes: Iterable[Outcome]) -> Owed:
    """What the outcomes of one period come to, under its cap."""
    return sum((one.owed for one in outcomes), Owed()).capped(cap_minor(agreement))


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
    depend on the objective otherwise (`under`). So the curve is the sum of such steps, each period under its cap.
    """
    moves: list[tuple[int, int, Owed]] = []
    periods: dict[tuple[str, Period], int] = {}
    caps: list[int] = []
    for one in of:
        place = periods.setdefault((one.agreement.id, one.period), len(periods))
        if place == len(caps):
            caps.append(cap_minor(one.agreement))
        moves += [(at, place, owed) for at, owed in _moves(one, change)]
    raw, total = [Owed()] * len(caps), Owed()
    steps: list[Step] = []
    for at, group in groupby(sorted(moves, key=lambda move: move[0]), key=lambda move: move[0]):
        for _, place, owed in group:
            before = raw[place].capped(caps[place])
            raw[place] += owed
            after = raw[place].capped(caps[place])
            total += Owed(low_minor=after.low_minor - before.low_minor, high_minor=after.high_minor - before.high_minor)
        if not steps or steps[-1].owed != total:
            steps.append(Step(target_ppm=at, owed=total))
    return steps


def _moves(one: Judgeable, change: Change) -> list[tuple[int, Owed]]:
    """By how much a promise moves the sum, and at which objective."""
    scheduled, attained = change.scheduled(one.promise), one.attained
    if one.promise.slo.name != change.slo or not attained.bounded or not attained.base:  # the same under each objective
        return [(1, outcome(one.agreement, change.of(one.promise), attained).owed)]
    doubted = floor_ppm(attained.good, attained.base) + 1  # the least objective that `good` misses
    missed = floor_ppm(attained.high_good, attained.base) + 1
    before, found = Owed(), []
    for at in sorted({doubted, missed}):
        if at < PPM:
            owed = outcome(one.agreement, under(scheduled, at), attained).owed
            found.append((at, owed - before))
            before = owed
    return found
