"""JSON-RPC with Python's own library: one chain node, one deadline, no redirect, no proxy of the environment."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from sankofa_observe.verify.address import hiding, refuse_unusable, shown
from sankofa_observe.verify.answers import Ask
from sankofa_observe.verify.findings import NoAnswer

SECONDS = 30.0  # for a whole exchange: names, connection, headers, body
MOST_BYTES = 4_000_000


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A node that sends elsewhere is not the node that was named."""


def node(url: str, *, seconds: float = SECONDS) -> Ask:
    """Questions to the node of this address; where it has a name and a password, they are sent and never shown."""
    refuse_unusable(url)
    parts, host, hide = urlsplit(url), shown(url), hiding(url)

    def ask(method: str, params: list[Any]) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        try:
            answer = json.loads(_in_time(lambda: _post(parts, body, seconds), seconds))
        except (OSError, ValueError, RecursionError, http.client.HTTPException) as error:
            raise NoAnswer(
                f"chain node {host}: {method}: {type(error).__name__}: {_short(hide(str(error)))}; try again, or ask another node"
            ) from None
        if not isinstance(answer, dict) or answer.get("result") is None:
            said = answer.get("error", answer) if isinstance(answer, dict) else answer
            raise NoAnswer(
                f"chain node {host}: {method}: no result: {_short(hide(str(said)))}; try again, or ask another node"
            )
        return answer["result"]

    return ask


def _in_time(exchange: Callable[[], bytes], seconds: float) -> bytes:
    """What an exchange answers within a deadline.

    A socket's own timeout begins anew with each byte: a node that drips headers, or says 100 Continue for ever, never reaches it. So
    the exchange has a thread of its own; one that is late is left alone, and ends with the program at the latest.
    """
    answers: list[bytes] = []
    faults: list[Exception] = []

    def run() -> None:
        try:
            answers.append(exchange())
        except Exception as error:  # noqa: BLE001  raised again where it was asked
            faults.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if faults:
        raise faults[0]
    if not answers:
        raise TimeoutError(f"no whole answer within {seconds:g} s")
    return answers[0]


def _post(parts: SplitResult, body: bytes, seconds: float) -> bytes:
    headers = {"Content-Type": "application/json"}
    if parts.username is not None:
        name = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(name.encode()).decode()
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = Request(bare, data=body, headers=headers)  # noqa: S310  the scheme was looked at
    try:
        with build_opener(ProxyHandler({}), _NoRedirect()).open(request, timeout=seconds) as answer:
            raw: bytes = answer.read(MOST_BYTES + 1)
    except HTTPError as error:
        with error:  # it holds the connection
            raise OSError(f"HTTP {error.code}, expected 200") from None
    if len(raw) > MOST_BYTES:
        raise OSError(f"an answer of more than {MOST_BYTES} bytes")
    return raw


def _short(said: str) -> str:
    return " ".join(said.split())[:200]
