"""What Alertmanager posts, stored as incidents: an app of its own, with a token of its own, and nothing of the tenants' API.

Alertmanager tries again after a 5xx and never after a 4xx. So one alert that is wrong is answered 200 and told, for a 4xx would lose
those beside it; what is no notification at all is 422, and what cannot be stored now 503.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from sankofa_observe.api import problems
from sankofa_observe.errors import InvalidInput, Unavailable, Violation
from sankofa_observe.pipeline.incidents import Stored, store
from sankofa_observe.ports import Clock, Ledger
from sankofa_observe.secret_files import read_word
from sankofa_observe.sla.incident import Incident, IncidentState

MAX_BODY_BYTES = 4 * 2**20
MOST_NAMES = 64  # labels or annotations of one alert
MOST_ALERTS = 20_000  # of one notification
_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")
_STATES = {"firing": IncidentState.FIRING, "resolved": IncidentState.RESOLVED}


class Token:
    """What Alertmanager must send, read from its file each time: a new one counts at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.read()

    def read(self) -> str:
        return read_word(self._file, "token file", least=16)

    def opens(self, header: str) -> bool:
        try:
            return hmac.compare_digest(header.encode(), f"Bearer {self.read()}".encode())
        except InvalidInput as error:
            raise Unavailable(str(error)) from None  # mended later: Alertmanager tries again


def create_receiver(
    ledger: Ledger, clock: Clock, token: Token, watch: Callable[[Stored], None] = lambda _: None
) -> FastAPI:
    """`POST /v1/alerts`, and `GET /healthz` for whoever looks after it."""
    app = FastAPI(title="Sankofa Observe: incidents", docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)
    # Forty threads would only wait for the ledger's one writer, and for each other's connections.
    one_at_a_time = asyncio.Lock()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/alerts")
    async def receive(request: Request) -> dict[str, Any]:
        if not token.opens(request.headers.get("authorization", "")):
            raise HTTPException(
                401,
                "a bearer token is needed: credentials_file of the receiver",
                headers={"WWW-Authenticate": "Bearer"},
            )
        body = _notification(await _body(request))
        async with one_at_a_time:
            done = await run_in_threadpool(
                store, incidents(body), truncated=_truncated(body), ledger=ledger, clock=clock, watch=watch
            )
        told = [{"where": one.where, "code": one.code, "problem": one.problem} for one in done.refused]
        return {"stored": done.stored, "same": done.same, "truncated": done.truncated, "refused": told}

    return app


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"more than {MAX_BODY_BYTES} bytes; lower max_alerts of the receiver")
    return body


def _notification(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(
            422, f"no JSON ({type(error).__name__}); expected a notification of Alertmanager, version 4"
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("alerts"), list):
        raise HTTPException(422, "no notification of Alertmanager, version 4: expected an object with a list `alerts`")
    if len(found["alerts"]) > MOST_ALERTS:
        raise HTTPException(413, f"more than {MOST_ALERTS} alerts; lower max_alerts of the receiver")
    return found


def _truncated(body: dict[str, Any]) -> int:
    found = body.get("truncatedAlerts", 0)
    return int(found) if isinstance(found, int) and 0 < found < 2**53 else 0


def incidents(body: dict[str, Any]) -> Iterator[Incident | Violation]:
    """Each alert of a notification, or why it is none."""
    for number, one in enumerate(body["alerts"]):
        try:
            yield _incident(one)
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            problem = (
                str(error)
                if isinstance(error, _WrongError)
                else f"{type(error).__name__}, expected an alert as Alertmanager posts it"
            )
            yield Violation(code="incident.alert", where=f"alerts/{number}", problem=problem)


class _WrongError(ValueError):
    """An alert that is none, in words."""


def _incident(one: Any) -> Incident:
    state, fingerprint = one["status"], one["fingerprint"]
    if state not in _STATES:
        raise _WrongError(f"status is {str(state)[:40]!r}, expected firing or resolved")
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise _WrongError(f"fingerprint is {str(fingerprint)[:40]!r}, expected hex digits")
    labels, annotations = _texts(one, "labels"), _texts(one, "annotations")
    if not labels.get("alertname"):
        raise _WrongError("it has no label alertname")
    started, ended = _instant(one, "startsAt"), _instant(one, "endsAt") if state == "resolved" else None
    if ended is not None and ended < started:
        raise _WrongError(f"endsAt {one['endsAt'][:40]} is before startsAt {one['startsAt'][:40]}")
    return Incident(
        fingerprint=fingerprint,
        begins=one["startsAt"],
        started_at=math.floor(started.timestamp()),  # both outwards: a slot that is touched is covered
        ended_at=None if ended is None else math.ceil(ended.timestamp()),
        state=_STATES[state],
        labels=labels,
        annotations=annotations,
    )


def _texts(one: Any, name: str) -> dict[str, str]:
    found = one.get(name, {})
    if (
        not isinstance(found, dict)
        or len(found) > MOST_NAMES
        or not all(isinstance(value, str) for value in found.values())
    ):
        raise _WrongError(f"{name}: expected at most {MOST_NAMES} texts by name")
    return found


def _instant(one: Any, name: str) -> datetime:
    text = one.get(name)
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise _WrongError(f"{name} is {str(text)[:40]!r}, expected an instant like 2026-11-24T10:00:00Z") from None
    if (
        not text.isascii()
    ):  # any letter is taken between day and time, half a letter too, and it is part of the identity
        raise _WrongError(f"{name} is {text[:40]!a}, expected an instant like 2026-11-24T10:00:00Z")
    if found.tzinfo is None or found <= datetime(1970, 1, 2, tzinfo=UTC):
        raise _WrongError(f"{name} is {text[:40]!r}, expected an instant since 1970 with its zone")
    return found
