"""Outages: whether a site has been bad for as long as its recovery may take, from the slots of another SLO.

A slot is BAD once the slots up to its end were bad without a pause for the whole limit, GOOD while one of them was good, and not
known where what is not known could be either. So an outage is followed over the edges of days and months, and is counted where its
limit passes, and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.units import Period

Seen = tuple[SlotState, int]
"""The state of a slot, and how many raw samples it was counted from."""

NOTHING: Seen = (SlotState.UNKNOWN, 0)


def slots_to_fill(limit_seconds: int, slot_seconds: int) -> int:
    """How many slots last as long as the limit."""
    return -(-limit_seconds // slot_seconds)


def count_outages(key: SlotKey, period: Period, seen: Mapping[int, Seen], name: str, limit_seconds: int) -> list[Slot]:
    """The slots of a period; `seen` holds those of the SLO `name` by their start, as far back as the limit."""
    every = slots_to_fill(limit_seconds, key.rule.seconds)
    return [_slot(key, start, seen, name, every) for start in slot_starts(period, key.rule.seconds)]


def _slot(key: SlotKey, start: int, seen: Mapping[int, Seen], name: str, every: int) -> Slot:
    step = key.rule.seconds
    states = [seen.get(at, NOTHING)[0] for at in range(start - (every - 1) * step, start + step, step)]
    state = state_after(states)
    return Slot(
        slo=key.slo,
        site=key.site,
        starts_at=start,
        good=int(state is SlotState.GOOD),
        bad=int(state is SlotState.BAD),
        hidden=int(state is SlotState.UNKNOWN),
        expected=1,
        seen=int(state is not SlotState.UNKNOWN),
        samples=seen.get(start, NOTHING)[1],
        state=state,
        reasons=in_order([f"{name} {one}" for one in set(states) if one is SlotState.UNKNOWN or one is state])
        if state is not SlotState.GOOD
        else (),
        proof=() if state is SlotState.GOOD else runs(states),
    )


def state_after(states: Sequence[SlotState]) -> SlotState:
    """The state of the last of these slots, which fill the limit."""
    kinds = set(states)
    if kinds & {SlotState.GOOD, SlotState.NO_TRAFFIC}:
        return SlotState.GOOD
    return SlotState.BAD if kinds == {SlotState.BAD} else SlotState.UNKNOWN


def runs(states: Sequence[SlotState]) -> tuple[tuple[str, int], ...]:
    """States that follow each other, with how many there are of each."""
    return tuple((state.value, len(list(run))) for state, run in groupby(states))
