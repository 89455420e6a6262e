"""Specs on disk become typed values, once, here; nothing downstream sees a dictionary.

Every violation of every document is found in one run, with file, document and path, so that one edit mends them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sankofa_observe.adapters import spec_agreement, spec_fleet, spec_shapes, spec_slo, spec_versions
from sankofa_observe.adapters.spec_faults import Draft, Fault, Place
from sankofa_observe.adapters.spec_models import AgreementDocument, FleetDocument, SliDocument, SloDocument, Strict
from sankofa_observe.documents import BrokenYaml, read_marked
from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.catalog import Catalog

KINDS: dict[tuple[str, str], type[Strict]] = {
    ("openslo/v1", "SLO"): SloDocument,
    ("openslo/v1", "SLI"): SliDocument,
    ("sankofa.observe/v1", "Fleet"): FleetDocument,
    ("sankofa.observe/v1", "Agreement"): AgreementDocument,
}
_IMPORT = "sankofa-observe specs import FILE rewrites it, or says what stands in the way"


def load_catalog(paths: Iterable[Path], *, unsettled: bool = False) -> Catalog:
    """Read every `.yaml` and `.yml` under the paths; raises `InvalidInput` with all violations of all documents.

    With `unsettled` agreements are read that the contract cannot settle yet: to be explained, never to be judged or priced by.
    """
    return load_with_places(paths, unsettled=unsettled)[0]


def load_with_places(
    paths: Iterable[Path], *, unsettled: bool = False, now: int | None = None
) -> tuple[Catalog, dict[str, Place]]:
    """The same, and where each version of an SLO stands; of an agreement that has begun `now` that is a warning."""
    draft = Draft(unsettled=unsettled, now=now)
    documents = [read for file in spec_files(paths, draft) for read in _documents(file, draft)]
    for place, document in documents:
        if isinstance(document, SliDocument):
            spec_slo.add_sli(place, document, draft)
    for place, document in documents:
        if isinstance(document, FleetDocument):
            spec_fleet.add_sites(place, document, draft)
        elif isinstance(document, SloDocument):
            spec_slo.add_slo(place, document, draft)
    spec_versions.order_slos(draft)
    spec_fleet.link(draft)
    for place, document in documents:
        if isinstance(document, AgreementDocument):
            spec_agreement.add_agreement(place, document, draft)
    spec_versions.order_agreements(draft)
    violations = [one for each in draft.violations.values() for one in each]
    if violations:
        plural = "" if len(violations) == 1 else "s"
        raise InvalidInput(f"{len(violations)} violation{plural} in the specs; nothing was loaded", violations)
    return draft.catalog, {key: draft.slo_place(slo) for key, slo in draft.catalog.slos.items()}


def spec_files(paths: Iterable[Path], draft: Draft) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"} and file.is_file())
            if not found:  # a mistyped folder: nothing would be observed, and nothing would seem wrong
                fault = Fault("", "spec.missing", "a folder without a .yaml or .yml file")
                _unread(draft, Place(where=str(path)), fault)
            yield from found
        elif path.is_file():
            yield path
        else:
            _unread(draft, Place(where=str(path)), Fault("", "spec.missing", "no such file or folder"))


def _documents(file: Path, draft: Draft) -> Iterator[tuple[Place, Strict]]:
    for place in places_of(file, draft):
        assert place.document is not None  # noqa: S101  it was read
        document = place.document.value
        draft.violations.setdefault(place.where, [])
        model = _model(document)
        if model is None:
            _unread(draft, place, _unknown_kind(document, "" if ":/" in place.where[len(place.file) :] else "/"))
            continue
        read, faults = spec_shapes.read(document, model)
        draft.tell(place, faults)
        if read is None:
            draft.unread = True
        else:
            yield replace(place, broken=tuple(fault.path for fault in faults)), read


def places_of(file: Path, draft: Draft) -> Iterator[Place]:
    """The documents of a file; a list holds documents as well, as OpenSLO has it."""
    try:
        documents = read_marked(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:  # no YAML, or no UTF-8
        broken = isinstance(error, BrokenYaml)
        place = Place(where=str(file), file=str(file), line=error.line if isinstance(error, BrokenYaml) else 0)
        _unread(draft, place, Fault("", "spec.yaml", str(error) if broken else type(error).__name__))
        return
    if all(one.value is None for one in documents):
        draft.warn(Place(where=str(file)), [Fault("", "spec.empty", "no document in it")])
    for number, document in enumerate(documents, 1):
        listed = isinstance(document.value, list)
        for index, one in enumerate(document.items() if listed else [document]):
            if one.value is not None:
                where = f"{file}#{number}:{f'/{index}' if listed else ''}"
                yield Place(where=where, file=str(file), document=one)


def _unread(draft: Draft, place: Place, fault: Fault) -> None:
    draft.unread = True
    draft.tell(place, [fault])


def _model(document: Any) -> type[Strict] | None:
    if not isinstance(document, dict):
        return None
    return KINDS.get((str(document.get("apiVersion")), str(document.get("kind"))))


def _unknown_kind(document: Any, path: str) -> Fault:
    expected = ", ".join(f"{version} {kind}" for version, kind in KINDS)
    if not isinstance(document, dict):
        return Fault(path, "spec.kind", f"a {type(document).__name__}; expected one of: {expected}")
    version, kind = str(document.get("apiVersion")), str(document.get("kind"))
    seen = f"apiVersion {version!r}, kind {kind!r}"
    if "apiVersion" not in document and "version" in document:
        seen = f"version {str(document['version'])!r}"
    return Fault(path, "spec.kind", f"{seen[:200]}; expected one of: {expected}", _instead(document, version))


def _instead(document: dict[Any, Any], version: str) -> str:
    """What to write instead of the documents of others."""
    if document.get("version") == "prometheus/v1" or version.startswith(("sloth.", "pyrra.", "openslo")):
        return _IMPORT
    return ""
