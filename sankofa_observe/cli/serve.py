"""`sankofa-observe serve`: the scheduler, the API, or both in one process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sankofa_observe.cli.output import ConfigFile
from sankofa_observe.errors import InvalidInput, SankofaError, Unfit, exit_code
from sankofa_observe.pipeline.stages import JUDGING, OBSERVING, SETTLING, Turn

if TYPE_CHECKING:
    from sankofa_observe.config import Settings
    from sankofa_observe.operations.contract import ContractWatch
    from sankofa_observe.operations.metrics import PipelineMetrics
    from sankofa_observe.operations.process import Ending
    from sankofa_observe.operations.registry import ProcessMetrics
    from sankofa_observe.pipeline.observing import Observing
    from sankofa_observe.pipeline.platform import Platform
    from sankofa_observe.ports import Lease, SettlementChain
    from sankofa_observe.sla.catalog import Catalog

log = logging.getLogger("sankofa_observe.serve")
LOOK_TICKS = 100  # of the server's, ten a second
# What is kept of two watches, in data_dir.
KEYS_SEEN, CONTRACT_SEEN = "keys-seen.json", "contract-seen.json"


class Part(StrEnum):
    ALL = "all"
    API = "api"
    SCHEDULER = "scheduler"
    INCIDENTS = "incidents"


class LogFormat(StrEnum):
    LOGFMT = "logfmt"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    config: ConfigFile,
    part: Annotated[Part, typer.Option(help="What this process does.")] = Part.ALL,
    observer: Annotated[
        str, typer.Option(help="Only count, as this observer of the settings; it needs no ledger.")
    ] = "",
    log_format: Annotated[LogFormat, typer.Option("--log.format", help="Of the lines on stderr.")] = LogFormat.LOGFMT,
    log_level: Annotated[LogLevel, typer.Option("--log.level", help="What is logged.")] = LogLevel.INFO,
) -> None:
    """Run the pipeline on its schedule, and answer the tenants.

    An observer beside each Prometheus counts slots of its own; the scheduler judges by what an agreement's observers say together.

    Example: sankofa-observe serve --config sankofa.yaml --part scheduler
    """
    from sankofa_observe.operations import logs
    from sankofa_observe.operations.process import Ending

    logs.set_up(log_level.value, log_format.value)
    ending = Ending()
    ending.at()
    try:
        if observer:
            _observe(config, observer, ending)
        else:
            _run(config, part, ending)
    except SankofaError as error:
        log.error("stopped", extra={"why": str(error)})  # noqa: TRY400  a line, and no traceback of what was foreseen
        raise typer.Exit(exit_code(error)) from None
    except SystemExit:
        log.info("stopped", extra={"why": ending.why})
        raise
    log.info("stopped", extra={"why": ending.why})
    raise typer.Exit(ending.code)


def _run(config: Path, part: Part, ending: Ending) -> None:
    from importlib.metadata import version

    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings
    from sankofa_observe.operations.registry import ProcessMetrics

    scheduling, answering = part in {Part.ALL, Part.SCHEDULER}, part in {Part.ALL, Part.API}
    receiving = part in {Part.ALL, Part.INCIDENTS}
    log.info("starting", extra={"version": version("sankofa-observe"), "part": part.value, "config": str(config)})
    settings = load_settings(config)
    with (
        open_platform(settings, settling=scheduling, waits_no_more=lambda: ending.waits_no_more) as platform,
        ExitStack() as running,
    ):
        _log_loaded(platform)
        process = ProcessMetrics()
        # What can be wrong with the API is found before the first stage runs.
        answer = _api(settings, platform, process, ending, running) if answering else ending.wait
        if receiving:
            _incidents(settings, platform, process, ending, running, needed=part is Part.INCIDENTS)
        address = _metrics_listen(settings, part)
        _listen(address, process, running)
        ending.look()
        if scheduling:
            _schedule(settings, platform, process, ending, running)
        log.info("ready", extra={"part": part.value})
        answer()


def _metrics_listen(settings: Settings, part: Part) -> str | None:
    own = settings.alerting.incidents if settings.alerting else None
    if part is Part.INCIDENTS:
        return own.metrics_listen if own else None
    return settings.api.metrics_listen if part is Part.API else settings.schedule.metrics_listen


def _observe(config: Path, name: str, ending: Ending) -> None:
    """Be the one writer of an observer's slots."""
    from importlib.metadata import version

    from sankofa_observe.bootstrap import open_observing
    from sankofa_observe.config import load_settings
    from sankofa_observe.operations.metrics import PipelineMetrics
    from sankofa_observe.operations.registry import ProcessMetrics

    log.info("starting", extra={"version": version("sankofa-observe"), "observer": name, "config": str(config)})
    settings = load_settings(config).as_observer(name)
    with open_observing(settings, waits_no_more=lambda: ending.waits_no_more) as observing, ExitStack() as running:
        _log_specs(observing.catalog)
        process = ProcessMetrics()
        _listen(settings.schedule.metrics_listen, process, running)
        ending.look()
        metrics = PipelineMetrics(process, observing.catalog)
        lease = observing.slots.lease
        _hold(lease, f"slots of observer {name}", ending, running)
        runs, folders = _observing_runs(observing), settings.folders
        _turn(
            settings,
            lease,
            runs,
            metrics,
            ending,
            running,
            lambda turn: _look_around(metrics, observing, turn, folders),
        )
        log.info("ready", extra={"observer": name})
        ending.wait()


