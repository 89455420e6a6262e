"""A canary in the test's own loop, and what becomes of one request of it, whatever time it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sankofa_exporters.canary.settings import CanaryModule, CanaryTarget
from sankofa_exporters.canary.snapshot import Outcome, Reply
from sankofa_exporters.canary.system.source import CanarySource, open_source
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.probe.budget import Budget

PATIENT: dict[str, Any] = {"objective_seconds": 10.0, "interval_seconds": 60, "timeout_seconds": 60}
BRIEF: dict[str, Any] = {
    "objective_seconds": 0.1,
    "interval_seconds": 0.5,
    "timeout_seconds": 0.5,
}  # for what never ends


def canary(url: str, module: Mapping[str, Any] | None = None, *, address: str | None = None) -> CanarySource:
    settings = CanaryModule(**{**PATIENT, **(module or {})})
    return open_source(settings, CanaryTarget(module="m", endpoint=url, address=address), Bounds())


async def asked_once(source: CanarySource) -> tuple[Outcome, int | None]:
    """Outcome and status of one request; what our own delay makes of it is left out."""
    budget = Budget.of(source.module.timeout_seconds)
    headers = await source.prepared(budget)
    sent = await source.sent(headers, budget) if isinstance(headers, Mapping) else headers
    return source.outcome(sent), sent.status if isinstance(sent, Reply) else None


async def asked(source: CanarySource, times: int = 1) -> list[Outcome]:
    """Of so many requests, one after the other; the canary is closed then."""
    try:
        return [(await asked_once(source))[0] for _ in range(times)]
    finally:
        await source.close()
