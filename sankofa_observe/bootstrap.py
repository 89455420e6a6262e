"""The one composition root: settings in, a working platform out. The only file that names every concrete class.

It wires and decides nothing. A part is imported when it is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sankofa_observe.adapters.clock import SystemClock, within
from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.adapters.alertmanager import AlertmanagerSilences
    from sankofa_observe.adapters.archive import FolderArchive
    from sankofa_observe.adapters.chain import ContractChain
    from sankofa_observe.adapters.ledger import SqlLedger
    from sankofa_observe.adapters.node import Node
    from sankofa_observe.adapters.prometheus import PrometheusSamples
    from sankofa_observe.adapters.slots import DeltaSlots, OthersSlots
    from sankofa_observe.attest_config import AttestSettings
    from sankofa_observe.config import AttestorSettings, ChainSettings, Settings
    from sankofa_observe.pipeline.attesting import Attesting
    from sankofa_observe.pipeline.lane_acts import LaneActs
    from sankofa_observe.pipeline.observing import Observing
    from sankofa_observe.pipeline.panel import PanelOf
    from sankofa_observe.pipeline.platform import Platform
    from sankofa_observe.pipeline.retention import Retention, Unredeemed
    from sankofa_observe.pipeline.settle import Settle
    from sankofa_observe.ports import Attestor, Clock, KnownExclusions, LedgerRead, Signer
    from sankofa_observe.signers import KeySettings
    from sankofa_observe.sla.catalog import Catalog
    from sankofa_observe.sla.evidence import Evidence
    from sankofa_observe.sla.settlement import ChainIdentity

Settling = Callable[["SqlLedger", "FolderArchive", "Clock"], "Settle"]
"""Settling, once its stores are open."""

MINED_SECONDS = 10  # for which a turn waits for its transaction
WaitsNoMore = Callable[[], bool]
"""Whether an answer from outside is not waited for any more."""


@contextmanager
def open_platform(
    settings: Settings,
    *,
    catalog: Catalog | None = None,
    settling: bool = False,
    new: bool = True,
    reading: bool = False,
    waits_no_more: WaitsNoMore = lambda: False,
) -> Iterator[Platform]:
    """Open every store and connection; close them at the end. Specs and keys are checked before anything is written.

    Keys are opened only for a process that settles: the API and the counting need none. Without `new`, a ledger that is not there is
    told: whoever asks one that a mistyped setting made would hear that all is well. `reading` makes and records nothing at all. Once
    `waits_no_more`, neither Prometheus nor a chain node is waited for.
    """
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.pipeline.agreements import record_agreements

    catalog = catalog or load_catalog(settings.specs)
    _refuse_strangers(settings, catalog)
    refuse_places(settings, catalog)
    with ExitStack() as opened:
        settle = (
            _settle(settings, settings.chain, catalog, opened, waits_no_more) if settling and settings.chain else None
        )
        if new and not reading:
            make_data_dir(settings.data_dir)
        ledger = opened.enter_context(closing(_ledger(settings.ledger_url, new=new and not reading)))
        if not reading:
            record_agreements(catalog, ledger.acting("stage:open"), SystemClock().now())
        yield _platform(settings, catalog, settle, opened, ledger, waits_no_more)


@contextmanager
def open_observing(
    settings: Settings, *, catalog: Catalog | None = None, waits_no_more: WaitsNoMore = lambda: False
) -> Iterator[Observing]:
    """Open what one observer needs: specs, its Prometheus and its slots."""
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.pipeline.observing import Observing

    catalog = catalog or load_catalog(settings.specs)
    refuse_places(settings, catalog)
    make_data_dir(settings.data_dir)
    with ExitStack() as opened:
        yield Observing(**_observing(settings, catalog, opened, waits_no_more))


def _observing(settings: Settings, catalog: Catalog, opened: ExitStack, waits_no_more: WaitsNoMore) -> dict[str, Any]:
    prometheus = settings.prometheus
    return {
        "catalog": catalog,
        "clock": SystemClock(),
        "open_source": lambda: _source(opened, prometheus.url, prometheus.headers, waits_no_more=waits_no_more),
        "open_slots": lambda: _slots(opened, settings.slot_table, settings.observer),
        "observer": settings.observer,
        "delay_seconds": settings.late.delay_seconds,
    }


def _refuse_strangers(settings: Settings, catalog: Catalog) -> None:
    """An observer that nobody runs would leave every slot of its vote unknown."""
    known = settings.observer_names
    strange = [
        f"agreement {one.name} is observed by {name}, which is not in the settings"
        for one in catalog.agreements.values()
        for name in one.observers.names
        if name not in known
    ]
    if strange:
        raise InvalidInput(f"{'; '.join(strange)}; known: {', '.join(sorted(known))}; add it under `observers`")


def refuse_places(settings: Settings | AttestSettings, catalog: Catalog) -> None:
    """What is kept and logged of a jurisdiction goes to its own places, or this process does not start."""
    from sankofa_observe.pipeline.jurisdiction import refuse_misplaced

    refuse_misplaced(catalog, settings.jurisdictions, settings.places | _log_file())


def _log_file() -> dict[str, str]:
    """The file that stderr is, where the log goes; where a terminal, a journal or a pipe takes it, nobody here can tell."""
    try:
        there = os.fstat(2)
        file = str(Path("/proc/self/fd/2").readlink())
    except OSError:
        return {}
    return {"the log": file} if stat.S_ISREG(there.st_mode) and there.st_nlink else {}


@contextmanager
def open_panels(settings: Settings) -> Iterator[PanelOf]:
    """The slots of agreements' observers, to be read."""
    from sankofa_observe.pipeline.panel import Panel

    with ExitStack() as opened:
        table = cache(lambda name: _others(opened, settings.slot_table, name))
        yield lambda quorum: Panel(quorum=quorum, tables=tuple(map(table, quorum.names or (settings.observer,))))