def _listen(address: str | None, process: ProcessMetrics, running: ExitStack) -> None:
    """Answer /metrics, where an address says so."""
    from sankofa_observe.operations.process import metrics_at

    if address:
        running.enter_context(metrics_at(address, process.registry))
        log.info("listening", extra={"what": "metrics", "address": address})


def _log_specs(catalog: Catalog) -> None:
    counts = {
        "sites": len(catalog.sites),
        "slos": len(catalog.slo_names()),
        "agreements": len(catalog.agreements_by_id()),
    }
    log.info("loaded", extra={"what": "specs", **counts})


def _log_loaded(platform: Platform) -> None:
    _log_specs(platform.catalog)
    if chain := platform.settling:
        contract = {"chain_id": chain.chain.identity.chain_id, "contract": chain.chain.identity.contract}
        attestors = " ".join(one.account for one in chain.attestors)
        log.info(
            "loaded",
            extra={"what": "keys", **contract, "sender": chain.chain.account, "attestors": attestors or "none"},
        )


def _api(
    settings: Settings, platform: Platform, process: ProcessMetrics, ending: Ending, running: ExitStack
) -> Callable[[], object]:
    """Everything checked, put together and listening; answers how to serve it."""
    from sankofa_observe.api.access import Records
    from sankofa_observe.api.app import create_app
    from sankofa_observe.api.cursors import Cursors
    from sankofa_observe.api.keys import KeyRing
    from sankofa_observe.api.requests import Answered, watched
    from sankofa_observe.operations.keys import KeyWatch
    from sankofa_observe.operations.keys import whole as keys_whole
    from sankofa_observe.operations.metrics import RequestMetrics
    from sankofa_observe.operations.state_file import StateFile
    from sankofa_observe.secret_files import made_once

    if settings.api.keys_file is None:
        raise InvalidInput(
            "api.keys_file is not set; make one with: sankofa-observe keys new --tenant NAME --file FILE"
        )
    keys, metrics = KeyRing(settings.api.keys_file), RequestMetrics(process)
    tenants = keys.tenants()
    log.info("loaded", extra={"what": "api keys", "keys": sum(tenants.values()), "tenants": len(tenants)})

    def watch(one: Answered) -> None:
        metrics.answered(one.route, one.status, one.seconds, one.kind)

    keys_watch = KeyWatch(
        hashes=keys.hashes, file=StateFile(path=settings.data_dir / KEYS_SEEN, whole=keys_whole), metrics=metrics.keys
    )
    keys_watch.look()
    cursors = Cursors(made_once(settings.api.secret_file or settings.data_dir / "api.secret", "api.secret_file"))
    records = Records(
        ledger=platform.ledger, archive=platform.archive, keys=keys, cursors=cursors, clock=platform.clock
    )
    app = watched(create_app(records), watch)
    return _served(app, "api", settings.api.listen, ending, running, now_and_then=keys_watch.look)


