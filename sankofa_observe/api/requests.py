"""What came of each request: a line in the log, and whoever counts is told.

A line has the template of the route and never its query or its parameters: those hold what belongs to a tenant.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sankofa_observe.errors import INVALID_INPUT, UNAVAILABLE, UNEXPECTED, kind_of

log = logging.getLogger(__name__)
UNMATCHED = "unmatched"  # whatever address was tried: a scanner makes no series of its own


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One request and its answer; `kind` is that of the error, empty where there was none."""

    method: str
    route: str
    status: int
    seconds: float
    tenant: str = ""
    kind: str = ""
    request_id: str = ""


Watch = Callable[[Answered], None]


def is_of(request: Request, tenant: str) -> None:
    """Note whose request this is."""
    request.state.tenant = tenant


def request_id(request: Request) -> str:
    """By what the caller, the log and a problem document name this request."""
    found: str = request.scope.get("state", {}).get("request_id", "")
    return found


def failed_by(request: Request, error: BaseException) -> None:
    """Note why it failed."""
    request.state.error = error


def watched(app: ASGIApp, watch: Watch) -> ASGIApp:
    """The same app; each of its answers is logged and handed to `watch`."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, noting)
        finally:
            answered = _answered(scope, status, time.perf_counter() - began)
            _log(answered)
            watch(answered)

    return run


def _answered(scope: Scope, status: int, seconds: float) -> Answered:
    state = scope.get("state", {})
    return Answered(
        method=scope["method"],
        route=template(scope),
        status=status,
        seconds=seconds,
        tenant=state.get("tenant", ""),
        kind=_kind(status, state.get("error")),
        request_id=state.get("request_id", ""),
    )


def template(scope: Scope) -> str:
    """A route of an included router does not know the prefix it was included under; that is literal, so the path has it."""
    if "route" not in scope:
        return UNMATCHED
    own, asked = scope["route"].path, scope["path"].split("/")
    return "/".join(asked[: len(asked) - own.count("/")]) + str(own)


def _kind(status: int, error: BaseException | None) -> str:
    if error is not None:
        return kind_of(error)
    if status >= 500:  # noqa: PLR2004  the class of the server's errors
        return UNAVAILABLE if status == 503 else UNEXPECTED  # noqa: PLR2004  a part is away
    return INVALID_INPUT if status >= 400 else ""  # noqa: PLR2004  the class of the caller's errors


def _log(one: Answered) -> None:
    fields = {"method": one.method, "route": one.route, "status": one.status, "seconds": f"{one.seconds:.3f}"}
    fields |= {name: value for name, value in (("request_id", one.request_id), ("tenant", one.tenant)) if value}
    log.info("request", extra=fields)
