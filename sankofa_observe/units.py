"""Exact quantities: integers with their unit in the name, and nothing that rounds by itself.

Parts per million (`…_ppm`), minor units of a currency (`…_minor`), UTC seconds since the epoch (`…_at`). A verdict or an
amount never passes through a float; `Fraction` appears where a quotient must be kept, floats only where a person looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

PPM = 1_000_000


@dataclass(frozen=True, kw_only=True, order=True)
class Period:
    """A half-open stretch of UTC time, `[starts_at, ends_at)`, in whole seconds."""

    starts_at: int
    ends_at: int

    def __post_init__(self) -> None:
        if self.starts_at >= self.ends_at:
            raise ValueError(f"period [{self.starts_at}, {self.ends_at}): the end must be after the start")

    @property
    def seconds(self) -> int:
        return self.ends_at - self.starts_at

    def joined(self, other: Period | None) -> Period:
        """The stretch from where the earlier begins to where the later ends."""
        if other is None:
            return self
        return Period(starts_at=min(self.starts_at, other.starts_at), ends_at=max(self.ends_at, other.ends_at))

    def overlaps(self, other: Period) -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def __contains__(self, at: int) -> bool:
        return self.starts_at <= at < self.ends_at

    def __str__(self) -> str:
        return f"{rfc3339(self.starts_at)}/{rfc3339(self.ends_at)}"


def union(periods: Iterable[Period]) -> list[Period]:
    """The same stretches, in order; those that overlap or touch are one."""
    found: list[Period] = []
    for one in sorted(periods):
        if found and one.starts_at <= found[-1].ends_at:
            found[-1] = found[-1].joined(one)
        else:
            found.append(one)
    return found


def without(period: Period, holes: Iterable[Period]) -> Iterator[Period]:
    """What is left of a period without the holes, oldest first; they may reach over its edges and over each other."""
    at = period.starts_at
    for hole in sorted(holes):
        if at < (until := min(hole.starts_at, period.ends_at)):
            yield Period(starts_at=at, ends_at=until)
        at = max(at, hole.ends_at)
    if at < period.ends_at:
        yield Period(starts_at=at, ends_at=period.ends_at)


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount in minor units of one currency; `exponent` is ISO 4217's (USD 2, JPY 0, KWD 3)."""

    amount_minor: int
    currency: str
    exponent: int

    def __str__(self) -> str:
        if self.exponent == 0:
            return f"{self.amount_minor} {self.currency}"
        sign, digits = ("-", -self.amount_minor) if self.amount_minor < 0 else ("", self.amount_minor)
        major, minor = divmod(digits, 10**self.exponent)
        return f"{sign}{major}.{minor:0{self.exponent}d} {self.currency}"


def share_floor(amount_minor: int, share_ppm: int) -> int:
    """`amount * share`, rounded down: the payer keeps less than one minor unit."""
    return amount_minor * share_ppm // PPM


def ratio_below(good: int, valid: int, threshold_ppm: int) -> bool:
    """Whether `good / valid < threshold`, by cross-multiplication, so that no rounding decides."""
    return good * PPM < threshold_ppm * valid


def floor_ppm(good: int, valid: int) -> int:
    """`good / valid` in ppm, rounded down: for a whole-ppm threshold the shown figure never contradicts the verdict."""
    return good * PPM // valid


RFC3339 = "%Y-%m-%dT%H:%M:%SZ"


def years_before(at: int, years: int) -> int:
    """The same instant so many calendar years before, in UTC. Of a 29 February without one there, the last second of the 28th: what is
    later than that is not so many years old on that day.
    """
    now = datetime.fromtimestamp(at, UTC)
    try:
        return int(now.replace(year=now.year - years).timestamp())
    except ValueError:
        return int(datetime(now.year - years, 3, 1, tzinfo=UTC).timestamp()) - 1


def rfc3339(at: int) -> str:
    """UTC seconds as `2026-11-24T10:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime(RFC3339)


def instant(text: str) -> datetime:
    """What `rfc3339` writes, read back; raises `ValueError` for any other text."""
    return datetime.strptime(text, RFC3339).replace(tzinfo=UTC)
