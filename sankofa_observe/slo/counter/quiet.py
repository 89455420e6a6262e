"""Quiet sources: where nothing unusual was seen, slots lean on almost nothing, and little need be read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sankofa_observe.slo.objective import SlotRule
from sankofa_observe.slo.source import Counter, Source
from sankofa_observe.units import Period


def is_quiet(rule: SlotRule, period: Period, sources: Sequence[Source]) -> bool:
    """Whether slots follow from the samples in them and one before, and from nothing further away.

    So it is where every source was scraped in its rhythm from a slot before the period to its end, each of its series stands
    at every scrape and never falls, and nothing is ambiguous; provided that nothing before is in doubt either, which only the
    slots that stand can say. `tests/simulation/test_stored.py` holds what is counted so to what a read of everything gives.
    """
    if rule.settles_seconds or not any(source.valid for source in sources):
        return False
    if any(len(set(source.started.values())) > 1 for source in sources):
        return False
    return all(_is_quiet(rule, period, source) for source in sources)


def _is_quiet(rule: SlotRule, period: Period, source: Source) -> bool:
    times, scrape = source.scraped, rule.scrape_seconds * 1000
    first, last = (period.starts_at - rule.seconds) * 1000, period.ends_at * 1000
    if source.failed or source.doubts or not times or times[0] > first or times[-1] < last - scrape * 3 // 2:
        return False
    if any(2 * (later - earlier) >= 3 * scrape for earlier, later in pairwise(times)):
        return False
    if source.valid and not source.good and not source.one_metric:
        return False
    if not all(_never_falls(one, times) for one in (*source.good, *source.valid)):
        return False
    good, valid = ([sum(one[at] for one in every) for at in times] for every in (source.good, source.valid))
    return all(g1 - g0 <= v1 - v0 for g0, g1, v0, v1 in zip(good, good[1:], valid, valid[1:], strict=False))


def _never_falls(counter: Counter, times: Sequence[int]) -> bool:
    if len(counter) != len(times):
        return False
    values = [counter[at] for at in times]
    return all(earlier <= later for earlier, later in pairwise(values))
