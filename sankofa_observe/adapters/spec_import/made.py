"""What importers share: what was asked for, what was made, and what is wrong with a document of another format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from sankofa_observe.adapters.spec_faults import ANNOTATION, Fault, Place, note_path
from sankofa_observe.adapters.spec_import.promql import NotPlainError
from sankofa_observe.adapters.spec_models import Strict
from sankofa_observe.adapters.spec_shapes import shape_fault
from sankofa_observe.errors import Violation

Document = dict[str, Any]
Model = TypeVar("Model", bound=Strict)

LEAVABLE = {
    "alerting": "alert rules are made from the SLOs themselves",
    "datasources": "the one Prometheus that is read stands in the settings, under prometheus.url",
    "services": "a service is a name; what else is said of it has no place",
    "rules": "no recording rules are made: raw samples are counted",
}
"""What has no counterpart here, and may be left out on purpose."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the other formats do not say; None leaves it to the document, or to the default of `specs check`."""

    tier: str | None = None
    scrape: str | None = None
    slot: str | None = None
    sources: str | None = None
    window: str | None = None  # a duration: 30d rolls, 1M is the calendar's
    zone: str = "UTC"
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Made:
    """An SLO document in our form; `origins` says from which part of its source each of its parts came."""

    document: Document
    place: Place
    format: str  # as it names itself
    path: str = ""  # of its part of the source


@dataclass(kw_only=True)
class Importing:
    """One run: what is made, what is wrong, what was left out on purpose, and what means something a little different."""

    wanted: Wanted
    made: list[Made] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    left_out: list[Violation] = field(default_factory=list)
    notes: list[Violation] = field(default_factory=list)

    def refuse(self, place: Place, *faults: Fault) -> None:
        self.violations += [place.violation(fault) for fault in faults]

    def note(self, place: Place, path: str, problem: str) -> None:
        self.notes.append(place.violation(Fault(path, "import.note", problem)))

    def leave(self, place: Place, path: str, kind: str) -> None:
        """A part that has no counterpart: refused, or left out where that was asked for."""
        fault = Fault(path, f"import.{kind}", LEAVABLE[kind], f"take it out, or run with --without {kind}")
        if kind in self.wanted.without:
            self.left_out.append(place.violation(replace(fault, hint="")))
        else:
            self.refuse(place, fault)

    def read(self, place: Place, model: type[Model], document: Any, path: str = "") -> Model | None:
        """A part of a document in its own shape, or None with every part that has another one refused."""
        try:
            return model.model_validate(document)
        except ValidationError as error:
            faults = [shape_fault(one) for one in error.errors(include_url=False)]
            self.refuse(place, *(replace(one, path=f"{path}{one.path.rstrip('/')}") for one in faults))
            return None

    def query(self, place: Place, path: str, read: Callable[[], Any]) -> Any:
        """What a query selects, or None with what stands in the way refused."""
        try:
            return read()
        except NotPlainError as error:
            self.refuse(place, Fault(path, "import.query", str(error), error.hint))
            return None

    def window(self, place: Place, path: str, own: Document | None) -> Document | None:
        """The time window: as it was asked for, else as the document has it."""
        if (wanted := self.wanted.window) is not None:
            calendar = {"startTime": "2026-01-01 00:00:00", "timeZone": self.wanted.zone}
            rolls: Document = {"duration": wanted, "isRolling": True}
            return {"duration": wanted, "isRolling": False, "calendar": calendar} if wanted[-1] in "MQ" else rolls
        if own is None:
            problem = "nothing says over which time the objective holds"
            hint = (
                "run with --window 1M for calendar months, which an agreement takes, or --window 30d to watch a budget"
            )
            self.refuse(place, Fault(path, "import.window", problem, hint))
        return own

    def annotations(self, place: Place, path: str, own: Mapping[str, str]) -> dict[str, str]:
        """Those of the document, and for what it does not say those that were asked for; without a tier it is refused."""
        asked = {name: getattr(self.wanted, name) for name in ("tier", "scrape", "slot", "sources")}
        found = {f"{ANNOTATION}{name}": value for name, value in asked.items() if value is not None} | dict(own)
        if f"{ANNOTATION}tier" not in found:
            hint = f"run with --tier, such as --tier edge, or give the source the annotation {ANNOTATION}tier"
            self.refuse(place, Fault(path, "import.tier", "nothing says whose promise it is", hint))
        return found

    def add(self, place: Place, document: Document, origins: Mapping[str, str], *, form: str, path: str = "") -> None:
        moved = {"": path, **{ours: f"{path}{theirs}" for ours, theirs in origins.items()}}
        told = () if f"{ANNOTATION}tier" in document["metadata"].get("annotations", {}) else (note_path("tier"),)
        place = replace(place, origins=moved, broken=told)  # whose promise it is was asked for already
        self.made.append(Made(document=document, place=place, format=form, path=path))


def metric(query: str) -> Document:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def slo_document(
    *,
    name: str,
    service: str,
    indicator: Document,
    window: Document,
    objective: Document,
    budgeting: str,
    description: str = "",
    display_name: str = "",
    labels: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Document:
    """An OpenSLO v1 document, without what is empty."""
    metadata = {"name": name, "displayName": display_name, "labels": labels, "annotations": annotations}
    spec = {
        "description": description,
        "service": service,
        "indicator": indicator,
        "timeWindow": [window],
        "budgetingMethod": budgeting,
        "objectives": [_filled(objective)],
    }
    return {"apiVersion": "openslo/v1", "kind": "SLO", "metadata": _filled(metadata), "spec": _filled(spec)}


def _filled(members: Mapping[str, Any]) -> Document:
    return {name: one for name, one in members.items() if one is not None and one not in ("", {}, [])}


def fitting_name(name: str) -> str:
    """A name that documents may have, near to this one."""
    kept = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name.lower())
    return "-".join(part for part in kept.split("-") if part)[:63].rstrip("-")


def number(text: str) -> Decimal | str:
    """The decimal that a text is, or the text, which the check of the shape then refuses."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return text
