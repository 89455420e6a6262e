"""Specs on disk become typed values, once, here; nothing downstream sees a dictionary.

Every violation of every document is found in one run, with file, document and path, so that one edit mends them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sankofa_observe.adapters import spec_slo, spec_values
from sankofa_observe.adapters.spec_models import AgreementDocument, FleetDocument, SloDocument, Strict
from sankofa_observe.errors import InvalidInput, Violation
from sankofa_observe.sla.catalog import Catalog

_KINDS: dict[tuple[str, str], type[Strict]] = {
    ("openslo/v1", "SLO"): SloDocument,
    ("sankofa.observe/v1", "Fleet"): FleetDocument,
    ("sankofa.observe/v1", "Agreement"): AgreementDocument,
}


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, where YAML silently keeps the last: which target was promised?"""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def load_catalog(paths: Iterable[Path]) -> Catalog:
    """Read every `.yaml` and `.yml` under the paths; raises `InvalidInput` with all violations of all documents."""
    faults: list[Violation] = []
    documents = [parsed for file in _files(paths, faults) for parsed in _documents(file, faults)]
    catalog = Catalog()
    for where, document in documents:
        if isinstance(document, FleetDocument):
            faults += spec_values.add_sites(where, document, catalog.sites)
        elif isinstance(document, SloDocument):
            faults += spec_slo.add_slo(where, document, catalog.slos)
    faults += spec_slo.link(catalog.slos, catalog.sites)
    for where, document in documents:
        if isinstance(document, AgreementDocument):
            faults += spec_values.add_agreement(where, document, catalog.slos, catalog.sites, catalog.agreements)
    if faults:
        raise InvalidInput(
            f"{len(faults)} violation{'' if len(faults) == 1 else 's'} in the specs; nothing was loaded", faults
        )
    return catalog


def _files(paths: Iterable[Path], faults: list[Violation]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"} and file.is_file())
        elif path.is_file():
            yield path
        else:
            faults.append(Violation(code="spec.missing", where=str(path), problem="no such file or folder"))


def _documents(file: Path, faults: list[Violation]) -> Iterator[tuple[str, Strict]]:
    try:
        documents = list(yaml.load_all(file.read_text(encoding="utf-8"), Loader=_Loader))
    except (yaml.YAMLError, ValueError, OSError) as error:  # ValueError: no UTF-8, or no such date
        faults.append(Violation(code="spec.yaml", where=str(file), problem=_unreadable(error)))
        return
    for number, document in enumerate(documents, 1):
        if document is None:
            continue
        where = f"{file}#{number}"
        model = _model(document)
        if model is None:
            faults.append(_unknown_kind(where, document))
            continue
        try:
            yield where, model.model_validate(document)
        except ValidationError as error:
            faults.extend(_violation(where, one) for one in error.errors(include_url=False))


def _unreadable(error: yaml.YAMLError | ValueError | OSError) -> str:
    """What is wrong and where, without the line itself: it may hold a salt."""
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or type(error).__name__
    return f"{said}, line {mark.line + 1}, column {mark.column + 1}" if mark else said


def _model(document: Any) -> type[Strict] | None:
    if not isinstance(document, dict):
        return None
    return _KINDS.get((str(document.get("apiVersion")), str(document.get("kind"))))


def _unknown_kind(where: str, document: Any) -> Violation:
    seen = (
        f"apiVersion {document.get('apiVersion')!r}, kind {document.get('kind')!r}"
        if isinstance(document, dict)
        else f"a {type(document).__name__}"
    )
    expected = ", ".join(f"{version} {kind}" for version, kind in _KINDS)
    return Violation(code="spec.kind", where=f"{where}:/", problem=f"{seen}; expected one of: {expected}")


def _violation(where: str, error: Any) -> Violation:
    path = "/" + "/".join(str(part) for part in error["loc"])
    untold = (
        error["type"] in {"missing", "extra_forbidden"} or error["loc"][-1] == "salt"
    )  # a salt is kept off every log
    seen = "" if untold else f", seen {str(error['input'])[:80]!r}"
    hint = spec_slo.DURATION_HINT if "[smhdwMQY]" in error["msg"] else ""
    return Violation(
        code=f"spec.{error['type'].replace('_', '-')}", where=f"{where}:{path}", problem=error["msg"] + seen, hint=hint
    )
