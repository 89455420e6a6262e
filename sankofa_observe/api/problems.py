"""One shape for every error: RFC 9457 problem documents. The only place where our errors become HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from sankofa_observe.errors import SankofaError, Unavailable

MEDIA_TYPE = "application/problem+json"


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

    @app.exception_handler(Unavailable)
    async def _away(_: Request, error: Unavailable) -> Response:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "10"})

    @app.exception_handler(SankofaError)
    async def _broken(_: Request, __: SankofaError) -> Response:
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "an internal check failed; it was logged and nothing was changed"
        )
