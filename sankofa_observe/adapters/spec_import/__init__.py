"""Documents of sloth, pyrra and OpenSLO, rewritten as the SLO documents that `specs check` accepts: all of them, or none.

Every field is honoured or refused with file, line, path and what to write instead. What only the other tool has a use for is left
out where its kind is named on purpose (`Wanted.without`), and is listed. What was made is checked by the same code as any spec,
and what that refuses is said of the source it came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from sankofa_observe.adapters import spec_shapes, spec_slo
from sankofa_observe.adapters.spec_faults import Draft, Fault, Place
from sankofa_observe.adapters.spec_import import openslo, pyrra, sloth
from sankofa_observe.adapters.spec_import.made import LEAVABLE, Importing, Made, Wanted
from sankofa_observe.adapters.spec_models import SloDocument
from sankofa_observe.adapters.specs import places_of, spec_files
from sankofa_observe.errors import InvalidInput, Violation

__all__ = ["LEAVABLE", "Imported", "Wanted", "import_specs", "write"]

_OLDER = (
    "in openslo/v1 timeWindows is timeWindow, with duration and isRolling in place of count and unit; ratioMetrics of an objective "
    "is spec.indicator.spec.ratioMetric; and source, queryType and query are metricSource with type and spec.query"
)
_NEWER = "write it as openslo/v1: kinds and fields are those of its README"
_OPERATOR = "the spec of a PrometheusServiceLevel is a file of its own: version: prometheus/v1, and names like error_query in place of errorQuery"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The text of each document by its name, what was left out on purpose, and what to know of the rest."""

    documents: Mapping[str, str]
    left_out: Sequence[Violation]
    notes: Sequence[Violation]


def import_specs(paths: Iterable[Path], wanted: Wanted) -> Imported:
    """What the files of others promise, as documents of ours.

    Raises:
        InvalidInput: with all violations of all documents; then nothing is made.
    """
    run, draft = Importing(wanted=wanted), Draft()
    places = [place for file in spec_files(paths, draft) for place in places_of(file, draft)]
    run.violations += [one for each in draft.violations.values() for one in each]
    _read(run, places)
    texts = {}
    checked = Draft()
    for made in run.made:
        texts[made.document["metadata"]["name"]] = _text(made)
        _check(made, checked)
    run.violations += [one for each in checked.violations.values() for one in each]
    if violations := list(dict.fromkeys(run.violations)):  # of several documents from one part the same may be said
        plural = "" if len(violations) == 1 else "s"
        raise InvalidInput(f"{len(violations)} violation{plural}; nothing was imported", violations)
    return Imported(documents=texts, left_out=run.left_out, notes=[*run.notes, *checked.catalog.warnings])


def _read(run: Importing, places: Iterable[Place]) -> None:
    of_openslo = []
    for place in places:
        assert place.document is not None  # noqa: S101  it was read
        try:
            document = _given(place.document.value)
        except RecursionError:
            run.refuse(place, Fault("", "spec.yaml", "a part of the document holds itself, by an alias"))
            continue
        version, kind = _format(document)
        if version == sloth.FORMAT:
            sloth.add(run, place, document)
        elif (version, kind) == (pyrra.FORMAT, "ServiceLevelObjective"):
            pyrra.add(run, place, document)
        elif version == openslo.FORMAT and kind in openslo.KINDS:
            of_openslo.append((place, document))
        else:
            run.refuse(place, _unknown(document, version, kind))
    openslo.add(run, of_openslo)


def _given(value: Any) -> Any:
    """Without members that are null: a key without a value is one that is not there."""
    if isinstance(value, dict):
        return {name: _given(one) for name, one in value.items() if one is not None}
    return [_given(one) for one in value] if isinstance(value, list) else value


def _format(document: Any) -> tuple[str, str]:
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("apiVersion", document.get("version", ""))), str(document.get("kind", ""))


def _unknown(document: Any, version: str, kind: str) -> Fault:
    expected = (
        f"expected sloth's version {sloth.FORMAT}, pyrra's {pyrra.FORMAT} ServiceLevelObjective, or {openslo.FORMAT}"
    )
    if not isinstance(document, dict):
        return Fault("", "import.format", f"a {type(document).__name__}; {expected}")
    hint = ""
    if version.startswith("sloth."):
        hint = _OPERATOR
    elif version == "openslo/v1alpha":
        hint = _OLDER
    elif version.startswith(("openslo/", "openslo.com/")):
        hint = _NEWER
    seen = f"{version!r}, kind {kind!r}" if kind else f"{version!r}"
    return Fault("", "import.format", f"{seen[:200]}; {expected}", hint)


def _check(made: Made, draft: Draft) -> None:
    """As `specs check` does."""
    model, faults = spec_shapes.read(made.document, SloDocument)
    draft.tell(made.place, faults)
    if isinstance(model, SloDocument):
        place = replace(made.place, broken=(*made.place.broken, *(fault.path for fault in faults)))
        spec_slo.add_slo(place, model, draft)


class _Dumper(yaml.SafeDumper):
    """Numbers as their author wrote them."""


def _represent(dumper: Any, value: Decimal) -> Any:
    text = f"{value:f}"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _represent)


def _text(made: Made) -> str:
    body: str = yaml.dump(made.document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    source = f"{Path(made.place.file).name}{f', {made.path}' if made.path else ''}"
    return f"# Imported from {made.format}: {source}\n{body}"


def write(imported: Imported, folder: Path) -> list[Path]:
    """One file a document; none is written where another document has its name, or its file.

    Raises:
        InvalidInput: with each document that is in the way.
    """
    files = {folder / f"{name}.yaml": text for name, text in imported.documents.items()}
    taken = [
        Violation(
            code="import.exists",
            where=str(file),
            problem="there is another file of this name",
            hint="remove it, or take another --out",
        )
        for file, text in files.items()
        if file.exists() and not (file.is_file() and file.read_text(encoding="utf-8") == text)
    ]
    taken += _named_elsewhere(files, folder)
    if taken:
        problem = f"{len(taken)} document{'' if len(taken) == 1 else 's'} in the way; nothing was written"
        raise InvalidInput(problem, taken)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        unfinished = file.with_suffix(".yaml.unfinished")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    return sorted(files)


def _named_elsewhere(files: Mapping[Path, str], folder: Path) -> Iterator[Violation]:
    """SLOs of the folder that have the name of one that is to be written, in another file."""
    names = {file.stem for file in files}
    there = [file for file in spec_files([folder], Draft()) if file not in files] if folder.is_dir() else []
    for place in (place for file in there for place in places_of(file, Draft())):
        assert place.document is not None  # noqa: S101  it was read
        document = place.document.value
        metadata = document.get("metadata") if isinstance(document, dict) and document.get("kind") == "SLO" else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str) and name in names:
            hint = "remove it, or take another --out"
            yield place.violation(Fault("/metadata/name", "import.exists", f"SLO {name} is defined here", hint))
