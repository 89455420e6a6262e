"""What each tenant is owed, worked out from the times of the faults alone: no line of the engine, and no value that it counted.

A slot is touched for sure where the site was down while at least two scrapes fell into it, and perhaps where a scrape's delay more
would reach it. Where both lead to different bands nothing is claimed, and the tour says so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from deploy.lab.byhand import Switched

MILLION = 1_000_000
Bad = tuple[Fraction, Fraction, int]  # slots that are bad at least and at most, and all that count


@dataclass(frozen=True, kw_only=True)
class Down:
    """A fault was driven in and taken back, each somewhere between two times, in seconds of Unix time."""

    began: Switched
    ended: Switched


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Slots of a period, and how far from a switch a scrape may still see what was before it."""

    starts_at: int
    slot_seconds: int
    slots: int
    slack_seconds: float


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How much is bad at least and at most, of how much, and the credit in minor units; None where it does not follow."""

    surely: Fraction
    possibly: Fraction
    base: int
    credit_minor: int | None


def touched(down: Down, timing: Timing) -> tuple[set[int], set[int]]:
    """Numbers of the slots that the fault touched for sure, and of those that it may have touched."""
    slack = timing.slack_seconds
    return (
        _overlapping(down.began.after + slack, down.ended.before - slack, timing),
        _overlapping(down.began.before - slack, down.ended.after + slack, timing),
    )


def _overlapping(begins: float, ends: float, timing: Timing) -> set[int]:
    length, start = timing.slot_seconds, timing.starts_at
    return {n for n in range(timing.slots) if start + n * length < ends and begins < start + (n + 1) * length}


def by_slots(down: Collection[Down], timing: Timing, excluded: Collection[int] = ()) -> Bad:
    """Bad slots at least and at most, and the slots that count."""
    sure, maybe = set[int](), set[int]()
    for one in down:
        surely, possibly = touched(one, timing)
        sure, maybe = sure | surely, maybe | possibly
    left_out = set(excluded)
    return Fraction(len(sure - left_out)), Fraction(len(maybe - left_out)), timing.slots - len(left_out)


def by_time(down: Down, timing: Timing) -> Bad:
    """Of requests that come evenly as much is bad as of the time; in slots, of all slots."""
    slack, length = timing.slack_seconds, timing.slot_seconds
    surely = Fraction(max(0.0, down.ended.before - down.began.after - slack)) / length
    possibly = Fraction(down.ended.after - down.began.before + slack) / length
    return surely, min(possibly, Fraction(timing.slots)), timing.slots


def owed(bad: Bad, *, fee_minor: int, bands: Collection[tuple[int, int]], cap_ppm: int) -> Expected:
    """The credit by the lowest band whose limit is not reached, rounded down, at most the cap's share of the fee."""
    surely, possibly, base = bad
    credits_ = {_credit(1 - share / base, fee_minor, bands, cap_ppm) for share in (surely, possibly)}
    return Expected(
        surely=surely, possibly=possibly, base=base, credit_minor=credits_.pop() if len(credits_) == 1 else None
    )


def _credit(good: Fraction, fee_minor: int, bands: Collection[tuple[int, int]], cap_ppm: int) -> int:
    reached = [credit for below, credit in bands if good * MILLION < below]
    return fee_minor * min(max(reached, default=0), cap_ppm) // MILLION
