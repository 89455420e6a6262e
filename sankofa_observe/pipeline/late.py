"""Late samples: what they have changed is counted again, before a day is sealed and before a period is judged.

What was counted carries how many raw samples it was counted from, slot by slot. An hour of which the source has more by now was
incomplete when it was counted; it is counted again, and with it every slot that leans on what came late. Of an hour before or after
the period only the slots of the period that lean on it are counted again: its own are another period's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sankofa_observe.errors import ENDS, SankofaError, Unavailable, unforeseen
from sankofa_observe.pipeline.compared import compared
from sankofa_observe.pipeline.counting import Observed, count
from sankofa_observe.ports import HOUR_SECONDS, Clock, SampleSource, SlotTable
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import whole_slots
from sankofa_observe.units import Period


def recount_late(
    slo: Slo, sites: Sequence[str], period: Period, *, source: SampleSource, table: SlotTable, clock: Clock
) -> Iterator[Observed]:
    """Count again what leans on hours of which samples came late; raises `Unavailable` when nobody can tell."""
    counted = slo.counted_in(period)
    if counted is None:
        return
    for hours, names in _late(slo, sites, counted, source=source, table=table).items():
        for first, last in _runs(hours):
            late = Period(starts_at=first, ends_at=last + HOUR_SECONDS)
            whole = whole_slots(_inside(slo, counted, late), slo.slot.seconds)
            if whole is not None:
                yield from count(slo, names, whole, source=source, table=table, clock=clock)


def _late(
    slo: Slo, sites: Sequence[str], period: Period, *, source: SampleSource, table: SlotTable
) -> Mapping[tuple[int, ...], list[str]]:
    """Sites by the hours of which the source has more samples than were counted, of all that slots of the period lean on."""
    reach = Period(
        starts_at=max(0, period.starts_at - slo.lean_before_seconds), ends_at=period.ends_at + slo.lean_after_seconds
    )
    late: dict[str, list[int]] = defaultdict(list)
    for hour in compared(slo, sites, reach, source=source, table=table):
        # One that reaches over the period's edge is compared only where its other part was observed as well.
        whole = period.starts_at <= hour.starts_at and hour.ends_at <= period.ends_at
        if hour.there > hour.counted and (whole or hour.counted):
            late[hour.place].append(hour.starts_at)
    groups: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for site, found in late.items():
        groups[tuple(found)].append(site)
    return groups


def _inside(slo: Slo, period: Period, late: Period) -> Period:
    """What of a period is counted again: what is late in it, and its slots that lean on what is late beside it.

    Slots of the period around what is late in it are amended by `leaning`.
    """
    start, end = late.starts_at, late.ends_at
    if late.starts_at < period.starts_at:
        end = max(end, min(end, period.starts_at) + slo.lean_before_seconds)
    if period.ends_at < late.ends_at:
        start = min(start, max(start, period.ends_at) - slo.lean_after_seconds - slo.slot.seconds)
    return Period(starts_at=max(period.starts_at, start), ends_at=min(period.ends_at, end))


def _runs(hours: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Hours that follow each other, as the first and the last."""
    first = last = hours[0]
    for hour in hours[1:]:
        if hour != last + HOUR_SECONDS:
            yield first, last
            first = hour
        last = hour
    yield first, last


def quietly(steps: Iterator[Observed]) -> str:
    """Run to the end; why it could not, or nothing."""
    try:
        for _ in steps:
            pass
    except Unavailable as error:
        return str(error)
    except (*ENDS, SankofaError):
        raise
    except BaseException as error:  # noqa: BLE001  what nobody foresaw costs this SLO, and is told
        return unforeseen(error)
    return ""
