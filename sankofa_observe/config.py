"""Settings of one installation: a YAML file, overridden by SANKOFA_… in the environment. Secrets are named by file only.

Relative paths are relative to the file's folder. Only `bootstrap` and `cli` read this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from sankofa_observe import shown
from sankofa_observe.documents import BrokenYaml, read
from sankofa_observe.errors import InvalidInput, Violation
from sankofa_observe.fields import Address, Part, Seconds, Url
from sankofa_observe.pipeline.stages import JUDGING, OBSERVING, SETTLING
from sankofa_observe.receivers import Alerting
from sankofa_observe.signers import ELSEWHERE, KeySettings
from sankofa_observe.slo.site import JURISDICTION


def _sendable(headers: dict[str, str]) -> dict[str, str]:
    """Told without the values: what sends a header that cannot be sent prints it."""
    for number, (name, value) in enumerate(headers.items(), 1):
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"the name of header {number} is none; letters, digits and - are")
        if not re.fullmatch(r"(?:[!-~](?:[ -~]*[!-~])?)?", value):
            raise ValueError(
                f"the value of {name} should be printable ASCII in one line, with no space at either end; "
                "in YAML write it in quotes, or with |- in place of |"
            )
    return headers


def _codes(jurisdictions: dict[str, list[str]]) -> dict[str, list[str]]:
    for code, places in jurisdictions.items():
        if not re.fullmatch(JURISDICTION, code):
            raise ValueError(f"{code[:40]!r}; expected a code like gh or eu-de")
        if not places:
            raise ValueError(f"{code} has no place; expected a list of folders and addresses")
    return jurisdictions


Jurisdictions = Annotated[dict[str, list[str]], AfterValidator(_codes)]
ObserverName = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", description="small letters, digits and inner dashes")
]

_Model = TypeVar("_Model", bound=BaseModel)
_REFERENCE = "see docs/reference/settings.md"
# All others may be an address with a key in it, or what was put in the wrong place.
_SHOWN = {
    "observer", "delay_seconds", "retention_years", "chain_id", "contract", "gas_price_wei", "from_block", "stalled_after_seconds",
    "listen", "metrics_listen", "observe_seconds", "judge_seconds", "settle_seconds", "every_seconds", "account",
}  # fmt: skip
# By scheme of a store the variables by which its library finds the server, whatever the address says.
_SERVERS = {
    "postgresql": ("PGHOSTADDR",),
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
}
_ADDRESS = "an address like http://127.0.0.1:9090, without user, password, ? and #: it is printed in errors and logs"
_LISTEN = "host and port, like 127.0.0.1:8080"
_HINTS = {
    "url": _ADDRESS,
    "rpc_url": _ADDRESS,
    "prometheus_url": _ADDRESS,
    "listen": _LISTEN,
    "metrics_listen": _LISTEN,
    "contract": "0x and 40 hex digits, as `chain deploy` printed it",
    "account": "0x and 40 hex digits, as `keys keystore` printed it",
    "observer": "small letters, digits and dashes, like core-1",
    "specs": "a list of files and folders, like [specs]",
    "keystore": "the file that `keys keystore` made, or `web3signer` in its place",
    "password_file": "the file with its password, and never the password itself",
    ELSEWHERE: "keystore and password_file for a key here, or web3signer for one that is held elsewhere",
}


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


class SourceSettings(Part):
    url: Url
    headers: Annotated[dict[str, str], AfterValidator(_sendable)] = Field({}, repr=False)


class PrometheusSettings(SourceSettings):
    data_dir: Path | None = None  # only looked at for the space that is left


class LateSettings(Part):
    delay_seconds: Seconds = 30


class ChainSettings(Part):
    rpc_url: Url
    chain_id: Annotated[int, Field(ge=1)]
    contract: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
    gas_price_wei: Annotated[int, Field(ge=0)] = 0
    from_block: Annotated[int, Field(ge=0)] = 0
    genesis: str | None = Field(None, pattern=r"^0x[0-9a-f]{64}$")
    confirmations: Annotated[int, Field(ge=0, le=1000)] = 0
    sender: KeySettings
    stalled_after_seconds: Seconds = 60


class AttestorSettings(KeySettings):
    """One in this process."""

    name: str
    prometheus_url: Url
    exclusions_file: Path | None = None


class ApartSettings(Part):
    """One that is a process of its own (`sankofa-observe attest`), and is met in a folder."""

    name: str
    account: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
    folder: Path


def _where(given: Any) -> str:
    return APART if isinstance(given, ApartSettings) or (isinstance(given, dict) and "folder" in given) else HERE


HERE, APART = "in this process", "apart from it"  # no settings: which of two kinds an entry is
AnyAttestor = Annotated[
    Annotated[AttestorSettings, Tag(HERE)] | Annotated[ApartSettings, Tag(APART)], Discriminator(_where)
]


class ApiSettings(Part):
    listen: Address = "127.0.0.1:8080"
    keys_file: Path | None = Field(None, repr=False)
    secret_file: Path | None = Field(None, repr=False)
    metrics_listen: Address | None = None


class ScheduleSettings(Part):
    observe_seconds: Seconds = OBSERVING.every_seconds
    judge_seconds: Seconds = JUDGING.every_seconds
    settle_seconds: Seconds = SETTLING.every_seconds
    metrics_listen: Address | None = "127.0.0.1:9800"


class ObserverSettings(Part):
    """Another observer: the Prometheus beside it, and where its own process is scraped."""

    name: ObserverName
    prometheus: PrometheusSettings
    metrics_listen: Address | None = None


class FileSettings(BaseSettings):
    """What a file says, and the environment over it; of which prefix, each kind says."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return (EnvSettingsSource(settings_cls), init_settings)


