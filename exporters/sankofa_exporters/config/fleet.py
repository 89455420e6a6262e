"""Targets out of the fleet file, and what Prometheus learns of them (service discovery by HTTP and by file).

The fleet file is the platform's list of sites; a site's `targets` are the exporters' part of it: for each system, named
targets as they would stand in an exporter's own configuration. Site, tier and region become labels of a target.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from sankofa_exporters.config.document import BrokenConfigError, Violation, attempt, checked, read_yaml, together
from sankofa_exporters.config.place import SYSTEM_LABEL, PlaceName, Tier
from sankofa_exporters.config.settings import (
    Document,
    Name,
    Strict,
    Target,
    conflicts,
    dangling_module,
    load,
)
from sankofa_exporters.registry import SYSTEM_NAMES, System


def _ours(targets: Any) -> Any:
    """Without the systems that others read; what nearly is one of ours stays, and is refused: it is a slip of the pen."""
    if not isinstance(targets, dict):
        return targets
    return {
        name: named
        for name, named in targets.items()
        if name in SYSTEM_NAMES or difflib.get_close_matches(str(name), SYSTEM_NAMES, n=1)
    }


class Site(Strict):
    """One place, and what is probed there: system, target's name, target. What else stands of a place is the platform's affair."""

    model_config = ConfigDict(extra="ignore")

    name: PlaceName
    tier: Tier
    region: PlaceName
    targets: Annotated[dict[Literal[SYSTEM_NAMES], dict[Name, dict[str, Any]]], BeforeValidator(_ours)] = Field(  # type: ignore[valid-type]
        default_factory=dict
    )


class FleetSpec(Strict):
    sites: list[Site]


class Fleet(Strict):
    """The document; metadata is the platform's affair."""

    api_version: Annotated[Literal["sankofa.observe/v1"], Field(alias="apiVersion")]
    kind: Literal["Fleet"]
    metadata: dict[str, Any] = Field(default_factory=dict)
    spec: FleetSpec


def load_with_fleet(config: Path, fleet: Path, system: System) -> Document[Any, Any]:
    """The configuration with the fleet's targets added to its own; raises `BrokenConfigError` for both files at once."""
    document, first = attempt(lambda: load(config, system.module_type, system.target_type, targets_elsewhere=True))
    targets, second = attempt(lambda: _targets(fleet, system, document))
    if document is None or targets is None:
        raise together([*first, *second])
    return document.model_copy(update={"targets": {**document.targets, **targets}})


def _targets(file: Path, system: System, document: Document[Any, Any] | None) -> dict[str, Target]:
    found, violations = checked(read_yaml(file), Fleet)
    targets: dict[str, Target] = dict(document.targets) if document else {}
    sites = found.spec.sites if found else []
    violations += _named_twice(sites)
    for index, site in enumerate(sites):
        for name, raw in site.targets.get(system.name, {}).items():
            where = f"spec.sites[{index}].targets.{system.name}.{name}"
            target, wrong = _target(raw, site, where, system)
            violations += wrong
            if document is not None:
                violations += dangling_module(where, raw, document.modules)
            if name in targets:
                violations.append(
                    Violation(where=where, seen="a second target of this name", expected="a name of its own")
                )
            elif target is not None:
                targets[name] = target
                if document is not None:
                    violations += conflicts(where, name, target, document.modules)
    if violations:
        raise BrokenConfigError(file=file, violations=violations)
    return targets


def _named_twice(sites: Sequence[Site]) -> Iterator[Violation]:
    names: set[str] = set()
    for index, site in enumerate(sites):
        if site.name in names:
            seen = f"a second site {site.name!r}"
            yield Violation(where=f"spec.sites[{index}].name", seen=seen, expected="a name of its own")
        names.add(site.name)


def _target(raw: Mapping[str, Any], site: Site, where: str, system: System) -> tuple[Target | None, list[Violation]]:
    target, violations = checked(raw, system.target_type, where)
    if target is None:
        return None, violations
    place = {"site": site.name, "tier": site.tier, "region": site.region}
    return target.model_copy(update={"labels": {**target.labels, **place}}), violations


def discovered(document: Document[Any, Any], system: System) -> list[dict[str, Any]]:
    """The targets of `/probe` as Prometheus' service discovery wants them."""
    return [
        {"targets": [name], "labels": target.labels | {SYSTEM_LABEL: system.name}}
        for name, target in sorted(document.targets.items())
    ]


def discovered_upstream(document: Document[Any, Any], system: System) -> list[dict[str, Any]]:
    """The systems' own metrics endpoints beside them, with the same labels."""
    return [
        {"targets": list(target.upstream), "labels": target.labels | {SYSTEM_LABEL: system.name}}
        for _, target in sorted(document.targets.items())
        if target.upstream
    ]


def write_discovery(document: Document[Any, Any], system: System, folder: Path) -> Iterator[Path]:
    """Target files for `file_sd_configs`: SYSTEM.json and upstream-SYSTEM.json, each replaced in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, groups in (
        (system.name, discovered(document, system)),
        (f"upstream-{system.name}", discovered_upstream(document, system)),
    ):
        path = folder / f"{name}.json"
        beside = folder / f".{name}.json.new"
        beside.write_text(json.dumps(groups, indent=2) + "\n", encoding="utf-8")
        beside.replace(path)
        yield path
