"""Plain slots of states and levels: every source was seen in its rhythm, and never other than up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from sankofa_observe.slo.indicator import Combine
from sankofa_observe.slo.level import HOLE_TENTHS
from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.plain.slots import Places, PlainSlots, away_from, by_slot, stretches
from sankofa_observe.slo.samples import Instants, Samples
from sankofa_observe.slo.slot import SlotKey, slot_starts
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one gauge showed: where it was seen as up or down, and every raw sample, those that say nothing as well."""

    instance: str
    at: Instants
    up: Places
    samples: Instants
    silent: Instants  # those at which it said nothing


def plain_gauges(
    key: SlotKey, period: Period, reach: Period, gauges: Sequence[Shown], combine: Combine, listed: Collection[str]
) -> tuple[PlainSlots | None, list[Period]]:
    """The plain slots of the period, and the stretches of the others; `reach` is what was read."""
    rule = key.rule
    starts = np.array(slot_starts(period, rule.seconds), np.int64)
    if not len(starts):
        return None, []
    plain = away_from(
        [one for gauge in gauges for one in _unusual(rule, reach, gauge)], starts, rule, before=0, after=0
    )
    seen = {name: np.zeros(len(starts), np.int64) for name in {*listed, *(one.instance for one in gauges)}}
    samples = np.zeros(len(starts), np.int64)
    for one in gauges:
        there = by_slot(rule, starts, one.at) > 0
        last = one.at // (rule.scrape_seconds * 1000) % rule.expected == rule.expected - 1
        plain &= ~there | (by_slot(rule, starts, one.at[last]) > 0)
        seen[one.instance] += there
        samples += by_slot(rule, starts, one.samples)
    for name in listed:
        plain &= seen[name] > 0
    enough = np.array([combine.of([True] * count) is True for count in range(len(gauges) + 1)])
    plain &= enough[sum(seen.values(), np.zeros(len(starts), np.int64))]
    found = PlainSlots.all_good(key, starts[plain], rule.expected, samples[plain])
    return found if len(found) else None, stretches(starts[~plain], rule)


def _unusual(rule: SlotRule, reach: Period, gauge: Shown) -> list[tuple[int, int]]:
    """Between a sample that is not up and its neighbours; and around the ends of a hole, within which it is not there at all."""
    longest = HOLE_TENTHS * rule.scrape_seconds * 1000 // 10
    at = np.concatenate([[reach.starts_at * 1000 - 2 * longest], gauge.at, [reach.ends_at * 1000 + 2 * longest]])
    up = np.concatenate([[True], gauge.up, [True]])
    hole = np.diff(at) > longest
    found = np.flatnonzero((~up[1:] | ~up[:-1]) & ~hole)
    unusual = list(zip(at[found].tolist(), at[found + 1].tolist(), strict=True))
    unusual += [(one, one) for one in at[~up].tolist()]
    # Where it is scraped and says nothing, it is there and not known.
    unusual += [(one - longest, one + longest) for one in gauge.silent.tolist()]
    for place in np.flatnonzero(hole).tolist():
        first, last = int(at[place]), int(at[place + 1])
        unusual += [(first, first + longest), (last - longest, last)]
    return unusual


def shown_states(instance: str, up: Samples, known: Samples) -> Shown:
    """As `gauge.up_at` reads them."""
    samples, apart = np.concatenate([up.at, known.at]), not np.array_equal(up.at, known.at)
    if apart:
        _, here, there = np.intersect1d(up.at, known.at, assume_unique=True, return_indices=True)
        up, known = (Samples(one.at[where], one.values[where]) for one, where in ((up, here), (known, there)))
    says = (known.values == 1) & ((up.values == 0) | (up.values == 1))
    silent = np.setdiff1d(samples, up.at[says]) if apart else up.at[~says]
    return Shown(instance=instance, at=up.at[says], up=up.values[says] == 1, samples=samples, silent=silent)
