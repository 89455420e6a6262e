"""HTTP headers that an operator gives: which names a client lets him set, and values out of files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.settings import ReadableFile, read_secret, secret_file

# The client's own, or what decides where an exchange ends.
RESERVED = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect", "te"})
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def read_header(file: Path) -> str:
    """A header's value out of a file; raises ValueError without quoting it."""
    return header_value(read_secret(file).strip())


def header_value(text: str) -> str:
    """The text, when it can stand behind a header's name; raises ValueError without quoting it."""
    if not _VALUE.fullmatch(text):
        raise ValueError("not the value of a header")
    return text


def _not_reserved(name: Any) -> Any:
    if isinstance(name, str) and name.lower() in RESERVED:
        raise PydanticCustomError("header", "a header that the client does not set itself")
    return name


HeaderFile = Annotated[ReadableFile, secret_file(read_header, "one line of printable ASCII")]
HeaderName = Annotated[
    str, BeforeValidator(_not_reserved), StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")
]
