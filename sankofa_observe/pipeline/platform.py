"""Every stage over all specs, on the ports that were wired.

A stage is imported and its stores are opened when it first runs, so that a command pays for what it uses: judging needs no web3,
settling no polars, answering tenants neither. What fails one SLO or agreement holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sankofa_observe.errors import InvalidInput, InvariantBroken
from sankofa_observe.pipeline.isolation import isolated
from sankofa_observe.units import Period, rfc3339

if TYPE_CHECKING:
    from sankofa_observe.pipeline.assess import Assessed, NeedsRestatement, PriceWithdrawn
    from sankofa_observe.pipeline.counting import Observed
    from sankofa_observe.pipeline.evaluate import Judged, Marks, NotYet
    from sankofa_observe.pipeline.seal import Checked, Sealed
    from sankofa_observe.pipeline.settle import Moved, Settle, Waiting
    from sankofa_observe.ports import Clock, EvidenceArchive, Lease, Ledger, SampleSource, SealedStore
    from sankofa_observe.sla.catalog import Catalog
    from sankofa_observe.sla.credit import ServiceCredit
    from sankofa_observe.sla.settlement import ChainIdentity
    from sankofa_observe.slo.objective import Slo


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Everything wired; each verb is one stage over all specs."""

    catalog: Catalog
    clock: Clock
    ledger: Ledger
    archive: EvidenceArchive
    open_source: Callable[[], SampleSource]
    open_slots: Callable[[], SealedStore]
    engine: str  # name and version of the code
    observer: str  # whose slots these are
    delay_seconds: int
    keep_slots_days: int
    identity: ChainIdentity | None  # of the contract in the settings
    lease: Lease  # of the one scheduler of the ledger
    settling: Settle | None  # with keys and a chain; only where it was asked for
    checked: Checked = field(default_factory=dict)

    def fenced(self) -> Platform:
        """The same, writing records only while the lease is held: a stage that was frozen in mid-turn finds that it is not."""
        ledger, settling = self.ledger.fenced(self.lease), self.settling
        if settling:
            settling = replace(settling, ledger=settling.ledger.fenced(self.lease))
        return replace(self, ledger=ledger, settling=settling)

    @cached_property
    def source(self) -> SampleSource:
        return self.open_source()

    @cached_property
    def slots(self) -> SealedStore:
        return self.open_slots()

    @cached_property
    def marks(self) -> Marks:
        """What this process need not judge again."""
        from sankofa_observe.pipeline.evaluate import Marks

        return Marks()

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
            keep_days=max(self.keep_slots_days, catalog.needed_days(self.clock.now())),
            checked=self.checked,
        )

    def compact(self) -> str:
        return self.slots.compact()

    def evaluate(self, *, only_new: bool = False, look: bool = True) -> Iterator[Judged | NotYet]:
        """Judge all periods, or only those that this process has not judged yet; `look` for late samples first.

        Where it looks, the source's own clock bounds what is closed too: ours may run ahead.
        """
        from sankofa_observe.pipeline.evaluate import evaluate

        yield from evaluate(
            self.catalog.agreements.values(),
            table=self.slots,
            ledger=self.ledger.acting("stage:evaluate"),
            clock=self.clock,
            look_again=self._look_again if look else lambda *_: "",
            source_at=self.source.newest_at if look else None,
            marks=self.marks if only_new else None,
            since_at=self.catalog.since_at,
        )

    def _look_again(self, slo: Slo, sites: Sequence[str], period: Period) -> str:
        from sankofa_observe.pipeline.late import quietly, recount_late
        from sankofa_observe.pipeline.period import with_neighbours

        whole = with_neighbours(period, slo)
        return quietly(recount_late(slo, sites, whole, source=self.source, table=self.slots, clock=self.clock))

    def assess(self) -> Iterator[Assessed | PriceWithdrawn | NeedsRestatement]:
        """Price what asks for it; a breach of an agreement that is in no spec any more is told when all else is priced."""
        from sankofa_observe.pipeline.assess import assess
        from sankofa_observe.sla.evidence import Origin

        origin, identity = Origin(engine=self.engine, observer=self.observer), self._need_identity()
        asking, known = self.ledger.agreements_to_assess(), self.catalog.agreements_by_id()
        yield from isolated(
            (
                f"agreement {known[agreement_id][0].name}",
                assess(
                    known[agreement_id],
                    table=self.slots,
                    ledger=self.ledger.acting("stage:assess"),
                    archive=self.archive,
                    chain=identity,
                    origin=origin,
                    clock=self.clock,
                ),
            )
            for agreement_id in asking
            if agreement_id in known
        )
        if lost := [one for one in asking if one not in known]:
            raise InvariantBroken(
                f"agreement {', '.join(lost)} is in no spec, and a breach of it has no penalty yet; restore its spec and assess again"
            )

    def settle(self) -> Iterator[Moved | Waiting]:
        yield from self.need_settling().run()

    def credit(self) -> Iterator[ServiceCredit]:
        from sankofa_observe.pipeline.credit import credit

        yield from credit(ledger=self.ledger.acting("stage:credit"), chain=self.need_settling().chain)

    def need_settling(self) -> Settle:
        if self.settling is None:
            self._need_identity()
            raise InvalidInput("this process holds no keys; it was not started to settle")
        return self.settling

    def _need_identity(self) -> ChainIdentity:
        if self.identity is None:
            raise InvalidInput("no chain in the settings; add the section `chain` to assess and settle")
        return self.identity
