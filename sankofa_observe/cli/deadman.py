"""`sankofa-observe deadman`: the judge that calls somebody when Prometheus or Alertmanager are gone."""

from __future__ import annotations

import logging
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.errors import InvalidInput, SankofaError, exit_code

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_SECONDS = 2
LOOPBACK = {"127.0.0.1", "localhost"}
log = logging.getLogger("sankofa_observe.deadman")


def register(app: typer.Typer) -> None:
    app.command()(deadman)


def deadman(
    observer: Annotated[list[str], typer.Option(help="Who sends heartbeats, as their label observer says; repeat it.")],
    within: Annotated[int, typer.Option(min=5, help="Seconds in which each of them must be heard of.")] = 180,
    listen: Annotated[
        str, typer.Option("--web.listen-address", help="Where heartbeats and /metrics are.")
    ] = "127.0.0.1:9810",
    token_file: Annotated[
        Path | None,
        typer.Option("--web.token-file", help="File with the token that heartbeats bring; needed beyond loopback."),
    ] = None,
    url_file: Annotated[
        Path | None, typer.Option("--page.url-file", help="File with the address that is posted to, like Slack's.")
    ] = None,
    page_token_file: Annotated[
        Path | None, typer.Option("--page.token-file", help="File with a bearer token for it.")
    ] = None,
    command: Annotated[
        str,
        typer.Option("--page.command", help="A program with its arguments, which gets the text on its standard input."),
    ] = "",
    state_file: Annotated[
        Path | None, typer.Option("--state.file", help="How long each was silent, and what was told, is kept here.")
    ] = None,
) -> None:
    """Expect a heartbeat of each observer, and call somebody by a second channel where it does not come.

    Run it on another machine than Alertmanager. It reads no settings and needs neither Prometheus nor a ledger. Somebody is called once
    when an observer is late, and once when it is back; a call that reaches nobody is tried again.

    Example: sankofa-observe deadman --observer observer-1 --within 180 --page.command "mail -s dead-man noc@example.com"
    """
    from sankofa_observe.operations import logs

    logs.set_up("info", "logfmt")
    try:
        _run(observer, within, listen, token_file, url_file, page_token_file, _words(command), state_file)
    except SankofaError as error:
        log.error("stopped", extra={"why": str(error)})  # noqa: TRY400  a line, and no traceback of what was foreseen
        raise typer.Exit(exit_code(error)) from None


def _run(
    observers: list[str],
    within: int,
    listen: str,
    token_file: Path | None,
    url_file: Path | None,
    page_token_file: Path | None,
    command: list[str],
    state_file: Path | None,
) -> None:
    import time
    from threading import Thread

    from sankofa_observe.operations import deadman_server as serving
    from sankofa_observe.operations.deadman import Judge
    from sankofa_observe.operations.deadman_state import Memories
    from sankofa_observe.operations.process import Ending
    from sankofa_observe.operations.second_channel import SecondChannel

    host, port = _address(listen)
    if token_file is None and host not in LOOPBACK:
        raise InvalidInput(
            f"--web.listen-address {listen}: whoever reaches it could send heartbeats of the dead; expected --web.token-file, or 127.0.0.1"
        )
    if command and shutil.which(command[0]) is None:
        raise InvalidInput(
            f"--page.command: no program {command[0]!r} here, so nobody would be called; install it, or name another"
        )
    if state_file and not state_file.parent.is_dir():
        raise InvalidInput(
            f"--state.file {state_file}: no folder {state_file.parent}; make it, as the user that runs this"
        )
    channel = SecondChannel(url_file=url_file, token_file=page_token_file, command=tuple(command))
    names = list(dict.fromkeys(observers))
    if "" in names:
        raise InvalidInput("--observer '': expected a name, as the label observer says it")
    state = Memories(state_file)
    judge = Judge(senders=names, within_seconds=within, monotonic=time.monotonic, before=state.read())
    metrics = serving.Metrics(judge)
    Ending().at()
    server = serving.DeadmanServer((host, port), judge, metrics, _token(token_file))
    Thread(target=server.serve_forever, name="deadman", daemon=True).start()
    log.info("ready", extra={"address": listen, "observers": " ".join(names), "within_seconds": within})
    try:
        while True:
            serving.look(judge, channel, metrics, state)
            time.sleep(min(LOOK_SECONDS, within / 5))
    finally:
        server.shutdown()
        server.server_close()
        state.write(judge.memory)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InvalidInput(
            f"--page.command: {error}; expected a program with its arguments, quoted as for a shell"
        ) from None


def _token(file: Path | None) -> Callable[[], str]:
    from sankofa_observe.secret_files import read_word

    if file is None:
        return lambda: ""
    read_word(file, "secret file")  # what is wrong with it is found at the start
    return lambda: read_word(file, "secret file")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:  # noqa: PLR2004  ports
        raise InvalidInput(f"--web.listen-address {text[:80]!r}: expected host:port, like 127.0.0.1:9810")
    return host, int(port)