def make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"data_dir {data_dir}: {error.strerror}; nothing was written") from error


def _ledger(url: str, *, new: bool) -> SqlLedger:
    from sankofa_observe.adapters.ledger import SqlLedger

    return SqlLedger(url, new=new)


def _platform(
    settings: Settings,
    catalog: Catalog,
    settle: Settling | None,
    opened: ExitStack,
    ledger: SqlLedger,
    waits_no_more: WaitsNoMore,
) -> Platform:
    from sankofa_observe.adapters.archive import FolderArchive
    from sankofa_observe.pipeline.platform import Platform

    archive, observing = (
        FolderArchive(settings.evidence_folder),
        _observing(settings, catalog, opened, waits_no_more),
    )
    return Platform(
        **observing,
        ledger=ledger,
        archive=archive,
        open_other=lambda name: _others(opened, settings.slot_table, name),
        engine=_engine(),
        identity=_identity(settings.chain) if settings.chain else None,
        lease=ledger.lease("scheduler"),
        settling=settle(ledger, archive, observing["clock"]) if settle else None,
        open_silences=_silences_of(settings, opened, waits_no_more),
    )


def _silences_of(
    settings: Settings, opened: ExitStack, waits_no_more: WaitsNoMore
) -> Callable[[], AlertmanagerSilences] | None:
    alerting = settings.alerting
    if alerting is None:
        return None

    def open_silences() -> AlertmanagerSilences:
        from sankofa_observe.adapters.alertmanager import AlertmanagerSilences
        from sankofa_observe.pipeline.announce import MARK

        silences = AlertmanagerSilences(alerting.alertmanager_url, MARK, waits_no_more=waits_no_more)
        return opened.enter_context(closing(silences))

    return open_silences


@contextmanager
def open_ledger(settings: Settings) -> Iterator[SqlLedger]:
    """A ledger that is there already, for what persons do; it is told where it is not."""
    with closing(_ledger(settings.ledger_url, new=False)) as ledger:
        yield ledger


