"""Fields of settings: an address, a file that holds a secret, a port, as every section of them reads it.

A secret is named by its file alone, and no printed form shows an address: its path may be a key.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sankofa_observe import shown


def _port(address: str) -> str:
    if not 1 <= int(address.rpartition(":")[2]) <= shown.MAX_PORT:
        raise ValueError(f"the port should be 1 to {shown.MAX_PORT}")
    return address


def _usable(url: str) -> str:
    if shown.tells_a_secret(url):
        raise ValueError(
            "the address should have no user, no password, no ? and no #: it is known to many, and each may hold a key"
        )
    if fault := shown.fault_of(url):
        raise ValueError(f"the address {fault}")
    return url


def _path(given: object) -> object:
    """A path that another program is told of must look like one: a secret in its place would be written into that program's settings."""
    if isinstance(given, str) and not re.fullmatch(r"\.{0,2}/[^\n\r\0]+", given):
        raise ValueError(
            "should be the path of a file and begin with /, ./ or ../: what is there may be the secret itself"
        )
    return given


class Part(BaseModel):
    """A section of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Seconds = Annotated[int, Field(ge=1)]
Address = Annotated[str, Field(pattern=r"^[^:\s]+:[0-9]{1,5}$", description="host:port"), AfterValidator(_port)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/[^\s]*)?$", repr=False), AfterValidator(_usable)]
# Another program reads it: its path is written for that one.
FileElsewhere = Annotated[Path, BeforeValidator(_path), Field(description="a path that begins with /, ./ or ../")]
SecretElsewhere = Annotated[FileElsewhere, Field(repr=False)]
