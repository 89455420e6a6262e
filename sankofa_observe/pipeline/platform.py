"""Every stage over all specs, on the ports that were wired.

A stage is imported and its stores are opened when it first runs, so that a command pays for what it uses: judging needs no web3,
settling no polars, answering tenants neither. What fails one SLO or agreement holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sankofa_observe.errors import InvalidInput, InvariantBroken
from sankofa_observe.pipeline.isolation import isolated
from sankofa_observe.pipeline.observing import Observing

if TYPE_CHECKING:
    from sankofa_observe.pipeline.announce import Ended, Silenced
    from sankofa_observe.pipeline.assess import Assessed, PriceWithdrawn, RestatedLater
    from sankofa_observe.pipeline.evaluate import Judged, Marks, NotYet
    from sankofa_observe.pipeline.following import Moved
    from sankofa_observe.pipeline.lane_waits import Waiting
    from sankofa_observe.pipeline.panel import Panel
    from sankofa_observe.pipeline.reporting import Attested
    from sankofa_observe.pipeline.settle import Ended as AgreementEnded
    from sankofa_observe.pipeline.settle import Settle
    from sankofa_observe.ports import EvidenceArchive, Lease, Ledger, Silences, SlotTable
    from sankofa_observe.sla.credit import ServiceCredit
    from sankofa_observe.sla.settlement import ChainIdentity
    from sankofa_observe.slo.objective import Slo
    from sankofa_observe.slo.quorum import Quorum
    from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Platform(Observing):
    """Everything wired: an observer that judges and settles as well."""

    ledger: Ledger
    archive: EvidenceArchive
    open_other: Callable[[str], SlotTable]  # the slots of another observer
    engine: str  # name and version of the code
    identity: ChainIdentity | None  # of the contract in the settings
    lease: Lease  # of the one scheduler of the ledger
    settling: Settle | None  # with keys and a chain; only where it was asked for
    open_silences: Callable[[], Silences] | None = None  # of the Alertmanager in the settings

    def fenced(self) -> Platform:
        """The same, writing records only while the lease is held: a stage that was frozen in mid-turn finds that it is not."""
        ledger, settling = self.ledger.fenced(self.lease), self.settling
        if settling:
            settling = replace(settling, ledger=settling.ledger.fenced(self.lease))
        return replace(self, ledger=ledger, settling=settling)

    @cached_property
    def others(self) -> dict[str, SlotTable]:
        """The tables of other observers that were asked for."""
        return {}

    def panel_of(self, quorum: Quorum) -> Panel:
        """The observers of an agreement, each with its table; of one that names none, this installation's own."""
        from sankofa_observe.pipeline.panel import Panel

        return Panel(quorum=quorum, tables=tuple(map(self._table, quorum.names)) or (self.slots,))

    def _table(self, name: str) -> SlotTable:
        if name == self.observer:
            return self.slots
        if name not in self.others:
            self.others[name] = self.open_other(name)
        return self.others[name]

    @cached_property
    def marks(self) -> Marks:
        """What this process need not judge again."""
        from sankofa_observe.pipeline.evaluate import Marks

        return Marks()

    def evaluate(
        self, *, only_new: bool = False, look: bool = True, anyhow: bool = False, actor: str = "stage:evaluate"
    ) -> Iterator[Judged | NotYet]:
        """Judge all periods, or only those that this process has not judged yet; `look` for late samples first.

        Where it looks, the source's own clock bounds what is closed too: ours may run ahead. `anyhow` is a person's word: slots that are
        lost do not count.
        """
        from sankofa_observe.pipeline.agreements import ended
        from sankofa_observe.pipeline.evaluate import evaluate

        yield from evaluate(
            ended(self.catalog.agreements.values(), self.ledger.ends()),
            panel_of=self.panel_of,
            ledger=self.ledger.acting(actor),
            clock=self.clock,
            look_again=self._look_again if look else lambda *_: "",
            source_at=self.source.newest_at if look else None,
            observer=self.observer,
            marks=self.marks if only_new else None,
            since_at=self.catalog.since_at,
            anyhow=anyhow,
        )

    def _look_again(self, slo: Slo, sites: Sequence[str], period: Period) -> str:
        from sankofa_observe.pipeline.late import quietly, recount_late
        from sankofa_observe.pipeline.period import with_neighbours

        whole = with_neighbours(period, slo)
        return quietly(recount_late(slo, sites, whole, source=self.source, table=self.slots, clock=self.clock))

    def assess(self) -> Iterator[Assessed | PriceWithdrawn | RestatedLater]:
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
                    panel_of=self.panel_of,
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

    def settle(self) -> Iterator[Moved | Waiting | Attested | AgreementEnded]:
        yield from self.need_settling().run()

    def credit(self) -> Iterator[ServiceCredit]:
        from sankofa_observe.pipeline.credit import credit

        chain = self.need_settling().chain
        yield from credit(ledger=self.ledger.acting("stage:credit"), chain=chain, clock=self.clock)

    @cached_property
    def silences(self) -> Silences:
        if self.open_silences is None:
            raise InvalidInput("no Alertmanager in the settings; add the section `alerting` to make silences")
        return self.open_silences()

    def announce(self) -> Iterator[Silenced | Ended]:
        """Silences of what is excluded."""
        from sankofa_observe.pipeline.announce import announce

        ledger = self.ledger.acting("stage:announce")
        yield from announce(ledger=ledger, catalog=self.catalog, silences=self.silences, clock=self.clock)

    def need_settling(self) -> Settle:
        if self.settling is None:
            self._need_identity()
            raise InvalidInput("this process holds no keys; it was not started to settle")
        return self.settling

    def _need_identity(self) -> ChainIdentity:
        if self.identity is None:
            raise InvalidInput("no chain in the settings; add the section `chain` to assess and settle")
        return self.identity
