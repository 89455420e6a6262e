"""The HTTP face: /probe for targets, /metrics for the process itself, health, readiness and a landing page.

Targets are looked up by name in the configuration's allow-list; an address in the query is just an unknown name. An
answer to a known target is 200, whatever became of its collectors.
"""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from .apart import apart, widen_resolver
from .budget import Budget, probe_seconds
from .exposition import encode
from .failure import Kind
from .own import OwnMetrics
from .registry import System
from .runtime import Report, Source, probe
from .settings import Document
from .timeline import timeline

log = logging.getLogger(__name__)


class UnknownNameError(Exception):
    """The query names a target or module that the configuration does not have."""


@dataclass(kw_only=True)
class Exporter:
    """One system's targets, opened at their first probe and closed at the end."""

    system: System
    document: Document[Any, Any]
    own: OwnMetrics = field(default_factory=OwnMetrics)
    sources: dict[tuple[str, str], Source] = field(default_factory=dict)
    told: dict[str, dict[str, Kind]] = field(default_factory=dict)

    def source(self, target: str, module: str | None) -> Source:
        """The open source of a target, by default with the target's own module."""
        settings = self.document.targets.get(target)
        if settings is None:
            raise UnknownNameError(f"unknown target {target!r}: it is not in the configuration's targets")
        module = module or settings.module
        if module not in self.document.modules:
            raise UnknownNameError(f"unknown module {module!r}: it is not in the configuration's modules")
        if (target, module) not in self.sources:
            opened = self.system.open(self.document.modules[module], settings, self.document.limits)
            self.sources[target, module] = opened
        return self.sources[target, module]

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self.sources.values()))
        self.sources.clear()

    async def answer_probe(self, request: Request) -> Response:
        target = request.query_params.get("target")
        if not target:
            return PlainTextResponse("target is missing: /probe?target=NAME\n", status_code=400)
        try:
            source = self.source(target, request.query_params.get("module"))
        except UnknownNameError as error:
            return PlainTextResponse(f"{error}\n", status_code=400)
        seconds = probe_seconds(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        with self.own.timed_probe():
            report = await probe(source, budget=Budget.of(seconds), bounds=self.document.limits)
            if request.query_params.get("debug") == "true":
                return await self._answer_debug(report, target, request, seconds)
            encoded = await apart(
                encode,
                report.samples,
                accept=request.headers.get("accept", ""),
                accept_encoding=request.headers.get("accept-encoding", ""),
            )
        self._tell(target, report)
        return Response(encoded.body, headers=encoded.headers)

    async def _answer_debug(self, report: Report, target: str, request: Request, seconds: float) -> Response:
        module = request.query_params.get("module") or self.document.targets[target].module
        text = await apart(timeline, report, target=target, module=module, budget_seconds=seconds)
        return PlainTextResponse(text)

    def _tell(self, target: str, report: Report) -> None:
        """Log a collector's trouble when it begins, changes or ends, not at every scrape."""
        before = self.told.get(target, {})
        for collector, failure in report.failures.items():
            if before.get(collector) is not failure.kind:
                log.warning("target=%s collector=%s kind=%s reason=%r", target, collector, *astuple(failure))
        for collector in before.keys() - report.failures.keys():
            log.info("target=%s collector=%s recovered", target, collector)
        self.told[target] = {collector: failure.kind for collector, failure in report.failures.items()}

    async def answer_metrics(self, request: Request) -> Response:
        encoded = await apart(
            self.own.encode, request.headers.get("accept", ""), request.headers.get("accept-encoding", "")
        )
        return Response(encoded.body, headers=encoded.headers)

    async def answer_landing(self, _request: Request) -> Response:
        title = html.escape(self.system.title)
        links = "".join(
            f'<li><a href="/probe?target={html.escape(name)}">{html.escape(name)}</a></li>'
            for name in sorted(self.document.targets)
        )
        return HTMLResponse(
            f"<!doctype html><title>{title}</title><h1>{title}</h1>"
            f'<p><a href="/metrics">/metrics</a> of this process; probes of the targets:</p><ul>{links}</ul>'
        )


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("healthy\n")


def build_app(exporter: Exporter) -> Starlette:
    ready = False

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal ready
        widen_resolver()
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
            Route("/-/healthy", _healthy),
            Route("/-/ready", answer_ready),
        ],
    )
