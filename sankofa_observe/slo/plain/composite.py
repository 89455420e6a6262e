"""Plain slots of a composite: every part is plain there, and none of them is bad."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sankofa_observe.slo.composite import compose
from sankofa_observe.slo.indicator import CompositeIndicator
from sankofa_observe.slo.plain.slots import BAD, Counted, PlainSlots, stretches
from sankofa_observe.slo.slot import SlotKey, slot_starts
from sankofa_observe.units import Period


def composed(key: SlotKey, period: Period, parts: Mapping[str, Counted], composite: CompositeIndicator) -> Counted:
    """The slots of one site from those of its parts."""
    rule = key.rule
    starts = np.array(slot_starts(period, rule.seconds), np.int64)
    plain = np.full(len(starts), bool(parts))
    samples = np.zeros(len(starts), np.int64)
    for part in parts.values():
        good = np.zeros(len(starts), np.bool_)
        for one in part.plain:
            places = (one.starts_at - starts[0]) // rule.seconds
            good[places] = one.state != BAD
            samples[places] += one.samples
        plain &= good
    weight = sum(composite.weights[name] for name in parts)
    found = PlainSlots.all_good(key, starts[plain], weight, samples[plain])
    rest = set(starts[~plain].tolist())
    of_parts = {name: [slot for slot in part if slot.starts_at in rest] for name, part in parts.items()}
    slots = [slot for stretch in stretches(starts[~plain], rule) for slot in compose(key, stretch, of_parts, composite)]
    return Counted(plain=[found] if len(found) else [], slots=slots)
