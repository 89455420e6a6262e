"""What every exporter's configuration holds: modules, targets, limits. Secrets are never in it: modules name files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import httpx
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.document import BrokenConfigError, Violation, checked, read_yaml
from sankofa_exporters.config.place import TARGET_NAME, checked_labels
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.reading.http import open_client, tls_context

LABEL_NAME = r"^[a-z][a-z0-9_]{0,63}$"
PLACEHOLDER = "{target}"
OWN_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._:@-]*")  # as a part of a path
MAX_PORT = 65_535
MAX_SECRET_CHARS = 16_384  # of a signed token; a password is shorter
HOST_PORT = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"


Name = Annotated[str, StringConstraints(pattern=TARGET_NAME)]
LabelValue = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Strict(BaseModel):
    """Base of every settings model: unknown keys are violations, values do not change after start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Conflict(NamedTuple):
    """What of a target and its module cannot be true together."""

    key: str  # of the target
    seen: str
    expected: str


class Target(Strict):
    """One entry of the allow-list; each system adds where it lives.

    `labels` and `upstream` are for service discovery alone: the labels of all the target's series, and the HOST:PORT of
    metrics endpoints that the system has itself and Prometheus scrapes directly.
    """

    def conflicts(self, module: Any) -> Iterator[Conflict]:
        """With the module it names; a system that has rules across the two overrides it."""
        del module
        yield from ()

    module: str
    labels: Annotated[
        dict[Annotated[str, StringConstraints(pattern=LABEL_NAME)], LabelValue], AfterValidator(checked_labels)
    ] = Field(default_factory=dict)
    upstream: tuple[Annotated[str, StringConstraints(pattern=HOST_PORT)], ...] = ()


def _is_template(path: Path) -> bool:
    return PLACEHOLDER in str(path)


def _readable(path: Path) -> Path:
    if _is_template(path):
        return path  # checked for each target
    try:
        found = path.is_file()
    except (OSError, ValueError):  # longer than any name, or behind a folder that this user may not enter
        found = False
    if not found:
        raise PydanticCustomError("file", "an existing file; create it, or correct the path")
    if not os.access(path, os.R_OK):
        raise PydanticCustomError("file", "a file this user may read; check owner and mode (600, owned by the service)")
    return path


