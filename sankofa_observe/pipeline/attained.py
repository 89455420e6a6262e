"""What was attained in closed periods: drawn once for all agreements that lean on it, kept as a record, and laid over by exclusions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.period import PeriodTotals, laid_over, period_totals, with_neighbours
from sankofa_observe.ports import Clock, Ledger, SlotTable
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.exclusion import ExclusionRecord, overlay_of
from sankofa_observe.sla.overlay import Overlay, Run, reach_seconds, runs
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import slot_starts
from sankofa_observe.slo.verdict import Attainment, AttainmentRecord
from sankofa_observe.units import Period, rfc3339

LookAgain = Callable[[Slo, Sequence[str], Period], str]
"""Counts again what late samples changed of the sites' slots in the period; why it could not, or nothing."""


@dataclass(kw_only=True)
class Attained:
    """What was attained in a period, of all sites that any agreement names: drawn once, and kept as a record."""

    agreements: Sequence[Agreement]
    table: SlotTable
    ledger: Ledger
    clock: Clock
    look_again: LookAgain
    source_at: Callable[[], int] | None = None
    since_at: Mapping[str, int] = field(default_factory=dict)
    _scraped_at: int | None = None
    _found: dict[tuple[str, Period], Mapping[str, AttainmentRecord | str]] = field(default_factory=dict)
    _newest: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _reasons: dict[tuple[str, Period], str] = field(default_factory=dict)
    _excluded: dict[Period, Mapping[str, list[ExclusionRecord]]] = field(default_factory=dict)  # by agreement
    _laid: dict[tuple[str, Period, tuple[Run, ...]], Mapping[str, Attainment | str]] = field(default_factory=dict)

    def at(self, slo: Slo, site: str, period: Period) -> AttainmentRecord | str:
        """What one site attained, or why that cannot be said."""
        key = (slo.counted_as, period)
        if key not in self._found:
            self._found[key] = self._draw(slo, period)
        return self._found[key][site]

    def overlay(self, agreement: Agreement, promise: Promise, period: Period) -> Overlay:
        """What the agreement lays over a promise in a period."""
        if period not in self._excluded:
            by_agreement: dict[str, list[ExclusionRecord]] = defaultdict(list)
            longest = max(reach_seconds(one.slo) for each in self.agreements for one in each.promises)
            whole = Period(starts_at=period.starts_at - longest, ends_at=period.ends_at)
            for one in self.ledger.exclusions_in(whole):
                by_agreement[one.exclusion.agreement_id].append(one)
            self._excluded[period] = by_agreement
        records = self._excluded[period].get(agreement.id, ())
        return overlay_of(agreement, promise, period, records, self.since_at.get(promise.site))

    def under(self, overlay: Overlay, promise: Promise, period: Period) -> Attainment | str:
        """What a site attains under an overlay, or why that cannot be said; drawn at once for all sites that are cut alike."""
        slo = promise.slo
        cut = tuple(runs(overlay, period, slo.slot.seconds, reach_seconds(slo)))
        key = (slo.counted_as, period, cut)
        if key not in self._laid:
            if self.table.forgotten(with_neighbours(period, slo)):
                return f"slots of {period} are no longer kept (late.keep_slots_days), and an exclusion lies over them"
            self._laid[key] = laid_over(slo, self._cut_alike(slo, period, cut), period, cut, self.table)
        return self._laid[key][promise.site]

    def _cut_alike(self, slo: Slo, period: Period, cut: tuple[Run, ...]) -> list[str]:
        alike = (
            promise.site
            for agreement in self.agreements
            for promise in agreement.promises
            if promise.slo.counted_as == slo.counted_as
            and (overlay := self.overlay(agreement, promise, period))
            and tuple(runs(overlay, period, slo.slot.seconds, reach_seconds(slo))) == cut
        )
        return sorted(set(alike))

    def _draw(self, slo: Slo, period: Period) -> Mapping[str, AttainmentRecord | str]:
        """Of every site that is observed to the end; where slots were forgotten since, what was drawn from them stands."""
        standing = {one.site: one for one in self.ledger.attainments(slo.name, period)}
        kept = standing if self.table.forgotten(with_neighbours(period, slo)) else {}
        drawn: dict[str, AttainmentRecord | str] = dict(kept)
        sites = [site for site in self._sites(slo) if site not in kept and self._observed(slo, site, period)]
        for site, found in period_totals(slo, sites, period, self.table).items():
            drawn[site] = found.problem or _attained(slo, site, period, found, standing.get(site), self.clock.now())
        records = [one for one in drawn.values() if not isinstance(one, str)]
        self.ledger.add_attainments([one for one in records if one is not standing.get(one.site)])
        return drawn

    def not_yet(self, slo: Slo, site: str, period: Period) -> str:
        """Why a period cannot be judged, or nothing: then late samples were looked for as well."""
        if not self._observed(slo, site, period):
            return "its slots are not observed to the end"
        key = (slo.counted_as, period)
        if key not in self._reasons:
            self._reasons[key] = self.look_again(slo, self._sites(slo), period)
        return self._reasons[key]

    def _observed(self, slo: Slo, site: str, period: Period) -> bool:
        if slo.counted_as not in self._newest:
            self._newest[slo.counted_as] = self.table.watermarks(slo.counted_as)
        newest = self._newest[slo.counted_as].get(site)
        # Events of the period may be counted in the slot after it.
        last = (
            period.ends_at if isinstance(slo.indicator, RatioIndicator) else slot_starts(period, slo.slot.seconds)[-1]
        )
        return newest is not None and newest >= last

    def too_early(self, until_at: int) -> str:
        """Why this instant has not passed for the source, or nothing."""
        if self.source_at is None:
            return ""
        if self._scraped_at is None:
            try:
                self._scraped_at = self.source_at()
            except Unavailable as error:
                return str(error)
        if self._scraped_at >= until_at:
            return ""
        return f"its grace ends at {rfc3339(until_at)}, and by its own clock the source has not scraped past that yet"

    def _sites(self, slo: Slo) -> list[str]:
        promises = (promise for agreement in self.agreements for promise in agreement.promises)
        return sorted({one.site for one in promises if one.slo.counted_as == slo.counted_as})


def _attained(
    slo: Slo, site: str, period: Period, found: PeriodTotals, standing: AttainmentRecord | None, at: int
) -> AttainmentRecord:
    """The record that stands where it was drawn from the same slots by the same rules, else the next revision."""
    if standing and (standing.slots_digest, standing.spec_digest) == (found.digest, slo.digest):
        return standing
    return AttainmentRecord(
        slo=slo.name,
        site=site,
        period=period,
        revision=standing.revision + 1 if standing else 1,
        attainment=found.attainment(slo),
        slot_count=found.slots,
        slots_digest=found.digest,
        spec_digest=slo.digest,
        days=found.days,
        drawn_at=at,
    )
