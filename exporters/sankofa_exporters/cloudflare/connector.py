"""One configured address of a tunnel's connectors: which cloudflareds answer there, and what they say.

An address with a port is one connector. A bare host is searched on the five ports cloudflared takes by default since
2024.12, all at once; what answers there counts only when `/diag/tunnel` names our tunnel, because a host may run
connectors of others. cloudflared's metrics listener speaks plain HTTP and knows no credentials; none are sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError, Failure, Kind
from sankofa_exporters.fetch import Answer, check_status, decode, exchange

from .settings import split_address
from .snapshot import Diagnosis, Metrics, Protocol, Ready, parse_diagnosis, parse_metrics, parse_ready

DEFAULT_PORTS = (20241, 20242, 20243, 20244, 20245)
NO_EDGE = int(httpx.codes.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, kw_only=True)
class Connector:
    """A cloudflared that answered `/ready`; before 2024.12 it has no diagnosis, and None was not asked for one."""

    name: str
    ready: Ready
    diagnosis: Diagnosis | Failure | None

    @property
    def live(self) -> Mapping[str, Protocol] | None:
        """The live connections by index with their protocol, or None when nobody can tell which they are."""
        diagnosis = self.diagnosis
        if not isinstance(diagnosis, Diagnosis) or len(diagnosis.live) != self.ready.connections:
            return None  # not told, or the two answers were taken at different moments
        return diagnosis.live


@dataclass(frozen=True, kw_only=True)
class ConnectorClient:
    """One address as configured."""

    http: httpx.AsyncClient = field(repr=False)
    address: str
    tunnel_id: str
    body_bytes: int
    seconds: float
    diagnostics: bool

    async def find(self, budget: Budget) -> tuple[Connector, ...]:
        """The connectors at this address, at least one; raises the most telling trouble when there is none."""
        host, port = split_address(self.address)
        share = budget.slice(self.seconds)
        if port is not None:
            return (await self._connector(self.address, share, verified=False),)
        names = [f"{host}:{number}" for number in DEFAULT_PORTS]
        found = await asyncio.gather(
            *(self._connector(name, share, verified=True) for name in names), return_exceptions=True
        )
        connectors = tuple(one for one in found if isinstance(one, Connector))
        if connectors:
            return connectors
        raise _most_telling([one for one in found if isinstance(one, BaseException)])

    async def metrics(self, connector: Connector, budget: Budget) -> Metrics:
        answer = await self._get(connector.name, "metrics", budget.slice(self.seconds))
        check_status(answer)
        return parse_metrics(answer.body, answer.where)

    async def _connector(self, name: str, budget: Budget, *, verified: bool) -> Connector:
        """What answers at `name`; `verified` refuses one that cannot prove whose connector it is."""
        if not verified and not self.diagnostics:
            return Connector(name=name, ready=await self._ready(name, budget), diagnosis=None)
        ready, diagnosis = await asyncio.gather(self._ready(name, budget), self._diagnosis(name, budget))
        if isinstance(diagnosis, Failure) and verified:
            raise CollectorError(diagnosis.kind, diagnosis.reason)
        if isinstance(diagnosis, Diagnosis) and diagnosis.tunnel_id != self.tunnel_id:
            raise CollectorError(Kind.HTTP, f"http://{name}: a connector of another tunnel")
        return Connector(name=name, ready=ready, diagnosis=diagnosis)

    async def _ready(self, name: str, budget: Budget) -> Ready:
        answer = await self._get(name, "ready", budget)
        if answer.status != NO_EDGE:
            check_status(answer)
        return parse_ready(answer.status, await decode(answer))

    async def _diagnosis(self, name: str, budget: Budget) -> Diagnosis | Failure:
        try:
            answer = await self._get(name, "diag/tunnel", budget)
            check_status(answer)
            return parse_diagnosis(await decode(answer))
        except CollectorError as error:
            return error.failure

    async def _get(self, name: str, path: str, budget: Budget) -> Answer:
        request = self.http.build_request("GET", f"http://{name}/{path}")
        return await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)


def _most_telling(troubles: list[BaseException]) -> BaseException:
    """Ports that refuse say least: whatever else was met comes first."""
    errors = [trouble for trouble in troubles if isinstance(trouble, CollectorError)]
    others = [trouble for trouble in troubles if not isinstance(trouble, CollectorError)]
    telling = [error for error in errors if error.failure.kind is not Kind.REFUSED]
    return [*others, *telling, *errors][0]
