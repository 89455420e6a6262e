"""One dashboard's REST API: a GET with the right Accept header, and a token that is renewed when it must be.

Assumes a dashboard user who may only read. The password is read from its file for each login and the token lives in
memory only; both go into one request and nowhere else. Besides `POST /api/auth` only GET is ever sent. Ceph locks an
account after ten refused logins, so a password that was refused is not tried again until its file changes or a while
has passed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.coerce import number, text
from sankofa_exporters.reading.http import Answer, check_status, decode, exchange

from .settings import read_password
from .watch import Watch

RETRY_REFUSED_SECONDS = 900
HOLD_SILENT_SECONDS = 60
DEFAULT_TOKEN_SECONDS = 600  # for a token whose own lifetime cannot be read
RENEW_EARLY_SECONDS = 60
MAX_TOKEN_CHARS = 8192
COSTLY = frozenset({"/api/health/snapshot", "/api/block/mirroring/summary"})  # the mgr asks its mons or OSDs for these
_NOT_THERE = {int(httpx.codes.NOT_FOUND), int(httpx.codes.UNSUPPORTED_MEDIA_TYPE)}
_BAD_LOGIN = {int(httpx.codes.BAD_REQUEST), int(httpx.codes.UNAUTHORIZED), int(httpx.codes.FORBIDDEN)}


class StandbyError(CollectorError):
    """The dashboard of a standby mgr: it sends its readers to the active one, whom we ask ourselves."""


class StatusError(CollectorError):
    """An answer other than 200, with the status that it had."""

    def __init__(self, kind: Kind, reason: str, status: int) -> None:
        super().__init__(kind, reason)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Token:
    value: str = field(repr=False)
    renew_at: float
    scopes: frozenset[str] | None  # what its owner may read; None when the answer did not say


@dataclass(frozen=True, kw_only=True)
class Told:
    """A document and the time of the answer by the mgr's own clock, if it said so."""

    document: Any
    where: str
    answered_at: float | None


@dataclass(kw_only=True)
class Refusals:
    """Passwords that a cluster refused, by fingerprint; shared by the dashboards of a cluster."""

    clock: Callable[[], float]
    until: dict[bytes, float] = field(default_factory=dict, repr=False)

    def remember(self, username: str, password: str) -> None:
        self.until = {_fingerprint(username, password): self.clock() + RETRY_REFUSED_SECONDS}

    def hold(self, username: str, password: str) -> bool:
        return self.clock() < self.until.get(_fingerprint(username, password), 0)


def _fingerprint(username: str, password: str) -> bytes:
    return hashlib.sha256(f"{username}\n{password}".encode()).digest()