@contextmanager
def open_records(config: Path) -> Iterator[tuple[LedgerRead, Callable[[str], str]]]:
    """The records of a settings file as their operator sees them, and what puts names to ids in them: no spec is read, and no key."""
    from sankofa_observe.config import load_settings
    from sankofa_observe.pipeline.persons import naming
    from sankofa_observe.scope import OPERATOR

    with open_ledger(load_settings(config)) as ledger:
        yield ledger.read(OPERATOR), naming(ledger.persons())


@contextmanager
def open_retention(settings: Settings) -> Iterator[Retention]:
    """Everything that retention deletes of, and what says what stays. The contract is asked for what is unpaid, where there is one."""
    from sankofa_observe.adapters.archive import FolderArchive
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.pipeline.retention import Retention

    catalog, clock = load_catalog(settings.specs), SystemClock()
    refuse_places(settings, catalog)
    with ExitStack() as opened:
        yield Retention(
            ledger=opened.enter_context(open_ledger(settings)),
            archive=FolderArchive(settings.evidence_folder),
            slots={one: _slots(opened, settings.slot_table, one) for one in settings.observer_names},
            clock=clock,
            years=settings.retention_years,
            needed_days=catalog.needed_days(clock.now()),
            unredeemed=_unredeemed(settings.chain, opened) if settings.chain else None,
        )


def _unredeemed(chain: ChainSettings, opened: ExitStack) -> Unredeemed:
    from sankofa_observe.adapters.books import Books
    from sankofa_observe.adapters.node import Node
    from sankofa_observe.adapters.redemption_acts import Redemptions

    node = opened.enter_context(closing(Node(chain.rpc_url)))
    return lambda keys: Redemptions(books=Books.at(node, chain.contract)).outstanding(keys)


@contextmanager
def open_lane_acts(settings: Settings, *, by: str, reason: str) -> Iterator[LaneActs]:
    """What a person does about settlements: the ledger, the archive and the contract, which is only read."""
    from sankofa_observe.adapters.node import Node
    from sankofa_observe.pipeline.lane_acts import LaneActs

    chain = _need_chain(settings)
    with open_platform(settings, new=False) as platform, closing(Node(chain.rpc_url)) as node:
        yield LaneActs(
            ledger=platform.ledger,
            archive=platform.archive,
            chain=_contract_chain(node, chain, None),
            clock=platform.clock,
            agreements=platform.catalog.agreements,
            by=by,
            reason=reason,
        )


def _contract_chain(node: Node, chain: ChainSettings, sender: Signer | None) -> ContractChain:
    from sankofa_observe.adapters.chain import ContractChain

    profile: dict[str, Any] = {"genesis": chain.genesis, "confirmations": chain.confirmations}
    return ContractChain(node, _identity(chain), sender, chain.from_block, **profile)


def _need_chain(settings: Settings) -> ChainSettings:
    if settings.chain is None:
        raise InvalidInput("no chain in the settings; add the section `chain`; nothing was written")
    return settings.chain


@contextmanager
def open_lane(settings: Settings) -> Iterator[tuple[SqlLedger, ContractChain]]:
    """The ledger, and the contract with the sender's key."""
    from sankofa_observe.adapters.node import Node

    chain = _need_chain(settings)
    sender = open_signer(chain.sender, of="chain.sender")
    with (
        closing(_ledger(settings.ledger_url, new=False)) as ledger,
        closing(Node(chain.rpc_url, chain.gas_price_wei)) as node,
    ):
        yield ledger, _contract_chain(node, chain, sender)


