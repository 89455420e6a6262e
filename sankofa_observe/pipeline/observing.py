"""What one observer does by itself: count slots beside its own Prometheus, and take care of them. It needs no ledger and no chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.isolation import isolated
from sankofa_observe.units import Period, rfc3339

if TYPE_CHECKING:
    from sankofa_observe.pipeline.counting import Observed
    from sankofa_observe.pipeline.seal import Checked, Sealed
    from sankofa_observe.ports import Clock, SampleSource, SealedStore
    from sankofa_observe.sla.catalog import Catalog


@dataclass(frozen=True, kw_only=True)
class Observing:
    """One observer, wired; each verb is one stage over all specs."""

    catalog: Catalog
    clock: Clock
    open_source: Callable[[], SampleSource]
    open_slots: Callable[[], SealedStore]
    observer: str  # whose slots these are
    delay_seconds: int
    checked: Checked = field(default_factory=dict)

    @cached_property
    def source(self) -> SampleSource:
        return self.open_source()

    @cached_property
    def slots(self) -> SealedStore:
        return self.open_slots()

    def observe(self) -> Iterator[Observed]:
        """Bring all slots up to date; what a turn adds of all SLOs is one commit."""
        from sankofa_observe.pipeline.counting import clock_is_right
        from sankofa_observe.pipeline.observe import observe

        catalog, now = self.catalog, self.clock.now()
        runs = (
            (
                f"SLO {slo.counted_as}",
                observe(
                    slo,
                    catalog.sites_of(slo),
                    catalog.begins_at(slo, now),
                    source=self.source,
                    table=self.slots,
                    clock=self.clock,
                    delay_seconds=self.delay_seconds,
                ),
            )
            for slo in catalog.slos.values()
        )
        with self.slots.together(now):
            yield from isolated([*runs, ("the clock", clock_is_right(self.source, self.clock))])

    def closed(self, since_at: int, until_at: int | None = None) -> Period:
        """A stretch of the past, cut off where slots are not closed yet."""
        from sankofa_observe.pipeline.counting import closed_at

        closed = closed_at(self.source, self.clock, self.delay_seconds)
        ends_at = closed if until_at is None else min(until_at, closed)
        if since_at >= ends_at:
            raise InvalidInput(
                f"nothing to count between {rfc3339(since_at)} and {rfc3339(ends_at)}; the start must be before the end"
            )
        return Period(starts_at=since_at, ends_at=ends_at)

    def recount(
        self, period: Period, *, only: str | None = None, site: str | None = None, anyhow: bool = False
    ) -> Iterator[Observed]:
        """Count again what is named; `anyhow` also where the source has forgotten some of what stands."""
        from sankofa_observe.pipeline.recount import recount

        yield from isolated(
            (
                f"SLO {slo.counted_as}",
                recount(
                    slo,
                    [one for one in self.catalog.sites_of(slo) if site in {None, one}],
                    period,
                    source=self.source,
                    table=self.slots,
                    clock=self.clock,
                    anyhow=anyhow,
                ),
            )
            for slo in self.catalog.slos.values()
            if only in {None, slo.name}
        )

    def seal(self) -> Iterator[Sealed]:
        """Look for late samples of recent days, and seal what is over."""
        from sankofa_observe.pipeline.seal import seal

        catalog = self.catalog
        yield from seal(
            [(slo, catalog.sites_of(slo), catalog.longest_grace(slo)) for slo in catalog.slos.values()],
            source=self.source,
            store=self.slots,
            clock=self.clock,
            checked=self.checked,
        )

    def compact(self) -> str:
        return self.slots.compact()
