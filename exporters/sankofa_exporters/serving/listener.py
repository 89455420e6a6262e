"""The listener's own TLS and passwords: `--web.config.file`, with the keys of Prometheus' exporter-toolkit.

The file is read when a configuration is loaded; certificate and key are read again for a new connection when they have
changed, so a renewed certificate needs no restart. Passwords are bcrypt hashes: a password that was right once is
remembered by a keyed digest, because bcrypt is slow on purpose and Prometheus asks every few seconds.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import bcrypt
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.document import BrokenConfigError, checked, read_yaml
from sankofa_exporters.config.settings import ReadableFile, Strict
from sankofa_exporters.reading.http import no_passphrase

log = logging.getLogger(__name__)
REMEMBERED_PASSWORDS = 256
LANES = 256
LONGEST_LANE = 16  # each waits 50 ms for each in front of it
CHECKS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")  # a flood leaves the other threads alone
NOBODY = bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt(10))  # an unknown user takes as long as a wrong password
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_CERTIFICATES = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


def _bcrypt_hash(text: str) -> str:
    try:
        bcrypt.checkpw(b"", text.encode())
    except ValueError:
        raise PydanticCustomError("secret", "a bcrypt hash such as `htpasswd -nBC 10 NAME` prints") from None
    return text


class TlsServer(Strict):
    """Certificate and key of this listener, and whose client certificates it takes."""

    cert_file: ReadableFile
    key_file: ReadableFile
    client_ca_file: ReadableFile | None = None
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = "NoClientCert"
    min_version: Literal["TLS12", "TLS13"] = "TLS12"

    @model_validator(mode="after")
    def _is_usable(self) -> TlsServer:
        if self.client_auth_type != "NoClientCert" and self.client_ca_file is None:
            raise PydanticCustomError(
                "client_ca", "client_ca_file, because client_auth_type verifies client certificates"
            )
        if self.client_auth_type == "NoClientCert" and self.client_ca_file is not None:
            # Else a listener that looks as if it asked for client certificates would let everybody in.
            raise PydanticCustomError(
                "client_auth", "client_auth_type too, because client_ca_file alone verifies nobody"
            )
        try:
            self.context()
        except (OSError, ValueError):
            raise PydanticCustomError("pair", "PEM files: a certificate and the key that belongs to it") from None
        return self

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self.min_version]
        context.load_cert_chain(self.cert_file, self.key_file, password=no_passphrase)
        if self.client_ca_file is not None:
            context.load_verify_locations(self.client_ca_file)
        context.verify_mode = _CLIENT_CERTIFICATES[self.client_auth_type]
        return context

    def age(self) -> tuple[int, ...]:
        files = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(file.stat().st_mtime_ns for file in files if file is not None)


class WebConfig(Strict):
    """The whole file; an absent part is off."""

    tls_server_config: TlsServer | None = None
    basic_auth_users: dict[str, Annotated[str, AfterValidator(_bcrypt_hash)]] = Field(default_factory=dict, repr=False)


def load_web(file: Path | None) -> WebConfig:
    """Read and check; without a file neither TLS nor passwords. Raises `BrokenConfigError`."""
    if file is None:
        return WebConfig()
    web, violations = checked(read_yaml(file), WebConfig)
    if web is None:
        raise BrokenConfigError(file=file, violations=violations)
    return web


def renewing_context(tls: TlsServer) -> ssl.SSLContext:
    """A context that hands a new connection to a fresh one when the files have changed since the last.

    Files that are broken in between keep the certificate that works.
    """
    first = tls.context()
    state = {"age": tls.age(), "context": first}

    def renew(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        try:
            age = tls.age()
            if age != state["age"]:
                state.update(context=tls.context(), age=age)
                log.info("certificate read anew", extra={"file": str(tls.cert_file)})
        except (OSError, ValueError):
            log.warning("certificate cannot be read, the last one stays", extra={"file": str(tls.cert_file)})
        connection.context = state["context"]  # type: ignore[assignment]

    first.sni_callback = renew
    return first


class TooManyChecksError(Exception):
    """Too many passwords wait to be checked."""


@dataclass(kw_only=True)
class Lane:
    """Who waits for one check after the other."""

    gate: asyncio.Semaphore
    longest: int
    waiting: int = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self.waiting >= self.longest:
            raise TooManyChecksError
        self.waiting += 1
        try:
            async with self.gate:
                yield
        finally:
            self.waiting -= 1


@dataclass(kw_only=True)
class Passwords:
    """Who may ask; empty lets everybody in.

    A flood of wrong passwords fills its own lanes: unknown users share one for each address they come from, and each user has one.
    """

    users: dict[str, str] = field(repr=False)
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    right: dict[bytes, str] = field(default_factory=dict, repr=False)  # by keyed digest, for which user
    lanes: dict[tuple[str, str], Lane] = field(default_factory=dict, repr=False)

    async def admit(self, authorization: str, client: str = "") -> bool:
        """Whether `Authorization: Basic …` names a user with their password; raises `TooManyChecksError`.

        `client` is the address that asks.
        """
        if not self.users:
            return True
        user, password = _credentials(authorization)
        digest = hmac.digest(self.key, f"{user}\0{password}".encode(), hashlib.sha256)
        if digest in self.right:
            return True
        is_known = user in self.users
        async with self._turn(user if is_known else "", client):
            if digest in self.right:  # whoever stood in front of us had the same
                return True
            hashed = self.users[user].encode() if is_known else NOBODY
            check = asyncio.get_running_loop().run_in_executor(CHECKS, _matches, password.encode(), hashed)
            admitted = await check and is_known
        if admitted and len(self.right) < REMEMBERED_PASSWORDS:
            self.right[digest] = user
        return admitted

    def renewed(self, users: dict[str, str]) -> Passwords:
        """For other users; who was admitted by a password that has not changed need not be checked again."""
        same = {user for user, hashed in users.items() if self.users.get(user) == hashed}
        kept = {digest: user for digest, user in self.right.items() if user in same}
        return Passwords(users=users, key=self.key, right=kept)

    @asynccontextmanager
    async def _turn(self, user: str, client: str) -> AsyncIterator[None]:
        if (user, client) not in self.lanes and len(self.lanes) >= LANES:
            client = ""  # more addresses than anybody scrapes from share what is left
        lane = self.lanes.setdefault((user, client), Lane(gate=asyncio.Semaphore(1), longest=LONGEST_LANE))
        try:
            async with lane.turn():
                yield
        finally:
            if not lane.waiting:
                self.lanes.pop((user, client), None)


def _matches(password: bytes, known: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:72], known)
    except ValueError:
        return False


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not UTF-8
        return "", ""
    return user, password


def guarded(app: App, passwords: Callable[[], Passwords]) -> App:
    """The app behind the passwords that hold now; health included, as in the exporter-toolkit."""

    async def answer(scope: Scope, receive: Any, send: Any) -> None:
        try:
            if scope["type"] != "http" or await passwords().admit(
                _authorization(scope), (scope.get("client") or ("",))[0]
            ):
                await app(scope, receive, send)
                return
            status, body, header = 401, b"Unauthorized\n", (b"www-authenticate", b'Basic realm="sankofa-exporter"')
        except TooManyChecksError:
            status, body, header = 429, b"Too many passwords wait to be checked\n", (b"retry-after", b"1")
        headers = [header, (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _authorization(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")