def _incidents(
    settings: Settings, platform: Platform, process: ProcessMetrics, ending: Ending, running: ExitStack, *, needed: bool
) -> None:
    """Store what Alertmanager tells, in a thread of its own; where nothing says where, nobody listens."""
    from threading import Thread

    from sankofa_observe.api.alerts import Token, create_receiver
    from sankofa_observe.api.requests import watched
    from sankofa_observe.operations.metrics import IncidentMetrics
    from sankofa_observe.operations.process import GRACE_SECONDS

    own = settings.alerting.incidents if settings.alerting else None
    if own is None:
        if needed:
            raise InvalidInput("alerting.incidents is not set; expected its token_file, see docs/reference/settings.md")
        return
    metrics = IncidentMetrics(process)
    app = create_receiver(platform.ledger, platform.clock, Token(own.token_file), metrics.stored)
    serving = _served(watched(app, lambda one: metrics.answered(one.kind)), "incidents", own.listen, ending, running)
    thread = Thread(target=serving, name="incidents", daemon=True)
    thread.start()
    running.callback(thread.join, GRACE_SECONDS)


def _served(
    app: Any,
    what: str,
    address: str,
    ending: Ending,
    running: ExitStack,
    now_and_then: Callable[[], object] = lambda: None,
) -> Callable[[], object]:
    """The app, listening; answers how to serve it until the process ends."""
    import uvicorn

    from sankofa_observe.operations.process import GRACE_SECONDS, listen

    listener = running.enter_context(listen(address))
    log.info("listening", extra={"what": what, "address": address})

    class Server(uvicorn.Server):
        """One whose signals are the process's own: stages are told at once that it ends, and not when the last request is."""

        def handle_exit(self, sig: int, frame: object) -> None:  # noqa: ARG002
            ending.begin(sig)

        async def on_tick(self, counter: int) -> bool:
            if counter % LOOK_TICKS == 0:
                now_and_then()
            return ending.has_begun or await super().on_tick(counter)

    # Who reads slowly, or asks without end, is not waited for either.
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS))
    return lambda: server.run(sockets=[listener])


def _schedule(
    settings: Settings, platform: Platform, process: ProcessMetrics, ending: Ending, running: ExitStack
) -> None:
    """Become the one scheduler of the ledger, and start the turns."""
    from sankofa_observe.operations.metrics import PipelineMetrics

    _hold(platform.lease, "scheduler lease", ending, running)
    metrics, fenced = PipelineMetrics(process, platform.catalog), platform.fenced()
    runs, folders = _runs(fenced, metrics, settings), settings.folders
    _turn(
        settings, platform.lease, runs, metrics, ending, running, lambda turn: _refresh(metrics, fenced, turn, folders)
    )


def _hold(lease: Lease, what: str, ending: Ending, running: ExitStack) -> None:
    """Become the one holder; the process ends where it is not any more."""
    from sankofa_observe.operations.process import only_one

    def lost(error: SankofaError) -> None:
        log.critical("lease lost", extra={"reason": str(error)})
        ending.now(str(error), exit_code(error) if isinstance(error, Unfit) else 0)

    epoch = running.enter_context(only_one(lease, lost, ending.look))
    log.info("holding", extra={"what": what, "epoch": epoch, "owner": lease.owner})


