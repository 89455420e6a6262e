"""The Cloudflare API with one token: a GET, its envelope, and the call budget that both are paid from.

Assumes an API token with the one right "Cloudflare Tunnel: Read". The token is read from its file for every call, so
that a rotated one is used at once, and goes into the Authorization header and nowhere else. Only GET is ever sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.http import Answer, check_status, decode, exchange, small_json

from .bucket import CallBudget
from .settings import read_token

# Cloudflare answers 400 to a token of the wrong form, with one of these codes; what is not here is told by the status.
MALFORMED_TOKEN = frozenset({6003, 6111})
MAX_CODES = 8


@dataclass(kw_only=True)
class ApiClient:
    """One account's API."""

    http: httpx.AsyncClient = field(repr=False)
    account_url: str
    token_file: Path
    body_bytes: int
    calls: CallBudget
    outcomes: Counter[str] = field(default_factory=Counter)

    async def get(
        self, path: str, params: Mapping[str, str | int], budget: Budget, *, paid: bool = False
    ) -> Mapping[str, Any]:
        """The whole envelope of a good answer; raises `CollectorError` otherwise, `limit` when no call may be made.

        `paid`: the caller has taken the token for this call already.
        """
        if not paid and not self.calls.take():
            raise CollectorError(Kind.LIMIT, f"{path}: the API's call budget is spent for now")
        try:
            document = await self._ask(path, params, budget)
        except CollectorError as error:
            self.outcomes[error.failure.kind] += 1
            raise
        self.outcomes["ok"] += 1
        return document

    async def _ask(self, path: str, params: Mapping[str, str | int], budget: Budget) -> Mapping[str, Any]:
        headers = {"authorization": f"Bearer {await self._token()}"}
        request = self.http.build_request("GET", f"{self.account_url}/{path}", params=params, headers=headers)
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
        refused = answer.status == httpx.codes.TOO_MANY_REQUESTS
        self.calls.hear(answer.headers, refused=refused)
        if refused:
            raise CollectorError(Kind.LIMIT, f"{answer.where}: the API refuses calls for now (429)")
        _check(answer)
        document = await decode(answer)
        if not isinstance(document, Mapping):
            raise CollectorError(Kind.DECODE, f"{answer.where}: JSON that is not an object")
        if document.get("success") is not True:
            codes = ", ".join(map(str, _codes(document))) or "none"
            raise CollectorError(Kind.HTTP, f"{answer.where}: the API says it had no success (error codes: {codes})")
        return document

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


def _codes(document: Mapping[str, Any]) -> list[int]:
    """The error codes of an envelope; its messages are not repeated, they may quote what was sent."""
    errors = document.get("errors")
    rows = [row for row in errors[:MAX_CODES] if isinstance(row, Mapping)] if isinstance(errors, list) else []
    codes = [row.get("code") for row in rows]
    return [code for code in codes if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31]
