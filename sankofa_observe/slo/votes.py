"""Votes in columns: of many slots what `quorum.vote` says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import SlotState

STATES = tuple(SlotState)
PLACE = {state: place for place, state in enumerate(STATES)}
GOOD, BAD, NO_TRAFFIC, UNKNOWN = (PLACE[state] for state in SlotState)

Places = NDArray[np.int8]
"""Of each slot the place of its state in `STATES`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class States:
    """The states of one site's slots, oldest first."""

    starts_at: NDArray[np.int64]
    state: Places

    def over(self, starts: range) -> Places:
        """The states of slots that start so; of one that is not there UNKNOWN."""
        found = np.full(len(starts), UNKNOWN, np.int8)
        beyond, rest = np.divmod(self.starts_at - starts.start, starts.step)
        here = (rest == 0) & (beyond >= 0) & (beyond < len(starts))
        found[beyond[here]] = self.state[here]
        return found

    def by_start(self) -> Mapping[int, SlotState]:
        return dict(zip(self.starts_at.tolist(), map(STATES.__getitem__, self.state.tolist()), strict=True))


NOTHING = States(starts_at=np.empty(0, np.int64), state=np.empty(0, np.int8))


def votes(quorum: Quorum, every: Sequence[Places]) -> Places:
    """What slots are, from what each observer saw of them."""
    seen = np.stack(every)
    idle = (seen == NO_TRAFFIC).sum(axis=0)
    well = (seen == GOOD).sum(axis=0) + idle
    found = np.where(2 * idle >= well, NO_TRAFFIC, GOOD)
    found[well < quorum.good] = UNKNOWN
    found[(seen == BAD).sum(axis=0) >= quorum.bad] = BAD
    return found.astype(np.int8)


def counted(places: Places) -> Mapping[SlotState, int]:
    """How many slots are in which state, of those that there are."""
    return {STATES[place]: count for place, count in enumerate(np.bincount(places).tolist()) if count}
