"""An exporter as Prometheus meets it: the whole app, probed over HTTP, its answer read back into values."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.lab.pace import measured
from sankofa_exporters.serving.app import Exporter, build_app
from tests.pace import limit

Values = dict[tuple[str, ...], float]
PATIENCE_SECONDS = 40
SCRAPE_SECONDS = 10
LOOK_SECONDS = 0.2  # sources tell of themselves each second


class Watch:
    """An exporter whose one target is called edge-1."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def text(self, *, scrape_timeout: float | None = None) -> str:
        headers = {"x-prometheus-scrape-timeout-seconds": str(scrape_timeout or limit(SCRAPE_SECONDS))}
        answer = await self.client.get("/probe?target=edge-1", headers=headers)
        assert answer.status_code == 200
        return answer.text

    async def values(self, *, scrape_timeout: float | None = None) -> Values:
        """Each series by name (without `sankofa_`) and label values."""
        return values_of(await self.text(scrape_timeout=scrape_timeout))

    async def until(self, ready: Callable[[Values], bool], *, scrape_timeout: float = 8) -> Values:
        """Probe until it is so; a bounded wait for what the source takes its own time for. Times at pace 1."""
        scrape_timeout = measured().length(scrape_timeout)
        deadline = time.monotonic() + limit(PATIENCE_SECONDS)
        while not _is_so(ready, found := await self.values(scrape_timeout=scrape_timeout)):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(LOOK_SECONDS)
        return found


def _is_so(ready: Callable[[Values], bool], found: Values) -> bool:
    """A series that a probe could not tell of is not there, and what is asked of it not so yet."""
    try:
        return ready(found)
    except KeyError:
        return False


def values_of(text: str) -> Values:
    return {
        (sample.name.removeprefix("sankofa_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@asynccontextmanager
async def watching(exporter: Exporter) -> AsyncIterator[Watch]:
    app = build_app(exporter)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        yield Watch(client)
