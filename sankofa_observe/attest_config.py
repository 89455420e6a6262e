"""Settings of an attestor that is a process of its own: what it leans on is its own, and named here, not in the proposer's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from sankofa_observe.config import FileSettings, SourceSettings, absolute, load
from sankofa_observe.fields import Address, Part, Seconds
from sankofa_observe.signers import KeySettings


class ContractSettings(Part):
    """Which contract it signs for: for another one it signs nothing."""

    chain_id: Annotated[int, Field(ge=1)]
    contract: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]


class AttestSettings(FileSettings):
    """Everything an attestor needs to know."""

    model_config = SettingsConfigDict(env_prefix="SANKOFA_ATTEST_")

    name: str
    data_dir: Path
    folder: Path
    specs: Annotated[list[Path], Field(min_length=1)]
    prometheus: SourceSettings
    chain: ContractSettings
    key: KeySettings
    exclusions_file: Path | None = None
    every_seconds: Seconds = 15
    metrics_listen: Address | None = "127.0.0.1:9820"


def load_attest_settings(file: Path) -> AttestSettings:
    """Read a settings file; raises `InvalidInput` with every violation."""
    return absolute(load(file, AttestSettings), file.parent)
