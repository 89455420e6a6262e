"""One shape for every error: RFC 9457 problem documents. The only place where our errors become HTTP.

Each cause has a type of its own, so that a program tells them apart without reading sentences. What was sent is never echoed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from sankofa_observe.api.requests import failed_by, request_id
from sankofa_observe.errors import SankofaError, Unavailable, Unfit

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "10"
log = logging.getLogger(__name__)


class Cause(Enum):
    """Why a request is not answered: its slug, its status, and its title."""

    UNAUTHENTICATED = ("unauthenticated", 401, "A valid API key is needed")
    NOT_FOUND = ("not-found", 404, "There is no such thing, or it is not yours")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This address does not take this method")
    GONE = ("evidence-removed", 410, "The evidence was removed")
    TOO_LARGE = ("too-large", 413, "The body is larger than the API takes")
    INVALID_CURSOR = ("invalid-cursor", 400, "The cursor is none of this list")
    INVALID_REQUEST = ("invalid-request", 422, "The request is not as the API expects it")
    UNAVAILABLE = ("unavailable", 503, "A part of the platform does not answer")
    EVIDENCE_AWAY = ("evidence-away", 503, "The evidence is not in the archive")
    NOT_RECORDED = ("not-recorded", 503, "What is handed out cannot be recorded")
    INTERNAL = ("internal", 500, "Something failed on our side")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug, self.status, self.title = slug, status, title

    @property
    def type(self) -> str:
        return f"urn:sankofa:problem:{self.slug}"


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        cause: Cause,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.cause, self.errors, self.headers = cause, errors, headers or {}


def document(request: Request, problem: Problem) -> Response:
    cause = problem.cause
    body: dict[str, Any] = {
        "type": cause.type,
        "title": cause.title,
        "status": cause.status,
        "detail": str(problem),
        "instance": f"urn:sankofa:request:{request_id(request)}",
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    headers = {"Cache-Control": "no-store", **problem.headers}
    if cause.status == 503:  # noqa: PLR2004  a part is away: it may be tried again
        headers["Retry-After"] = RETRY_SECONDS
    if cause is Cause.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(body), status_code=cause.status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every error of this app with a problem document."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return document(request, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        cause = next((one for one in Cause if one.status == error.status_code), Cause.INVALID_REQUEST)
        return document(request, Problem(cause, str(error.detail), headers=error.headers))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [
            {"parameter": ".".join(map(str, one["loc"][1:])), "code": one["type"], "detail": one["msg"]}
            for one in error.errors()
        ]
        return document(request, Problem(Cause.INVALID_REQUEST, "see errors: each names a parameter", errors=faults))

    @app.exception_handler(Unfit)
    @app.exception_handler(Unavailable)
    async def _away(request: Request, error: Unavailable | Unfit) -> Response:
        failed_by(request, error)
        _tell(error)
        return document(request, Problem(Cause.UNAVAILABLE, "a part of the platform does not answer; try again later"))

    @app.exception_handler(SankofaError)
    async def _broken(request: Request, error: SankofaError) -> Response:
        failed_by(request, error)
        log.critical("%s", error)
        return document(
            request, Problem(Cause.INTERNAL, "an internal check failed; it was logged and nothing was changed")
        )

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        failed_by(request, error)
        return document(request, Problem(Cause.INTERNAL, "something unforeseen failed; it was logged"))


SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457: why a request was not answered. `type` says the cause, `instance` the request, for whoever asks about it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "enum": [one.type for one in Cause]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["parameter", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("parameter", "code", "detail")},
            },
        },
    },
}


def responses(*causes: Cause) -> dict[int | str, dict[str, Any]]:
    """What a route says of its refusals, by status."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    said: dict[int, list[str]] = {}
    for one in causes:
        said.setdefault(one.status, []).append(f"{one.title} (`{one.slug}`)")
    return {status: {"description": "; ".join(titles), "content": content} for status, titles in said.items()}


def _tell(error: SankofaError) -> None:
    """Its words name hosts and files: for the operator, not for the tenant. What does not mend itself is no warning."""
    log.log(logging.CRITICAL if isinstance(error, Unfit) else logging.WARNING, "%s", error)
