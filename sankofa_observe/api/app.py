"""The tenants' API: routers put together. Everything under /v1 needs a key; what needs none is listed in `health`."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse

from sankofa_observe.api import agreements, credits, page, problems, settlements  # noqa: A004  the resource's name
from sankofa_observe.api.access import AnyRecords, Records
from sankofa_observe.api.models import Health
from sankofa_observe.api.problems import Cause
from sankofa_observe.api.wire import Wire

_REFUSALS = problems.responses(
    Cause.INVALID_CURSOR,
    Cause.UNAUTHENTICATED,
    Cause.NOT_FOUND,
    Cause.INVALID_REQUEST,
    Cause.INTERNAL,
    Cause.UNAVAILABLE,
)
health = APIRouter(tags=["health"])


@health.get("/healthz", operation_id="get_health")
def healthz() -> Health:
    """The process is alive."""
    return Health(status="ok")


@health.get("/readyz", operation_id="get_readiness", responses=problems.responses(Cause.UNAVAILABLE))
def readyz(records: AnyRecords) -> Health:
    """The ledger answers, and the keys can be read."""
    records.ledger.open_attempts()
    records.keys.check()
    return Health(status="ok")


@health.get("/openapi.json", include_in_schema=False)
def described() -> Response:
    """This description; the same for everybody."""
    return Response(_description(), media_type="application/json", headers={"Cache-Control": "public, max-age=300"})


@cache
def _description() -> str:
    return json.dumps(openapi(), ensure_ascii=False)


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
    app.state.parameters = _parameters()
    return app


@cache
def openapi() -> dict[str, Any]:
    """The API's description: a function of the code alone."""
    found = _routes().openapi()
    found["components"]["schemas"]["Problem"] = problems.SCHEMA
    return found


@cache
def _parameters() -> dict[str, frozenset[str]]:
    """The query parameters of each route, by its template."""
    return {
        path: frozenset(one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
        for path, operations in openapi()["paths"].items()
        for operation in operations.values()
    }


def _routes() -> FastAPI:
    app = FastAPI(
        title="Sankofa Observe", version="1", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    problems.install(app)
    app.add_middleware(Wire)
    app.include_router(health)
    for noun in (agreements, settlements, credits):
        app.include_router(noun.router, prefix="/v1", responses=_REFUSALS)
    return app
