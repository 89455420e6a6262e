"""What the picture of a month shows: stretches of time, each with one mark, which cover the period without gap or overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from sankofa_observe.slo.slot import SlotState, whole_slots
from sankofa_observe.slo.spell import Spell
from sankofa_observe.units import Period


class Mark(IntEnum):
    """How a stretch is marked; where one cell has room for one mark, the greatest is shown.

    What is excluded is marked so even where it was good, and what was bad or unknown inside is told apart from the rest of it.
    """

    NOT_COUNTED = 0  # yet: it lies in the future, or waits for its samples
    NO_TRAFFIC = 1
    GOOD = 2
    NOT_KEPT = 3  # only totals of its days are left
    EXCLUDED = 4
    EXCLUDED_FAULT = 5  # excluded, and BAD or UNKNOWN
    UNKNOWN = 6
    BAD = 7


WORDS = {
    Mark.BAD: "bad",
    Mark.UNKNOWN: "unknown",
    Mark.EXCLUDED_FAULT: "excluded while not good",
    Mark.EXCLUDED: "excluded",
    Mark.NOT_KEPT: "only totals are kept",
    Mark.GOOD: "good",
    Mark.NO_TRAFFIC: "no traffic",
    Mark.NOT_COUNTED: "not counted yet",
}
_OF_STATE = {
    SlotState.GOOD: Mark.GOOD,
    SlotState.BAD: Mark.BAD,
    SlotState.NO_TRAFFIC: Mark.NO_TRAFFIC,
    SlotState.UNKNOWN: Mark.UNKNOWN,
}
_EXCLUDED = {
    Mark.GOOD: Mark.EXCLUDED,
    Mark.NO_TRAFFIC: Mark.EXCLUDED,
    Mark.BAD: Mark.EXCLUDED_FAULT,
    Mark.UNKNOWN: Mark.EXCLUDED_FAULT,
}


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Whole slots of one mark."""

    mark: Mark
    starts_at: int
    ends_at: int

    @property
    def seconds(self) -> int:
        return self.ends_at - self.starts_at


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Everything a picture of one site's slots in a period is drawn from."""

    slo: str
    site: str
    period: Period
    zone: str  # in whose days the rows are cut
    slot_seconds: int
    spells: Sequence[Spell]
    counted: str = ""  # what good and bad of a slot are: events, scrapes, or nothing that helps a reader
    exclusions: Sequence[Period] = ()
    not_kept: Sequence[Period] = ()  # of which only the totals of days are left

    @property
    def title(self) -> str:
        return f"{self.slo} at {self.site}"

    def stretches(self) -> list[Stretch]:
        """Oldest first, from the first whole slot of the period to the last one."""
        step = self.slot_seconds
        first, last = -(-self.period.starts_at // step) * step, self.period.ends_at // step * step
        inside = (whole_slots(one, step) for one in self.exclusions)
        excluded = [(one.starts_at, one.ends_at) for one in inside if one]
        not_kept = [(one.starts_at, one.ends_at) for one in self.not_kept]
        spelled = [(spell.starts_at, spell.ends_at) for spell in self.spells]
        edges = {first, last} | {at for pair in (*excluded, *not_kept, *spelled) for at in pair}
        begins = [start for start, _ in spelled]
        found = []
        for start, end in pairwise(sorted(at for at in edges if first <= at <= last)):
            place = bisect_right(begins, start) - 1
            known = place >= 0 and start < spelled[place][1]
            mark = _OF_STATE[self.spells[place].state] if known else Mark.NOT_COUNTED
            if _covered(start, not_kept):
                mark = Mark.NOT_KEPT
            elif _covered(start, excluded):
                mark = _EXCLUDED.get(mark, mark)
            found.append(Stretch(mark=mark, starts_at=start, ends_at=end))
        return list(_joined(found))


def _covered(at: int, intervals: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in intervals)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours of one mark as one."""
    last: Stretch | None = None
    for one in stretches:
        if last is not None and last.mark is one.mark:
            last = Stretch(mark=last.mark, starts_at=last.starts_at, ends_at=one.ends_at)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def seconds_by_mark(stretches: Iterable[Stretch]) -> dict[Mark, int]:
    found: dict[Mark, int] = {}
    for one in stretches:
        found[one.mark] = found.get(one.mark, 0) + one.seconds
    return found


def cut(stretches: Sequence[Stretch], starts_at: int, ends_at: int) -> list[Stretch]:
    """What of the stretches lies in a part of the period."""
    return [
        Stretch(mark=one.mark, starts_at=max(one.starts_at, starts_at), ends_at=min(one.ends_at, ends_at))
        for one in stretches
        if one.starts_at < ends_at and starts_at < one.ends_at
    ]
