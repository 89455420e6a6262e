"""Read the catalogue: every violation of every entry in one run, and nothing is loaded where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sankofa_observe.adapters.integrations.models import IndicatorShape, Integration
from sankofa_observe.documents import read
from sankofa_observe.errors import InvalidInput, Violation


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The entries by name, and the folder that their files are named from."""

    folder: Path
    entries: Mapping[str, Integration]

    def entry(self, name: str) -> Integration:
        """Raises KeyError for what is no entry."""
        return self.entries[name]

    def foreign(self) -> list[str]:
        """The entries that are no exporters of ours: their targets are written for Prometheus, not asked for."""
        return [name for name, entry in self.entries.items() if not entry.spec.scrape.exporter]

    def indicators(self) -> Iterator[tuple[Integration, IndicatorShape]]:
        for entry in self.entries.values():
            for indicator in entry.spec.indicators:
                yield entry, indicator


def load_catalogue(folder: Path) -> Catalogue:
    """Read every `.yaml` file that lies in the folder; raises `InvalidInput` with all violations."""
    violations: list[Violation] = []
    found: dict[str, tuple[Path, Integration]] = {}
    files = sorted(folder.glob("*.yaml"))
    if not files:
        violations.append(
            _violation("integration.missing", folder, "", "no .yaml file", "give the folder of the catalogue")
        )
    for file in files:
        entry = _entry(file, violations)
        if entry is None:
            continue
        if entry.name != file.stem:
            problem = f"{entry.name!r}, and the file is called {file.name}"
            violations.append(_violation("integration.name", file, "/metadata/name", problem, "call both the same"))
        found[entry.name] = (file, entry)
    violations += _doubles(found)
    if violations:
        plural = "" if len(violations) == 1 else "s"
        raise InvalidInput(f"{len(violations)} violation{plural} in the catalogue; nothing was loaded", violations)
    return Catalogue(folder=folder, entries={name: entry for name, (_, entry) in found.items()})


def _entry(file: Path, violations: list[Violation]) -> Integration | None:
    try:
        return Integration.model_validate(read(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            path = "/" + "/".join(str(part) for part in one["loc"])
            seen = "" if one["type"] == "missing" else f", seen {str(one['input'])[:80]!r}"
            violations.append(_violation(f"integration.{one['type'].replace('_', '-')}", file, path, one["msg"] + seen))
    except (ValueError, OSError) as error:  # no YAML, no UTF-8, not to be read
        violations.append(_violation("integration.yaml", file, "", str(error)))
    return None


def _doubles(found: Mapping[str, tuple[Path, Integration]]) -> Iterator[Violation]:
    """Jobs and indicators are named once in the whole catalogue."""
    jobs: dict[str, Path] = {}
    names: dict[str, Path] = {}
    for file, entry in found.values():
        job = entry.spec.scrape.job
        if (first := jobs.setdefault(job, file)) is not file:
            yield _violation("integration.twice", file, "/spec/scrape/job", f"{job!r} is the job of {first.name}")
        for nth, indicator in enumerate(entry.spec.indicators):
            path = f"/spec/indicators/{nth}/name"
            if indicator.name in names:
                problem = f"{indicator.name!r} is an indicator of {names[indicator.name].name}"
                yield _violation("integration.twice", file, path, problem, "give it a name of its own")
            names.setdefault(indicator.name, file)


def _violation(code: str, file: Path, path: str, problem: str, hint: str = "") -> Violation:
    return Violation(code=code, where=f"{file}:{path}", problem=problem, hint=hint)
