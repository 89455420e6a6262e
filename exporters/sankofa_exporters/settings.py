"""A configuration file becomes typed settings, or one list of everything that is wrong with it.

Assumes YAML with `modules`, `targets` and optional `limits`. Secrets are never in it: modules name files. A violation
tells the path, the value seen, what is expected and a hint; values that could be secrets are not echoed.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, get_args

import httpx
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from .bounds import Bounds
from .fetch import tls_context

TARGET_NAME = r"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"
SEEN_CHARS = 240


class Strict(BaseModel):
    """Base of every settings model: unknown keys are violations, values do not change after start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Module(Strict):
    """How a group of targets is asked (credentials by file, CA, bounds); each system adds its own fields."""


class Target(Strict):
    """One entry of the allow-list; each system adds where it lives."""

    module: str


M = TypeVar("M", bound=Module)
T = TypeVar("T", bound=Target)
Name = Annotated[str, StringConstraints(pattern=TARGET_NAME)]


class Document(Strict, Generic[M, T]):
    """A whole configuration file."""

    modules: dict[Name, M]
    targets: dict[Name, T]
    limits: Bounds = Bounds()


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise PydanticCustomError("file", "an existing file; create it, or correct the path")
    if not os.access(path, os.R_OK):
        raise PydanticCustomError("file", "a file this user may read; check owner and mode (600, owned by the service)")
    return path


def _endpoint(text: Any) -> str:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise PydanticCustomError("endpoint", "an http or https URL such as https://10.0.0.11:8006") from None
    if url.userinfo or url.query or url.fragment:
        raise PydanticCustomError("endpoint_secret", "a URL without user, query and fragment; credentials go to a file")
    if url.scheme not in {"http", "https"} or not url.host:
        raise PydanticCustomError("endpoint", "an http or https URL such as https://10.0.0.11:8006")
    return str(url).rstrip("/")


def _trusted(path: Path) -> Path:
    try:
        tls_context(path)
    except (OSError, ValueError):
        raise PydanticCustomError("ca", "a PEM file with the certificate of a CA") from None
    return path


ReadableFile = Annotated[Path, AfterValidator(_readable)]
CaFile = Annotated[ReadableFile, AfterValidator(_trusted)]
Endpoint = Annotated[str, BeforeValidator(_endpoint)]


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
    """Every violation of one file."""

    file: Path
    violations: list[Violation] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(violation.line(self.file) for violation in self.violations)


def load(file: Path, module_type: type[M], target_type: type[T]) -> Document[M, T]:
    """Read, parse and check `file`; raise `BrokenConfigError` with all violations."""
    raw, violations = _parse(file)
    document: Document[M, T] | None = None
    if not violations:
        try:
            document = Document[module_type, target_type].model_validate(raw)  # type: ignore[valid-type]
        except ValidationError as error:
            known = frozenset(_keys(Document[module_type, target_type]))  # type: ignore[valid-type]
            violations += [_violation(detail, known) for detail in error.errors(include_url=False)]
        violations += _dangling(raw)
    if violations or document is None:
        raise BrokenConfigError(file=file, violations=violations)
    return document


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


def _parse(file: Path) -> tuple[Any, list[Violation]]:
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Loader=_OnceLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        return None, [Violation(where="(file)", seen=reason, expected="a readable YAML file")]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "(file)"
        return None, [Violation(where=where, seen=str(getattr(error, "problem", error)), expected="valid YAML")]
    if not isinstance(raw, dict):
        seen = "nothing" if raw is None else type(raw).__name__
        return None, [Violation(where="(file)", seen=seen, expected="a mapping with modules and targets")]
    return raw, []


def _violation(detail: ErrorDetails, known: frozenset[str]) -> Violation:
    path = [part for part in detail["loc"] if part != "[key]"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    match detail["type"]:
        case "extra_forbidden":
            # The value under a mistyped key may be the secret itself: never echo it.
            return Violation(where=where, seen="an unknown key", expected="a known key", hint=_hint(path, known))
        case "missing":
            return Violation(where=where, seen="nothing", expected="this key", hint="it has no default")
        case "endpoint_secret":
            return Violation(where=where, seen="a URL with more than an address", expected=detail["msg"])
    return Violation(where=where, seen=_seen(detail["input"]), expected=detail["msg"])


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
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else "remove it; secrets belong into files that a module names"


def _dangling(raw: Mapping[str, Any]) -> Iterator[Violation]:
    """Targets whose module is not there."""
    modules, targets = raw.get("modules"), raw.get("targets")
    if not isinstance(modules, Mapping) or not isinstance(targets, Mapping):
        return
    for name, target in targets.items():
        module = target.get("module") if isinstance(target, Mapping) else None
        if isinstance(module, str) and module not in modules:
            yield Violation(
                where=f"targets.{name}.module",
                seen=repr(module),
                expected=f"one of the modules {sorted(modules)}",
                hint="name the module under modules: first",
            )
