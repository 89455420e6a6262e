"""Plain slots in columns, and with them the slots that are none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from sankofa_observe.slo.counter.parcel import GROWTH, Parcel
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.samples import Instants
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, slot_starts
from sankofa_observe.units import Period

Counts = NDArray[np.int64]
Places = NDArray[np.bool_]

STATES = (SlotState.GOOD, SlotState.BAD, SlotState.NO_TRAFFIC)
GOOD, BAD, NO_TRAFFIC = range(3)


@dataclass(frozen=True, kw_only=True)
class GrownParcels:
    """The proof of plain slots in columns, a parcel a row: what grew from one scrape of a source to the next.

    Rows stand by source and time. `place` is that of the slot, `source` that in `names`; what a `Parcel` has besides is nothing.
    """

    names: tuple[str, ...]
    place: Counts
    source: Counts
    number: Counts  # of the slot, from the epoch
    good: Counts
    bad: Counts
    from_ms: Counts
    to_ms: Counts
    good_before: Counts
    valid_before: Counts
    good_after: Counts
    valid_after: Counts

    def rows(self) -> Iterator[tuple[int, tuple[int | str, ...]]]:
        """Places of slots, each with a parcel."""
        columns = (getattr(self, one.name).tolist() for one in fields(self) if one.name != "names")
        for place, source, number, good, bad, from_ms, to_ms, *before, good_after, valid_after in zip(
            *columns, strict=True
        ):
            parcel = Parcel(
                source=self.names[source],
                kind=GROWTH,
                first=number,
                to=number,
                good=good,
                bad=bad,
                from_ms=from_ms,
                to_ms=to_ms,
                before=(before[0], before[1]),
                after=(good_after, valid_after),
            )
            yield place, parcel.row()


@dataclass(frozen=True, kw_only=True)
class PlainSlots:
    """Plain slots of one site under one SLO, one row each; what a slot has besides is nothing."""

    slo: str
    site: str
    starts_at: Counts
    good: Counts
    bad: Counts
    expected: Counts
    seen: Counts
    samples: Counts
    state: NDArray[np.int8]  # the place in `STATES`
    proof: GrownParcels | None = None  # of those that are BAD

    @classmethod
    def all_good(cls, key: SlotKey, starts_at: Counts, each: int, samples: Counts) -> PlainSlots:
        """Slots in which all of so many is good."""
        every = np.full(len(starts_at), each, np.int64)
        return cls(
            slo=key.slo,
            site=key.site,
            starts_at=starts_at,
            good=every,
            bad=np.zeros_like(every),
            expected=every,
            seen=every,
            samples=samples,
            state=np.full(len(every), GOOD, np.int8),
        )

    def __len__(self) -> int:
        return len(self.starts_at)

    def slots(self) -> Iterator[Slot]:
        columns = (self.starts_at, self.good, self.bad, self.expected, self.seen, self.samples)
        rows = zip(*(one.tolist() for one in columns), self.state.tolist(), strict=True)
        proof: dict[int, list[object]] = defaultdict(list)
        for place, parcel in self.proof.rows() if self.proof else ():
            proof[place].append(parcel)
        for place, (starts_at, good, bad, expected, seen, samples, state) in enumerate(rows):
            yield Slot(
                slo=self.slo,
                site=self.site,
                starts_at=starts_at,
                good=good,
                bad=bad,
                expected=expected,
                seen=seen,
                samples=samples,
                state=STATES[state],
                proof=tuple(proof.get(place, ())),
            )


@dataclass(frozen=True, kw_only=True)
class Counted(Iterable[Slot]):
    """Slots of one SLO: the plain ones in columns, the others one by one."""

    plain: Sequence[PlainSlots] = ()
    slots: Sequence[Slot] = ()
    # The sites of which something counted in the first slot or later may belong before it; of a composite, of one of its parts.
    reaching: frozenset[str] = frozenset()

    @classmethod
    def of(cls, parts: Sequence[Counted]) -> Counted:
        """Parts of one count together."""
        return cls(
            plain=[one for part in parts for one in part.plain],
            slots=[one for part in parts for one in part.slots],
            reaching=frozenset[str]().union(*(part.reaching for part in parts)),
        )

    def with_samples(self, rule: SlotRule, period: Period, beside: Sequence[Instants]) -> Counted:
        """The same slots of a site, counted from these raw samples as well, which are no counter's."""
        starts = np.array(slot_starts(period, rule.seconds), np.int64)
        if not len(starts) or not beside:
            return self
        more = by_slot(rule, starts, np.concatenate(beside))
        plain = [
            replace(one, samples=one.samples + more[(one.starts_at - starts[0]) // rule.seconds]) for one in self.plain
        ]
        places = ((one, (one.starts_at - int(starts[0])) // rule.seconds) for one in self.slots)
        slots = [replace(one, samples=one.samples + int(more[place])) for one, place in places]
        return replace(self, plain=plain, slots=slots)

    def without(self, kept: Collection[tuple[str, int]]) -> Counted:
        """The same slots but those of a site and start that are named."""
        sites = {site for site, _ in kept}
        touched = (slot for one in self.plain if one.site in sites for slot in one.slots())
        return replace(
            self,
            plain=[one for one in self.plain if one.site not in sites],
            slots=[one for one in (*self.slots, *touched) if (one.site, one.starts_at) not in kept],
        )

    def __iter__(self) -> Iterator[Slot]:
        """Every slot, by time; sites in no order."""
        every = [*self.slots, *(slot for one in self.plain for slot in one.slots())]
        return iter(sorted(every, key=lambda slot: slot.starts_at))


def away_from(unusual: Sequence[tuple[int, int]], starts: Counts, rule: SlotRule, *, before: int, after: int) -> Places:
    """The slots that touch nothing unusual, nor come as near to it as they lean: `before` and `after` them, in seconds.

    Unusual are stretches in milliseconds, both ends included.
    """
    ends = np.array(unusual, np.int64).reshape(-1, 2)
    changes = np.zeros(len(starts) + 1, np.int64)
    np.add.at(changes, np.searchsorted(starts * 1000, ends[:, 0] - (rule.seconds + after) * 1000), 1)
    np.add.at(changes, np.searchsorted(starts * 1000, ends[:, 1] + before * 1000, side="right"), -1)
    away: Places = np.cumsum(changes[:-1]) == 0
    return away


def by_slot(rule: SlotRule, starts: Counts, at: Instants, weights: Counts | None = None) -> Counts:
    """How many instants there are in each slot, or the sum of their weights; slots follow each other."""
    places = at // (rule.seconds * 1000) - int(starts[0]) // rule.seconds
    inside = (places >= 0) & (places < len(starts))
    if weights is None:
        return np.bincount(places[inside], minlength=len(starts)).astype(np.int64)
    sums = np.zeros(len(starts), np.int64)
    np.add.at(sums, places[inside], weights[inside])
    return sums


def stretches(starts: Counts, rule: SlotRule) -> list[Period]:
    """Slots that follow each other, as periods."""
    runs = groupby(enumerate(starts.tolist()), key=lambda one: one[1] - one[0] * rule.seconds)
    every = [[start for _, start in run] for _, run in runs]
    return [Period(starts_at=run[0], ends_at=run[-1] + rule.seconds) for run in every]
