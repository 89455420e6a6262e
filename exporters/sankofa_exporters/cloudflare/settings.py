"""What a module and a target of Cloudflare tunnels hold: a target is one tunnel, a module's account is shared by many.

The API token stays in its file; a settings object never has it. A target may lack connectors (then the account is the only
witness) and a module may lack an account (then the connectors are); without both nothing is ever known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.settings import (
    Conflict,
    Endpoint,
    Module,
    ReadableFile,
    Strict,
    Target,
    read_secret,
    secret_file,
)

API = "https://api.cloudflare.com/client/v4"
TOKEN_CALLS = 1_200  # what Cloudflare allows a token, or the user behind it, in five minutes
MAX_CONNECTORS = 16
_TOKEN = re.compile(r"[\x21-\x7e]{8,512}")
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::([0-9]{1,5}))?")


def read_token(file: Path) -> str:
    """The API token, one word; raises ValueError without quoting what was read."""
    token = read_secret(file).strip()
    if not _TOKEN.fullmatch(token):
        raise ValueError("the token file does not hold one word of 8 to 512 characters")
    return token


def split_address(address: str) -> tuple[str, int | None]:
    """Host and port of a connector's metrics address; the port is None where the five default ones are tried."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ValueError("not an address")
    return found[1], int(found[2]) if found[2] else None


def _some_connectors(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Each is an address, and no metrics port is named twice: its series would be doubled."""
    if len(addresses) > MAX_CONNECTORS:
        raise PydanticCustomError("connectors", "at most {most} addresses", {"most": MAX_CONNECTORS})
    try:
        parts = [split_address(address) for address in addresses]
    except ValueError:
        raise PydanticCustomError("connector", "addresses such as 10.0.0.5:20241 or 10.0.0.5 (no scheme)") from None
    if any(port is not None and not 1 <= port <= 65535 for _, port in parts):  # noqa: PLR2004 - TCP's range
        raise PydanticCustomError("connector", "ports from 1 to 65535")
    searched = {host for host, port in parts if port is None}
    if len(set(parts)) < len(parts) or any(port is not None and host in searched for host, port in parts):
        raise PydanticCustomError("connector", "each address once; a host without a port covers its ports")
    return addresses


def _lowered(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


TunnelId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    BeforeValidator(_lowered),
]
AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$"), BeforeValidator(_lowered)]


class AccountSettings(Strict):
    """The Cloudflare account whose API is the second witness, and how much of its call budget is ours."""

    account_id: AccountId
    token_file: Annotated[
        ReadableFile, secret_file(read_token, "a file with one API token (8 to 512 characters) in one line")
    ]
    api: Endpoint = API
    list_seconds: float = Field(default=60, ge=10, le=3_600, description="seconds between two lists of all tunnels")
    connections_seconds: float = Field(
        default=240, ge=30, le=86_400, description="seconds between two calls about one tunnel's connections"
    )
    calls_per_five_minutes: int = Field(
        default=TOKEN_CALLS // 2, ge=200, le=TOKEN_CALLS, description="our share of the token's 1,200 calls"
    )


class CloudflareModule(Module):
    """How a group of tunnels is asked about; trust and certificates of the base class are for the API."""

    SKIPPABLE: ClassVar[tuple[str, ...]] = ("diagnosis", "metrics", "redundancy", "connections")

    account: AccountSettings | None = None
    connections_expected: int = Field(default=4, ge=1, le=64, description="connections of a connector in full health")
    connector_timeout_seconds: float = Field(default=3, gt=0.1, le=60)
    diagnostics: bool = Field(default=True, description="ask /diag/tunnel, which lists the live connections")


class TunnelTarget(Target):
    """One tunnel; `account_id` takes the place of the module's, for tunnels of many accounts in one module."""

    tunnel_id: TunnelId
    connectors: Annotated[tuple[str, ...], AfterValidator(_some_connectors)] = ()
    account_id: AccountId | None = None

    def conflicts(self, module: CloudflareModule) -> Iterator[Conflict]:
        if self.account_id is not None and module.account is None:
            yield Conflict("account_id", repr(self.account_id), "a module with an account, whose token reads this one")
        if not self.connectors and module.account is None:
            yield Conflict("connectors", "none", "an address, or a module with an account: else nobody can be asked")
