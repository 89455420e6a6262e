"""The Cloudflare API with one token: two questions, their envelope, and the call budget that both are paid from.

Assumes an API token with the one right "Cloudflare Tunnel: Read". The token is read from its file for every call, so
that a rotated one is used at once, and goes into the Authorization header and nowhere else. Only GET is ever sent.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from sankofa_exporters.cloudflare.settings import read_token
from sankofa_exporters.cloudflare.snapshot.account import Connections, Page, parse_connections, parse_page
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.http import Answer, check_status, exchange, read, small_json

from .calls import CallBudget

V = TypeVar("V")
PER_PAGE = 100
# Cloudflare answers 400 to a token of the wrong form, with one of these codes; any other 400 goes by its status.
MALFORMED_TOKEN = frozenset({6003, 6111})
MAX_CODES = 8


@dataclass(kw_only=True)
class ApiClient:
    """One account's API; whoever asks has paid for the call (`calls.take`)."""

    http: httpx.AsyncClient = field(repr=False)
    account_url: str
    token_file: Path
    body_bytes: int
    calls: CallBudget
    now: Callable[[], float] = time.time
    outcomes: Counter[str] = field(default_factory=Counter)

    async def page(self, number: int, budget: Budget) -> Page:
        """One page of the account's tunnels, deleted ones left out."""
        params: dict[str, str | int] = {"is_deleted": "false", "page": number, "per_page": PER_PAGE}
        return await self._get("cfd_tunnel", params, budget, parse_page)

    async def connections(self, tunnel_id: str, budget: Budget) -> Connections:
        """One tunnel's connections, as of the moment of asking."""
        parse = partial(parse_connections, fetched_at=self.now())
        return await self._get(f"cfd_tunnel/{tunnel_id}/connections", {}, budget, parse)

    async def _get(
        self, path: str, params: Mapping[str, str | int], budget: Budget, parse: Callable[[Mapping[str, Any]], V]
    ) -> V:
        try:
            found = await self._ask(path, params, budget, parse)
        except CollectorError as error:
            self.outcomes[error.failure.kind] += 1
            raise
        self.outcomes["ok"] += 1
        return found

    async def _ask(
        self, path: str, params: Mapping[str, str | int], budget: Budget, parse: Callable[[Mapping[str, Any]], V]
    ) -> V:
        headers = {"authorization": f"Bearer {await self._token()}"}
        request = self.http.build_request("GET", f"{self.account_url}/{path}", params=params, headers=headers)
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
        self.calls.learn(answer.headers)
        if answer.status == httpx.codes.TOO_MANY_REQUESTS:
            raise self.calls.refused(answer.where, answer.headers, self.now())
        try:
            _check(answer)
        except CollectorError as error:
            self.calls.backoff.learn(error)
            raise
        return await read(answer, lambda document: parse(_opened(document, answer.where)))

    async def _token(self) -> str:
        try:
            return await in_thread(read_token, self.token_file)
        except ValueError as error:
            raise CollectorError(Kind.AUTH, str(error)) from None


def _check(answer: Answer) -> None:
    if answer.status == httpx.codes.BAD_REQUEST:
        document = small_json(answer)
        if isinstance(document, Mapping) and MALFORMED_TOKEN & set(_codes(document)):
            raise CollectorError(Kind.AUTH, f"{answer.where}: the API finds the token malformed (400)")
    check_status(answer)


def _opened(document: Any, where: str) -> Mapping[str, Any]:
    """The envelope of a call that succeeded."""
    if not isinstance(document, Mapping):
        raise CollectorError(Kind.DECODE, f"{where}: JSON that is not an object")
    if document.get("success") is not True:
        codes = ", ".join(map(str, _codes(document))) or "none"
        raise CollectorError(Kind.HTTP, f"{where}: the API reports no success (error codes: {codes})")
    return document


def _codes(document: Mapping[str, Any]) -> list[int]:
    """The error codes of an envelope; its messages are not repeated, they may quote what was sent."""
    errors = document.get("errors")
    rows = [row for row in errors[:MAX_CODES] if isinstance(row, Mapping)] if isinstance(errors, list) else []
    codes = [row.get("code") for row in rows]
    return [code for code in codes if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31]
