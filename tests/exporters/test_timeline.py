"""The timeline of a probe: who began when, what each upstream call came to, and why something is missing."""

from __future__ import annotations

import re
from typing import Any

import httpx

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import probe
from sankofa_exporters.probe.source import Collector
from sankofa_exporters.reading.http import check_status, exchange, open_client
from sankofa_exporters.serving.timeline import timeline
from tests.pace import growing

from .doubles import DoubleSource, constant, hang, lead, loopback


async def test_timeline_shows_calls_and_reasons() -> None:
    """A good call, a refused one and one that hangs: each a bar with its outcome; the query's secret is not shown."""
    async with (
        loopback(constant(b"[1]")) as good,
        loopback(constant(b"", status="403 no")) as closed,
        loopback(hang) as hole,
        open_client() as client,
    ):

        def asking(url: str) -> Any:
            async def ask(budget: Budget) -> None:
                request = httpx.Request("GET", f"{url}/path?token=secret")
                check_status(await exchange(client, request, budget=budget, body_bytes=1000))

            return ask

        source = DoubleSource(
            collectors=(
                lead(),
                *(
                    Collector(name=name, fetch=asking(double.url), samples=lambda _: ())
                    for name, double in (("good", good), ("closed", closed), ("hole", hole))
                ),
            )
        )
        for seconds in growing(0.3):
            report = await probe(source, budget=Budget.of(seconds), bounds=Bounds())
            if Kind.TIMEOUT not in {
                report.failures[name].kind for name in ("good", "closed") if name in report.failures
            }:
                break
    text = timeline(report, target="edge-1", module="m", budget_seconds=seconds)
    rows = [line for line in text.splitlines() if line.startswith("#  ")]
    tails = sorted(re.sub(r":\d+", "", row.split("█")[-1]).strip() for row in rows[1:])

    assert text.startswith("# target edge-1, module m: up (up 1, known 1)\n")
    assert tails == [
        "200        GET http://127.0.0.1/path 3 B",
        "403        GET http://127.0.0.1/path 0 B",
        "data       good",
        "data       lead",
        "permission closed",
        "timeout    GET http://127.0.0.1/path 0 B",
        "timeout    hole",
    ]
    assert "# closed: permission: GET" in text
    assert "secret" not in text
    assert "sankofa_probe_upstream_calls 3.0\n" in text
    assert "sankofa_probe_upstream_bytes 3.0\n" in text
