"""Settings of an attestor that is a process of its own: what it leans on is its own, and named here, not in the proposer's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from sankofa_observe.config import FileSettings, Jurisdictions, SourceSettings, absolute, load, real_places
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
    jurisdictions: Jurisdictions = Field({})

    @property
    def places(self) -> dict[str, str]:
        """Where it keeps what belongs to tenants and sites, by what it is for; links are followed."""
        folders = {"what the attestor remembers": self.data_dir, "the folder that it shares": self.folder}
        return {use: str(folder.resolve()) for use, folder in folders.items()}


def load_attest_settings(file: Path) -> AttestSettings:
    """Read a settings file; raises `InvalidInput` with every violation."""
    found = absolute(load(file, AttestSettings), file.parent)
    return found.model_copy(update={"jurisdictions": real_places(found.jurisdictions, file.parent)})
