"""what-if: what sites attained in past periods, from the totals of their days, and what that costs as it is and as it might have been.

Slots are read only of hours that an exclusion or the edge of a period cuts, and of days that are not sealed yet. Nothing is written.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sankofa_observe.pipeline.overlays import NoExclusions, Overlays
from sankofa_observe.pipeline.panel import Panel, PanelOf
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.overlay import Applied, Run, reach_seconds, runs
from sankofa_observe.sla.what_if import Change, Judgeable, Outcome, outcome
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.verdict import Attainment
from sankofa_observe.slo.window import periods_between
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One promise in one period: as it is, and as it might have been."""

    actual: Judgeable
    changed: Judgeable
    was: Outcome
    would_be: Outcome

    @property
    def differs(self) -> bool:
        return (self.was, self.actual.attained) != (self.would_be, self.changed.attained)


@dataclass(frozen=True, kw_only=True)
class NotPriced:
    """A promise of which nothing can be said in a period, and why: it is in no sum."""

    agreement: str
    slo: str
    site: str
    period: Period
    problem: str

    def __str__(self) -> str:
        return f"{self.slo} at {self.site}, {self.period}: not priced: {self.problem}"


def past_periods(agreement: Agreement, panel: Panel, last: int) -> list[Period]:
    """Up to so many periods of a version that are over by the newest slot of its SLOs, oldest first."""
    names = sorted({promise.slo.counted_as for promise in agreement.promises})
    newest = max((at for name in names for at in panel.watermarks(name).values()), default=0)
    newest = min(newest, agreement.holds_until)
    if newest <= agreement.starts_at:
        return []
    return list(deque(periods_between(agreement.window, agreement.starts_at, newest), maxlen=last))


def compare(
    agreements: Sequence[Agreement],
    change: Change,
    exclusions: Sequence[Period],
    *,
    panel_of: PanelOf,
    overlays: Overlays | None = None,
    last: int,
) -> Iterator[Compared | NotPriced]:
    """Every promise of every agreement in its last periods, each by the version that held.

    As it is means under what was approved, by `overlays`; as it might have been, under these exclusions as well.
    """
    laid = overlays or Overlays(agreements=agreements, known=NoExclusions(), since_at={})
    every = list(_asked(agreements, exclusions, panel_of, laid, last))
    found = _attained(every, panel_of)
    for one in every:
        yield _compared(one, change, found[one.key(one.was)], found[one.key(one.would_be)])


# ------------------------------------------------------------------------------------------------------------- attained

Cut = tuple[Run, ...]
Key = tuple[str, Quorum, str, Period, Cut]
"""Version of an SLO, who observes, site, period, and the runs that it is cut into."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One promise in one period, and the runs of it as it is and as it might have been."""

    agreement: Agreement
    promise: Promise
    period: Period
    was: Cut
    would_be: Cut

    def key(self, cut: Cut) -> Key:
        return self.promise.slo.counted_as, self.agreement.observers, self.promise.site, self.period, cut


def _asked(
    agreements: Sequence[Agreement], exclusions: Sequence[Period], panel_of: PanelOf, overlays: Overlays, last: int
) -> Iterator[_Asked]:
    applied = tuple(
        Applied(starts_at=one.starts_at, ends_at=one.ends_at, exclusion_id="what-if") for one in sorted(exclusions)
    )
    cut = cache(lambda *of: tuple(runs(*of)))
    periods = _periods(agreements, panel_of, last)
    for agreement in agreements:
        for period in periods[agreement.version_id]:
            for promise in agreement.promises:
                of = period, promise.slo.slot.seconds, reach_seconds(promise.slo)
                is_so = overlays.over(agreement, promise, period)
                asked = replace(is_so, applied=tuple(sorted({*is_so.applied, *applied})))
                was, would_be = cut(is_so, *of), cut(asked, *of)
                yield _Asked(agreement=agreement, promise=promise, period=period, was=was, would_be=would_be)


def _periods(agreements: Sequence[Agreement], panel_of: PanelOf, last: int) -> Mapping[str, list[Period]]:
    """The past periods of each version, of all versions of an agreement together the last ones."""
    left: dict[str, int] = defaultdict(lambda: last)
    found: dict[str, list[Period]] = {}
    for one in sorted(agreements, key=lambda one: one.version, reverse=True):
        found[one.version_id] = past_periods(one, panel_of(one.observers), left[one.id])
        left[one.id] -= len(found[one.version_id])
    return found


def _attained(every: Sequence[_Asked], panel_of: PanelOf) -> Mapping[Key, Attainment | str]:
    """What is cut alike is read together, in all its periods at once."""
    slos = {one.promise.slo.counted_as: one.promise.slo for one in every}
    cuts: dict[tuple[str, str, Quorum, str, bool], dict[Period, Cut]] = defaultdict(dict)
    for one in every:
        of = one.agreement.version_id, one.promise.slo.counted_as, one.agreement.observers, one.promise.site
        cuts[*of, False][one.period] = one.was
        if one.would_be != one.was:
            cuts[*of, True][one.period] = one.would_be
    sites: dict[tuple[str, Quorum, tuple[tuple[Period, Cut], ...]], set[str]] = defaultdict(set)
    for (_, name, quorum, site, _), own in cuts.items():
        sites[name, quorum, tuple(own.items())].add(site)
    found: dict[Key, Attainment | str] = {}
    for (name, quorum, periods), some in sites.items():
        own = dict(periods)
        drawn = panel_of(quorum).under(slos[name], sorted(some), own)
        found |= {(name, quorum, site, period, own[period]): what for (site, period), what in drawn.items()}
    return found


def _compared(one: _Asked, change: Change, was: Attainment | str, would_be: Attainment | str) -> Compared | NotPriced:
    agreement, promise, period = one.agreement, one.promise, one.period
    if isinstance(was, str) or isinstance(would_be, str):
        problem = was if isinstance(was, str) else str(would_be)
        return NotPriced(
            agreement=agreement.name, slo=promise.slo.name, site=promise.site, period=period, problem=problem
        )
    return Compared(
        actual=Judgeable(agreement=agreement, promise=promise, period=period, attained=was),
        changed=Judgeable(agreement=agreement, promise=promise, period=period, attained=would_be),
        was=outcome(agreement, promise, was),
        would_be=outcome(agreement, change.of(promise), would_be),
    )
