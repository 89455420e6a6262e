"""The committed documents, and how tests change, write and load them."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput, Violation

SPECS = CHECKOUT / "deploy" / "specs"
Document = dict[str, Any]
Change = Callable[[Document], object]
Expected = list[tuple[str, str]]  # codes and places

NOTE = "metadata|annotations|sankofa.observe/"
OBJECTIVE, WINDOW = "spec|objectives|0|", "spec|timeWindow|0|"
RATIO, SELECTED = "spec|indicator|spec|ratioMetric|", "|metricSource|spec|query"
QUERY, TOTAL = f"{RATIO}good{SELECTED}", f"{RATIO}total{SELECTED}"
BUCKET = "duration_seconds_bucket"


def committed(name: str) -> Document:
    loaded: Document = yaml.safe_load((SPECS / f"{name}.yaml").read_text())
    return loaded


def inline(document: Document) -> Document:
    """The document with the indicator that it names in its place, of any job, for tests that change parts of it."""
    texts = [
        re.sub(r'job="[^"]*",?', "", file.read_text()).replace("{}", "") for file in (SPECS / "slis").glob("*.yaml")
    ]
    slis = [one for text in texts for one in yaml.safe_load_all(text)]
    name = document["spec"].pop("indicatorRef")
    sli = next(one for one in slis if one["metadata"]["name"] == name)
    own = {**sli["metadata"]["annotations"], **document["metadata"]["annotations"]}
    document["metadata"]["annotations"] = own
    document["spec"]["indicator"] = {"metadata": {"name": name}, "spec": sli["spec"]}
    return document


# One system of a site is enough for what is tested here.
FLEET = committed("fleet")
FLEET["spec"]["sites"] = [
    {**site, "targets": {name: site["targets"][name] for name in ("besu", "proxmox") if name in site["targets"]}}
    for site in FLEET["spec"]["sites"]
]
SLO, LATENCY = inline(committed("slos/availability-edge")), inline(committed("slos/latency-chain-query"))
AGREEMENT = committed("agreements/example-edge")


def put(path: str, value: object) -> Change:
    """Set, or with `...` take out, what stands at a path of the document."""

    def change(document: Document) -> None:
        *folders, name = [int(part) if part.isdigit() else part for part in path.split("|")]
        place: Any = document
        for folder in folders:
            place = place[folder]
        if value is ...:
            del place[name]
        else:
            place[name] = value

    return change


def notes(**values: str) -> Change:
    """Set annotations of ours; `_` stands for the hyphen."""

    def change(document: Document) -> None:
        for name, value in values.items():
            put(NOTE + name.replace("_", "-"), value)(document)

    return change


def changed(document: Document, *changes: Change) -> Document:
    made = copy.deepcopy(document)
    for change in changes:
        change(made)
    return made


def named(document: Document, name: str) -> Document:
    return {**document, "metadata": {**document["metadata"], "name": name}}


def write(folder: Path, **documents: Document | str) -> Path:
    for name, document in documents.items():
        text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
        (folder / f"{name}.yaml").write_text(text)
    return folder


def violations(folder: Path) -> tuple[Violation, ...]:
    with pytest.raises(InvalidInput) as caught:
        load_catalog([folder])
    return caught.value.violations


def found(folder: Path) -> list[tuple[str, str]]:
    """The violations as (code, place), without the folder."""
    return [(one.code, one.where.removeprefix(f"{folder}/")) for one in violations(folder)]


def at(path: str) -> str:
    return f"/{path.replace('|', '/')}"


def note(name: str) -> str:
    return f"/metadata/annotations/sankofa.observe/{name}"


def zone(name: str, start: str = "2026-01-01 00:00:00", duration: str = "1M", slot: str = "1m") -> Change:
    def change(document: Document) -> None:
        put(WINDOW + "calendar", {"timeZone": name, "startTime": start})(document)
        put(WINDOW + "duration", duration)(document)
        put(OBJECTIVE + "timeSliceWindow", slot)(document)

    return change


def rolling(duration: str) -> Change:
    return put("spec|timeWindow", [{"duration": duration, "isRolling": True}])


def composite(how: str = "all", parts: str = "power, network") -> Change:
    def change(document: Document) -> None:
        for path in ("spec|indicator", OBJECTIVE + "timeSliceTarget", NOTE + "sources"):
            put(path, ...)(document)
        notes(composite=how, parts=parts)(document)

    return change


def level(**objective: object) -> Change:
    """A gauge against a bound, in place of up and known."""

    def change(document: Document) -> None:
        metric = {"metricSource": {"type": "Prometheus", "spec": {"query": "lag_seconds"}}}
        put("spec|indicator|spec", {"thresholdMetric": metric})(document)
        for name, value in objective.items():
            put(OBJECTIVE + name, value)(document)

    return change
