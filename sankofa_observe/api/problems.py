"""One shape for every error: RFC 9457 problem documents. The only place where our errors become HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from sankofa_observe.api.requests import failed_by
from sankofa_observe.errors import SankofaError, Unavailable, Unfit

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


def problem(
    status: int, detail: str, *, errors: list[dict[str, str]] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    title = HTTPStatus(status).phrase
    slug = title.lower().replace(" ", "-")
    body: dict[str, Any] = {"type": f"urn:sankofa:problem:{slug}", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return Response(json.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Answer every error of this app with a problem document; input is never echoed back."""

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [
            {"parameter": ".".join(map(str, one["loc"][1:])), "code": one["type"], "detail": one["msg"]}
            for one in error.errors()
        ]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not as the API expects it", errors=faults)

    @app.exception_handler(Unfit)
    @app.exception_handler(Unavailable)
    async def _away(request: Request, error: Unavailable | Unfit) -> Response:
        failed_by(request, error)
        _tell(error)
        detail = "a part of the platform does not answer; try again later"
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "10"})

    @app.exception_handler(SankofaError)
    async def _broken(request: Request, error: SankofaError) -> Response:
        failed_by(request, error)
        log.critical("%s", error)
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "an internal check failed; it was logged and nothing was changed"
        )

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        failed_by(request, error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something unforeseen failed; it was logged")


def _tell(error: SankofaError) -> None:
    """Its words name hosts and files: for the operator, not for the tenant. What does not mend itself is no warning."""
    log.log(logging.CRITICAL if isinstance(error, Unfit) else logging.WARNING, "%s", error)