def http_url(text: Any) -> httpx.URL:
    """An http or https URL that can be connected to; raises ValueError without quoting it."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise ValueError("not a URL") from None
    is_port = url.port is None or 0 < url.port <= MAX_PORT
    if url.scheme not in {"http", "https"} or not url.host or ".." in url.host or not is_port:
        raise ValueError("not an address of a server")
    return url


def _endpoint(text: Any) -> str:
    try:
        url = http_url(text)
    except ValueError:
        raise PydanticCustomError("endpoint", "an http or https URL such as https://10.0.0.11:8006") from None
    if url.userinfo or url.query or url.fragment:
        raise PydanticCustomError("endpoint_secret", "a URL without user, query and fragment; credentials go to a file")
    return str(url).rstrip("/")


def _trusted(path: Path) -> Path:
    if _is_template(path):
        return path
    try:
        tls_context(path)
    except (OSError, ValueError):
        raise PydanticCustomError("ca", "a PEM file with the certificate of a CA") from None
    return path


ReadableFile = Annotated[Path, AfterValidator(_readable)]
CaFile = Annotated[ReadableFile, AfterValidator(_trusted)]
Endpoint = Annotated[str, BeforeValidator(_endpoint)]


def secret_file(read: Callable[[Path], object], expected: str) -> AfterValidator:
    """Beside `ReadableFile`: a file of which `read` makes something, or raises ValueError without quoting it."""

    def holds(path: Path) -> Path:
        if not _is_template(path):
            try:
                read(path)
            except ValueError:
                raise PydanticCustomError("secret", "{expected}", {"expected": expected}) from None
        return path

    return AfterValidator(holds)


def read_secret(file: Path) -> str:
    """The one line of a password or token file; raises ValueError without quoting what was read."""
    try:
        secret = file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ValueError("the secret file cannot be read") from None
    if not secret or not secret.isprintable() or len(secret) > MAX_SECRET_CHARS:
        raise ValueError("the secret file does not hold one line")
    return secret


class Module(Strict):
    """How a group of targets is asked: credentials by file, trust, bounds; each system adds its own fields.

    `{target}` in the path of a file stands for the target's name, so that one module serves targets with secrets of their own.
    """

    SKIPPABLE: ClassVar[tuple[str, ...]] = ()  # the collectors of the system that only describe

    ca_file: CaFile | None = None
    cert_file: ReadableFile | None = None
    key_file: ReadableFile | None = None
    server_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,253}$")] | None = None
    skip: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _skips_what_it_may(self) -> Self:
        for name in self.skip:
            if name not in self.SKIPPABLE:
                may = ", ".join(self.SKIPPABLE) or "nothing"
                raise PydanticCustomError("skip", "skip: {name} is none of {may}", {"name": repr(name), "may": may})
        return self

    @model_validator(mode="after")
    def _has_a_pair(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise PydanticCustomError("pair", "cert_file and key_file together, or neither")
        if self.cert_file is not None and not _is_template(self.cert_file):
            try:
                tls_context(None, self.cert_file, self.key_file)
            except (OSError, ValueError):
                raise PydanticCustomError("pair", "PEM files: a certificate and the key that belongs to it") from None
        return self

    @property
    def is_template(self) -> bool:
        return any(_is_template(file) for _, file in files_of(self))

    def for_target(self, name: str) -> Self:
        """The module with the target's own files; raises ValueError (pydantic's ValidationError) when one is not good."""
        if not self.is_template:
            return self
        if not OWN_NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot stand in a path")
        return type(self).model_validate(_filled(self.model_dump(exclude_unset=True), name))

    def open_client(self) -> httpx.AsyncClient:
        """A client that trusts and shows what this module says; raises OSError or ValueError while a file is away."""
        verify = tls_context(self.ca_file, self.cert_file, self.key_file)
        return open_client(verify=verify, server_name=self.server_name)


def _filled(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, name) for key, inner in value.items()}
    if isinstance(value, Path) and _is_template(value):
        return Path(str(value).replace(PLACEHOLDER, name))
    return value


B = TypeVar("B", bound=BaseModel)
M = TypeVar("M", bound=Module)
T = TypeVar("T", bound=Target)


class Document(Strict, Generic[M, T]):
    """A whole configuration file."""

    modules: dict[Name, M]
    targets: dict[Name, T]
    limits: Bounds = Bounds()


def load(file: Path, module_type: type[M], target_type: type[T], *, targets_elsewhere: bool = False) -> Document[M, T]:
    """Read, parse and check `file`; raise `BrokenConfigError` with all violations.

    `targets_elsewhere`: the key may be absent, because a fleet file names targets too.
    """
    raw = read_yaml(file)
    if targets_elsewhere:
        raw.setdefault("targets", {})
    document, violations = checked(raw, Document[module_type, target_type])  # type: ignore[valid-type]
    violations += _dangling(raw)
    if document is not None:
        modules, targets = document.modules, document.targets
    else:
        modules, targets = _valid(raw.get("modules"), module_type), _valid(raw.get("targets"), target_type)
    for name, target in targets.items():
        violations += conflicts(f"targets.{name}", name, target, modules)
    if violations or document is None:
        raise BrokenConfigError(file=file, violations=violations)
    return document


def conflicts(where: str, name: str, target: Target, modules: Mapping[str, Module]) -> Iterator[Violation]:
    """What is wrong with a target together with its module: their rules, and the files that are the target's own."""
    module = modules.get(target.module)
    if module is None:
        return
    if module.is_template:
        if not OWN_NAME.fullmatch(name):
            yield Violation(
                where=where,
                seen=repr(name),
                expected=f"a name of letters, digits and -._:@ without two dots in a row, for {PLACEHOLDER} in a path is it",
                hint=f"rename the target, or give it a module without {PLACEHOLDER}",
            )
            return
        try:
            module = module.for_target(name)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                key = ".".join(map(str, detail["loc"])) or "files"
                yield Violation(
                    where=where,
                    seen=f"{key} of module {target.module!r} for this target",
                    expected=detail["msg"],
                    hint=f"{PLACEHOLDER} in the path is {name}",
                )
            return
    for one in target.conflicts(module):
        yield Violation(where=f"{where}.{one.key}", seen=one.seen, expected=one.expected)


def _valid(raw: Any, kind: type[B]) -> dict[str, B]:
    """Those entries that are good by themselves: what is wrong with others must not hide what is wrong with them together."""
    entries = raw.items() if isinstance(raw, Mapping) else ()
    found = {name: checked(entry, kind)[0] for name, entry in entries if isinstance(name, str)}
    return {name: one for name, one in found.items() if one is not None}


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
        for name, inner in _named(f"{under}{key}", value):
            if isinstance(inner, Path):
                yield name, inner
            elif isinstance(inner, BaseModel):
                yield from files_of(inner, f"{name}.")


def _named(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value under its name, or the values of a mapping or a sequence under theirs."""
    if isinstance(value, Mapping):
        yield from ((f"{name}.{key}", inner) for key, inner in value.items())
    elif isinstance(value, tuple):
        yield from ((f"{name}[{index}]", inner) for index, inner in enumerate(value))
    else:
        yield name, value


def is_certificate(key: str) -> bool:
    return key.endswith(("ca_file", "cert_file"))


def is_loaded_at_open(key: str) -> bool:
    """Files of a TLS context, which lives as long as its source; secrets are read again for each use."""
    return key.endswith(("ca_file", "cert_file", "key_file"))


def exposed_files(document: Document[Any, Any]) -> Iterator[str]:
    """A sentence for each secret file that others on this host may read; certificates are no secret."""
    for name, module in document.modules.items():
        if not module.is_template:
            yield from _exposed(module, f"modules.{name}.")
    for name, target in document.targets.items():
        yield from _exposed(target, f"targets.{name}.")
        module = document.modules[target.module]
        if module.is_template:
            yield from _exposed(module.for_target(name), f"targets.{name}: ")


def _exposed(settings: BaseModel, under: str) -> Iterator[str]:
    for key, file in files_of(settings, under):
        mode = file.stat().st_mode & 0o777
        if not is_certificate(key) and mode & 0o077:
            yield f"{key}: {file} is open to others (mode {mode:o}); chmod 600"
