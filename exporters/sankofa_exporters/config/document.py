"""A YAML file becomes a checked model, or one list of everything that is wrong with it.

A violation names the path, the value seen, what is expected and a hint; values that could be secrets are not echoed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

SEEN_CHARS = 240
B = TypeVar("B", bound=BaseModel)
V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One thing that is wrong with a configuration."""

    where: str
    seen: str
    expected: str
    hint: str = ""

    def line(self, file: Path) -> str:
        hint = f"; hint: {self.hint}" if self.hint else ""
        return f"{file}: {self.where}: saw {self.seen}; expected {self.expected}{hint}"


@dataclass
class BrokenConfigError(Exception):
    """Every violation of one file, or of several."""

    file: Path
    violations: list[Violation] = field(default_factory=list)
    others: tuple[BrokenConfigError, ...] = ()

    def __str__(self) -> str:
        own = [violation.line(self.file) for violation in self.violations]
        return "\n".join([*own, *map(str, self.others)])


def attempt(read: Callable[[], V]) -> tuple[V | None, list[BrokenConfigError]]:
    """What was read, or None with what is wrong with it: one broken file hides nothing of another."""
    try:
        return read(), []
    except BrokenConfigError as error:
        return None, [error]


def together(broken: Sequence[BrokenConfigError]) -> BrokenConfigError:
    """One error of several files, of one at least."""
    first, *others = broken
    return BrokenConfigError(file=first.file, violations=first.violations, others=(*first.others, *others))


def read_yaml(file: Path) -> dict[str, Any]:
    """The file's mapping; raises `BrokenConfigError` when it is not one."""
    raw = _parse(file)
    if isinstance(raw, Violation):
        raise BrokenConfigError(file=file, violations=[raw])
    return raw


def checked(raw: Any, model: type[B], under: str = "") -> tuple[B | None, list[Violation]]:
    """The model, or None with every violation; `under` is where `raw` stands in its file."""
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        known = frozenset(_keys(model))
        return None, [_violation(detail, known, under) for detail in error.errors(include_url=False)]


class _OnceLoader(yaml.SafeLoader):
    """YAML in which a key appears once: a doubled target would silently lose its first entry."""


def _mapping_once(loader: _OnceLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    loader.flatten_mapping(node)
    found: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not text", key_node.start_mark)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} appears twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_OnceLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_once)


def _parse(file: Path) -> dict[str, Any] | Violation:
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Loader=_OnceLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        return Violation(where="(file)", seen=reason, expected="a readable YAML file")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "(file)"
        return Violation(where=where, seen=str(getattr(error, "problem", error)), expected="valid YAML")
    except (ValueError, OverflowError):  # a date or a number that is none: YAML makes them of plain words
        return Violation(where="(file)", seen="a date or number that is none", expected="valid YAML", hint="quote it")
    except RecursionError:
        return Violation(where="(file)", seen="lists or mappings in one another, thousands deep", expected="valid YAML")
    if not isinstance(raw, dict):
        seen = "nothing" if raw is None else type(raw).__name__
        return Violation(where="(file)", seen=seen, expected="a mapping of keys")
    return raw


def _violation(detail: ErrorDetails, known: frozenset[str], under: str) -> Violation:
    path = [_shown(part) for part in detail["loc"] if part != "[key]"]
    inside = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    where = f"{under}{inside}".lstrip(".") or "(file)"
    match detail["type"]:
        case "extra_forbidden":
            # The value under a mistyped key may be the secret itself: never echo it.
            return Violation(where=where, seen="an unknown key", expected="a known key", hint=_hint(path, known))
        case "missing":
            return Violation(where=where, seen="nothing", expected="this key", hint="it has no default")
        case "endpoint_secret":
            return Violation(where=where, seen="a URL with more than an address", expected=detail["msg"])
        case "secret":
            return Violation(where=where, seen="a value that is not shown", expected=detail["msg"])
    seen = (
        "a value that is not shown" if _may_be_secret(path, detail["input"], detail["type"]) else _seen(detail["input"])
    )
    return Violation(where=where, seen=seen, expected=detail["msg"])


def _shown(part: int | str) -> int | str:
    """A key as it is shown: an address, or a text with spaces, that stands where a name belongs may hold a secret."""
    return "***" if isinstance(part, str) and ("//" in part or " " in part) else part


def _may_be_secret(path: list[int | str], value: Any, expects: str = "") -> bool:
    """A password or token that stands where a hash, a file or an address belongs, or a text where a mapping does."""
    if isinstance(value, Mapping | list):
        return False
    if {"basic_auth_users", "header", "witnesses"} & set(path) or expects in {
        "model_type",
        "dict_type",
        "dict_attributes_type",
    }:
        return True
    names_a_file = any(isinstance(part, str) and part.endswith("_file") for part in path)
    return "@" in str(value) or (names_a_file and not str(value).startswith(("/", "./", "../")))


def _seen(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return f"a {'mapping' if isinstance(value, Mapping) else 'list'} of {len(value)}"
    text = repr(str(value) if isinstance(value, Path) else value)
    return text if len(text) <= SEEN_CHARS else text[:SEEN_CHARS] + "…"


def _keys(model: type[BaseModel]) -> Iterator[str]:
    """Every key that a settings model and the models inside it know."""
    for name, field_info in model.model_fields.items():
        yield name
        for inner in _models_in(field_info.annotation):
            yield from _keys(inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _hint(path: list[int | str], known: frozenset[str]) -> str:
    close = difflib.get_close_matches(str(path[-1]) if path else "", known, n=1)
    return f"did you mean {close[0]}?" if close else "remove it; secrets belong into files that a module names"