def open_signer(settings: KeySettings, *, of: str = "", waits_no_more: WaitsNoMore = lambda: False) -> Signer:
    """Whoever signs for a role. A keystore is opened; a signer elsewhere is asked when there is something to sign, so that one which is
    away at the start holds up nothing else.
    """
    if settings.web3signer is not None:
        from sankofa_observe.adapters.one_call import Service
        from sankofa_observe.adapters.web3signer import Web3Signer

        there = dict(settings.web3signer)
        account = there.pop("account")
        service = Service(name=f"signer of {of}" if of else "signer", **there)
        return Web3Signer(service, account, waits_no_more=waits_no_more)
    from sankofa_observe.adapters.keys import open_keystore

    if settings.keystore is None or settings.password_file is None:
        raise InvalidInput(f"{of or 'signer'}: neither a keystore with its password_file nor web3signer is named")
    return open_keystore(settings.keystore, settings.password_file, of=of)


def _settle(
    settings: Settings, chain: ChainSettings, catalog: Catalog, opened: ExitStack, waits_no_more: WaitsNoMore
) -> Settling:
    """The chain with the keys of whoever reports and attests; stores are given later."""
    from sankofa_observe.adapters.attestor_in_thread import wait_until
    from sankofa_observe.adapters.node import Node
    from sankofa_observe.pipeline.settle import Settle

    sender = open_signer(chain.sender, of="chain.sender", waits_no_more=waits_no_more)
    node = opened.enter_context(closing(Node(chain.rpc_url, chain.gas_price_wei, waits_no_more=waits_no_more)))
    attestors = _attestors(settings, _identity(chain), catalog, opened, waits_no_more)

    def settling(ledger: SqlLedger, archive: FolderArchive, clock: Clock) -> Settle:
        return Settle(
            chain=_contract_chain(node, chain, sender),
            attestors=attestors(ledger),
            agreements=tuple(catalog.agreements.values()),
            stalled_after_seconds=chain.stalled_after_seconds,
            from_block=chain.from_block,
            wait=wait_until,
            wait_a_while=within(MINED_SECONDS),
            is_ending=waits_no_more,
            ledger=ledger.acting("stage:settle"),
            archive=archive,
            clock=clock,
        )

    return settling


def _attestors(
    settings: Settings, chain: ChainIdentity, catalog: Catalog, opened: ExitStack, waits_no_more: WaitsNoMore
) -> Callable[[KnownExclusions], list[Attestor]]:
    """Those that are met in a folder; and those here, which know exclusions by their own file, or else by the ledger of whoever proposes."""
    from sankofa_observe.adapters.attestor_folder import FolderAttestor, ProposalFolder
    from sankofa_observe.config import ApartSettings

    proposals = cache(ProposalFolder)  # one for all who are met there
    made: list[Callable[[KnownExclusions], Attestor]] = []
    for one in settings.attestors:
        if isinstance(one, ApartSettings):
            apart = FolderAttestor(name=one.name, account=one.account, proposals=proposals(one.folder), chain=chain)
            made.append(_as_it_is(apart))
        else:
            made.append(_attestor(one, catalog, opened, waits_no_more))
    return lambda ledger: [of(ledger) for of in made]


def _as_it_is(attestor: Attestor) -> Callable[[KnownExclusions], Attestor]:
    """Whose exclusions are its own affair."""
    return lambda _: attestor


def _attestor(
    settings: AttestorSettings, catalog: Catalog, opened: ExitStack, waits_no_more: WaitsNoMore
) -> Callable[[KnownExclusions], Attestor]:
    """One in a thread of this process."""
    from sankofa_observe.adapters.attestor import LocalAttestor
    from sankofa_observe.adapters.attestor_in_thread import MemoryAnswers, ThreadAttestor
    from sankofa_observe.pipeline.answering import Answering

    source = _source(opened, settings.prometheus_url, {}, tries=1, waits_no_more=waits_no_more)
    key = open_signer(settings, of=f"attestor {settings.name}", waits_no_more=waits_no_more)
    own, clock = _exclusions_of(settings.exclusions_file), SystemClock()

    def here(ledger: KnownExclusions) -> Attestor:
        witness = LocalAttestor(name=settings.name, key=key, source=source, catalog=catalog, exclusions=own or ledger)
        answering = Answering(witness=witness, memory=MemoryAnswers(), clock=clock)
        return ThreadAttestor(witness, answering.answer, clock)

    return here