class Settings(FileSettings):
    """Everything one process needs to know."""

    model_config = SettingsConfigDict(env_prefix="SANKOFA_")

    data_dir: Path
    specs: Annotated[list[Path], Field(min_length=1)]
    observer: ObserverName = "observer-1"
    observers: list[ObserverSettings] = []
    prometheus: PrometheusSettings
    late: LateSettings = LateSettings()
    retention_years: Annotated[int, Field(ge=1, le=100)] = 7
    ledger_url: str = Field("", repr=False)  # may hold a password
    slot_table: str = ""
    chain: ChainSettings | None = None
    attestors: list[AnyAttestor] = []
    api: ApiSettings = ApiSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    alerting: Alerting | None = None
    jurisdictions: Jurisdictions = {}

    @model_validator(mode="after")
    def _one_name_each(self) -> Settings:
        names = self.observer_names
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"observer {', '.join(twice)} is there twice: `observer` is this process, `observers` are the others"
            )
        attestors = [one.name for one in self.attestors]
        accounts = [one.account.lower() for one in self.attestors if isinstance(one, ApartSettings)]
        if twice := sorted({one for of in (attestors, accounts) for one in of if of.count(one) > 1}):
            raise ValueError(f"attestor {', '.join(twice)} is there twice: each has a name and an account of its own")
        return self

    @property
    def observer_names(self) -> list[str]:
        """Whose slots this installation has."""
        return [self.observer, *(one.name for one in self.observers)]

    @property
    def evidence_folder(self) -> Path:
        return self.data_dir / "evidence"

    @property
    def folders(self) -> dict[str, Path]:
        """Whose disks must not fill, by role, as far as they are on this machine."""
        ledger = self.ledger_url.removeprefix("sqlite:///")
        there = {
            "ledger": Path(ledger).parent if ledger != self.ledger_url else None,
            "slots": None if "://" in self.slot_table else Path(self.slot_table),
            "evidence": self.data_dir,
            "prometheus": self.prometheus.data_dir,
        }
        return {role: folder for role, folder in there.items() if folder is not None}

    @property
    def places(self) -> dict[str, str]:
        """Where this installation keeps what belongs to tenants and sites, by what it is for; links are followed."""
        apart = {
            f"the folder of attestor {one.name}": one.folder for one in self.attestors if isinstance(one, ApartSettings)
        }
        folders = {"evidence": self.evidence_folder, "the state of processes": self.data_dir, **apart}
        stores = {"the ledger": self.ledger_url, "the slot table": self.slot_table}
        return (
            {use: real_place(place) for use, place in stores.items()}
            | {use: str(folder.resolve()) for use, folder in folders.items()}
            | dict(_by_environment(stores.values()))
        )

    def as_observer(self, name: str) -> Settings:
        """The settings of the process that counts as this observer, of none by a name as they are.

        Raises:
            InvalidInput: there is no observer of this name.
        """
        own = next((one for one in self.observers if one.name == name), None)
        if name in {"", self.observer}:
            return self
        if own is None:
            known = ", ".join(self.observer_names)
            raise InvalidInput(
                f"observer {name[:80]!r} is not in the settings; known: {known}; add it under `observers`"
            )
        schedule = self.schedule.model_copy(update={"metrics_listen": own.metrics_listen})
        return self.model_copy(update={"observer": name, "prometheus": own.prometheus, "schedule": schedule})


def load_settings(file: Path) -> Settings:
    """Read a settings file; raises `InvalidInput` with every violation."""
    return _resolved(load(file, Settings), file.parent)


def load_signer(file: Path) -> KeySettings:
    """Read a file that says who signs, as a section of settings would; raises `InvalidInput` with every violation."""
    return absolute(_read(file, KeySettings, "signer file", "--signer"), file.parent)


def load(file: Path, kind: type[AnySettings]) -> AnySettings:
    """Settings of this kind, with paths as they are written; raises `InvalidInput` with every violation."""
    try:
        return _read(file, kind, "settings file", "--config")
    except SettingsError as error:  # a list or a section in the environment is written as JSON
        raise InvalidInput(f'environment: {error}; a list in a variable is JSON, like ["specs"]') from None


