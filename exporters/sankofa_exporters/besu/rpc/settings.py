"""Where a node's JSON-RPC is, and what it wants to see first. An address may hold a key: it is shown as its host alone."""

from __future__ import annotations

import binascii
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.headers import HeaderFile, HeaderName
from sankofa_exporters.config.settings import ReadableFile, Strict, http_url, read_secret, secret_file

ADDRESS = "an http or https URL such as https://10.0.0.11:8545"
JWT_SECRET_BYTES = 32


def _node_url(text: Any) -> str:
    """In the configuration: without user and query, which a file may hold. A path may be a key and is never quoted."""
    try:
        url = _http_url(text)
    except ValueError:
        raise PydanticCustomError("secret", "{expected}", {"expected": ADDRESS}) from None
    if url.userinfo or url.query or url.fragment:
        raise PydanticCustomError(
            "endpoint_secret", "a URL without user, query and fragment; what is secret goes into an endpoint_file"
        )
    return str(url).rstrip("/")


def _http_url(text: Any) -> httpx.URL:
    try:
        return http_url(text)
    except ValueError:
        raise ValueError(ADDRESS) from None


def read_address(file: Path) -> str:
    """The URL in a file, key and all; raises ValueError without quoting it."""
    return str(_http_url(read_secret(file).strip()))


def read_jwt_secret(file: Path) -> bytes:
    """The 32 bytes of a JWT secret, in hex as Besu writes and reads it; raises ValueError without quoting it."""
    try:
        secret = binascii.unhexlify(read_secret(file).strip().removeprefix("0x"))
    except binascii.Error:
        secret = b""
    if len(secret) != JWT_SECRET_BYTES:
        raise ValueError("the file does not hold 32 bytes in hex")
    return secret


def _not_the_body(name: Any) -> Any:
    if isinstance(name, str) and name.lower() == "content-type":
        raise PydanticCustomError("header", "a header that the client does not set itself")
    return name


NodeUrl = Annotated[str, BeforeValidator(_node_url)]
AddressFile = Annotated[ReadableFile, secret_file(read_address, f"one line with {ADDRESS}")]
JwtSecretFile = Annotated[ReadableFile, secret_file(read_jwt_secret, "32 bytes in hex")]


class Header(Strict):
    """A header that is sent with each request, its value in a file."""

    name: Annotated[HeaderName, BeforeValidator(_not_the_body)]
    file: HeaderFile


class NodeAddress(Strict):
    """An address that is secret itself."""

    endpoint_file: AddressFile


def _node_address(value: Any) -> Any:
    """A text is the URL of a node; a mapping says in which file it is."""
    return value if isinstance(value, dict | NodeAddress) else _node_url(value)


Where = Annotated[str | NodeAddress, BeforeValidator(_node_address)]
