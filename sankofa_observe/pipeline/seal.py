"""seal: a day that is over becomes one sorted file and a row of totals a site.

Sealing is storage and no deadline: an hour after the day's end, and again, as a revision, where samples came late while an
agreement that leans on it may still wait for them. Late samples are looked for before each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sankofa_observe.pipeline.late import quietly, recount_late
from sankofa_observe.ports import Clock, SampleSource, SealedStore
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period, rfc3339

WAIT_SECONDS = 3600  # after the day's end
CHECK_SECONDS = 6 * 3600  # between two looks at one day

Checked = dict[int, int]
"""By day, when late samples were last looked for. Kept by a process, never stored."""

Covered = tuple[Slo, Sequence[str], int]
"""An SLO, its sites, and how many seconds after its end a day may still change a verdict."""


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What came of one day; of one that is not sealed now, `site_days` is 0 and there is a problem."""

    day: int
    site_days: int
    problem: str = ""  # why late samples could not be looked for: it is sealed all the same, and looked at again

    def __str__(self) -> str:
        done = [f"{self.site_days} site-days sealed"] if self.site_days else []
        unseen = [f"late samples could not be looked for: {self.problem}"] if self.problem else []
        return f"{rfc3339(self.day * DAY_SECONDS)[:10]}: {'; '.join([*done, *unseen])}"


def seal(
    covered: Sequence[Covered],
    *,
    source: SampleSource,
    store: SealedStore,
    clock: Clock,
    checked: Checked,
) -> Iterator[Sealed]:
    """Seal the days that are over, and look again at those that late samples may still change.

    A day is over when our clock says so and a later slot was counted: a clock of ours that runs ahead seals nothing.
    """
    now, newest = (
        clock.now(),
        max((at for slo, *_ in covered for at in store.watermarks(slo.counted_as).values()), default=0),
    )
    known = min(now, newest)
    closed = min(now - WAIT_SECONDS, newest) // DAY_SECONDS
    fresh = [day for day in store.unsealed() if day < closed]
    reach = max((grace for *_, grace in covered), default=0)
    recent = range((known - reach) // DAY_SECONDS - 1, closed)
    for day in sorted({*fresh, *store.days_of_slots().intersection(recent)}):
        due = abs(now - checked.get(day, 0)) >= CHECK_SECONDS
        problem = _look(day, covered, source=source, store=store, clock=clock) if due else ""
        if not problem:
            checked[day] = now if due else checked[day]
        if day in fresh:
            yield Sealed(day=day, site_days=store.seal(day, now), problem=problem)
        elif problem:
            yield Sealed(day=day, site_days=0, problem=problem)


def _look(day: int, covered: Sequence[Covered], *, source: SampleSource, store: SealedStore, clock: Clock) -> str:
    """Count again what came late of a day; what went wrong, once."""
    period = Period(starts_at=day * DAY_SECONDS, ends_at=(day + 1) * DAY_SECONDS)
    problems = {
        quietly(recount_late(slo, sites, period, source=source, table=store, clock=clock))
        for slo, sites, _ in covered
        if sites
    }
    return "; ".join(sorted(problems - {""}))
