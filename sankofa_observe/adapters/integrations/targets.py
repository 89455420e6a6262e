"""Targets for Prometheus out of the fleet file: of each entry that is no exporter of ours, with site, tier and region as labels.

The target's name becomes `instance`, by which an SLO knows its sources. What two targets share is refused: they would be one
source, judged twice, or two that nobody can tell apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from sankofa_observe.adapters.integrations.catalogue import Catalogue
from sankofa_observe.adapters.integrations.models import Integration, TargetShape
from sankofa_observe.adapters.spec_models import FleetDocument, SiteSpec, Strict
from sankofa_observe.documents import read_all
from sankofa_observe.errors import InvalidInput, Violation

_HOST_PORT = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")


class Target(Strict):
    """What stands under a target's name in the fleet file."""

    address: Annotated[str, Field(min_length=1)]
    labels: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Named:
    """A target in its place."""

    where: str
    entry: Integration
    site: SiteSpec
    name: str
    target: Target

    def group(self) -> dict[str, Any]:
        """As Prometheus' service discovery by file has it."""
        place = {"site": self.site.name, "tier": self.site.tier, "region": self.site.region}
        labels = {"instance": self.name, **place, "system": self.entry.name}
        return {"targets": [self.target.address], "labels": {**self.target.labels, **labels}}

    @property
    def identity(self) -> tuple[str, str, frozenset[tuple[str, str]]]:
        return self.entry.name, self.target.address, frozenset(self.target.labels.items())


def target_groups(catalogue: Catalogue, fleet: Path) -> dict[str, list[dict[str, Any]]]:
    """The groups of each entry, by its name; raises `InvalidInput` with every violation of the fleet file's targets."""
    violations: list[Violation] = []
    sites = list(_sites(fleet))
    violations += _sites_twice(sites)
    found = [named for where, site in sites for named in _targets(f"{where}/targets", site, catalogue, violations)]
    violations += _twins(found)
    if violations:
        plural = "" if len(violations) == 1 else "s"
        raise InvalidInput(f"{len(violations)} violation{plural} in the targets; nothing was written", violations)
    return {name: [one.group() for one in found if one.entry.name == name] for name in catalogue.foreign()}


def write_groups(groups: Mapping[str, list[dict[str, Any]]], folder: Path) -> None:
    """NAME.json for each entry, each replaced in one step; raises `InvalidInput` where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, found in groups.items():
            beside = folder / f".{name}.json.new"
            beside.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
            beside.replace(folder / f"{name}.json")
    except OSError as error:
        raise InvalidInput(f"{folder}: {error.strerror or error}; expected a folder that can be written") from None


def _sites(file: Path) -> Iterator[tuple[str, SiteSpec]]:
    try:
        documents = read_all(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror or error}; expected the fleet file") from None
    except ValueError as error:
        raise InvalidInput(f"{file}: {error}") from None
    fleets = [one for one in documents if isinstance(one, dict) and one.get("kind") == "Fleet"]
    if not fleets:
        raise InvalidInput(f"{file}: no document of kind Fleet")
    for fleet in fleets:
        try:
            document = FleetDocument.model_validate(fleet)
        except ValidationError:
            raise InvalidInput(f"{file}: the fleet is not right; ask: sankofa-observe specs check {file}") from None
        for nth, site in enumerate(document.spec.sites):
            yield f"{file}:/spec/sites/{nth}", site


def _sites_twice(sites: Sequence[tuple[str, SiteSpec]]) -> Iterator[Violation]:
    names: dict[str, str] = {}
    for where, site in sites:
        if (first := names.setdefault(site.name, where)) != where:
            yield _violation("fleet.twice", f"{where}/name", f"a second site {site.name!r}, first at {first}")


def _targets(where: str, site: SiteSpec, catalogue: Catalogue, violations: list[Violation]) -> Iterator[Named]:
    for system, named in site.targets.items():
        path = f"{where}/{system}"
        entry = catalogue.entries.get(system)
        if entry is None:
            hint = f"entries: {', '.join(catalogue.entries)}"
            violations.append(_violation("target.integration", path, f"no integration {system!r}", hint))
            continue
        shape = entry.spec.target
        if shape is None:  # an exporter of ours checks its own
            continue
        for name, raw in named.items():
            target = _target(f"{path}/{name}", raw, shape, violations)
            if target is not None:
                yield Named(where=f"{path}/{name}", entry=entry, site=site, name=name, target=target)


def _target(where: str, raw: Any, shape: TargetShape, violations: list[Violation]) -> Target | None:
    try:
        target = Target.model_validate(raw)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            path = "/".join([where, *(str(part) for part in one["loc"])])
            violations.append(_violation("target.shape", path, one["msg"], f"address: {shape.address}"))
        return None
    before = len(violations)
    if problem := _address_problem(target.address, shape):
        violations.append(_violation("target.address", f"{where}/address", problem, f"expected {shape.address}"))
    if set(target.labels) != set(shape.labels):
        problem = f"labels {sorted(target.labels)}; expected {sorted(shape.labels)}"
        violations.append(_violation("target.labels", f"{where}/labels", problem))
    return target if len(violations) == before else None


def _address_problem(address: str, shape: TargetShape) -> str:
    """What is wrong with an address. One that may hold a secret is not shown: it is a label of every series, and in every log."""
    if not shape.url:
        return "" if _HOST_PORT.fullmatch(address) else "it is no HOST:PORT"
    try:
        parts = urlsplit(address)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        known = False
    if not known:
        return "it is no http or https address"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "it holds a user, a query or a fragment: a secret in an address is in every log"
    return ""


def _twins(found: list[Named]) -> Iterator[Violation]:
    """Targets of one name, and targets that are one."""
    names: dict[tuple[str, str], Named] = {}
    identities: dict[tuple[str, str, frozenset[tuple[str, str]]], Named] = {}
    for one in found:
        first = names.setdefault((one.entry.name, one.name), one)
        same = identities.setdefault(one.identity, one)
        if first is not one:
            yield _violation("target.twice", one.where, f"a second target {one.name!r}, first at {first.where}")
        elif same is not one:
            yield _violation("target.twice", one.where, f"it is the same as {same.name!r} at {same.where}")


def _violation(code: str, where: str, problem: str, hint: str = "") -> Violation:
    return Violation(code=code, where=where, problem=problem, hint=hint)
