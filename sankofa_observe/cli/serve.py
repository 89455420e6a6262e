"""`sankofa-observe serve`: the scheduler, the API, or both in one process."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sankofa_observe.cli.output import ConfigFile
from sankofa_observe.errors import Held, InvalidInput, Lost, SankofaError, Unavailable

if TYPE_CHECKING:
    from sankofa_observe.bootstrap import Platform
    from sankofa_observe.operations.metrics import PipelineMetrics
    from sankofa_observe.ports import Lease
    from sankofa_observe.schedule import Turn

COMPACT_SECONDS = 3600  # a tick writes a small file for each SLO; an hour of them are read as one
log = logging.getLogger("sankofa_observe")


class Part(StrEnum):
    ALL = "all"
    API = "api"
    SCHEDULER = "scheduler"


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(config: ConfigFile, part: Annotated[Part, typer.Option(help="What this process does.")] = Part.ALL) -> None:
    """Run the pipeline on its schedule, and answer the tenants.

    Example: sankofa-observe serve --config sankofa.yaml --part scheduler
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for library in ("apscheduler", "alembic"):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retries; what came of them is told by the stage
    scheduling, answering = part in {Part.ALL, Part.SCHEDULER}, part in {Part.ALL, Part.API}
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with open_platform(load_settings(config), settling=scheduling) as platform, _alone(platform, scheduling) as lease:
        # What can be wrong with the API is found before the first stage runs.
        answer = _api(platform) if answering else threading.Event().wait
        stop = _schedule(platform, lease) if lease else lambda: None
        try:
            answer()
        finally:
            stop()


@contextmanager
def _alone(platform: Platform, scheduling: bool) -> Iterator[Lease | None]:  # noqa: FBT001
    """Be the only scheduler of a ledger: wait for the lease of one that was killed, and end when another one has taken ours."""
    if not scheduling:
        yield None
        return
    lease, over = platform.ledger.lease("scheduler"), threading.Event()
    deadline, told = time.monotonic() + 2 * lease.seconds, False
    while True:
        try:
            lease.take()
            break
        except Held as held:
            if time.monotonic() > deadline:
                raise
            if not told:
                log.warning("%s", held)
            told = True
        time.sleep(lease.seconds / 5)

    def renewing() -> None:
        while not over.wait(lease.seconds / 3):
            try:
                lease.renew()
            except Lost as lost:
                log.critical("%s; this scheduler ends", lost)
                os.kill(os.getpid(), signal.SIGTERM)
                return
            except Exception as away:  # noqa: BLE001  it lapses if this lasts, and is taken over
                log.warning("the lease was not renewed: %s", away)

    renewer = threading.Thread(target=renewing, name="lease", daemon=True)
    renewer.start()
    try:
        yield lease
    finally:
        over.set()
        renewer.join()
        with suppress(SankofaError):
            lease.release()


def _leave(*_: object) -> None:
    """End by the ordinary way out, so that stages finish and stores close; uvicorn raises the signal again for us."""
    raise SystemExit(0)


def _api(platform: Platform) -> Callable[[], object]:
    """Everything checked and put together; answers how to serve it."""
    import uvicorn

    from sankofa_observe.api.access import Records
    from sankofa_observe.api.app import create_app
    from sankofa_observe.api.keys import KeyRing

    settings = platform.settings.api
    if settings.keys_file is None:
        raise InvalidInput(
            "api.keys_file is not set; make one with: sankofa-observe keys new --tenant NAME --file FILE"
        )
    keys = KeyRing(settings.keys_file)
    app = create_app(Records(ledger=platform.ledger, archive=platform.archive, keys=keys))
    host, port = _address(settings.listen)
    _free(host, port)
    return lambda: uvicorn.run(app, host=host, port=port, log_level="warning")


def _schedule(platform: Platform, lease: Lease) -> Callable[[], None]:
    """Start the metrics listener and the turns; answers how to stop both."""
    from prometheus_client import start_http_server

    from sankofa_observe import schedule
    from sankofa_observe.operations.metrics import PipelineMetrics, ProcessMetrics

    process = ProcessMetrics()
    metrics = PipelineMetrics(process, platform.catalog)
    host, port = _address(platform.settings.schedule.metrics_listen)
    _free(host, port)
    server, thread = start_http_server(port, host, registry=process.registry)

    def outcome(stage: str, error: Exception | None) -> None:
        metrics.stage_done(stage, error, 0, platform.clock.now())

    def refresh() -> None:
        try:
            metrics.refresh(platform.slots, platform.ledger, platform.clock)
        except SankofaError as away:
            log.warning("metrics are not fresh: %s", away)

    turns = [_held(turn, lease) for turn in _turns(platform, metrics)]
    expected = [stage.name for turn in turns for stage in turn.stages]
    metrics.started(expected, platform.clock.now())
    scheduler = schedule.start(turns, outcome, refresh)

    def stop() -> None:
        scheduler.shutdown(wait=True)
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


def _held(turn: Turn, lease: Lease) -> Turn:
    """The same stages, each only while the lease is ours: a process that was frozen finds that it is not."""

    def checked(run: Callable[[], str]) -> Callable[[], str]:
        def held() -> str:
            lease.check()
            return run()

        return held

    return replace(turn, stages=[replace(stage, run=checked(stage.run)) for stage in turn.stages])


def _turns(platform: Platform, metrics: PipelineMetrics) -> list[Turn]:
    from sankofa_observe.schedule import Stage, Turn

    def settle() -> str:
        metrics.head_age(platform.clock.now() - platform.need_settling().chain.head().at)
        return _said(platform.settle())

    every = platform.settings.schedule
    judging = [Stage(name="evaluate", run=lambda: _said(platform.evaluate(only_new=True), only="added"))]
    if platform.settling:
        judging += [
            Stage(name="assess", run=lambda: _said(platform.assess())),
            Stage(name="settle", run=settle),
            Stage(name="credit", run=lambda: _said(platform.credit())),
        ]
    observing = Stage(name="observe", run=lambda: _said(platform.observe(), only="added"))
    return [
        Turn(every_seconds=every.observe_seconds, stages=[observing]),
        Turn(every_seconds=every.settle_seconds, stages=judging),
        Turn(
            every_seconds=COMPACT_SECONDS,
            stages=[
                Stage(name="seal", run=lambda: _said(platform.seal())),
                Stage(name="compact", run=platform.slots.compact),
            ],
        ),
    ]


def _said(events: Iterable[Any], only: str | None = None) -> str:
    """The events of a stage as a line; with `only`, those for which that field is set, and those that have none: what waits."""
    return "; ".join(
        str(event) for event in events if only is None or getattr(event, only, True) or getattr(event, "problem", "")
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _free(host: str, port: int) -> None:
    """A port in use is told in a sentence, before anything is started on top of it."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"{host}:{port}: {error.strerror}; stop what listens there or name another address"
            ) from error
