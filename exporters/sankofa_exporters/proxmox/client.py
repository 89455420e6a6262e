"""The Proxmox API over its seed nodes: a GET, its `data`, and which seed said so.

Assumes an API token (no login, no ticket to renew). The token is read from its file for every probe, so that a rotated
one is used at once, and goes into the Authorization header and nowhere else. Only GET is ever sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sankofa_exporters.apart import apart
from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.fetch import check_status, decode, exchange

from .settings import read_token


@dataclass(kw_only=True)
class ProxmoxClient:
    """One cluster's API; seeds that did not answer last time are tried last."""

    http: httpx.AsyncClient = field(repr=False)
    endpoints: tuple[str, ...]
    token_file: Path
    body_bytes: int
    late: set[str] = field(default_factory=set)

    async def get(self, path: str, budget: Budget) -> Any:
        """`data` of the first seed that gives it; raises the first seed's `CollectorError` when none does."""
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

    async def ask(self, seed: str, path: str, budget: Budget) -> Any:
        """`data` as this one seed gives it."""
        headers = {"authorization": f"PVEAPIToken={await self._token()}"}
        request = self.http.build_request("GET", f"{seed}/api2/json/{path}", headers=headers)
        try:
            answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
        except CollectorError:
            self.late.add(seed)
            raise
        self.late.discard(seed)
        check_status(answer)
        document = await decode(answer)
        if not isinstance(document, Mapping) or "data" not in document:
            raise CollectorError(Kind.DECODE, f"{answer.where}: JSON without data")
        return document["data"]

    async def _token(self) -> str:
        try:
            return await apart(read_token, self.token_file)
        except ValueError as error:
            raise CollectorError(Kind.AUTH, str(error)) from None