def _read(file: Path, model: type[_Model], what: str, option: str) -> _Model:
    try:
        content = read(file.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}; name a {what} with {option}, {_REFERENCE}") from error
    except BrokenYaml as error:
        raise InvalidInput(f"{file}: no YAML: {error}; mend it there; nothing was started") from None
    except ValueError:  # its text would show a line
        raise InvalidInput(f"{file}: no text in UTF-8; expected a {what} in YAML, {_REFERENCE}") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise InvalidInput(f"{file}: a {type(content).__name__}; expected settings as a mapping of names, {_REFERENCE}")
    try:
        return model(**content)
    except ValidationError as error:
        wrong = [_violation(file, one, model) for one in error.errors()]
        raise InvalidInput(f"{file}: {len(wrong)} wrong, and nothing was started; {_REFERENCE}", wrong) from None


def _violation(file: Path, error: Any, model: type[BaseModel]) -> Violation:
    """What was seen, where it can hold no secret, and what was expected."""
    place = tuple(part for part in error["loc"] if part not in {HERE, APART})
    # A colon without its space makes one key of a name and its value.
    parts = (str(part) for part in place)
    path = "/" + "/".join(part if re.fullmatch(r"[\w-]{1,40}", part) else shown.HIDDEN for part in parts)
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    problem, hint = error["msg"], _HINTS.get(name, "")
    if error["type"] == "extra_forbidden":
        problem, hint = "no such setting", _meant(error["loc"], model)
    elif error["type"] == "missing":
        problem = "is missing, and has no default"
    elif name in _SHOWN and isinstance(error["input"], (str, int, float)):
        problem = f"{str(error['input'])[:80]!r}: {problem}"
    code = f"settings.{error['type'].replace('_', '-')}"
    return Violation(code=code, where=f"{file}:{path}", problem=problem, hint=hint)


def _meant(place: tuple[str | int, ...], section: Any) -> str:
    """What may have been meant by a name that is no setting of a model."""
    for part in place[:-1]:
        if part in {HERE, APART}:
            section = ApartSettings if part == APART else AttestorSettings
        elif isinstance(part, str):
            section = _section_of(section.model_fields[part].annotation)
    known = list(section.model_fields)
    near = get_close_matches(str(place[-1]), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known there: {', '.join(known)}"


def _section_of(annotation: Any) -> Any:
    """The model in a list or an optional; of one of two kinds, whichever."""
    return next(
        (one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, BaseModel)),
        AttestorSettings,
    )


def absolute(settings: _Model, folder: Path) -> _Model:
    """The same with each path relative to this folder."""

    def whole(value: Any) -> Any:
        if isinstance(value, Path):
            return folder.absolute() / value
        if isinstance(value, BaseModel):
            return value.model_copy(update={name: whole(getattr(value, name)) for name in type(value).model_fields})
        return type(value)(map(whole, value)) if isinstance(value, (list, tuple)) else value

    found: _Model = whole(settings)
    return found


def _resolved(settings: Settings, folder: Path) -> Settings:
    """Defaults that depend on others, and absolute paths."""
    resolved = absolute(settings, folder)
    data = resolved.data_dir
    return resolved.model_copy(
        update={
            "ledger_url": _ledger_url(resolved.ledger_url, folder) or f"sqlite:///{data / 'ledger.sqlite'}",
            "slot_table": _slot_table(resolved.slot_table, folder) or str(data / "slots"),
            "jurisdictions": real_places(resolved.jurisdictions, folder),
        }
    )


def _ledger_url(url: str, folder: Path) -> str:
    """SQLite takes three slashes for a path relative to wherever the process was started; ours is relative to the file."""
    name = url.removeprefix("sqlite:///")
    return url if name in {url, ""} or name.startswith(("/", ":")) else f"sqlite:///{folder.absolute() / name}"


def _slot_table(location: str, folder: Path) -> str:
    return location if "://" in location or not location else str(folder.absolute() / location)


def real_places(jurisdictions: dict[str, list[str]], folder: Path) -> dict[str, list[str]]:
    """Folders relative to that of the settings file, links followed; addresses as they are."""
    return {code: [real_place(_slot_table(one, folder)) for one in places] for code, places in jurisdictions.items()}


def real_place(place: str) -> str:
    """A folder or a file of SQLite as it is behind all links; an address as it is."""
    file = place.removeprefix("sqlite:///")
    if file != place:
        file = file.partition("?")[0]
    return place if "://" in file else str(Path(file).resolve())


def _by_environment(stores: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Servers that the libraries of stores ask in the place of those that their addresses name."""
    for store in stores:
        scheme = store.partition("://")[0].partition("+")[0]
        for name in _SERVERS.get(scheme, ()):
            if server := os.environ.get(name):
                yield f"what {name} names", server if "://" in server else f"{scheme}://{server}"