@dataclass(kw_only=True)
class Session:
    """One dashboard; several collectors may use it at once and share a login."""

    http: httpx.AsyncClient = field(repr=False)
    endpoint: str
    username: str | None
    password_file: Path | None
    body_bytes: int
    refusals: Refusals
    clock: Callable[[], float] = time.monotonic
    token: Token | None = None
    login: asyncio.Task[Token | CollectorError] | None = field(default=None, repr=False)
    silent_until: dict[str, float] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)  # of the quorum's age, as this mgr tells it
    lacks: set[str] = field(default_factory=set)  # paths that this version does not know, asked again after each login

    async def get_first(self, paths: Mapping[str, str], budget: Budget) -> Told:
        """The document at the first path (with its API version) that this version of Ceph knows; the last is always asked."""
        *newer, (last, version) = paths.items()
        for path, newer_version in newer:
            if path in self.lacks:
                continue
            try:
                return await self.get(path, budget, version=newer_version)
            except StatusError as error:
                if error.status not in _NOT_THERE:
                    raise
                self.lacks.add(path)
        return await self.get(last, budget, version=version)

    async def get(self, path: str, budget: Budget, *, version: str = "1.0") -> Told:
        """The document at `path`; logs in where a 401 asks for it, once."""
        with self._held(path) if path in COSTLY else contextlib.nullcontext():
            return await self._get(path, budget, version)

    async def _get(self, path: str, budget: Budget, version: str) -> Told:
        token = self.token if self.token is not None and self.clock() < self.token.renew_at else None
        answer = await self._ask(path, budget, version, token)
        if answer.status == httpx.codes.UNAUTHORIZED:
            answer = await self._ask(path, budget, version, await self._renewed(token, budget))
        if httpx.codes.is_redirect(answer.status):
            raise StandbyError(Kind.HTTP, f"{answer.where}: redirected ({answer.status}), as a standby mgr does")
        _check(answer)
        return Told(document=await decode(answer), where=answer.where, answered_at=_date(answer))

    @contextlib.contextmanager
    def _held(self, path: str) -> Iterator[None]:
        """For what holds one of the mgr's few threads while its source is silent: not again for a while."""
        if self.clock() < self.silent_until.get(path, 0):
            raise CollectorError(Kind.TIMEOUT, f"{self.endpoint}{path}: was silent; it is asked again later")
        try:
            yield
        except CollectorError as error:
            if error.failure.kind is Kind.TIMEOUT:
                self.silent_until[path] = self.clock() + HOLD_SILENT_SECONDS
            raise

    async def _ask(self, path: str, budget: Budget, version: str, token: Token | None) -> Answer:
        headers = {"accept": f"application/vnd.ceph.api.v{version}+json"}
        if token is not None:  # an empty bearer token is answered with 500
            headers["authorization"] = f"Bearer {token.value}"
        request = self.http.build_request("GET", f"{self.endpoint}{path}", headers=headers)
        return await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)

    async def _renewed(self, refused: Token | None, budget: Budget) -> Token:
        """A token that is not the refused one; collectors that come at the same time share one login."""
        if self.token is not None and self.token is not refused and self.clock() < self.token.renew_at:
            return self.token
        if self.login is None or self.login.done():
            self.login = asyncio.create_task(self._log_in(budget))
        # Shielded: a collector that is cancelled must not take the others' login with it.
        outcome = await asyncio.shield(self.login)
        if isinstance(outcome, CollectorError):
            raise CollectorError.of(outcome.failure)
        return outcome

    async def _log_in(self, budget: Budget) -> Token | CollectorError:
        self.token = None
        self.lacks.clear()
        try:
            self.token = await self._new_token(budget)
        except CollectorError as error:
            return error
        return self.token

    async def _new_token(self, budget: Budget) -> Token:
        if self.username is None or self.password_file is None:
            raise CollectorError(Kind.AUTH, "the module names no username and password_file for the dashboard")
        try:
            password = await in_thread(read_password, self.password_file)
        except ValueError as error:
            raise CollectorError(Kind.AUTH, str(error)) from None
        if self.refusals.hold(self.username, password):
            raise CollectorError(
                Kind.AUTH, "this password was refused; it is tried again later, or when its file changes"
            )
        headers = {"accept": "application/vnd.ceph.api.v1.0+json"}
        given = {"username": self.username, "password": password}
        request = self.http.build_request("POST", f"{self.endpoint}/api/auth", headers=headers, json=given)
        with self._held("/api/auth"):  # it writes to the mons
            # Never twice: Ceph counts logins, and locks an account after ten that fail.
            answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes, again=False)
        if answer.status in _BAD_LOGIN:
            self.refusals.remember(self.username, password)
            raise CollectorError(Kind.AUTH, f"{answer.where}: the login was refused ({answer.status})")
        if answer.status != httpx.codes.CREATED:
            check_status(answer)
        return _token(await decode(answer), answer.where, self.clock())


def _check(answer: Answer) -> None:
    try:
        check_status(answer)
    except CollectorError as error:
        raise StatusError(error.failure.kind, error.failure.reason, answer.status) from None


def _token(document: Any, where: str, now: float) -> Token:
    value = text(document.get("token")) if isinstance(document, Mapping) else None
    if value is None or len(value) > MAX_TOKEN_CHARS or not value.isascii() or not value.isprintable():
        raise CollectorError(Kind.DECODE, f"{where}: a login without a token")
    lifetime = _lifetime(value) or DEFAULT_TOKEN_SECONDS
    early = min(RENEW_EARLY_SECONDS, lifetime / 2)
    return Token(value=value, renew_at=now + lifetime - early, scopes=_scopes(document.get("permissions")))


def _lifetime(token: str) -> float | None:
    """How long a JWT lives by its own claims, so that two clocks need not agree."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        issued, expires = number(claims["iat"]), number(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None
    if issued is None or expires is None or expires <= issued:
        return None
    return expires - issued


def _scopes(permissions: Any) -> frozenset[str] | None:
    """The scopes whose owner may read."""
    if not isinstance(permissions, Mapping):
        return None
    return frozenset(
        scope for scope, rights in permissions.items() if isinstance(rights, list | tuple) and "read" in rights
    )


def _date(answer: Answer) -> float | None:
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
