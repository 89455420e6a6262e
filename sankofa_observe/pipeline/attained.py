"""What was attained in closed periods: drawn once for all agreements that lean on it, kept as a record, and laid over by exclusions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.overlays import Overlays
from sankofa_observe.pipeline.panel import Drawn, PanelOf
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.ports import Clock, Ledger
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.overlay import Overlay, Run, reach_seconds, runs
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import slot_starts
from sankofa_observe.slo.verdict import Attainment, AttainmentRecord
from sankofa_observe.units import Period, rfc3339

NOT_OBSERVED = "its slots are not observed to the end"
NOT_SCRAPED = "by its own clock the source has not scraped past that yet"
LookAgain = Callable[[Slo, Sequence[str], Period], str]
"""Counts again what late samples changed of the sites' slots in the period; why it could not, or nothing."""


_Key = tuple[str, Quorum, Period]  # an SLO, who observes it, when


@dataclass(kw_only=True)
class Attained:
    """What was attained in a period, of all sites that any agreement names: drawn once, and kept as a record."""

    agreements: Sequence[Agreement]
    panel_of: PanelOf
    ledger: Ledger
    clock: Clock
    look_again: LookAgain
    source_at: Callable[[], int] | None = None
    observer: str = ""  # whose source is asked by the two above: where enough others have counted, it holds nothing up
    since_at: Mapping[str, int] = field(default_factory=dict)
    anyhow: bool = False  # also from fewer samples than before
    _scraped_at: int | None = None
    _found: dict[_Key, Mapping[str, AttainmentRecord | str]] = field(default_factory=dict)
    _newest: dict[tuple[str, Quorum], Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    _reasons: dict[_Key, str] = field(default_factory=dict)
    _laid: dict[tuple[_Key, tuple[Run, ...]], Mapping[tuple[str, Period], Attainment | str]] = field(
        default_factory=dict
    )

    def written(self) -> Iterator[tuple[str, Period]]:
        """By SLO where slots were written since this was asked last, by any observer of any agreement."""
        panels = [self.panel_of(quorum) for quorum in dict.fromkeys(one.observers for one in self.agreements)]
        tables = {id(table): table for panel in panels for table in panel.tables}
        for table in tables.values():
            yield from table.written().items()

    def at(self, agreement: Agreement, promise: Promise, period: Period) -> AttainmentRecord | str:
        """What the site of a promise attained, or why that cannot be said."""
        key = (promise.slo.counted_as, agreement.observers, period)
        if key not in self._found:
            self._found[key] = self._draw(promise.slo, agreement.observers, period)
        return self._found[key][promise.site]

    @cached_property
    def overlays(self) -> Overlays:
        return Overlays(agreements=self.agreements, known=self.ledger, since_at=self.since_at)

    def under(self, overlay: Overlay, agreement: Agreement, promise: Promise, period: Period) -> Attainment | str:
        """What a site attains under an overlay, or why that cannot be said; drawn at once for all sites that are cut alike."""
        slo, quorum = promise.slo, agreement.observers
        cut = tuple(runs(overlay, period, slo.slot.seconds, reach_seconds(slo)))
        key = ((slo.counted_as, quorum, period), cut)
        if key not in self._laid:
            panel = self.panel_of(quorum)
            if panel.forgotten(with_neighbours(period, slo)):
                return f"slots of {period} are no longer kept (retention_years), and an exclusion lies over them"
            self._laid[key] = panel.under(slo, self._cut_alike(slo, quorum, period, cut), {period: cut})
        return self._laid[key][promise.site, period]

    def _cut_alike(self, slo: Slo, quorum: Quorum, period: Period, cut: tuple[Run, ...]) -> list[str]:
        alike = (
            promise.site
            for agreement, promise in self._promises(slo, quorum)
            if (overlay := self.overlays.over(agreement, promise, period))
            and tuple(runs(overlay, period, slo.slot.seconds, reach_seconds(slo))) == cut
        )
        return sorted(set(alike))

    def _draw(self, slo: Slo, quorum: Quorum, period: Period) -> Mapping[str, AttainmentRecord | str]:
        """Of every site that is observed to the end; where slots were forgotten since, what was drawn from them stands."""
        every, panel = self.ledger.attainments(slo.name, period), self.panel_of(quorum)
        standing = {one.site: one for one in every if one.quorum == quorum}
        numbers = {one.site: one.revision for one in sorted(every, key=lambda one: one.revision)}
        kept = standing if panel.forgotten(with_neighbours(period, slo)) else {}
        drawn: dict[str, AttainmentRecord | str] = dict(kept)
        sites = [site for site in self._sites(slo, quorum) if site not in kept and self._observed(slo, quorum, site, period)]  # fmt: skip
        for site, found in panel.draw(slo, sites, period).items():
            before, number = standing.get(site), numbers.get(site, 0) + 1
            problem = found.problem or ("" if self.anyhow else _lost(slo, found, before))
            drawn[site] = problem or _attained(slo, site, period, found, before, quorum, number, self.clock.now())
        records = [one for one in drawn.values() if not isinstance(one, str)]
        self.ledger.add_attainments([one for one in records if one is not standing.get(one.site)])
        return drawn

    def not_yet(self, agreement: Agreement, promise: Promise, period: Period) -> str:
        """Why a period cannot be judged, or nothing: then late samples were looked for as well."""
        slo, quorum = promise.slo, agreement.observers
        if not self._observed(slo, quorum, promise.site, period):
            there = self._there(slo, quorum, promise.site, period)
            missing = ", ".join(name for name in quorum.names if name not in there)
            few = f" by {quorum.needed} of its {len(quorum)} observers: missing {missing}" if missing else ""
            return f"{NOT_OBSERVED}{few}"
        if quorum.names and self.observer not in quorum.names:
            return ""
        key = (slo.counted_as, quorum, period)
        if key not in self._reasons:
            self._reasons[key] = self.look_again(slo, self._sites(slo, quorum), period)
        return "" if self._enough_others(quorum, self._there(slo, quorum, promise.site, period)) else self._reasons[key]

    def _observed(self, slo: Slo, quorum: Quorum, site: str, period: Period) -> bool:
        """Whether so many have observed it that all of them together can say good and bad."""
        return len(self._there(slo, quorum, site, period)) >= quorum.needed

    def _there(self, slo: Slo, quorum: Quorum, site: str, period: Period) -> list[str]:
        """Who has observed a site to the end of the period."""
        # Events of the period may be counted in the slot after it.
        last = (
            period.ends_at if isinstance(slo.indicator, RatioIndicator) else slot_starts(period, slo.slot.seconds)[-1]
        )
        return [name for name, at in self._observed_by(slo, quorum).get(site, {}).items() if at >= last]

    def _observed_by(self, slo: Slo, quorum: Quorum) -> Mapping[str, Mapping[str, int]]:
        if (slo.counted_as, quorum) not in self._newest:
            self._newest[slo.counted_as, quorum] = self.panel_of(quorum).observed(slo)
        return self._newest[slo.counted_as, quorum]

    def _enough_others(self, quorum: Quorum, names: Iterable[str]) -> bool:
        """Whether so many of these as are needed are others than the one of this process."""
        return bool(quorum.names) and len(set(names) - {self.observer}) >= quorum.needed

    def too_early(self, agreement: Agreement, until_at: int) -> str:
        """Why this instant has not passed for the source, nor for those of enough other observers, or nothing."""
        reason = self._not_scraped(until_at)
        return "" if reason and self._enough_others(agreement.observers, self._past(agreement, until_at)) else reason

    def _past(self, agreement: Agreement, until_at: int) -> Iterator[str]:
        """Observers that have counted a slot which ends no sooner: by the clock of its own source each has passed the instant."""
        for slo in {promise.slo.counted_as: promise.slo for promise in agreement.promises}.values():
            for marks in self._observed_by(slo, agreement.observers).values():
                yield from (name for name, at in marks.items() if at + slo.slot.seconds >= until_at)

    def _not_scraped(self, until_at: int) -> str:
        if self.source_at is None:
            return ""
        if self._scraped_at is None:
            try:
                self._scraped_at = self.source_at()
            except Unavailable as error:
                return str(error)
        if self._scraped_at >= until_at:
            return ""
        return f"its grace ends at {rfc3339(until_at)}, and {NOT_SCRAPED}"

    def _sites(self, slo: Slo, quorum: Quorum) -> list[str]:
        return sorted({promise.site for _, promise in self._promises(slo, quorum)})

    def _promises(self, slo: Slo, quorum: Quorum) -> Iterator[tuple[Agreement, Promise]]:
        """Those that lean on an SLO as these observers see it."""
        for agreement in self.agreements:
            if agreement.observers == quorum:
                yield from ((agreement, one) for one in agreement.promises if one.slo.counted_as == slo.counted_as)


def _lost(slo: Slo, found: Drawn, standing: AttainmentRecord | None) -> str:
    """Why nothing new follows from these slots, or nothing: what is absent says nothing of the period, and makes no penalty less.

    A table takes no slot that is counted from fewer samples than what stands, so that fewer of them are slots that it lost, or that a
    person had counted anyhow. Of several observers each is compared with itself: one that comes late makes up for no other.
    """
    if standing is None or standing.spec_digest != slo.digest:
        return ""
    before = {one.name: one.samples for one in standing.views} or {"": standing.samples}
    now = {one.name: one.samples for one in found.views} or {"": found.samples}
    fewer = [
        f"{f'observer {name}: ' if name else ''}its slots are counted from {now[name]} raw samples, and it was judged from {samples}"
        for name, samples in before.items()
        if now[name] < samples
    ]
    if not fewer:
        return ""
    return (
        f"{'; '.join(fewer)}: some of them are lost. Bring them back (sankofa-observe slots repair, recount), or judge what is left by "
        "sankofa-observe evaluate --anyhow"
    )


def _attained(
    slo: Slo,
    site: str,
    period: Period,
    found: Drawn,
    standing: AttainmentRecord | None,
    quorum: Quorum,
    number: int,
    at: int,
) -> AttainmentRecord:
    """The record that stands where it was drawn from the same slots by the same rules, else the next revision: `number`."""
    if standing and (standing.slots_digest, standing.spec_digest) == (found.digest, slo.digest):
        return standing
    return AttainmentRecord(
        slo=slo.name,
        site=site,
        period=period,
        revision=number,
        attainment=found.attainment,
        slot_count=found.slots,
        samples=found.samples,
        slots_digest=found.digest,
        spec_digest=slo.digest,
        days=found.days,
        drawn_at=at,
        views=found.views,
        quorum=quorum,
    )
