"""Settings of one installation: a YAML file, overridden by SANKOFA_… in the environment. Secrets are named by file only.

Relative paths are relative to the file's folder. Only `bootstrap` and `cli` read this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from sankofa_observe.errors import InvalidInput, Violation

Seconds = Annotated[int, Field(ge=1)]
Address = Annotated[str, Field(pattern=r"^[^:\s]+:[0-9]{1,5}$", description="host:port")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PrometheusSettings(_Part):
    url: Url
    headers: dict[str, str] = Field({}, repr=False)


class LateSettings(_Part):
    delay_seconds: Seconds = 30
    look_again_seconds: Seconds = 3600


class KeySettings(_Part):
    keystore: Path
    password_file: Path


class ChainSettings(_Part):
    rpc_url: Url
    chain_id: Annotated[int, Field(ge=1)]
    contract: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
    gas_price_wei: Annotated[int, Field(ge=0)] = 0
    from_block: Annotated[int, Field(ge=0)] = 0
    sender: KeySettings
    stalled_after_seconds: Seconds = 60


class AttestorSettings(KeySettings):
    name: str
    prometheus_url: Url


class ApiSettings(_Part):
    listen: Address = "127.0.0.1:8080"
    keys_file: Path | None = None


class ScheduleSettings(_Part):
    observe_seconds: Seconds = 60
    settle_seconds: Seconds = 60
    metrics_listen: Address = "127.0.0.1:9800"


class Settings(BaseSettings):
    """Everything one process needs to know."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="SANKOFA_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    data_dir: Path
    specs: Annotated[list[Path], Field(min_length=1)]
    observer: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = "observer-1"
    prometheus: PrometheusSettings
    late: LateSettings = LateSettings()
    ledger_url: str = ""
    slot_table: str = ""
    chain: ChainSettings | None = None
    attestors: list[AttestorSettings] = []
    api: ApiSettings = ApiSettings()
    schedule: ScheduleSettings = ScheduleSettings()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return (EnvSettingsSource(settings_cls), init_settings)


def load_settings(file: Path) -> Settings:
    """Read a settings file; raises `InvalidInput` with every violation."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InvalidInput(
            f"{file}: {error.strerror}; name a settings file with --config, see docs/reference/settings.md"
        ) from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file}: no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{file}: a {type(content).__name__}; expected settings as a mapping")
    try:
        settings = Settings(**content)
    except ValidationError as error:
        raise InvalidInput(f"{file}: nothing was started", [_violation(file, one) for one in error.errors()]) from None
    return _resolved(settings, file.parent)


def _violation(file: Path, error: Any) -> Violation:
    path = "/" + "/".join(str(part) for part in error["loc"])
    return Violation(code=f"settings.{error['type'].replace('_', '-')}", where=f"{file}:{path}", problem=error["msg"])


def _resolved(settings: Settings, folder: Path) -> Settings:
    """Defaults that depend on others, and absolute paths."""

    def absolute(value: Any) -> Any:
        if isinstance(value, Path):
            return folder.absolute() / value
        if isinstance(value, BaseModel):
            changes = {name: absolute(getattr(value, name)) for name in type(value).model_fields}
            return value.model_copy(update=changes)
        return [absolute(one) for one in value] if isinstance(value, list) else value

    resolved: Settings = absolute(settings)
    data = resolved.data_dir
    return resolved.model_copy(
        update={
            "ledger_url": resolved.ledger_url or f"sqlite:///{data / 'ledger.sqlite'}",
            "slot_table": resolved.slot_table or str(data / "slots"),
        }
    )
