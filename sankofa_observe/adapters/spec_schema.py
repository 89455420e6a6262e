"""JSON Schema of our documents, for editors: the shapes of `spec_models`, with what each field means.

A schema says less than `specs check`, which also holds fields against each other. Where they differ the schema is the stricter one:
a key without a value is a slip, and so is a number in quotes.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from sankofa_observe.adapters.spec_faults import ANNOTATION
from sankofa_observe.adapters.spec_models import SliDocument, SloDocument, Strict
from sankofa_observe.adapters.spec_slo import SETTING_NAMES
from sankofa_observe.adapters.spec_words import DOCUMENTS, FIELDS, SETTINGS
from sankofa_observe.adapters.specs import KINDS

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Exactly one of each.
_EITHER = {"Objective": ("target", "targetPercent"), "IndicatorSpec": ("ratioMetric", "thresholdMetric")}


def kinds() -> dict[str, type[Strict]]:
    """The models of our documents by their kind."""
    return {kind: model for (_, kind), model in KINDS.items()}


def schema(kind: str | None) -> Schema:
    """The schema of a kind of document, or of a file with documents of any kind.

    Raises:
        KeyError: there is no such kind.
    """
    if kind is not None:
        return {"$schema": _DIALECT, **_of(kinds()[kind])}
    made: Schema = {name: _of(model) for name, model in kinds().items()}
    definitions = {one: body for each in made.values() for one, body in each.pop("$defs").items()}
    document = {
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"kind": {"enum": list(made), "description": "What the document is."}},
        "allOf": [
            {"if": {"properties": {"kind": {"const": name}}}, "then": {"$ref": f"#/$defs/{name}"}} for name in made
        ],
    }
    whole = {"anyOf": [{"$ref": "#/$defs/document"}, {"type": "array", "items": {"$ref": "#/$defs/document"}}]}
    return {"$schema": _DIALECT, **whole, "$defs": {**definitions, **made, "document": document}}


def _of(model: type[Strict]) -> Schema:
    made = model.model_json_schema(by_alias=True)
    models = {one.__name__: one for one in _models(model)}
    for name, body in [(model.__name__, made), *made["$defs"].items()]:
        _describe(models[name], body)
        if name in _EITHER:
            body["oneOf"] = [{"required": [one]} for one in _EITHER[name]]
    made["title"], made["description"] = model.__name__.removesuffix("Document"), DOCUMENTS[model.__name__]
    if model in {SloDocument, SliDocument}:
        ours: Schema = {"properties": {"annotations": _settings()}}
        if model is SloDocument:
            ours = {
                "required": ["annotations"],
                "properties": {"annotations": {**_settings(), "required": [f"{ANNOTATION}tier"]}},
            }
        made["properties"]["metadata"] = {"allOf": [made["properties"]["metadata"], ours]}
    return made


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and those that its fields are of."""
    found: set[type[BaseModel]] = {model}
    for field in model.model_fields.values():
        for one in _types(field.annotation):
            found |= _models(one)
    return found


def _types(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for inner in getattr(annotation, "__args__", ()) for one in _types(inner)]


def _describe(model: type[BaseModel], body: Schema) -> None:
    """Words for each field; no titles that only repeat its name, and no null for what may be left out."""
    body.pop("title", None)
    body.pop("description", None)  # of the class, which is for us
    words = FIELDS.get(model.__name__, {})
    for name, field in model.model_fields.items():
        alias = field.alias or name
        part = {key: one for key, one in body["properties"][alias].items() if key != "title"}
        given = [one for one in part.get("anyOf", ()) if one != {"type": "null"}]
        if {"type": "number"} in given:  # a number in quotes is read, and is a slip
            given = [{"type": "number"}]
            part |= {"default": json.loads(part["default"])} if isinstance(part.get("default"), str) else {}
        if given:
            del part["anyOf"]
            part |= given[0] if len(given) == 1 else {"anyOf": given}
        if part.get("default", ...) is None:
            del part["default"]
        body["properties"][alias] = {"description": words.get(name, ""), **part}


def _settings() -> Schema:
    """The annotations that are ours; a mistyped one is refused."""
    ours = "|".join(name for name in SETTING_NAMES)
    return {
        "properties": {
            f"{ANNOTATION}{name}": {"type": "string", "description": SETTINGS.get(name, "")} for name in SETTING_NAMES
        },
        "patternProperties": {f"^{ANNOTATION.replace('.', '[.]')}(?!(?:{ours})$)": False},
    }
