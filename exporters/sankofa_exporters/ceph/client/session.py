"""One dashboard's REST API: a GET with the right Accept header, and a token that is renewed when it must be.

Assumes a dashboard user who may only read. The password is read from its file for each login and the token lives in
memory only; both go into one request and nowhere else. Besides `POST /api/auth` only GET is ever sent. Ceph locks an
account after ten refused logins, so a password that was refused is not tried again until its file changes or a while
has passed. A login runs under its own deadline: a probe that has less time waits for it and notes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from sankofa_exporters.config.settings import read_secret
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Remembered
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.backoff import Backoff
from sankofa_exporters.reading.coerce import number, text
from sankofa_exporters.reading.http import Answer, check_status, decode, exchange, read

from .errors import StandbyError, StatusError

RETRY_REFUSED_SECONDS = 900
SILENT_LOGIN_SECONDS = 60  # a login that hangs holds one of the mgr's few threads
DEFAULT_TOKEN_SECONDS = 600  # for a token whose own lifetime cannot be read
RENEW_EARLY_SECONDS = 60
MAX_TOKEN_CHARS = 8192
_BAD_LOGIN = {int(httpx.codes.BAD_REQUEST), int(httpx.codes.UNAUTHORIZED), int(httpx.codes.FORBIDDEN)}

V = TypeVar("V")
Parse = Callable[[Any], V]


@dataclass(frozen=True, kw_only=True)
class Token:
    value: str = field(repr=False)
    renew_at: float
    scopes: frozenset[str] | None  # what its owner may read; None when the answer did not say


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
    """One dashboard; several collectors and probes may use it at once and share a login."""

    http: httpx.AsyncClient = field(repr=False)
    endpoint: str
    username: str | None
    password_file: Path | None
    body_bytes: int
    refusals: Refusals
    clock: Callable[[], float] = time.monotonic
    token: Token | None = None
    backoff: Backoff = field(init=False, repr=False)
    login: Remembered[Token] = field(init=False, repr=False)
    lacks: set[str] = field(default_factory=set)  # paths that this version does not know, asked again after each login

    def __post_init__(self) -> None:
        self.backoff = Backoff(clock=self._now)
        self.login = Remembered(
            name=f"{self.endpoint}/api/auth", period_seconds=math.inf, cap_seconds=math.inf, clock=self._now
        )

    def _now(self) -> float:
        return self.clock()

    async def first_of(self, attempts: Mapping[str, Callable[[], Awaitable[V]]]) -> V:
        """The first answer of several paths to one thing; the last is always asked.

        A path that this version does not know is remembered. One that failed otherwise is asked again at the next probe,
        and its failure is raised when no other path answers.
        """
        *preferred, last = attempts
        failed: CollectorError | None = None
        for path in preferred:
            if path in self.lacks:
                continue
            try:
                return await attempts[path]()
            except CollectorError as error:
                if not self._may_be_elsewhere(path, error):
                    raise
                failed = failed or (None if path in self.lacks else error)
        try:
            return await attempts[last]()
        except CollectorError as error:
            raise failed or error from None

    def _may_be_elsewhere(self, path: str, error: CollectorError) -> bool:
        if isinstance(error, StatusError):
            if error.is_unknown_path:
                self.lacks.add(path)
            return error.is_of_path
        return error.failure.kind is Kind.DECODE

    async def get(self, path: str, budget: Budget, parse: Parse[V], *, version: str = "1.0") -> V:
        """What `parse` makes of the document at `path`; logs in where a 401 asks for it, once."""
        return await read(await self.answer(path, budget, version=version), parse)

    async def answer(self, path: str, budget: Budget, *, version: str = "1.0") -> Answer:
        token = self.token if self.token is not None and self.clock() < self.token.renew_at else None
        answer = await self._ask(path, budget, version, token)
        if answer.status == httpx.codes.UNAUTHORIZED:
            answer = await self._ask(path, budget, version, await self._renewed(token, budget))
        if httpx.codes.is_redirect(answer.status):
            raise StandbyError(Kind.HTTP, f"{answer.where}: redirected ({answer.status}), as a standby mgr does")
        try:
            check_status(answer)
        except CollectorError as error:
            self.backoff.learn(error)
            raise StatusError(error, answer.status) from None
        return answer

    def cancel(self) -> None:
        self.login.cancel()

    async def _ask(self, path: str, budget: Budget, version: str, token: Token | None) -> Answer:
        self.backoff.check(self.endpoint)
        headers = {"accept": f"application/vnd.ceph.api.v{version}+json"}
        if token is not None:  # an empty bearer token is answered with 500
            headers["authorization"] = f"Bearer {token.value}"
        request = self.http.build_request("GET", f"{self.endpoint}{path}", headers=headers)
        return await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)

    async def _renewed(self, refused: Token | None, budget: Budget) -> Token:
        """A token that is not the refused one; collectors and probes that come at the same time share one login."""
        if self.token is not None and self.token is not refused and self.clock() < self.token.renew_at:
            return self.token
        if not self.login.is_running:
            self._check_login_may_be_tried()
            self.login.begin(self._log_in)
        await self.login.wait(budget.remaining())
        if self.login.is_running:
            raise CollectorError(
                Kind.TIMEOUT, f"{self.login.name}: the login is under way; the next probe has its token"
            )
        if self.login.failure is not None:
            raise CollectorError.of(self.login.failure)
        return self.login.recall().value

    def _check_login_may_be_tried(self) -> None:
        failure, tried_at = self.login.failure, self.login.tried_at
        silent = failure is not None and failure.kind is Kind.TIMEOUT
        if silent and tried_at is not None and 0 <= self.clock() - tried_at < SILENT_LOGIN_SECONDS:
            raise CollectorError(Kind.TIMEOUT, f"{self.login.name}: was silent; it is asked again later")

    async def _log_in(self, budget: Budget) -> Token:
        self.token = None
        self.lacks.clear()
        self.token = await self._new_token(budget)
        return self.token

    async def _new_token(self, budget: Budget) -> Token:
        self.backoff.check(self.endpoint)
        if self.username is None or self.password_file is None:
            raise CollectorError(Kind.AUTH, "the module names no username and password_file for the dashboard")
        try:
            password = await in_thread(read_secret, self.password_file)
        except ValueError as error:
            raise CollectorError(Kind.AUTH, str(error)) from None
        if self.refusals.hold(self.username, password):
            raise CollectorError(
                Kind.AUTH, "this password was refused; it is tried again later, or when its file changes"
            )
        headers = {"accept": "application/vnd.ceph.api.v1.0+json"}
        given = {"username": self.username, "password": password}
        request = self.http.build_request("POST", f"{self.endpoint}/api/auth", headers=headers, json=given)
        # Never twice: Ceph counts logins, and locks an account after ten that fail.
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes, again=False)
        if answer.status in _BAD_LOGIN:
            self.refusals.remember(self.username, password)
            raise CollectorError(Kind.AUTH, f"{answer.where}: the login was refused ({answer.status})")
        if answer.status != httpx.codes.CREATED:
            try:
                check_status(answer)
            except CollectorError as error:
                self.backoff.learn(error)
                raise
        return _token(await decode(answer), answer.where, self.clock())


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


def date_of(answer: Answer) -> float | None:
    """The time of the answer by the mgr's own clock, if it said so."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
