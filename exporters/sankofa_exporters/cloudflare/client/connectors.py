"""One configured address of a tunnel's connectors: which cloudflareds answer there, and what they report.

An address with a port is one connector. A bare host is searched on the five ports cloudflared takes by default since
2024.12, all at once; what answers there counts only when `/diag/tunnel` names our tunnel, because a host may run
connectors of others. cloudflared's metrics listener is plain HTTP and knows no credentials; none are sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import httpx

from sankofa_exporters.cloudflare.settings import split_address
from sankofa_exporters.cloudflare.snapshot.connector import (
    Connector,
    Diagnosis,
    Metrics,
    Ready,
    parse_diagnosis,
    parse_metrics,
    parse_ready,
)
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.reading.backoff import BUSY, Backoff
from sankofa_exporters.reading.http import DECODE_IN_THREAD_BYTES, Answer, check_status, exchange, read

DEFAULT_PORTS = (20241, 20242, 20243, 20244, 20245)
NO_EDGE = int(httpx.codes.SERVICE_UNAVAILABLE)


class ForeignConnectorError(CollectorError):
    """A connector of another tunnel answers here: nothing it reports is about ours."""

    def __init__(self, name: str) -> None:
        super().__init__(Kind.HTTP, f"http://{name}: a connector of another tunnel")


@dataclass(frozen=True, kw_only=True)
class ConnectorClient:
    """One address as configured."""

    http: httpx.AsyncClient = field(repr=False)
    address: str
    tunnel_id: str
    body_bytes: int
    seconds: float
    diagnostics: bool
    clock: Callable[[], float] = time.monotonic
    backoffs: dict[str, Backoff] = field(default_factory=dict)

    @property
    def is_searched(self) -> bool:
        """Whether the address is a bare host, whose connectors are known only once they are found."""
        return split_address(self.address)[1] is None

    async def find(self, budget: Budget) -> tuple[Connector, ...]:
        """What is at this address; of a bare host only connectors proven ours, else the most informative failure."""
        share = budget.slice(self.seconds)
        if not self.is_searched:
            return (await self._connector(self.address, share, must_prove=False),)
        names = [f"{self.address}:{number}" for number in DEFAULT_PORTS]
        found = await asyncio.gather(
            *(self._connector(name, share, must_prove=True) for name in names), return_exceptions=True
        )
        connectors = tuple(one for one in found if isinstance(one, Connector))
        errors = [one for one in found if isinstance(one, BaseException)]
        if any(one.connections for one in connectors) or (connectors and all(map(_proves_absence, errors))):
            return connectors
        # A port that answered, and could not prove whose it is, may be a replica of ours that is well.
        raise _most_informative(errors)

    async def metrics(self, name: str, budget: Budget) -> Metrics:
        answer = await self._get(name, "metrics", budget.slice(self.seconds))
        check_status(answer)
        if len(answer.body) > DECODE_IN_THREAD_BYTES:
            return await in_thread(parse_metrics, answer.body, answer.where)
        return parse_metrics(answer.body, answer.where)

    async def _connector(self, name: str, budget: Budget, *, must_prove: bool) -> Connector:
        """What answers at `name`; `must_prove` refuses one that does not show whose connector it is."""
        if not must_prove and not self.diagnostics:
            return Connector(name=name, ready=await self._ready(name, budget), diagnosis=None)
        ready, diagnosis = await asyncio.gather(self._ready(name, budget), self._diagnosis(name, budget))
        for answer in (ready, diagnosis):
            if isinstance(answer, Failure) and must_prove:
                raise CollectorError.of(answer)
        if isinstance(diagnosis, Diagnosis) and diagnosis.tunnel_id != self.tunnel_id:
            raise ForeignConnectorError(name)
        return Connector(name=name, ready=ready, diagnosis=diagnosis)

    async def _ready(self, name: str, budget: Budget) -> Ready | Failure:
        try:
            answer = await self._get(name, "ready", budget)
            if answer.status != NO_EDGE:
                check_status(answer)
            return await read(answer, partial(parse_ready, answer.status))
        except CollectorError as error:
            return error.failure

    async def _diagnosis(self, name: str, budget: Budget) -> Diagnosis | Failure:
        try:
            answer = await self._get(name, "diag/tunnel", budget)
            check_status(answer)
            return await read(answer, parse_diagnosis)
        except CollectorError as error:
            return error.failure

    async def _get(self, name: str, path: str, budget: Budget) -> Answer:
        """The answer of any status; one that asks to be left alone is an error, and so is what would be asked meanwhile."""
        backoff = self.backoffs.setdefault(name, Backoff(clock=self.clock))
        backoff.check(f"http://{name}")
        request = self.http.build_request("GET", f"http://{name}/{path}")
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
        if answer.status in BUSY and "retry-after" in answer.headers:  # a proxy's: cloudflared's own 503 has none
            try:
                check_status(answer)
            except CollectorError as error:
                backoff.learn(error)
                raise
        return answer


def _proves_absence(error: BaseException) -> bool:
    """Nothing listens there, or a connector of another tunnel does."""
    return isinstance(error, ForeignConnectorError) or (
        isinstance(error, CollectorError) and error.failure.kind is Kind.REFUSED
    )


def _most_informative(errors: Sequence[BaseException]) -> BaseException:
    """A port that refuses is the least informative: any other failure comes first."""
    known = [error for error in errors if isinstance(error, CollectorError)]
    defects = [error for error in errors if not isinstance(error, CollectorError)]
    answered = [error for error in known if error.failure.kind is not Kind.REFUSED]
    return [*defects, *answered, *known][0]
