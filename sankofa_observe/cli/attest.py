"""`sankofa-observe attest`: an attestor as a process of its own, with its own Prometheus, specs and key."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.cli.output import ConfigFile
from sankofa_observe.cli.serve import LogFormat, LogLevel
from sankofa_observe.errors import SankofaError, exit_code

if TYPE_CHECKING:
    from sankofa_observe.operations.process import Ending

log = logging.getLogger("sankofa_observe.attest")


def register(app: typer.Typer) -> None:
    app.command()(attest)


def attest(
    config: ConfigFile,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Take one turn, and end: with 1 where the folder cannot be read or written.")
    ] = False,
    log_format: Annotated[LogFormat, typer.Option("--log.format", help="Of the lines on stderr.")] = LogFormat.LOGFMT,
    log_level: Annotated[LogLevel, typer.Option("--log.level", help="What is logged.")] = LogLevel.INFO,
) -> None:
    """Recount what is proposed in a shared folder, from samples of one's own, and sign it, object, or say that one cannot tell yet.

    It reads settings of its own (docs/how-to/run-an-attestor.md), and no ledger. A document is recounted once, also over a restart.

    Example: sankofa-observe attest --config attest.yaml
    """
    from sankofa_observe.operations import logs
    from sankofa_observe.operations.process import Ending

    logs.set_up(log_level.value, log_format.value)
    ending = Ending()
    ending.at()
    try:
        _run(config, ending, once=once)
    except SankofaError as error:
        log.error("stopped", extra={"why": str(error)})  # noqa: TRY400  a line, and no traceback of what was foreseen
        raise typer.Exit(exit_code(error)) from None
    except SystemExit:
        log.info("stopped", extra={"why": ending.why})
        raise
    log.info("stopped", extra={"why": "one turn was asked for" if once else ending.why})


def _run(config: Path, ending: Ending, *, once: bool) -> None:
    from importlib.metadata import version

    from sankofa_observe.attest_config import load_attest_settings
    from sankofa_observe.bootstrap import open_attesting
    from sankofa_observe.errors import Unavailable
    from sankofa_observe.operations.attest import AttestMetrics, AttestTurns
    from sankofa_observe.operations.process import metrics_at
    from sankofa_observe.operations.registry import ProcessMetrics

    settings = load_attest_settings(config)
    log.info(
        "starting", extra={"version": version("sankofa-observe"), "attestor": settings.name, "config": str(config)}
    )
    with (
        open_attesting(
            settings, waits_no_more=lambda: ending.waits_no_more, is_ending=lambda: ending.has_begun
        ) as attesting,
        ExitStack() as running,
    ):
        process = ProcessMetrics()
        turns = AttestTurns(
            attesting=attesting, metrics=AttestMetrics(process), ending=ending, every_seconds=settings.every_seconds
        )
        if once:
            if not turns.turn():
                raise Unavailable("the turn was not taken; why is in the line before")
            return
        if settings.metrics_listen:
            running.enter_context(metrics_at(settings.metrics_listen, process.registry))
            log.info("listening", extra={"what": "metrics", "address": settings.metrics_listen})
        log.info("ready", extra={"account": attesting.witness.account, "folder": str(settings.folder)})
        turns.run()
