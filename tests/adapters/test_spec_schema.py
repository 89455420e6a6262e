"""The JSON Schema of specs, put to a validator that is not ours."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from sankofa_observe.adapters import spec_words
from sankofa_observe.adapters.spec_faults import ANNOTATION
from sankofa_observe.adapters.spec_schema import kinds, schema
from sankofa_observe.adapters.spec_slo import SETTING_NAMES
from tests.adapters.spec_documents import (
    AGREEMENT,
    FLEET,
    LATENCY,
    SLO,
    SPECS,
    Document,
    changed,
    committed,
    composite,
    level,
    notes,
    put,
    rolling,
)

GOOD: dict[str, Document] = {
    "states": SLO,
    "events": LATENCY,
    "levels": changed(SLO, level(op="lte", value=900.5)),
    "composite": changed(SLO, composite()),
    "rolling": changed(SLO, rolling("30d")),
    "reference": committed("slos/latency-chain-query"),
    "outage": committed("slos/rto-core"),
    "members": committed("slos/redundancy-core"),
    "indicator": {
        "apiVersion": "openslo/v1",
        "kind": "SLI",
        "metadata": {"name": "lag", "annotations": {f"{ANNOTATION}scrape": "5s"}},
        "spec": {"thresholdMetric": {"metricSource": {"type": "Prometheus", "spec": {"query": "lag_seconds"}}}},
    },
    "fleet": changed(FLEET, put("spec|sites|0|since", "2026-03-01T00:00:00Z"), put("spec|sites|0|zone", "east")),
    "agreement": AGREEMENT,
}


@cache
def validator(kind: str | None) -> Any:
    return jsonschema.Draft202012Validator(schema(kind))


def fits(document: Any, kind: str | None) -> bool:
    return bool(validator(kind).is_valid(document))


@pytest.mark.parametrize("kind", [None, *kinds()])
def test_schemas_are_schemas(kind: str | None) -> None:
    """By the meta-schema of the dialect that they name."""
    jsonschema.Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("file", sorted(SPECS.rglob("*.yaml")), ids=lambda file: file.stem)
def test_committed_documents_fit_their_schema(file: Any) -> None:
    """Each one that of its kind, and all of them that of a file."""
    documents = list(yaml.safe_load_all(file.read_text()))
    for document in documents:
        errors = [error.message for error in validator(document["kind"]).iter_errors(document)]
        assert (errors, fits(document, None)) == ([], True)
    assert fits(documents, None)


def leaves(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from leaves(one, *path, name)


def variants(document: Document) -> Iterator[Document]:
    """Each part of a document taken out, or replaced by what has another shape; and each map with an unknown key."""
    for path in leaves(document):
        if "targets" in path:
            continue  # the exporters' part, which they check
        changes: tuple[Any, ...] = (..., [], {}, ["x"], "?", -1, 1.5, 10**40)
        for change in changes:
            made = copy.deepcopy(document)
            place: Any = made
            for part in path[:-1]:
                place = place[part]
            if change is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = change
            yield made
        made = copy.deepcopy(document)
        place = made
        for part in path:
            place = place[part]
        if isinstance(place, dict):
            place["unknown"] = 1
            yield made


@pytest.mark.parametrize("case", GOOD)
def test_the_schema_allows_what_the_check_allows(case: str) -> None:
    """Of each document spoiled in each place: what has a shape for one has it for the other. Settings are looked at elsewhere."""
    document = GOOD[case]
    kind, apart = document["kind"], []
    for made in (document, *variants(document)):
        try:
            kinds()[kind].model_validate(made)
        except ValidationError:
            shaped = False
        else:
            shaped = True
        if shaped != fits(made, kind) and not _stricter(made):
            apart.append((shaped, made))
    assert apart == []


def _stricter(document: Document) -> bool:
    """What the check tells in a sentence of its own, and the schema refuses by shape."""
    annotations = document["metadata"].get("annotations", {})
    objectives = document["spec"].get("objectives", [{}])
    one_target = objectives and ("target" in objectives[0]) != ("targetPercent" in objectives[0])
    indicator = document["spec"].get("indicator", {}).get("spec", {"ratioMetric": 1})
    if document["kind"] == "SLI":
        indicator, one_target = document["spec"], True
        annotations = {f"{ANNOTATION}tier": "", **annotations}
    one_indicator = ("ratioMetric" in indicator) != ("thresholdMetric" in indicator)
    settings = {name for name in annotations if name.startswith(ANNOTATION)}
    known = settings <= {f"{ANNOTATION}{name}" for name in SETTING_NAMES}
    shaped = f"{ANNOTATION}tier" in annotations and known and one_target and one_indicator
    return document["kind"] in {"SLO", "SLI"} and not shaped


def test_a_mistyped_setting_does_not_fit() -> None:
    """Annotations of others do."""
    assert fits(changed(SLO, put("metadata|annotations|example.com/note", "x")), "SLO")
    assert not fits(changed(SLO, notes(teir="edge")), "SLO")
    assert not fits(changed(SLO, notes(tier=...)), "SLO")  # type: ignore[arg-type]


def test_each_kind_is_told_apart_in_a_file() -> None:
    """A fault of one kind is found in a file of any, also in a list; another kind is refused."""
    broken = changed(AGREEMENT, put("spec|fee|exponent", "two"))
    assert (fits(broken, None), fits([SLO, broken], None), fits([SLO, AGREEMENT], None)) == (False, False, True)
    assert not fits({**SLO, "kind": "Other"}, None)


def test_each_field_has_words_and_no_words_have_lost_their_field() -> None:
    """A field that is added is explained."""
    models: dict[str, set[str]] = {}

    def collect(model: Any) -> None:
        models[model.__name__] = set(model.model_fields)
        for field in model.model_fields.values():
            for one in _inner(field.annotation):
                collect(one)

    for model in kinds().values():
        collect(model)
    assert {name: set(words) for name, words in spec_words.FIELDS.items()} == models
    assert (set(spec_words.SETTINGS), set(spec_words.DOCUMENTS)) == (
        set(SETTING_NAMES),
        {one.__name__ for one in kinds().values()},
    )
    assert '"description": ""' not in json.dumps(schema(None))


def _inner(annotation: Any) -> Iterator[Any]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for one in getattr(annotation, "__args__", ()):
        yield from _inner(one)
