"""What every exporter's configuration holds: modules, targets, limits. Secrets are never in it: modules name files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.document import BrokenConfigError, Violation, checked, read_yaml
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.reading.http import tls_context

TARGET_NAME = r"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$"
LABEL_NAME = r"^[a-z][a-z0-9_]{0,63}$"
HOST_PORT = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"


LabelValue = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Strict(BaseModel):
    """Base of every settings model: unknown keys are violations, values do not change after start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Module(Strict):
    """How a group of targets is asked (credentials by file, CA, bounds); each system adds its own fields."""


class Target(Strict):
    """One entry of the allow-list; each system adds where it lives.

    `labels` and `upstream` are for service discovery alone: the labels of all the target's series, and the HOST:PORT of
    metrics endpoints that the system has itself and Prometheus scrapes directly.
    """

    module: str
    labels: dict[Annotated[str, StringConstraints(pattern=LABEL_NAME)], LabelValue] = Field(default_factory=dict)
    upstream: tuple[Annotated[str, StringConstraints(pattern=HOST_PORT)], ...] = ()


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


def load(file: Path, module_type: type[M], target_type: type[T], *, targets_elsewhere: bool = False) -> Document[M, T]:
    """Read, parse and check `file`; raise `BrokenConfigError` with all violations.

    `targets_elsewhere`: the key may be absent, because a fleet file names targets too.
    """
    raw = read_yaml(file)
    if targets_elsewhere:
        raw.setdefault("targets", {})
    document, violations = checked(raw, Document[module_type, target_type])  # type: ignore[valid-type]
    violations += _dangling(raw)
    if violations or document is None:
        raise BrokenConfigError(file=file, violations=violations)
    return document


def _dangling(raw: Mapping[str, Any]) -> Iterator[Violation]:
    modules, targets = raw.get("modules"), raw.get("targets")
    if isinstance(modules, Mapping) and isinstance(targets, Mapping):
        for name, target in targets.items():
            yield from dangling_module(f"targets.{name}", target, modules)


def dangling_module(where: str, target: Any, modules: Mapping[str, Any]) -> Iterator[Violation]:
    """A target whose module is not there."""
    module = target.get("module") if isinstance(target, Mapping) else None
    if isinstance(module, str) and module not in modules:
        yield Violation(
            where=f"{where}.module",
            seen=repr(module),
            expected=f"one of the modules {sorted(modules)}",
            hint="name the module under modules: first",
        )


def files_of(settings: BaseModel, under: str = "") -> Iterator[tuple[str, Path]]:
    """Every file that settings name, with the key that names it; settings inside settings included."""
    for key, value in settings:
        if isinstance(value, Path):
            yield f"{under}{key}", value
        elif isinstance(value, BaseModel):
            yield from files_of(value, f"{under}{key}.")


def is_ca(key: str) -> bool:
    return key.endswith("ca_file")


def exposed_files(document: Document[Any, Any]) -> Iterator[str]:
    """A sentence for each secret file that others on this host may read; certificates of CAs are no secret."""
    for name, module in document.modules.items():
        for key, file in files_of(module, f"modules.{name}."):
            mode = file.stat().st_mode & 0o777
            if not is_ca(key) and mode & 0o077:
                yield f"{key}: {file} is open to others (mode {mode:o}); chmod 600"
