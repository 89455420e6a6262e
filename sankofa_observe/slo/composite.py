"""A composite: slots of several SLOs of one site become one slot, and the slot says which part decided or is not known.

What is not known is placed both ways, as everywhere. A part without traffic counts as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sankofa_observe.slo.indicator import CompositeIndicator
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.units import Period, ratio_below


def compose(
    key: SlotKey, period: Period, parts: Mapping[str, Sequence[Slot]], composite: CompositeIndicator
) -> list[Slot]:
    """The slots of the whole from those of its parts, which have slots of the same length."""
    by_start = {name: {slot.starts_at: slot for slot in slots} for name, slots in parts.items()}
    return [
        _together(key, start, {name: slots.get(start) for name, slots in by_start.items()}, composite)
        for start in slot_starts(period, key.rule.seconds)
    ]


def _together(key: SlotKey, start: int, parts: Mapping[str, Slot | None], composite: CompositeIndicator) -> Slot:
    states = {name: slot.state if slot else SlotState.UNKNOWN for name, slot in parts.items()}
    weight = {state: sum(composite.weights[n] for n, s in states.items() if s is state) for state in SlotState}
    good = weight[SlotState.GOOD] + weight[SlotState.NO_TRAFFIC]
    every = sum(composite.weights[name] for name in states)
    state = _state(good, weight[SlotState.UNKNOWN], every, composite.wanted_ppm)
    return Slot(
        slo=key.slo,
        site=key.site,
        starts_at=start,
        good=good,
        bad=weight[SlotState.BAD],
        hidden=weight[SlotState.UNKNOWN],
        expected=every,
        seen=every - weight[SlotState.UNKNOWN],
        samples=sum(slot.samples for slot in parts.values() if slot),
        state=state,
        reasons=in_order([f"{name} {states[name]}" for name in states if _is_reason(state, states[name])]),
        proof=() if state is SlotState.GOOD else tuple(sorted((name, one.value) for name, one in states.items())),
    )


def _state(good: int, unknown: int, every: int, wanted_ppm: int) -> SlotState:
    if ratio_below(good + unknown, every, wanted_ppm):
        return SlotState.BAD
    return SlotState.UNKNOWN if ratio_below(good, every, wanted_ppm) else SlotState.GOOD


def _is_reason(whole: SlotState, part: SlotState) -> bool:
    """A part that is not known, whatever the whole is: its figures may still change. And one that makes the whole bad."""
    return part is SlotState.UNKNOWN or whole is part is SlotState.BAD
