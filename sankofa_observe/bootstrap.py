"""The one composition root: settings in, a working platform out. The only file that names every concrete class.

A part is imported and opened when it is first asked for, so that a command pays for what it uses: judging needs no web3,
settling no polars, answering tenants neither.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.clock import SystemClock
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.config import AttestorSettings, ChainSettings, Settings
from sankofa_observe.errors import ENDS, InvalidInput, InvariantBroken, SankofaError, unforeseen
from sankofa_observe.pipeline.assess import Assessed, NeedsRestatement, Origin, assess
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.evaluate import Judged, Marks, NotYet, evaluate
from sankofa_observe.pipeline.observe import Observed, closed_at, observe
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.recount import quietly, recount, recount_late
from sankofa_observe.pipeline.seal import Checked, Sealed, seal
from sankofa_observe.pipeline.settle import Moved, Settle, Waiting
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period, rfc3339

if TYPE_CHECKING:
    from sankofa_observe.adapters.attestor import LocalAttestor
    from sankofa_observe.adapters.chain import ContractChain
    from sankofa_observe.adapters.prometheus import PrometheusSamples
    from sankofa_observe.adapters.slots import DeltaSlots

log = logging.getLogger(__name__)
Event = TypeVar("Event")
ENGINE = f"sankofa-observe/{version('sankofa-observe')}"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Everything wired; each method is one stage over all specs."""

    settings: Settings
    catalog: Catalog
    clock: SystemClock
    ledger: SqlLedger
    archive: FolderArchive
    identity: ChainIdentity | None  # of the contract in the settings
    settling: Settle | None  # with keys and a chain; only where it was asked for
    opened: ExitStack  # what is opened later ends with the rest
    marks: Marks = field(default_factory=dict)
    checked: Checked = field(default_factory=dict)

    @cached_property
    def source(self) -> PrometheusSamples:
        from sankofa_observe.adapters.prometheus import PrometheusSamples

        prometheus = self.settings.prometheus
        return self.opened.enter_context(closing(PrometheusSamples(prometheus.url, prometheus.headers)))

    @cached_property
    def slots(self) -> DeltaSlots:
        from sankofa_observe.adapters.slots import DeltaSlots

        return self.opened.enter_context(closing(DeltaSlots(self.settings.slot_table, self.settings.observer)))

    def observe(self) -> Iterator[Observed]:
        """Bring all slots up to date; what a turn adds of all SLOs is one commit."""
        with self.slots.together(self.clock.now()):
            yield from _apart(
                (
                    f"SLO {slo.name}",
                    observe(
                        slo,
                        self.catalog.sites_of(slo),
                        self._since(slo),
                        source=self.source,
                        table=self.slots,
                        clock=self.clock,
                        delay_seconds=self.settings.late.delay_seconds,
                    ),
                )
                for slo in self.catalog.slos.values()
            )

    def closed(self, since_at: int, until_at: int | None = None) -> Period:
        """A stretch of the past, cut off where slots are not closed yet."""
        closed = closed_at(self.source, self.clock, self.settings.late.delay_seconds)
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
        yield from _apart(
            (
                f"SLO {slo.name}",
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
            for slo in self._slos(only)
        )

    def seal(self) -> Iterator[Sealed]:
        """Look for late samples of recent days, and seal what is over."""
        yield from seal(
            [(slo, self.catalog.sites_of(slo), self._longest_grace(slo)) for slo in self.catalog.slos.values()],
            source=self.source,
            store=self.slots,
            clock=self.clock,
            keep_days=max(self.settings.late.keep_slots_days, self._needed_days()),
            checked=self.checked,
        )

    def evaluate(self, *, only_new: bool = False, look: bool = True) -> Iterator[Judged | NotYet]:
        """Judge all periods, or only those that this process has not judged yet; `look` for late samples first."""
        yield from evaluate(
            self.catalog.agreements.values(),
            table=self.slots,
            ledger=self.ledger.acting("stage:evaluate"),
            clock=self.clock,
            look_again=self._look_again if look else lambda *_: "",
            marks=self.marks if only_new else None,
        )

    def _look_again(self, slo: Slo, sites: Sequence[str], period: Period) -> str:
        whole = with_neighbours(period, slo)
        return quietly(recount_late(slo, sites, whole, source=self.source, table=self.slots, clock=self.clock))

    def _slos(self, only: str | None) -> Iterator[Slo]:
        yield from (slo for slo in self.catalog.slos.values() if only in {None, slo.name})

    def _longest_grace(self, slo: Slo) -> int:
        """How long after its end a day may still change a verdict."""
        leaning = (
            one.grace_seconds
            for one in self.catalog.agreements.values()
            if any(promise.slo.name == slo.name for promise in one.promises)
        )
        return max(leaning, default=0)

    def _needed_days(self) -> int:
        """For how many days slots are kept at least: a verdict on the longest period may still be drawn from them."""
        longest = (
            one.window.period_at(self.clock.now()).seconds + one.grace_seconds
            for one in self.catalog.agreements.values()
        )
        return max(longest, default=0) // DAY_SECONDS + 7  # months and years differ in length

    def assess(self) -> Iterator[Assessed | NeedsRestatement]:
        origin = Origin(engine=ENGINE, observer=self.settings.observer)
        yield from _apart(
            (
                f"agreement {agreement.name}",
                assess(
                    agreement,
                    table=self.slots,
                    ledger=self.ledger.acting("stage:assess"),
                    archive=self.archive,
                    chain=self._need_identity(),
                    origin=origin,
                    clock=self.clock,
                ),
            )
            for agreement in self.catalog.agreements.values()
        )

    def settle(self) -> Iterator[Moved | Waiting]:
        yield from self.need_settling().run()

    def credit(self) -> Iterator[ServiceCredit]:
        yield from credit(ledger=self.ledger.acting("stage:credit"), chain=self.need_settling().chain)

    def _since(self, slo: Slo) -> int:
        """Where an SLO's slots begin: with the first agreement that leans on it, else with the last hour."""
        starts = [
            a.starts_at for a in self.catalog.agreements.values() if any(p.slo.name == slo.name for p in a.promises)
        ]
        # The slot before the first one says which of its events are of valid ones before the start.
        return min(starts, default=self.clock.now() - 3600) - slo.slot.seconds

    def need_settling(self) -> Settle:
        if self.settling is None:
            self._need_identity()
            raise InvalidInput("this process holds no keys; it was not started to settle")
        return self.settling

    def _need_identity(self) -> ChainIdentity:
        if self.identity is None:
            raise InvalidInput("no chain in the settings; add the section `chain` to assess and settle")
        return self.identity


def _apart(runs: Iterable[tuple[str, Iterator[Event]]]) -> Iterator[Event]:
    """Run them all, each by the name of its SLO or agreement: what fails one holds up no other, and is raised when all have run.

    What nobody foresaw is logged at once, and what all tell alike is told once.
    """
    errors: list[SankofaError] = []
    strange: list[BaseException] = []
    for name, run in runs:
        try:
            yield from run
        except SankofaError as error:
            errors.append(error)
        except ENDS:
            raise
        except BaseException as error:
            error.add_note(f"while {name} was worked on")
            log.exception("unexpected; the others of this turn go on")
            strange.append(error)
    broken = next((error for error in errors if isinstance(error, InvariantBroken)), None)
    texts = "; ".join(dict.fromkeys([*map(str, errors), *map(unforeseen, strange)]))
    if strange and not broken:
        raise RuntimeError(texts) from strange[0]
    if errors:
        raise type(broken or errors[0])(texts)


@contextmanager
def open_platform(settings: Settings, *, settling: bool = False) -> Iterator[Platform]:
    """Open every store and connection; close them at the end. Specs and keys are checked before anything is written.

    Keys are opened only for a process that settles: the API and the counting need none.
    """
    catalog = load_catalog(settings.specs)
    with ExitStack() as opened:
        chain = _chain(settings.chain, opened) if settling and settings.chain else None
        attestors = [_attestor(one, catalog, opened) for one in settings.attestors] if chain else []
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(f"data_dir {settings.data_dir}: {error.strerror}; nothing was written") from error
        clock = SystemClock()
        ledger = opened.enter_context(closing(SqlLedger(settings.ledger_url)))
        archive = FolderArchive(settings.data_dir / "evidence")
        _record_agreements(catalog, ledger.acting("stage:open"), clock.now())
        identity = _identity(settings.chain) if settings.chain else None
        yield Platform(
            settings=settings,
            catalog=catalog,
            clock=clock,
            ledger=ledger,
            archive=archive,
            identity=identity,
            settling=Settle(
                ledger=ledger.acting("stage:settle"),
                archive=archive,
                chain=chain,
                attestors=attestors,
                clock=clock,
                stalled_after_seconds=settings.chain.stalled_after_seconds,
            )
            if chain and settings.chain
            else None,
            opened=opened,
        )


def _chain(settings: ChainSettings, opened: ExitStack) -> ContractChain:
    from sankofa_observe.adapters.chain import ContractChain
    from sankofa_observe.adapters.keys import open_keystore
    from sankofa_observe.adapters.node import Node

    key = open_keystore(settings.sender.keystore, settings.sender.password_file)
    node = opened.enter_context(closing(Node(settings.rpc_url, settings.gas_price_wei)))
    return ContractChain(node, _identity(settings), key, settings.from_block)


def _record_agreements(catalog: Catalog, ledger: SqlLedger, at: int) -> None:
    """Keep every version ever used; the same version with other terms is refused, because terms are immutable.

    So is another version of an agreement by which periods were judged: amending is not built, on chain neither.
    """
    for agreement in catalog.agreements.values():
        others = set(ledger.versions(agreement.id)) - {agreement.version}
        if others and ledger.was_judged(agreement.id):
            raise InvariantBroken(
                f"agreement {agreement.name}: version {agreement.version}, and periods were judged by version {max(others)}; "
                "amending is not built: restore that version, or make a new agreement under another name"
            )
        ledger.add_agreement(
            agreement_id=agreement.id,
            version=agreement.version,
            tenant=agreement.tenant,
            terms_hash=agreement.terms_hash,
            document=agreement.terms_document,
            at=at,
        )


def _identity(settings: ChainSettings) -> ChainIdentity:
    return ChainIdentity(chain_id=settings.chain_id, contract=settings.contract.lower())


def _attestor(settings: AttestorSettings, catalog: Catalog, opened: ExitStack) -> LocalAttestor:
    from sankofa_observe.adapters.attestor import LocalAttestor
    from sankofa_observe.adapters.keys import open_keystore
    from sankofa_observe.adapters.prometheus import PrometheusSamples

    source = opened.enter_context(closing(PrometheusSamples(settings.prometheus_url, tries=1)))
    key = open_keystore(settings.keystore, settings.password_file)
    return LocalAttestor(name=settings.name, key=key, source=source, agreements=catalog.agreements)
