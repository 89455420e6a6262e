"""What a canary's module and target hold: how a group of addresses is asked and what they must answer; one address.

Secrets stand in files (`header_files`). A module is refused when no request of it could ever be known to be slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.headers import HeaderFile, HeaderName, header_value
from sankofa_exporters.config.settings import Conflict, Module, Target, http_url

from .families import BUCKETS
from .verdict import Expected, decided_seconds

MAX_BODY_BYTES = 1 << 20
CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token"})
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")


def _url(text: Any) -> str:
    """As it is asked for, query and closing slash included."""
    try:
        url = http_url(text)
    except ValueError:
        raise PydanticCustomError("secret", "an http or https URL such as https://api.example.com/healthz") from None
    if url.userinfo or url.fragment:
        raise PydanticCustomError(
            "endpoint_secret", "a URL without user and fragment; credentials go to a file of header_files"
        )
    return str(url)


def is_address(host: str) -> bool:
    """Whether it is an IP address, which nobody looks up."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _host(text: str) -> str:
    if not (_HOST.fullmatch(text) or is_address(text)):
        raise PydanticCustomError("host", "an IP address or a host name, without scheme and port")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text.encode())
    except re.error as error:
        raise PydanticCustomError("pattern", "a regular expression ({why})", {"why": error.msg}) from None
    return text


def _header(text: Any) -> str:
    try:
        return header_value(str(text))
    except ValueError:
        raise PydanticCustomError("secret", "one line of printable ASCII") from None


def _no_credential(name: str) -> str:
    if name.lower() in CREDENTIALS:
        raise PydanticCustomError("header", "a header without credentials; those belong into a file of header_files")
    return name


Status = Annotated[int, Field(ge=200, le=599)]
PlainName = Annotated[HeaderName, AfterValidator(_no_credential)]


class CanaryModule(Module):
    """How a group of addresses is asked, and which answer is the expected one."""

    objective_seconds: float = Field(description="the bound of the promise, one of the buckets")
    interval_seconds: float = Field(default=1, ge=0.1, le=300)
    timeout_seconds: float = Field(default=1, gt=0, le=60)
    method: Literal["GET", "HEAD", "OPTIONS", "POST"] = "GET"
    headers: dict[PlainName, Annotated[str, BeforeValidator(_header)]] = Field(default_factory=dict, max_length=32)
    header_files: dict[HeaderName, HeaderFile] = Field(default_factory=dict, max_length=32)
    request_body: Annotated[str, StringConstraints(max_length=65_536)] = ""
    expected_statuses: Annotated[tuple[Status, ...], Field(max_length=32)] = ()  # none named: 200 to 299
    expected_text: Annotated[str, StringConstraints(min_length=1, max_length=4_096)] | None = None
    expected_pattern: (
        Annotated[str, StringConstraints(min_length=1, max_length=512), AfterValidator(_pattern)] | None
    ) = None
    body_bytes: int = Field(default=65_536, ge=1_024, le=MAX_BODY_BYTES, description="bytes of a body that are read")
    redirects: int = Field(default=0, ge=0, le=5, description="redirects that are followed, within the origin")
    connection: Literal["kept", "new"] = "kept"

    @model_validator(mode="after")
    def _slow_can_be_known(self) -> Self:
        if self.objective_seconds not in BUCKETS:
            raise ValueError(f"objective_seconds: one of the buckets {', '.join(map(str, BUCKETS))}")
        least = decided_seconds(self.objective_seconds)
        if self.timeout_seconds < least:
            raise ValueError(f"timeout_seconds: {least:g} at least, or no request could be known to be slow")
        if self.timeout_seconds > self.interval_seconds:
            raise ValueError(
                f"timeout_seconds: at most interval_seconds ({self.interval_seconds:g}), or an outage would count fewer "
                "requests than a good hour"
            )
        return self

    @model_validator(mode="after")
    def _is_one_request(self) -> Self:
        names = [name.lower() for name in (*self.headers, *self.header_files)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"headers and header_files: {twice[0]} stands twice; a request has it once")
        if self.request_body and self.method != "POST":
            raise ValueError(f"request_body: only with method POST, not {self.method}")
        if self.method == "POST" and (self.redirects or self.connection == "kept"):
            raise ValueError(
                "method POST: with connection new and without redirects, for what writes is sent once, and a kept connection "
                "may be lost at the moment it is used again"
            )
        if self.expected_text is not None and self.expected_pattern is not None:
            raise ValueError("expected_text or expected_pattern, not both")
        if self.method == "HEAD" and (self.expected_text is not None or self.expected_pattern is not None):
            raise ValueError("expected_text, expected_pattern: an answer to HEAD has no body; ask with GET")
        return self

    @property
    def blind_seconds(self) -> float:
        """After so long without a request that is known, nothing is known of the target."""
        return 3 * self.interval_seconds + self.timeout_seconds

    def expected(self) -> Expected:
        """What an answer must be."""
        pattern = None
        if self.expected_text is not None:
            pattern = re.compile(re.escape(self.expected_text.encode()))
        elif self.expected_pattern is not None:
            pattern = re.compile(self.expected_pattern.encode())
        return Expected(
            statuses=frozenset(self.expected_statuses or range(200, 300)),
            pattern=pattern,
            with_credentials=bool(self.header_files),
        )


class CanaryTarget(Target):
    """One address as a user has it; `address` is the gateway to go through, in place of what the name says."""

    endpoint: Annotated[str, BeforeValidator(_url)]
    address: Annotated[str, AfterValidator(_host)] | None = None

    def conflicts(self, module: CanaryModule) -> Iterator[Conflict]:
        host = http_url(self.endpoint).host
        if self.address is not None and is_address(host):
            yield Conflict(
                "address", repr(self.address), "an endpoint with a name, whose address this takes the place of"
            )
        if module.server_name is not None and not self.endpoint.startswith("https:"):
            yield Conflict("endpoint", "http", f"https, for module {self.module!r} has a server_name")
