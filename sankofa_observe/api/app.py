"""The tenants' API: routers put together. Everything under /v1 needs a key; what needs none is listed in `health`."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from sankofa_observe.api import agreements, credits, page, problems, settlements  # noqa: A004  the resource's name
from sankofa_observe.api.access import AnyRecords, Records
from sankofa_observe.api.models import Health

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "content": {problems.MEDIA_TYPE: {}}}
    for status in (401, 404, 422, 503)
}
health = APIRouter(tags=["health"])


@health.get("/healthz", operation_id="get_health")
def healthz() -> Health:
    """The process is alive."""
    return Health(status="ok")


@health.get("/readyz", operation_id="get_readiness", responses={503: _PROBLEMS[503]})
def readyz(records: AnyRecords) -> Health:
    """The ledger answers."""
    records.ledger.open_attempts()
    return Health(status="ok")


@health.get("/", include_in_schema=False)
def front() -> HTMLResponse:
    """For people; the same for everybody."""
    return HTMLResponse(_page(), headers=page.HEADERS)


@cache
def _page() -> str:
    return page.page(openapi())


def create_app(records: Records) -> FastAPI:
    app = _routes()
    app.state.records = records
    return app


def openapi() -> dict[str, Any]:
    """The API's description: a function of the code alone."""
    return _routes().openapi()


def _routes() -> FastAPI:
    app = FastAPI(title="Sankofa Observe", version="1", docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(health)
    for noun in (agreements, settlements, credits):
        app.include_router(noun.router, prefix="/v1", responses=_PROBLEMS)
    return app
