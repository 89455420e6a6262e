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

from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.reading.http import Answer, check_status, decode, exchange

from .settings import split_address
from .snapshot import Diagnosis, Metrics, Protocol, Ready, parse_diagnosis, parse_metrics, parse_ready

DEFAULT_PORTS = (20241, 20242, 20243, 20244, 20245)
NO_EDGE = int(httpx.codes.SERVICE_UNAVAILABLE)


class StrangerError(CollectorError):
    """A connector of another tunnel answers here: nothing it says is about ours."""

    def __init__(self, name: str) -> None:
        super().__init__(Kind.HTTP, f"http://{name}: a connector of another tunnel")


@dataclass(frozen=True, kw_only=True)
class Connector:
    """What answers at one metrics address; before 2024.12 there is no diagnosis, and None was not asked for one."""

    name: str
    ready: Ready | Failure
    diagnosis: Diagnosis | Failure | None

    @property
    def connections(self) -> int | None:
        """How many connections to the edge it says it has, or None without an answer."""
        return self.ready.connections if isinstance(self.ready, Ready) else None

    @property
    def live(self) -> Mapping[str, Protocol] | None:
        """The live connections by index with their protocol, or None when nobody can tell which they are."""
        if not isinstance(self.diagnosis, Diagnosis) or len(self.diagnosis.live) != self.connections:
            return None  # not told, or the two answers were taken at different moments
        return self.diagnosis.live


@dataclass(frozen=True, kw_only=True)
class ConnectorClient:
    """One address as configured."""

    http: httpx.AsyncClient = field(repr=False)
    address: str
    tunnel_id: str
    body_bytes: int
    seconds: float
    diagnostics: bool

    @property
    def searched(self) -> bool:
        """Whether the address is a bare host, whose connectors are known only once they are found."""
        return split_address(self.address)[1] is None

    async def find(self, budget: Budget) -> tuple[Connector, ...]:
        """What is at this address; of a bare host only connectors proven ours, or the most telling trouble is raised."""
        share = budget.slice(self.seconds)
        if not self.searched:
            return (await self._connector(self.address, share, verified=False),)
        names = [f"{self.address}:{number}" for number in DEFAULT_PORTS]
        found = await asyncio.gather(
            *(self._connector(name, share, verified=True) for name in names), return_exceptions=True
        )
        connectors = tuple(one for one in found if isinstance(one, Connector))
        troubles = [one for one in found if isinstance(one, BaseException)]
        if any(one.connections for one in connectors) or (connectors and all(map(_proves_absence, troubles))):
            return connectors
        # A port that answered, and could not prove whose it is, may be a replica of ours that is well.
        raise _most_telling(troubles)

    async def metrics(self, name: str, budget: Budget) -> Metrics:
        answer = await self._get(name, "metrics", budget.slice(self.seconds))
        check_status(answer)
        return parse_metrics(answer.body, answer.where)

    async def _connector(self, name: str, budget: Budget, *, verified: bool) -> Connector:
        """What answers at `name`; `verified` refuses one that cannot prove whose connector it is."""
        if not verified and not self.diagnostics:
            return Connector(name=name, ready=await self._ready(name, budget), diagnosis=None)
        ready, diagnosis = await asyncio.gather(self._ready(name, budget), self._diagnosis(name, budget))
        for answer in (ready, diagnosis):
            if isinstance(answer, Failure) and verified:
                raise CollectorError.of(answer)
        if isinstance(diagnosis, Diagnosis) and diagnosis.tunnel_id != self.tunnel_id:
            raise StrangerError(name)
        return Connector(name=name, ready=ready, diagnosis=diagnosis)

    async def _ready(self, name: str, budget: Budget) -> Ready | Failure:
        try:
            answer = await self._get(name, "ready", budget)
            if answer.status != NO_EDGE:
                check_status(answer)
            return parse_ready(answer.status, await decode(answer))
        except CollectorError as error:
            return error.failure

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


def _proves_absence(trouble: BaseException) -> bool:
    """Nothing listens there, or a connector of another tunnel does."""
    return isinstance(trouble, StrangerError) or (
        isinstance(trouble, CollectorError) and trouble.failure.kind is Kind.REFUSED
    )


def _most_telling(troubles: list[BaseException]) -> BaseException:
    """Ports that refuse say least: whatever else was met comes first."""
    errors = [trouble for trouble in troubles if isinstance(trouble, CollectorError)]
    others = [trouble for trouble in troubles if not isinstance(trouble, CollectorError)]
    telling = [error for error in errors if error.failure.kind is not Kind.REFUSED]
    return [*others, *telling, *errors][0]
