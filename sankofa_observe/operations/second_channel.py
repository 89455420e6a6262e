"""How the dead man's judge reaches somebody without Alertmanager: a webhook, a program, or both.

The webhook's address is a secret and stands in a file; its body has `text`, which Slack and most chats show, and a `key` by which a pager
joins the end to the beginning. The program gets the text on its standard input, and no shell sees it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError

from sankofa_observe import shown
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.operations.deadman import Call
from sankofa_observe.secret_files import refuse_open

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
                secret(file)

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
        token = {"Authorization": f"Bearer {secret(self.token_file)}"} if self.token_file else {}
        url = secret(self.url_file)
        if fault := shown.fault_of(url):
            raise InvalidInput(f"{shown.path(self.url_file)}: the address {fault}")
        try:
            headers = {"Content-Type": "application/json", **token}
            request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  fault_of looked at it
            with _DIRECT.open(request, timeout=ANSWER_SECONDS):
                return
        except HTTPError as error:  # their words may hold the address, which may be a key
            raise Unavailable(f"the webhook answered {error.code}, expected 2xx") from None
        except (URLError, OSError, HTTPException, ValueError) as error:
            raise Unavailable(f"the webhook does not answer: {type(error).__name__}") from None

    def _run(self, call: Call) -> None:
        told = {"DEADMAN_WORD": call.word.value, "DEADMAN_OBSERVER": call.sender}
        try:
            done = subprocess.run(  # noqa: S603  the operator's own command
                self.command, input=f"{call}\n", text=True, capture_output=True, timeout=COMMAND_SECONDS, check=False, env={**os.environ, **told},
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{self.command[0]}: {type(error).__name__}") from None
        if done.returncode:
            raise Unavailable(f"{self.command[0]} ended with {done.returncode}: {done.stderr.strip()[-200:]}")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token goes where the file says, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def secret(file: Path) -> str:
    try:
        refuse_open(file)
        text = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{shown.path(file)}: {type(error).__name__}; expected a file with one line") from None
    if not text or not text.isprintable() or " " in text:
        raise InvalidInput(f"{shown.path(file)}: expected one line without spaces")
    return text
