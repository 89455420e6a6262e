"""The HTTP face: /probe for targets, /sd for Prometheus' discovery of them, /metrics for the process itself.

Targets are looked up by name in the configuration's allow-list; an address in the query is just an unknown name. An
answer to a known target is 200, whatever became of its collectors.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.fleet import discovered, discovered_upstream
from sankofa_exporters.config.place import warn_of_placeless
from sankofa_exporters.config.settings import Document
from sankofa_exporters.model.exposition import encode
from sankofa_exporters.model.failure import Kind
from sankofa_exporters.probe.budget import Budget, probe_seconds
from sankofa_exporters.probe.runtime import Report, probe
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.registry import System

from .files import Settings
from .landing import landing
from .listener import Passwords
from .self_metrics import SelfMetrics
from .sources import CannotOpenError, Open, Sources, TooManyProbesError, UnknownNameError
from .timeline import timeline

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Exporter:
    """One system's targets behind HTTP; `read` reads the settings again."""

    system: System
    settings: Settings
    read: Callable[[], Settings] | None = None
    metrics: SelfMetrics = field(default_factory=SelfMetrics)
    reported: dict[str, dict[str, Kind]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources = Sources(system=self.system, document=self.settings.document)
        self.passwords = Passwords(users=self.settings.web.basic_auth_users)
        self.metrics.expect(self.system.name, self.document)
        if (tls := self.settings.web.tls_server_config) is not None:
            self.metrics.serve_with(tls.cert_file)

    @property
    def document(self) -> Document[Any, Any]:
        return self.sources.document

    async def close(self) -> None:
        await self.sources.close()

    async def reload(self) -> bool:
        """Read the settings again; broken ones are logged, and the last good ones stay in use."""
        if self.read is None:
            return False
        try:
            settings = await in_thread(self.read)
        except BrokenConfigError as error:
            for line in str(error).splitlines():
                log.error("configuration is broken, the last one stays", extra={"violation": line})  # noqa: TRY400
            self.metrics.reloaded(well=False)
            return False
        except Exception as error:  # noqa: BLE001 - a defect in reading must not look like settings that are in use
            log.error("configuration cannot be read, the last one stays", extra={"defect": type(error).__name__})  # noqa: TRY400
            self.metrics.reloaded(well=False)
            return False
        self.sources.take(settings.document)
        self.metrics.expect(self.system.name, settings.document)
        self.passwords = self.passwords.renewed(settings.web.basic_auth_users)
        self.reported = {name: kinds for name, kinds in self.reported.items() if name in settings.document.targets}
        self.metrics.reloaded(well=True)
        warn_of_placeless(settings.document)
        log.info("configuration read", extra={"targets": len(settings.document.targets)})
        return True

    async def answer_probe(self, request: Request) -> Response:
        try:
            target, module = _once(request, "target"), _once(request, "module")
            if not target:
                return PlainTextResponse("target is missing: /probe?target=NAME\n", status_code=400)
            with self.sources.use(target, module) as opened:
                return await self._probed(opened, target, request, self._only(opened, request))
        except QueryError as error:
            return PlainTextResponse(f"{error}\n", status_code=400)
        except TooManyProbesError as error:
            return PlainTextResponse(f"{error}\n", status_code=503, headers={"retry-after": "1"})
        except UnknownNameError as error:
            return PlainTextResponse(f"{error}\n", status_code=400)
        except CannotOpenError as error:  # nothing can be said of the target: the scrape fails, which is unknown
            return PlainTextResponse(f"{error}; mend the file its module names\n", status_code=503)

    async def _probed(self, opened: Open, target: str, request: Request, only: Collection[str]) -> Response:
        seconds = probe_seconds(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        with self.metrics.timed_probe():
            report = await probe(
                opened.source,
                budget=Budget.of(seconds),
                bounds=self.document.limits,
                rejected=opened.rejected,
                certificates=opened.certificates,
                skip=opened.settings.module.skip,
                only=only,
            )
            self.metrics.delayed(report.measured.delay.seconds)
            self._log(target, report)
            if request.query_params.get("debug") == "true":
                return await self._answer_debug(report, target, request, seconds)
            encoded = await in_thread(
                encode,
                report.samples,
                accept=request.headers.get("accept", ""),
                accept_encoding=request.headers.get("accept-encoding", ""),
            )
        return Response(encoded.body, headers=encoded.headers)

    def _only(self, opened: Open, request: Request) -> Collection[str]:
        """The kinds of collectors that `collect[]` names; raises `QueryError` for one that the target does not have."""
        wanted = frozenset(request.query_params.getlist("collect[]"))
        if unknown := sorted(wanted - {one.kind for one in opened.source.collectors} if wanted else ()):
            known = ", ".join(sorted({one.kind for one in opened.source.collectors}))
            raise QueryError(f"collect[]: no collector {unknown[0]!r}; this target has {known}")
        return wanted

    async def _answer_debug(self, report: Report, target: str, request: Request, seconds: float) -> Response:
        _, module = self.sources.key(target, request.query_params.get("module"))
        text = await in_thread(timeline, report, target=target, module=module, budget_seconds=seconds)
        return PlainTextResponse(text)

    def _log(self, target: str, report: Report) -> None:
        """Log a collector's failure when it begins, changes or ends, not at every scrape."""
        before = self.reported.get(target, {})
        for collector, failure in report.failures.items():
            if before.get(collector) is not failure.kind:
                fields = {"target": target, "collector": collector, "kind": str(failure.kind), "reason": failure.reason}
                log.warning("collector failed", extra=fields)
        for collector in before.keys() - report.failures.keys():
            log.info("collector recovered", extra={"target": target, "collector": collector})
        self.reported[target] = {collector: failure.kind for collector, failure in report.failures.items()}

    async def answer_metrics(self, request: Request) -> Response:
        encoded = await in_thread(
            self.metrics.encode, request.headers.get("accept", ""), request.headers.get("accept-encoding", "")
        )
        return Response(encoded.body, headers=encoded.headers)

    async def answer_landing(self, _request: Request) -> Response:
        return HTMLResponse(landing(self.system, self.document))

    async def answer_discovery(self, _request: Request) -> Response:
        return JSONResponse(discovered(self.document, self.system))

    async def answer_upstream_discovery(self, _request: Request) -> Response:
        return JSONResponse(discovered_upstream(self.document, self.system))

    async def answer_reload(self, _request: Request) -> Response:
        if await self.reload():
            return PlainTextResponse("reloaded\n")
        return PlainTextResponse("the configuration is broken, the last one stays; see the log\n", status_code=500)


class QueryError(Exception):
    """A query that says nothing, or two things."""


def _once(request: Request, name: str) -> str | None:
    found = request.query_params.getlist(name)
    if len(found) > 1:
        raise QueryError(f"{name}: {len(found)} values in the query; expected one")
    return found[0] if found else None


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("healthy\n")


def build_app(exporter: Exporter) -> Starlette:
    ready = False

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal ready
        ready = True
        try:
            yield
        finally:
            ready = False
            await exporter.close()

    async def answer_ready(_request: Request) -> Response:
        return PlainTextResponse("ready\n") if ready else PlainTextResponse("not ready\n", status_code=503)

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", exporter.answer_landing),
            Route("/probe", exporter.answer_probe),
            Route("/metrics", exporter.answer_metrics),
            Route("/sd", exporter.answer_discovery),
            Route("/sd/upstream", exporter.answer_upstream_discovery),
            Route("/-/reload", exporter.answer_reload, methods=["POST", "PUT"]),
            Route("/-/healthy", _healthy),
            Route("/-/ready", answer_ready),
        ],
    )
