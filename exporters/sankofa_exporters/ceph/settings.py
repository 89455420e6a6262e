"""What a Ceph module and target hold. The password itself stays in its file; a settings object never has it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.settings import CaFile, Endpoint, Module, ReadableFile, Target

MAX_MGRS = 16
MAX_PASSWORD_CHARS = 1024


def read_password(file: Path) -> str:
    """The one line of the password file; raises ValueError without quoting what was read."""
    try:
        password = file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ValueError("the password file cannot be read") from None
    if not password or "\n" in password or len(password) > MAX_PASSWORD_CHARS:
        raise ValueError("the password file does not hold one line")
    return password


def _holds_password(file: Path) -> Path:
    try:
        read_password(file)
    except ValueError:
        raise PydanticCustomError("password", "a file with one line, the password of a dashboard user") from None
    return file


def _few(endpoints: tuple[str, ...]) -> tuple[str, ...]:
    if len(endpoints) > MAX_MGRS or len(set(endpoints)) != len(endpoints):
        raise PydanticCustomError("endpoints", "at most {most} addresses, each once", {"most": MAX_MGRS})
    return endpoints


Endpoints = Annotated[tuple[Endpoint, ...], AfterValidator(_few)]


class CephModule(Module):
    """Credentials, trust and patience for a group of clusters."""

    username: Annotated[str, StringConstraints(pattern=r"^[^\s:]{1,128}$")] | None = None
    password_file: Annotated[ReadableFile, AfterValidator(_holds_password)] | None = None
    ca_file: CaFile | None = None
    max_age_seconds: float = Field(default=45, ge=2, le=3600)
    max_report_age_seconds: float = Field(default=30, ge=2, le=3600)
    osd_reports: bool = True
    mirroring: bool = False

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.username is None) != (self.password_file is None):
            raise PydanticCustomError("credentials", "username and password_file together, or neither")
        return self


class CephTarget(Target):
    """One cluster: the metrics addresses and the dashboards of its mgrs, and the pools its verdict leans on."""

    mgrs: Endpoints = ()
    dashboards: Endpoints = ()
    pools: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _somebody_to_ask(self) -> Self:
        if not self.mgrs and not self.dashboards:
            raise PydanticCustomError("witnesses", "an address under mgrs: or dashboards:, better under both")
        return self
