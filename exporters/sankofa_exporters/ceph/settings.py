"""What a Ceph module and target hold. The password itself stays in its file; a settings object never has it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.settings import Endpoint, Module, ReadableFile, Target, read_secret, secret_file

MAX_MGRS = 16


def _few(endpoints: tuple[str, ...]) -> tuple[str, ...]:
    if len(endpoints) > MAX_MGRS or len(set(endpoints)) != len(endpoints):
        raise PydanticCustomError("endpoints", "at most {most} addresses, each once", {"most": MAX_MGRS})
    return endpoints


Endpoints = Annotated[tuple[Endpoint, ...], AfterValidator(_few)]
PasswordFile = Annotated[
    ReadableFile, secret_file(read_secret, "a file with one line, the password of a dashboard user")
]


Fsid = Annotated[
    str,
    BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v),
    StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
]


class CephModule(Module):
    """Credentials, trust and patience for a group of clusters."""

    SKIPPABLE: ClassVar[tuple[str, ...]] = ("osd_details", "filesystems", "mirror")

    username: Annotated[str, StringConstraints(pattern=r"^[^\s:]{1,128}$")] | None = None
    password_file: PasswordFile | None = None
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
    fsid: Fsid | None = None

    @model_validator(mode="after")
    def _somebody_to_ask(self) -> Self:
        if not self.mgrs and not self.dashboards:
            raise PydanticCustomError("witnesses", "an address under mgrs: or dashboards:, better under both")
        return self
