"""The observers of an agreement, each with the table of its slots: what they saw of a period, and what they say of it together.

Of days that so many observers saw wholly good that no other can make a slot of it anything else, no slot is read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sankofa_observe.pipeline.period import PeriodTotals, arranged, laid_over, period_totals, with_neighbours
from sankofa_observe.ports import SlotTable
from sankofa_observe.sla.overlay import Part, Run, attained
from sankofa_observe.slo import observers
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.observers import Seen
from sankofa_observe.slo.quorum import Quorum, View, vote
from sankofa_observe.slo.slot import Slot, SlotState, slot_starts
from sankofa_observe.slo.totals import DAY_SECONDS, SiteDay, Totals, digest_of
from sankofa_observe.slo.verdict import Attainment, attain, judge
from sankofa_observe.units import Period

if TYPE_CHECKING:
    from sankofa_observe.slo.votes import Places

PanelOf = Callable[[Quorum], "Panel"]
"""The tables of the observers that an agreement names, or of the installation's own where it names none."""


def alone(table: SlotTable) -> PanelOf:
    """The panels of an installation with one observer."""
    return lambda quorum: Panel(quorum=quorum, tables=(table,))


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What one site attained of a period by all observers; `problem` says why nothing follows from it, or nothing."""

    attainment: Attainment
    slots: int  # of the period
    samples: int  # raw, that they were counted from
    digest: str  # names the very slots of every observer that it was drawn from
    days: Mapping[int, str]  # of each UTC day, by its first second, the digest of its slots
    views: tuple[View, ...] = ()  # what each observer alone says, where there are several
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Tables stand in the order of the quorum's names; without names there is one."""

    quorum: Quorum
    tables: tuple[SlotTable, ...]

    def __post_init__(self) -> None:
        if len(self.tables) != len(self.quorum):
            raise ValueError(f"{len(self.tables)} tables of {len(self.quorum)} observers; expected one each")

    def observed(self, slo: Slo) -> Mapping[str, Mapping[str, int]]:
        """Per site and observer the start of the newest slot that it has; of one without a name as that of none."""
        marks: dict[str, dict[str, int]] = defaultdict(dict)
        for name, table in zip(self.quorum.names or ("",), self.tables, strict=True):
            for site, at in table.watermarks(slo.counted_as).items():
                marks[site][name] = at
        return marks

    def forgotten(self, period: Period) -> bool:
        """Whether any observer keeps slots of the period in totals only."""
        return any(table.forgotten(period) for table in self.tables)

    def watermarks(self, slo: str) -> Mapping[str, int]:
        """Per site the start of the newest slot that anybody has."""
        newest: dict[str, int] = {}
        for table in self.tables:
            for site, at in table.watermarks(slo).items():
                newest[site] = max(at, newest.get(site, at))
        return newest

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        """The slots of all together, by site and time: of one observer as they are, of several their states."""
        if len(self.tables) == 1:
            return self.tables[0].read(slo, sites, period)
        states: dict[tuple[str, int], Counter[SlotState]] = defaultdict(Counter)
        for table in self.tables:
            for site, own in table.states(slo, sites, period).items():
                for start, state in own.by_start().items():
                    states[site, start][state] += 1
        return [
            Slot(slo=slo, site=site, starts_at=start, state=vote(self.quorum, states[site, start]))
            for site, start in sorted(states)
        ]

    def seen(self, slo: Slo, site: str, period: Period) -> tuple[Seen, ...]:
        """Every slot of the period as each observer has it; one that it never recorded is UNKNOWN."""
        whole = with_neighbours(period, slo)
        return tuple(arranged(slo, site, period, table.read(slo.counted_as, [site], whole)) for table in self.tables)

    def draw(self, slo: Slo, sites: Sequence[str], period: Period) -> Mapping[str, Drawn]:
        """What each site attained, from totals."""
        each = [period_totals(slo, sites, period, table) for table in self.tables]
        alone = {site: [totals[site].attainment(slo) for totals in each] for site in sites}
        if len(each) == 1:
            together = {site: views[0] for site, views in alone.items()}
        elif slo.budgeting is Budgeting.TIMESLICES:
            totals = self._voted(slo, sites, [period])
            together = {site: attain(slo, totals[site, period]) for site in sites}
        else:
            together = {site: observers.attained(self.quorum, views) for site, views in alone.items()}
        return {
            site: self._drawn(slo, [totals[site] for totals in each], alone[site], together[site]) for site in sites
        }

    def _drawn(
        self, slo: Slo, each: Sequence[PeriodTotals], alone: Sequence[Attainment], together: Attainment
    ) -> Drawn:
        first, samples = each[0], sum(one.totals.samples for one in each)
        if len(each) == 1:
            return Drawn(
                attainment=together,
                slots=first.slots,
                samples=samples,
                digest=first.digest,
                days=first.days,
                problem=first.problem,
            )
        names = self.quorum.names
        problems = [f"observer {name}: {one.problem}" for name, one in zip(names, each, strict=True) if one.problem]
        return Drawn(
            attainment=together,
            slots=first.slots,
            samples=samples,
            digest=digest_of(f"{name} {one.digest}" for name, one in zip(names, each, strict=True)),
            days=_days(names, each),
            views=tuple(
                View(
                    name=name,
                    good=one.good,
                    bad=one.bad,
                    unknown=one.unknown,
                    samples=own.totals.samples,
                    verdict=judge(slo, one).value,
                )
                for name, one, own in zip(names, alone, each, strict=True)
            ),
            problem="; ".join(problems),
        )

    def under(
        self, slo: Slo, sites: Sequence[str], cuts: Mapping[Period, Sequence[Run]]
    ) -> Mapping[tuple[str, Period], Attainment | str]:
        """What sites attain in periods under overlays that cut each of them into its runs, or why that cannot be said.

        The periods are in order and do not overlap.
        """
        if len(self.tables) == 1 or slo.budgeting is not Budgeting.TIMESLICES:
            each = [laid_over(slo, sites, cuts, table) for table in self.tables]
            return {key: self._bounds([found[key] for found in each]) for key in each[0]}
        totals, step = self._voted(slo, sites, [run.period for cut in cuts.values() for run in cut]), slo.slot.seconds
        lost = {period: self._lost(cut) for period, cut in cuts.items()}
        return {
            (site, period): lost[period]
            or attained(
                slo,
                [Part(use=run.use, slots=run.period.seconds // step, totals=totals[site, run.period]) for run in cut],
            )
            for site in sites
            for period, cut in cuts.items()
        }

    def _lost(self, cut: Sequence[Run]) -> str:
        """Why the slots of several observers cannot be put to the vote, or nothing: they are needed one by one."""
        for run in cut:
            if self.forgotten(run.period):
                return f"slots of {run.period} are no longer kept (retention_years), and several observers are put to the vote"
        return ""

    def _bounds(self, each: Sequence[Attainment | str]) -> Attainment | str:
        problems = [one for one in each if isinstance(one, str)]
        if problems:
            return "; ".join(dict.fromkeys(problems))
        return observers.attained(self.quorum, [one for one in each if isinstance(one, Attainment)])

    # ------------------------------------------------------------------------------------------------------------- votes

    def _voted(
        self, slo: Slo, sites: Sequence[str], stretches: Sequence[Period]
    ) -> Mapping[tuple[str, Period], Totals]:
        """Per site and stretch how many slots are in which state by vote; stretches are in order and do not overlap."""
        from sankofa_observe.slo.votes import counted

        hull = Period(starts_at=stretches[0].starts_at, ends_at=stretches[-1].ends_at)
        settled = self._settled_days(slo, sites, hull)
        unsettled: dict[int, set[str]] = defaultdict(set)
        for day, _ in _by_day(stretches):
            unsettled[day] |= {site for site in sites if (site, day) not in settled}
        voted = {day: self._votes(slo, sorted(some), day) for day, some in unsettled.items() if some}
        counts: dict[tuple[str, Period], Counter[SlotState]] = defaultdict(Counter)
        for stretch in stretches:
            for day, piece in _by_day([stretch]):
                starts = slot_starts(piece, slo.slot.seconds)
                if not starts:
                    continue
                first = (starts.start - day * DAY_SECONDS) // slo.slot.seconds
                for site in sites:
                    if state := settled.get((site, day)):
                        counts[site, stretch][state] += len(starts)
                    else:
                        counts[site, stretch].update(counted(voted[day][site][first : first + len(starts)]))
        return {(site, one): Totals(states=dict(counts[site, one])) for site in sites for one in stretches}

    def _settled_days(self, slo: Slo, sites: Sequence[str], hull: Period) -> Mapping[tuple[str, int], SlotState]:
        """By site and UTC day the state of all its slots, where so many observers saw it that the others cannot change it."""
        whole: Counter[tuple[str, int, SlotState]] = Counter()
        for table in self.tables:
            for one in table.site_days(slo.counted_as, sites, hull):
                if (state := _one_state(one)) and one.slots == _slots_in(slo, one.day, hull):
                    whole[one.site, one.day, state] += 1
        return {(site, day): state for (site, day, state), count in whole.items() if self._settles(state, count)}

    def _settles(self, state: SlotState, count: int) -> bool:
        """Whether it is this state however the others vote."""
        others = len(self.quorum) - count
        return all(
            vote(self.quorum, Counter({state: count}) + Counter({other: others})) is state for other in SlotState
        )

    def _votes(self, slo: Slo, sites: Sequence[str], day: int) -> Mapping[str, Places]:
        """By site the states of all slots of a day by vote."""
        from sankofa_observe.slo.votes import NOTHING, votes

        period = Period(starts_at=day * DAY_SECONDS, ends_at=(day + 1) * DAY_SECONDS)
        starts = slot_starts(period, slo.slot.seconds)
        every = [table.states(slo.counted_as, sites, period) for table in self.tables]
        return {site: votes(self.quorum, [own.get(site, NOTHING).over(starts) for own in every]) for site in sites}


def _one_state(day: SiteDay) -> SlotState | None:
    """The state of all slots of a day, where it is one."""
    states = [state for state, count in day.totals.states.items() if count]
    return states[0] if len(states) == 1 else None


def _slots_in(slo: Slo, day: int, hull: Period) -> int:
    """How many slots of a UTC day lie in the hull."""
    start, end = max(hull.starts_at, day * DAY_SECONDS), min(hull.ends_at, (day + 1) * DAY_SECONDS)
    return len(slot_starts(Period(starts_at=start, ends_at=end), slo.slot.seconds)) if start < end else 0


def _by_day(stretches: Iterable[Period]) -> Iterator[tuple[int, Period]]:
    """Stretches cut at UTC midnights, each piece with the day that it is of."""
    for one in stretches:
        start = one.starts_at
        while start < one.ends_at:
            end = min(one.ends_at, (start // DAY_SECONDS + 1) * DAY_SECONDS)
            yield start // DAY_SECONDS, Period(starts_at=start, ends_at=end)
            start = end


def _days(names: Sequence[str], each: Sequence[PeriodTotals]) -> dict[int, str]:
    """Of each day one digest over those of the observers that have it."""
    starts = sorted({start for one in each for start in one.days})
    return {
        start: digest_of(
            f"{name} {one.days[start]}" for name, one in zip(names, each, strict=True) if start in one.days
        )
        for start in starts
    }
