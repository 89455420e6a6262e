"""JSON-RPC with Python's own library: one chain node, one deadline, no redirect, no proxy of the environment."""

from __future__ import annotations

import base64
import http.client
import json
import time
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from sankofa_observe.verify.chain import Ask
from sankofa_observe.verify.findings import CannotCheck, NoAnswer

SECONDS = 30  # for a whole answer
MOST_BYTES = 4_000_000
_CHUNK = 65_536


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A node that sends elsewhere is not the node that was named."""


def node(url: str) -> Ask:
    """Questions to the node of this address; where it has a name and a password, they are sent and never shown."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError as error:
        raise CannotCheck(f"chain node: no address ({error}), expected http://host:port") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotCheck(f"chain node {host}: expected http:// or https:// and a host")

    def ask(method: str, params: list[Any]) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        try:
            answer = json.loads(_post(parts, body))
        except (OSError, ValueError, RecursionError, http.client.HTTPException) as error:
            raise NoAnswer(
                f"chain node {host}: {method}: {type(error).__name__}: {_short(error)}; try again, or ask another node"
            ) from None
        if not isinstance(answer, dict) or answer.get("result") is None:
            said = answer.get("error", answer) if isinstance(answer, dict) else answer
            raise NoAnswer(f"chain node {host}: {method}: no result: {_short(said)}; try again, or ask another node")
        return answer["result"]

    return ask


def _post(parts: SplitResult, body: bytes) -> bytes:
    headers = {"Content-Type": "application/json"}
    if parts.username is not None:
        name = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(name.encode()).decode()
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = Request(bare, data=body, headers=headers)  # noqa: S310  the scheme was looked at
    ends_at, raw = time.monotonic() + SECONDS, b""
    with build_opener(ProxyHandler({}), _NoRedirect()).open(request, timeout=SECONDS) as answer:
        while chunk := answer.read1(_CHUNK):
            raw += chunk
            if len(raw) > MOST_BYTES or time.monotonic() > ends_at:
                raise OSError(f"an answer of more than {MOST_BYTES} bytes or {SECONDS} s")
    return raw


def _short(said: object) -> str:
    return " ".join(str(said).split())[:200]
