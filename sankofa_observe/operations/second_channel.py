"""How the dead man's judge reaches somebody without Alertmanager: a webhook, a program, or both.

The webhook's address is a secret and stands in a file; its body has `text`, which Slack and most chats show, and a `key` by which a pager
joins the end to the beginning. The program gets the text on its standard input, and no shell sees it. Each way has a deadline for all
that it does, for while one hangs nobody is judged.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError

from sankofa_observe import shown
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.operations.deadman import Call
from sankofa_observe.secret_files import read_word

ANSWER_SECONDS = 15
COMMAND_SECONDS = 60
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SecondChannel:
    url_file: Path | None = None
    token_file: Path | None = None
    command: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not (self.url_file or self.command):
            raise InvalidInput("nobody is called: expected --page.url-file, --page.command or both")
        for file in (self.url_file, self.token_file):
            if file:
                read_word(file, "secret file")

    def tell(self, call: Call) -> bool:
        """Whether it reached somebody by one way at least; what failed is logged, and is tried again where nothing succeeded."""
        ways = ([self._post] if self.url_file else []) + ([self._run] if self.command else [])
        reached = False
        for way in ways:
            try:
                way(call)
                reached = True
            except (Unavailable, InvalidInput) as error:
                log.warning("not reached", extra={"observer": call.sender, "word": call.word.value, "why": str(error)})
        return reached

    def _post(self, call: Call) -> None:
        assert self.url_file  # noqa: S101  it was asked for
        body = {"text": str(call), "word": call.word.value, "observer": call.sender, "key": f"deadman/{call.sender}"}
        token = {"Authorization": f"Bearer {read_word(self.token_file, 'secret file')}"} if self.token_file else {}
        url = read_word(self.url_file, "secret file")
        if fault := shown.fault_of(url):
            raise InvalidInput(f"{shown.path(self.url_file)}: the address {fault}")
        try:
            headers = {"Content-Type": "application/json", **token}
            _sent(urllib.request.Request(url, json.dumps(body).encode(), headers))  # noqa: S310  fault_of looked at it
        except HTTPError as error:  # their words may hold the address, which may be a key
            error.close()
            raise Unavailable(f"the webhook answered {error.code}, expected 2xx") from None
        except (URLError, OSError, HTTPException, ValueError) as error:
            raise Unavailable(f"the webhook does not answer: {type(error).__name__}") from None

    def _run(self, call: Call) -> None:
        told = {"DEADMAN_WORD": call.word.value, "DEADMAN_OBSERVER": call.sender}
        try:
            code, words = _done(self.command, f"{call}\n", told)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{self.command[0]}: {type(error).__name__}") from None
        if code:
            raise Unavailable(f"{self.command[0]} ended with {code}: {words.strip()[-200:]}")


def _sent(request: urllib.request.Request) -> None:
    """Raises what opening it does, and `TimeoutError` at the deadline: urllib's own is one of each read, and none of looking up a name."""
    faults: list[Exception] = []

    def send() -> None:
        try:
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
            with direct.open(request, timeout=ANSWER_SECONDS):
                return
        except Exception as error:  # noqa: BLE001  raised again where it was asked
            faults.append(error)

    thread = threading.Thread(target=send, name="webhook", daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    if thread.is_alive():
        raise TimeoutError
    if faults:
        raise faults[0]


def _done(command: Sequence[str], text: str, told: Mapping[str, str]) -> tuple[int, str]:
    """The code with which a program ended, and what it said of errors.

    Nothing but its own end is waited for: what it leaves in the background, as mail does, may hold its output open. Its words are kept in
    memory, for the disk may be why somebody is called.
    """
    with os.fdopen(os.memfd_create("stderr"), "w+b") as said:
        program = subprocess.Popen(  # noqa: S603  the operator's own command
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env={**os.environ, **told}, start_new_session=True,
        )  # fmt: skip
        try:
            program.communicate(text.encode(), timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)  # and what it began
            program.wait()
            raise
        said.seek(0)
        return program.returncode, said.read().decode(errors="replace")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token goes where the file says, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None
