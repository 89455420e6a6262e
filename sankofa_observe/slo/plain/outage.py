"""Plain slots of an outage: the other SLO's slot is plain there, and not bad."""

from __future__ import annotations

import numpy as np

from sankofa_observe.slo.indicator import OutageIndicator
from sankofa_observe.slo.outage import Seen, count_outages, slots_to_fill
from sankofa_observe.slo.plain.slots import BAD, STATES, Counted, PlainSlots, stretches
from sankofa_observe.slo.slot import SlotKey, slot_starts
from sankofa_observe.units import Period


def outages(key: SlotKey, period: Period, part: Counted, indicator: OutageIndicator) -> Counted:
    """The slots of one site from those of the other SLO, which reach as far back as the limit."""
    rule = key.rule
    starts = np.array(slot_starts(period, rule.seconds), np.int64)
    if not len(starts):
        return Counted()
    plain = np.zeros(len(starts), np.bool_)
    samples = np.zeros(len(starts), np.int64)
    for one in part.plain:
        inside = (one.starts_at >= starts[0]) & (one.starts_at <= starts[-1])
        places = (one.starts_at[inside] - starts[0]) // rule.seconds
        plain[places] = one.state[inside] != BAD
        samples[places] = one.samples[inside]
    found = PlainSlots.all_good(key, starts[plain], 1, samples[plain])
    rest = stretches(starts[~plain], rule)
    seen = _seen(part, rest, rule.seconds * slots_to_fill(indicator.limit_seconds, rule.seconds))
    slots = [
        slot for stretch in rest for slot in count_outages(key, stretch, seen, indicator.of, indicator.limit_seconds)
    ]
    return Counted(plain=[found] if len(found) else [], slots=slots)


def _seen(part: Counted, rest: list[Period], back_seconds: int) -> dict[int, Seen]:
    """The slots that these stretches follow from."""
    found: dict[int, Seen] = {}
    for stretch in rest:
        low, high = stretch.starts_at - back_seconds, stretch.ends_at
        for one in part.plain:
            near = (one.starts_at >= low) & (one.starts_at < high)
            columns = (one.starts_at[near].tolist(), one.state[near].tolist(), one.samples[near].tolist())
            found |= {at: (STATES[state], count) for at, state, count in zip(*columns, strict=True)}
        found |= {one.starts_at: (one.state, one.samples) for one in part.slots if low <= one.starts_at < high}
    return found
