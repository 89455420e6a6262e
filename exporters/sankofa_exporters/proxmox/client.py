"""The Proxmox API over its seed nodes: a GET, its `data`, the clock of who answered, and which seed said so.

Assumes an API token (no login, no ticket to renew). The token is read from its file for every probe, so that a rotated
one is used at once, and goes into the Authorization header and nowhere else. Only GET is ever sent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.http import Answer, check_status, decode, exchange, parse_json

from .settings import read_token

PROXIED_CODES = range(595, 600)  # the node that answered could not reach the one that was asked about
MESSAGE_BYTES = 4096


class ApiError(CollectorError):
    """An answer that is not 200, with what tells one refusal from another."""

    def __init__(self, failure: Failure, *, status: int, message: str) -> None:
        super().__init__(failure.kind, failure.reason)
        self.status = status
        self.message = message  # the source's own words: to compare with, never to show


@dataclass(frozen=True, kw_only=True)
class Reply:
    """`data`, and the answering node's own clock in seconds since 1970 (ours less our own delay, when it sent none)."""

    data: Any
    clock: float


@dataclass(kw_only=True)
class ProxmoxClient:
    """One cluster's API; seeds that did not answer last time are tried last."""

    http: httpx.AsyncClient = field(repr=False)
    endpoints: tuple[str, ...]
    token_file: Path
    body_bytes: int
    late: set[str] = field(default_factory=set)
    token: str | CollectorError = field(default_factory=lambda: CollectorError(Kind.AUTH, "not read yet"), repr=False)

    async def read_token(self) -> None:
        """Once for each probe, before its first call; what is wrong with the file is every call's failure."""
        try:
            self.token = await in_thread(read_token, self.token_file)
        except ValueError as error:
            self.token = CollectorError(Kind.AUTH, str(error))

    async def get(self, path: str, budget: Budget) -> Reply:
        """The reply of the first seed that gives one; raises the first seed's `CollectorError` when none does."""
        first: CollectorError | None = None
        for seed, share in self.turns():
            try:
                return await self.ask(seed, path, budget.slice(budget.remaining() * share))
            except CollectorError as error:
                first = first or error
        raise first or CollectorError(Kind.TIMEOUT, f"{path}: no seed was asked")

    def turns(self) -> list[tuple[str, float]]:
        """The seeds in the order to ask them, each with its share of the time that is left then."""
        seeds = sorted(self.endpoints, key=lambda seed: seed in self.late)
        return [(seed, 1 / (len(seeds) - index)) for index, seed in enumerate(seeds)]

    async def ask(self, seed: str, path: str, budget: Budget) -> Reply:
        """The reply of this one seed."""
        if isinstance(self.token, CollectorError):
            raise CollectorError.of(self.token.failure)
        headers = {"authorization": f"PVEAPIToken={self.token}"}
        request = self.http.build_request("GET", f"{seed}/api2/json/{path}", headers=headers)
        with observed() as own:
            try:
                answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
            except CollectorError:
                self.late.add(seed)
                raise
            heard_at = time.time() - own.measured().delay.seconds
        self.late.discard(seed)
        _check(answer)
        document = await decode(answer)
        if not isinstance(document, Mapping) or "data" not in document:
            raise CollectorError(Kind.DECODE, f"{answer.where}: JSON without data")
        return Reply(data=document["data"], clock=_clock(answer, heard_at))


def _check(answer: Answer) -> None:
    if answer.status in PROXIED_CODES:
        failure = Failure(
            kind=Kind.REFUSED, reason=f"{answer.where}: answered {answer.status}, the node is not reached"
        )
        raise ApiError(failure, status=answer.status, message="")
    try:
        check_status(answer)
    except CollectorError as error:
        raise ApiError(error.failure, status=answer.status, message=_message(answer)) from None


def _message(answer: Answer) -> str:
    """Proxmox' own words about a refusal, since 8 in the body; empty when there are none."""
    if len(answer.body) > MESSAGE_BYTES:
        return ""
    try:
        document = parse_json(answer.body, answer.where)
    except CollectorError:
        return ""
    message = document.get("message") if isinstance(document, Mapping) else None
    return message if isinstance(message, str) else ""


def _clock(answer: Answer, heard_at: float) -> float:
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return heard_at
