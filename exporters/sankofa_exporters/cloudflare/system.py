"""Cloudflare tunnels as a system of the exporter: a target is one tunnel, a module's account is shared by its tunnels.

Collectors by address (`ready ADDRESS`, `diagnosis ADDRESS`, `metrics ADDRESS`), over all of them (`redundancy`) and of
the account (`account`, `connections`). Within a probe each thing is asked once and shared by those that need it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import httpx

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.source import Collector, Results, Verdict
from sankofa_exporters.reading.http import modified_at, open_client, tls_context
from sankofa_exporters.registry import System

from .account import Account
from .api import ApiClient
from .bucket import CallBudget
from .collector import (
    Seen,
    account_samples,
    api_samples,
    connections_samples,
    diagnoses,
    diagnosis_samples,
    metrics_samples,
    ready_samples,
    redundancy_samples,
)
from .connector import Connector, ConnectorClient
from .families import DISPUTED, DISPUTED_SINCE, FAMILIES, KNOWN, UP, WITNESSES
from .listing import Connections, Listing
from .settings import AccountSettings, CloudflareModule, TunnelTarget
from .verdict import Joint, account_word, connectors_word, joined, overruled

Shared = tuple[AccountSettings, int, int]  # with the bound of a body, and the time of the CA file
NOBODY = Joint(verdict=Verdict.UNKNOWN, witnesses=0, disputed=False)


@dataclass(kw_only=True)
class Asked:
    """What one probe asks of one address, each thing once; whoever waits for it does not end it."""

    client: ConnectorClient
    tasks: dict[str, asyncio.Task[Any]] = field(default_factory=dict)

    async def found(self, budget: Budget) -> tuple[Connector, ...]:
        result: tuple[Connector, ...] = await self._once("find", lambda: self.client.find(budget))
        return result

    async def ready(self, budget: Budget) -> tuple[Connector, ...]:
        """The connectors, each with its /ready; raises the trouble of one that gave none."""
        connectors = await self.found(budget)
        for connector in connectors:
            if isinstance(connector.ready, Failure):
                raise CollectorError.of(connector.ready)
        return connectors

    async def seen(self, budget: Budget) -> tuple[Seen, ...]:
        result: tuple[Seen, ...] = await self._once("metrics", lambda: self._metrics(budget))
        return result

    async def _metrics(self, budget: Budget) -> tuple[Seen, ...]:
        """Metrics of each connector, asked when it is known to be no stranger's."""
        connectors = await self.found(budget)
        found = await asyncio.gather(*(self.client.metrics(connector.name, budget) for connector in connectors))
        return tuple(Seen(connector=one, metrics=metrics) for one, metrics in zip(connectors, found, strict=True))

    async def _once(self, what: str, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        if what not in self.tasks:
            self.tasks[what] = asyncio.create_task(_settled(ask))
        result = await asyncio.shield(self.tasks[what])
        if isinstance(result, CollectorError):
            raise CollectorError.of(result.failure)
        return result


async def _settled(ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """The result, or the trouble as a value: a task nobody waits for any more must not complain at its end."""
    try:
        return await ask()
    except CollectorError as error:
        return error


@dataclass(kw_only=True)
class TunnelSource:
    """One tunnel; it remembers the last joint verdict, because a dispute has a beginning."""

    module: CloudflareModule
    tunnel_id: str
    clients: tuple[ConnectorClient, ...]
    account: Account | None
    joint: Joint = NOBODY
    disputed_since: float | None = None
    doubted: bool = False  # the last probe had reason to ask the account about this tunnel soon
    asked_at: float = 0.0  # for which connections count as young or old: what a probe waits itself makes none old
    up: Family = UP
    known: Family = KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        asked = [Asked(client=client) for client in self.clients]
        return (
            *(collector for one in asked for collector in self._of_address(one)),
            *([_redundancy(asked)] if asked else []),
            *(self._of_account() if self.account is not None else ()),
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        connectors = connectors_word([results[_name("ready", client)] for client in self.clients])
        account = Verdict.UNKNOWN
        if self.module.account is not None:
            account = account_word(
                self.tunnel_id,
                results["account"],
                results["connections"],
                now=self.asked_at,
                fresh_seconds=self.module.account.list_seconds,
            )
        self.joint = joined(connectors, account)
        self.disputed_since = (self.disputed_since or now) if self.joint.disputed else None
        self.doubted = (
            self.joint.disputed
            or overruled(self.tunnel_id, results.get("account"), results.get("connections"))
            # The processes are silent under a status that lags: exactly what a site that lost its uplink looks like.
            or (bool(self.clients) and connectors is Verdict.UNKNOWN and account is Verdict.UP)
        )
        return self.joint.verdict

    def standing(self) -> Iterator[Sample]:
        """The joint verdict's details, and the API's call budget whatever became of the calls."""
        yield Sample(WITNESSES, self.joint.witnesses)
        yield Sample(DISPUTED, float(self.joint.disputed))
        if self.disputed_since is not None:
            yield Sample(DISPUTED_SINCE, self.disputed_since)
        if self.account is not None:
            yield from api_samples(self.account)

    async def close(self) -> None:
        await asyncio.gather(*(client.http.aclose() for client in self.clients))
        if self.account is not None:
            await self.account.leave(self.tunnel_id)

    def _of_address(self, asked: Asked) -> Iterator[Collector]:
        ready, diagnosis, metrics = (_name(what, asked.client) for what in ("ready", "diagnosis", "metrics"))
        expected = self.module.connections_expected
        yield Collector(name=ready, fetch=asked.ready, samples=lambda r: ready_samples(r[ready], expected))
        yield Collector(name=metrics, fetch=asked.seen, samples=lambda r: metrics_samples(r[metrics]), required=False)
        if self.module.diagnostics:
            yield Collector(
                name=diagnosis,
                fetch=lambda budget: _diagnoses(asked, budget),
                samples=lambda r: diagnosis_samples(r[diagnosis]),
                required=False,
            )

    def _of_account(self) -> Iterator[Collector]:
        yield Collector(
            name="account",
            fetch=self._listing,
            samples=lambda r: account_samples(r["account"], self.tunnel_id),
            age_seconds=Listing.age_seconds,
        )
        yield Collector(
            name="connections",
            fetch=self._connections,
            samples=lambda r: connections_samples(r["connections"]),
            age_seconds=Connections.age_seconds,
            required=False,
        )

    async def _listing(self, budget: Budget) -> Listing:
        return await _need(self.account).list_tunnels(budget)

    async def _connections(self, budget: Budget) -> Connections:
        account = _need(self.account)
        asked_at = account.clock()
        found = await account.connections(self.tunnel_id, budget, urgent=self.doubted)
        # Fetched by this very probe they are young; from the future they are not: a clock has jumped.
        self.asked_at = max(asked_at, min(found.fetched_at, account.clock()))
        return found


def _need(account: Account | None) -> Account:
    if account is None:
        raise CollectorError(Kind.AUTH, "the module has no account")
    return account


def _name(what: str, client: ConnectorClient) -> str:
    return f"{what} {client.address}"


async def _diagnoses(asked: Asked, budget: Budget) -> Any:
    return diagnoses(await asked.found(budget))


def _redundancy(asked: Sequence[Asked]) -> Collector:
    """Over all addresses; fails only when no connector gave both answers that are needed, with the first one's trouble."""

    async def both(one: Asked, budget: Budget) -> tuple[Seen, ...]:
        seen, _ = await asyncio.gather(one.seen(budget), one.ready(budget))
        return seen

    async def fetch(budget: Budget) -> tuple[Seen, ...]:
        results = await asyncio.gather(*(both(one, budget) for one in asked), return_exceptions=True)
        seen = [one for result in results if isinstance(result, tuple) for one in result]
        if not seen:
            raise next(result for result in results if isinstance(result, BaseException))
        return tuple(seen)

    return Collector(
        name="redundancy", fetch=fetch, samples=lambda r: redundancy_samples(r["redundancy"]), required=False
    )


@dataclass(kw_only=True)
class Desk:
    """Opens tunnels, and finds for each the account that others of equal settings already have open.

    Equal is enough: after a reload old and new tunnels must go on spending one budget. What makes a client anew (a
    renewed CA file, another bound) makes an account anew. One that no open tunnel holds any more is gone.
    """

    clock: Callable[[], float] = time.time
    accounts: WeakValueDictionary[Shared, Account] = field(default_factory=WeakValueDictionary)
    client: Callable[..., httpx.AsyncClient] = open_client

    def open(self, module: CloudflareModule, target: TunnelTarget, bounds: Bounds) -> TunnelSource:
        clients = tuple(
            ConnectorClient(
                http=self.client(verify=False),  # one each: a black hole must not hold another address' connections
                address=address,
                tunnel_id=target.tunnel_id,
                body_bytes=bounds.body_bytes,
                seconds=module.connector_timeout_seconds,
                diagnostics=module.diagnostics,
            )
            for address in target.connectors
        )
        account = self._account(module, bounds)
        if account is not None:
            account.join(target.tunnel_id)
        return TunnelSource(module=module, tunnel_id=target.tunnel_id, clients=clients, account=account)

    def _account(self, module: CloudflareModule, bounds: Bounds) -> Account | None:
        settings = module.account
        if settings is None:
            return None
        shared = (settings, bounds.body_bytes, modified_at(settings.ca_file))
        known = self.accounts.get(shared)
        if known is not None and not known.closed:
            return known
        api = ApiClient(
            http=self.client(verify=tls_context(settings.ca_file) if settings.api.startswith("https:") else False),
            account_url=f"{settings.api}/accounts/{settings.account_id}",
            token_file=settings.token_file,
            body_bytes=bounds.body_bytes,
            calls=CallBudget(calls=settings.calls_per_five_minutes, clock=self.clock),
        )
        account = Account(settings=settings, api=api, clock=self.clock)
        self.accounts[shared] = account
        return account


SYSTEM = System(
    name="cloudflare",
    title="Sankofa Cloudflare tunnel exporter",
    default_address=":9241",
    module_type=CloudflareModule,
    target_type=TunnelTarget,
    open=Desk().open,
    families=FAMILIES,
)
