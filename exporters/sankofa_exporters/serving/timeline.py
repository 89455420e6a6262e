"""The answer to `/probe?debug=true`: what happened when, drawn as bars, then why, then the metrics themselves.

For a person who asks why a probe is slow or blind. Shows names, addresses, kinds and reasons; never a credential.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sankofa_exporters.model.exposition import render_text
from sankofa_exporters.probe.runtime import Report

BAR_CHARS = 40
WHERE_CHARS = 60


def timeline(report: Report, *, target: str, module: str, budget_seconds: float) -> str:
    """Plain text of at most some hundred characters a line; the metrics follow as comments would not."""
    lines = [*_head(report, target, module, budget_seconds), "", *_rows(report), "", *_reasons(report)]
    return "\n".join(lines) + "\n" + render_text(report.samples)


def _head(report: Report, target: str, module: str, budget_seconds: float) -> Iterator[str]:
    up, known = report.verdict.value
    yield f"# target {target}, module {module}: {report.verdict.name.lower()} (up {up}, known {known})"
    yield (
        f"# {report.seconds * 1000:.0f} ms of {budget_seconds * 1000:.0f} ms, "
        f"{len(report.trace.calls)} upstream calls, {report.trace.body_bytes} bytes"
    )
    delay = report.measured.delay
    yield (
        f"# of which our own delay {delay.seconds * 1000:.0f} ms "
        f"(stood {delay.stood * 1000:.0f}, waited for a CPU {delay.waited * 1000:.0f}), work {delay.worked * 1000:.0f} ms"
    )


def _rows(report: Report) -> Iterator[str]:
    """A row a collector, then a row a call, each in order of its begin."""
    began = report.trace.started
    yield f"#   {'begin':>8} {'took':>8}  {'0':<{BAR_CHARS}} outcome"
    for outcome in sorted(report.outcomes, key=lambda outcome: outcome.started):
        said = outcome.failure.kind if outcome.failure else "data"
        yield _row(outcome.started - began, outcome.seconds, report.seconds, f"{said:<10} {outcome.collector.name}")
    for call in report.trace.calls:
        took = (call.ended if call.ended is not None else began + report.seconds) - call.started
        where = call.where if len(call.where) <= WHERE_CHARS else call.where[: WHERE_CHARS - 1] + "…"
        yield _row(call.started - began, took, report.seconds, f"{call.outcome:<10} {where} {call.body_bytes} B")


def _row(begin: float, took: float, whole: float, text: str) -> str:
    left = min(BAR_CHARS - 1, int(begin / whole * BAR_CHARS)) if whole > 0 else 0
    width = max(1, min(BAR_CHARS - left, round(took / whole * BAR_CHARS))) if whole > 0 else 1
    bar = " " * left + "█" * width
    return f"#   {begin * 1000:>5.0f} ms {took * 1000:>5.0f} ms  {bar:<{BAR_CHARS}} {text}"


def _reasons(report: Report) -> Sequence[str]:
    return [f"# {name}: {failure.kind}: {failure.reason}" for name, failure in report.failures.items()] or [
        "# every collector has data"
    ]