def _exclusions_of(file: Path | None) -> KnownExclusions | None:
    from sankofa_observe.adapters.exclusions_file import FileExclusions

    return FileExclusions(file) if file else None


@contextmanager
def open_attesting(
    settings: AttestSettings,
    *,
    waits_no_more: WaitsNoMore = lambda: False,
    is_ending: Callable[[], bool] = lambda: False,
) -> Iterator[Attesting]:
    """An attestor as a process of its own: its specs, its Prometheus, its key, its memory, and the folder that it shares."""
    from sankofa_observe.adapters.attestor import LocalAttestor
    from sankofa_observe.adapters.attestor_folder import FolderDesk, FolderMemory
    from sankofa_observe.adapters.exclusions_file import NoExclusions
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.adapters.whole_files import alone_in
    from sankofa_observe.pipeline.answering import Answering
    from sankofa_observe.pipeline.attesting import Attesting
    from sankofa_observe.sla.settlement import ChainIdentity

    catalog = load_catalog(settings.specs)
    refuse_places(settings, catalog)
    key = open_signer(settings.key, of=f"attestor {settings.name}", waits_no_more=waits_no_more)
    chain = ChainIdentity(chain_id=settings.chain.chain_id, contract=settings.chain.contract.lower())
    make_data_dir(settings.data_dir)
    with ExitStack() as opened:
        opened.enter_context(alone_in(settings.data_dir))
        prometheus, clock = settings.prometheus, SystemClock()
        witness = LocalAttestor(
            name=settings.name,
            key=key,
            source=_source(opened, prometheus.url, prometheus.headers, tries=1, waits_no_more=waits_no_more),
            catalog=catalog,
            exclusions=_exclusions_of(settings.exclusions_file) or NoExclusions(),
        )
        memory = FolderMemory(folder=settings.data_dir, key=key, chain=chain)
        yield Attesting(
            desk=FolderDesk(folder=settings.folder, key=key, chain=chain),
            witness=witness,
            answering=Answering(witness=witness, memory=memory, clock=clock),
            clock=clock,
            is_ending=is_ending,
        )


def recounted(reported: Evidence, *, prometheus: str, specs: list[Path], exclusions: Path | None) -> Evidence:
    """A reported period as a party's own samples have it; without a file of exclusions it knows of none."""
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.pipeline.counter import counter_evidence
    from sankofa_observe.pipeline.overlays import NoExclusions
    from sankofa_observe.sla.evidence import Origin

    catalog = load_catalog(specs)
    with ExitStack() as opened:
        return counter_evidence(
            reported,
            agreements=catalog.agreements,
            source=_source(opened, prometheus, {}),
            exclusions=_exclusions_of(exclusions) or NoExclusions(),
            since_at=catalog.since_at,
            origin=Origin(engine=_engine(), observer="counter"),
            at=SystemClock().now(),
        )


def _engine() -> str:
    return f"sankofa-observe/{version('sankofa-observe')}"


def _source(opened: ExitStack, url: str, headers: dict[str, str], **more: Any) -> PrometheusSamples:
    from sankofa_observe.adapters.prometheus import PrometheusSamples

    return opened.enter_context(closing(PrometheusSamples(url, headers, **more)))


def _slots(opened: ExitStack, location: str, observer: str) -> DeltaSlots:
    from sankofa_observe.adapters.slots import DeltaSlots

    return opened.enter_context(closing(DeltaSlots(location, observer)))


def _others(opened: ExitStack, location: str, observer: str) -> OthersSlots:
    from sankofa_observe.adapters.slots import OthersSlots

    return opened.enter_context(closing(OthersSlots(location, observer)))


def _identity(settings: ChainSettings) -> ChainIdentity:
    from sankofa_observe.sla.settlement import ChainIdentity

    return ChainIdentity(chain_id=settings.chain_id, contract=settings.contract.lower())
