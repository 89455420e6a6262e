"""Plain slots in columns, and with them the slots that are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sankofa_observe.slo.slot import Slot, SlotState

Counts = NDArray[np.int64]

STATES = (SlotState.GOOD, SlotState.BAD, SlotState.NO_TRAFFIC)
GOOD, BAD, NO_TRAFFIC = range(3)


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
    proof: dict[int, tuple[object, ...]] = field(default_factory=dict)  # by place; of those that are BAD

    def __len__(self) -> int:
        return len(self.starts_at)

    def slots(self) -> Iterator[Slot]:
        columns = (self.starts_at, self.good, self.bad, self.expected, self.seen, self.samples)
        rows = zip(*(one.tolist() for one in columns), self.state.tolist(), strict=True)
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
                proof=self.proof.get(place, ()),
            )


@dataclass(frozen=True, kw_only=True)
class Counted(Iterable[Slot]):
    """Slots of one SLO: the plain ones in columns, the others one by one."""

    plain: Sequence[PlainSlots] = ()
    slots: Sequence[Slot] = ()

    def __iter__(self) -> Iterator[Slot]:
        """Every slot, by time; sites in no order."""
        every = [*self.slots, *(slot for one in self.plain for slot in one.slots())]
        return iter(sorted(every, key=lambda slot: slot.starts_at))
