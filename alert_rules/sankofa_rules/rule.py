"""Rules as values: a recording rule, an alert, a group, and the mapping that Prometheus reads.

An alert cannot be made without its closed set of labels, a runbook and a summary a tired person can read; what is wrong
is refused where it is written down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

RUNBOOK_BASE = "https://runbooks.sankofa.example"
SUMMARY_CHARS = 80
SITE_IDENTITY = ("tier", "region", "site")
"""Labels that name the site an alert is about; an alert carries them from its expression or as constants."""
BY_SITE = "count by (tier, region, site)"
NETWORK_IDENTITY = {"tier": "core", "region": "all"}
FLEET_BOARD, SITE_BOARD = "sk-fleet", "sk-site"

Severity = Literal["page", "ticket", "info", "heartbeat"]
Kind = Literal["slo", "cause", "meta"]
Scope = Literal["fleet", "region", "site", "system"]
_DURATION_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_RECORD = re.compile(r"sankofa:[a-z_]+:[a-z0-9_]+")
_QUERY = re.compile(r"\{\{ (range|with) .*\{\{ end \}\}")  # what Prometheus fills in with a few words
_ALERT = re.compile(r"([A-Z][a-z0-9]+)+")


def duration(seconds: int) -> str:
    """Prometheus' word for a stretch of time, in the largest unit that divides it: 5m, 6h, 3d."""
    size, unit = next((size, unit) for size, unit in _DURATION_UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def half_open(seconds: int) -> str:
    """The range without its left edge: before Prometheus 3 a sample exactly there would count in two steps."""
    return f"{seconds - 1}s999ms"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A series computed by Prometheus; `sankofa:<what>:<window or unit>`."""

    record: str
    expr: str
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _RECORD.fullmatch(self.record):
            raise ValueError(f"record {self.record!r}: expected sankofa:<what>:<window or unit>")

    def document(self) -> dict[str, Any]:
        return {"record": self.record, "expr": self.expr} | ({"labels": self.labels} if self.labels else {})


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A sentence to an operator. `identity` holds the site labels that the expression itself does not carry."""

    name: str
    expr: str
    severity: Severity
    kind: Kind
    scope: Scope
    summary: str
    description: str
    dashboard: str
    system: str | None  # None: the expression carries the label itself
    for_seconds: int = 0
    identity: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ALERT.fullmatch(self.name):
            raise ValueError(f"alert {self.name!r}: expected CamelCase words")
        chars = len(_QUERY.sub("", self.summary))
        if chars > SUMMARY_CHARS:
            raise ValueError(f"alert {self.name}: the summary has {chars} of {SUMMARY_CHARS} characters")
        if not set(self.identity) <= set(SITE_IDENTITY):
            raise ValueError(f"alert {self.name}: identity {sorted(self.identity)} is not of {SITE_IDENTITY}")

    def document(self) -> dict[str, Any]:
        # Prometheus drops a label whose value is empty: slo "" says in the file that there is none.
        fixed = {"severity": self.severity, "kind": self.kind, "scope": self.scope, **self.identity}
        if self.system is not None:
            fixed["system"] = self.system
        if self.kind != "slo":
            fixed["slo"] = ""
        annotations = {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{RUNBOOK_BASE}/{self.name}",
            "dashboard": self.dashboard,
        }
        head: dict[str, Any] = {"alert": self.name, "expr": self.expr}
        wait = {"for": duration(self.for_seconds)} if self.for_seconds else {}
        return head | wait | {"labels": fixed, "annotations": annotations}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rules evaluated one after the other; without an interval, at the server's own."""

    name: str
    rules: tuple[Record | Alert, ...]
    interval_seconds: int | None = None

    def document(self) -> dict[str, Any]:
        interval = {"interval": duration(self.interval_seconds)} if self.interval_seconds else {}
        return {"name": self.name} | interval | {"rules": [rule.document() for rule in self.rules]}