def _turn(
    settings: Settings,
    lease: Lease,
    runs: Mapping[str, Callable[[], str]],
    metrics: PipelineMetrics,
    ending: Ending,
    running: ExitStack,
    after_turn: Callable[[Turn], None] = lambda _: None,
) -> None:
    """Start the turns of these stages, which run while the lease is held."""
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.operations.scheduler import EmbeddedJobs
    from sankofa_observe.operations.turns import Turns, scheduled

    clock = SystemClock()
    turns = Turns(
        runs=runs,
        outcome=lambda stage, error, seconds: metrics.stage_done(stage, error, seconds, clock.now()),
        after_turn=after_turn,
        may_run=lease.check,
        is_ending=lambda: ending.has_begun,
    )
    ending.running = turns.running
    metrics.started(runs, clock.now())
    jobs = EmbeddedJobs()
    schedule = settings.schedule
    every_seconds = {
        OBSERVING.name: schedule.observe_seconds,
        JUDGING.name: schedule.judge_seconds,
        SETTLING.name: schedule.settle_seconds,
    }
    scheduled(jobs, turns, every_seconds)
    running.callback(jobs.stop)
    jobs.start()


def _look_around(metrics: PipelineMetrics, observing: Observing, turn: Turn, folders: Mapping[str, Path]) -> None:
    """At the machine, and at the clock of the Prometheus that was just asked."""
    if turn.name == OBSERVING.name:
        metrics.machine.refresh_disks(folders)
        ahead_seconds = None
        try:
            ahead_seconds = observing.source.ahead_seconds()
        finally:
            metrics.machine.clock(observing.observer, ahead_seconds)


def _refresh(metrics: PipelineMetrics, platform: Platform, turn: Turn, folders: Mapping[str, Path]) -> None:
    """What a turn may have changed: slots are added up after those that count them, and not when only records were written."""
    now = platform.clock.now()
    if turn.name == JUDGING.name:
        metrics.refresh_records(platform.ledger, now)
        metrics.refresh_observers(platform.observer, platform.panel_of, platform.ledger, now)
        metrics.money.refresh_outlook(platform.panel_of, platform.ledger, now)
    elif turn.name == SETTLING.name:
        metrics.refresh_records(platform.ledger, now)
        if platform.settling:
            metrics.refresh_attestors(platform.settling.attestors)
    else:
        metrics.refresh_slots(platform.slots, platform.clock)
        _look_around(metrics, platform, turn, folders)


def _runs(platform: Platform, metrics: PipelineMetrics, settings: Settings) -> dict[str, Callable[[], str]]:
    """By stage, all that it does in a turn, said in a line."""
    runs = _observing_runs(platform) | {"evaluate": lambda: _said(platform.evaluate(only_new=True), only="added")}
    if platform.settling and settings.chain:
        watch = _contract_watch(platform.settling.chain, metrics, platform, settings)

        def settle() -> str:
            try:
                said = _said(platform.settle())
            except SankofaError:
                with suppress(SankofaError):
                    watch.look()
                raise
            watch.look()
            return said

        runs |= {
            "assess": lambda: _said(platform.assess()),
            "settle": settle,
            "credit": lambda: _said(platform.credit()),
        }
    if platform.open_silences:
        runs |= {"announce": lambda: _said(platform.announce())}
    return runs


def _contract_watch(
    chain: SettlementChain, metrics: PipelineMetrics, platform: Platform, settings: Settings
) -> ContractWatch:
    from sankofa_observe.operations.contract import ContractWatch, whole
    from sankofa_observe.operations.state_file import StateFile

    return ContractWatch(
        chain=chain,
        file=StateFile(path=settings.data_dir / CONTRACT_SEEN, whole=whole),
        metrics=metrics.contract,
        from_block=settings.chain.from_block if settings.chain else 0,
        now=platform.clock.now,
    )


def _observing_runs(observing: Observing) -> dict[str, Callable[[], str]]:
    return {
        "observe": lambda: _said(observing.observe(), only="added"),
        "seal": lambda: _said(observing.seal()),
        "compact": observing.compact,
    }


def _said(events: Iterable[Any], only: str | None = None) -> str:
    """The events of a stage as a line; with `only`, those for which that field is set, and those that have none: what waits."""
    return "; ".join(
        str(event) for event in events if only is None or getattr(event, only, True) or getattr(event, "problem", "")
    )
