"""outlook: what each promise of the running periods costs so far and may cost yet, under what is approved. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.pipeline.overlays import Overlays
from sankofa_observe.pipeline.panel import Panel, PanelOf
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.outlook import Outlook, SoFar, outlook
from sankofa_observe.sla.overlay import Run, Use, reach_seconds, runs
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.verdict import Attainment
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One promise of a period that runs; `outlook` is None where nothing of it is known."""

    agreement: Agreement
    promise: Promise
    outlook: Outlook | None


@dataclass(frozen=True, kw_only=True)
class _Asked:
    agreement: Agreement
    promise: Promise
    passed: tuple[Run, ...]
    left_slots: int


def outlooks(agreements: Iterable[Agreement], *, panel_of: PanelOf, overlays: Overlays, now: int) -> Iterator[Expected]:
    """Every promise of the agreements that hold now."""
    together: dict[tuple[str, Quorum, Period], list[tuple[Agreement, Promise]]] = defaultdict(list)
    for agreement in agreements:
        if agreement.covers(now):
            period = agreement.window.period_at(now)
            for promise in agreement.promises:
                together[promise.slo.counted_as, agreement.observers, period].append((agreement, promise))
    for (_, quorum, period), promises in together.items():
        yield from _expected(promises, panel_of(quorum), overlays, period)


def _expected(
    promises: Sequence[tuple[Agreement, Promise]], panel: Panel, overlays: Overlays, period: Period
) -> Iterator[Expected]:
    """Promises of one SLO by the same observers over the same period."""
    slo = promises[0][1].slo
    passed = _passed(slo, {promise.site for _, promise in promises}, panel, period)
    asked = [_cut(agreement, promise, overlays, period, passed) for agreement, promise in promises]
    found = _attained(slo, panel, passed, asked) if passed else {}
    for one in asked:
        attained = found.get((one.promise.site, one.passed), "")
        yield Expected(agreement=one.agreement, promise=one.promise, outlook=_outlook(one, attained))


def _passed(slo: Slo, sites: set[str], panel: Panel, period: Period) -> Period | None:
    """The part of the period that the site which is farthest has slots of; what others lack of it is not known."""
    newest = (at for site, at in panel.watermarks(slo.counted_as).items() if site in sites)
    until = min(max(newest, default=0) + slo.slot.seconds, period.ends_at)
    return Period(starts_at=period.starts_at, ends_at=until) if until > period.starts_at else None


def _cut(agreement: Agreement, promise: Promise, overlays: Overlays, period: Period, passed: Period | None) -> _Asked:
    slo, overlay = promise.slo, overlays.over(agreement, promise, period)

    def cut(stretch: Period) -> tuple[Run, ...]:
        return tuple(runs(overlay, stretch, slo.slot.seconds, reach_seconds(slo)))

    from_at = passed.ends_at if passed else period.starts_at
    left = cut(Period(starts_at=from_at, ends_at=period.ends_at)) if from_at < period.ends_at else ()
    return _Asked(
        agreement=agreement,
        promise=promise,
        passed=cut(passed) if passed else (),
        left_slots=_judged_slots(left, slo),
    )


def _judged_slots(cut: Iterable[Run], slo: Slo) -> int:
    return sum(run.period.seconds for run in cut if run.use is Use.JUDGED) // slo.slot.seconds


def _attained(
    slo: Slo, panel: Panel, passed: Period, asked: Sequence[_Asked]
) -> Mapping[tuple[str, tuple[Run, ...]], Attainment | str]:
    """What is cut alike is drawn together; what is not cut at all from totals alone."""
    sites: dict[tuple[Run, ...], set[str]] = defaultdict(set)
    for one in asked:
        sites[one.passed].add(one.promise.site)
    found: dict[tuple[str, tuple[Run, ...]], Attainment | str] = {}
    for cut, some in sites.items():
        if [run.use for run in cut] == [Use.JUDGED]:
            for site, drawn in panel.draw(slo, sorted(some), passed).items():
                found[site, cut] = drawn.problem or drawn.attainment
        else:
            for (site, _), attained in panel.under(slo, sorted(some), {passed: cut}).items():
                found[site, cut] = attained
    return found


def _outlook(one: _Asked, attained: Attainment | str) -> Outlook | None:
    if isinstance(attained, str):
        return None
    slots = _judged_slots(one.passed, one.promise.slo)
    return outlook(one.agreement, one.promise, SoFar(attained=attained, passed_slots=slots, left_slots=one.left_slots))
