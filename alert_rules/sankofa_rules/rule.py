"""Rules as values: a recording rule, an alert, a group, and the mapping that Prometheus reads.

An alert cannot be made without its closed set of labels, a runbook and a summary a tired person can read; what is wrong
is refused where it is written down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from .durations import duration
from .fault_to_page import Evidence, fault_to_page

SUMMARY_CHARS = 80
SITE_IDENTITY = ("tier", "region", "site")
"""Labels that name the site an alert is about; an alert carries them from its expression or as constants."""
BY_SITE = "count by (tier, region, site)"
NETWORK_IDENTITY = {"tier": "core", "region": "all"}
PLATFORM_IDENTITY = NETWORK_IDENTITY | {"site": "platform"}
EVERYWHERE = dict.fromkeys(SITE_IDENTITY, "all")
FLEET_BOARD, SITE_BOARD = "sk-fleet", "sk-site"

Severity = Literal["page", "ticket", "info", "heartbeat"]
Kind = Literal["slo", "cause", "meta"]
Scope = Literal["fleet", "region", "site", "system"]
_RECORD = re.compile(r"sankofa:[a-z_]+:[a-z0-9_]+")
_QUERY = re.compile(r"\{\{ (range|with) .*\{\{ end \}\}")  # what Prometheus fills in with a few words
_ALERT = re.compile(r"([A-Z][a-z0-9]+)+")


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where runbooks and boards are served: an alert's links must open for whoever is on call.

    As committed they are those of one machine: the scheduler shows runbooks beside its metrics, Grafana listens at its own port.
    """

    runbooks: str = "http://127.0.0.1:9800/runbooks"
    boards: str | None = "http://127.0.0.1:3000/d"  # without a Grafana an alert has no such link

    def runbook(self, name: str, labels: Collection[str]) -> str:
        return f"{self.runbooks.rstrip('/')}/{name}" + _query({label: label for label in labels})

    def board(self, uid: str, labels: Collection[str]) -> str | None:
        """With the board's variables of the same names."""
        if self.boards is None:
            return None
        return f"{self.boards.rstrip('/')}/{uid}" + _query({f"var-{label}": label for label in labels})


def _query(labels: Mapping[str, str]) -> str:
    """Names of parameters to labels of the alert, whose values Prometheus fills in and escapes."""
    filled = (f"{name}={{{{ urlquery $labels.{label} }}}}" for name, label in labels.items())
    return "?" * bool(labels) + "&".join(filled)


LINKS = Links()
_THIS_MOMENT = '{{ with query "vector(time())" }}{{ . | first | value | printf "%.3f" }}{{ end }}'


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
    evidence: Evidence | None = None  # of a page: what it waits for

    def __post_init__(self) -> None:
        if not _ALERT.fullmatch(self.name):
            raise ValueError(f"alert {self.name!r}: expected CamelCase words")
        chars = len(_QUERY.sub("", self.summary))
        if chars > SUMMARY_CHARS:
            raise ValueError(f"alert {self.name}: the summary has {chars} of {SUMMARY_CHARS} characters")
        if not set(self.identity) <= set(SITE_IDENTITY):
            raise ValueError(f"alert {self.name}: identity {sorted(self.identity)} is not of {SITE_IDENTITY}")

    @property
    def varying(self) -> tuple[str, ...]:
        """Labels whose values its expression brings, and a page or a board asks for: of its place only the closest, which names the others."""
        place = [label for label in SITE_IDENTITY if label not in self.identity]
        closest = ["site"] if "site" in place else place
        of_observer = ["observer"] if self.system == "observer" else []
        of_system = ["system"] if self.system is None else []
        of_slo = ["slo"] if self.kind == "slo" else []
        return (*closest, *of_observer, *of_system, *of_slo)

    def document(self, links: Links = LINKS) -> dict[str, Any]:
        # Prometheus drops a label whose value is empty: slo "" says in the file that there is none.
        fixed = {"severity": self.severity, "kind": self.kind, "scope": self.scope, **self.identity}
        if self.system is not None:
            fixed["system"] = self.system
        if self.kind != "slo":
            fixed["slo"] = ""
        annotations = {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": links.runbook(self.name, self.varying),
        }
        if board := links.board(self.dashboard, [one for one in self.varying if one in SITE_IDENTITY]):
            annotations["dashboard"] = board
        if self.evidence is not None:
            annotations["fault_to_page"] = str(fault_to_page(self.evidence))
        if self.severity == "heartbeat":
            # Alertmanager repeats an alert after its Prometheus has died: a beat says a new moment.
            annotations["evaluated_at"] = _THIS_MOMENT
        head: dict[str, Any] = {"alert": self.name, "expr": self.expr}
        wait = {"for": duration(self.for_seconds)} if self.for_seconds else {}
        return head | wait | {"labels": fixed, "annotations": annotations}


def tickets_of(system: str | None, kind: Kind = "cause") -> Callable[..., Alert]:
    """Makes tickets about a system at a site; None where the expression says which system."""
    return partial(Alert, severity="ticket", kind=kind, scope="system", system=system, dashboard=SITE_BOARD)


def of_platform(severity: Severity, scope: Scope) -> Callable[..., Alert]:
    """Makes alerts about the platform itself."""
    return partial(
        Alert,
        severity=severity,
        kind="meta",
        scope=scope,
        system="platform",
        identity=PLATFORM_IDENTITY,
        dashboard=FLEET_BOARD,
    )


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rules evaluated one after the other; without an interval, at the server's own."""

    name: str
    rules: tuple[Record | Alert, ...]
    interval_seconds: int | None = None

    def document(self, links: Links = LINKS) -> dict[str, Any]:
        rules = [rule.document(links) if isinstance(rule, Alert) else rule.document() for rule in self.rules]
        interval = {"interval": duration(self.interval_seconds)} if self.interval_seconds else {}
        return {"name": self.name} | interval | {"rules": rules}
