"""Cloudflare tunnels as a system of the exporter: a target is one tunnel, a module's account is shared by its tunnels.

Collectors by address (`ready ADDRESS`, `diagnosis ADDRESS`, `metrics ADDRESS`), over all of them (`redundancy`) and of
the account (`account`, `connections`). Within a probe each thing is asked once and shared by those that need it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from weakref import WeakValueDictionary

import httpx

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import CollectorError, Failure
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged
from sankofa_exporters.probe.shared import Shared
from sankofa_exporters.probe.source import Collector, Results, Verdict, only
from sankofa_exporters.reading.backoff import Backoff
from sankofa_exporters.reading.http import modified_at, open_client
from sankofa_exporters.registry import System

from .client.account import Account
from .client.api import ApiClient
from .client.calls import CallBudget
from .client.connectors import ConnectorClient
from .families import CONNECTIONS_OPENED, DISPUTED, DISPUTED_SINCE, FAMILIES, KNOWN, UP, WITNESSES
from .samples.account import account_samples, api_samples, connections_samples, unconfigured_samples
from .samples.connectors import diagnoses, diagnosis_samples, metrics_samples, ready_samples, redundancy_samples
from .settings import AccountSettings, CloudflareModule, TunnelTarget
from .signals import SIGNALS
from .snapshot.account import Connections, Listing
from .snapshot.connector import Connector, MeasuredConnector
from .verdict import AccountAnswers, CombinedVerdict, Dispute, account_verdict, combined, connectors_verdict, dispute_of

NO_VERDICT = CombinedVerdict(verdict=Verdict.UNKNOWN, witnesses=0, is_disputed=False)
# Targets are opened by their first probes: until each had one, it is not known which tunnels have none.
ALL_PROBED_SECONDS = 300.0


@dataclass(kw_only=True)
class Address:
    """What one probe asks of one connector address, each thing once."""

    client: ConnectorClient
    shared: Shared = field(default_factory=Shared)

    async def found(self, budget: Budget) -> tuple[Connector, ...]:
        return await self.shared.once("find", lambda: self.client.find(budget))

    async def ready(self, budget: Budget) -> tuple[Connector, ...]:
        """The connectors, each with its /ready; raises the failure of one that gave none."""
        connectors = await self.found(budget)
        for connector in connectors:
            if isinstance(connector.ready, Failure):
                raise CollectorError.of(connector.ready)
        return connectors

    async def measured(self, budget: Budget) -> tuple[MeasuredConnector, ...]:
        return await self.shared.once("metrics", lambda: self._measured(budget))

    async def ready_and_measured(self, budget: Budget) -> tuple[MeasuredConnector, ...]:
        measured, _ = await asyncio.gather(self.measured(budget), self.ready(budget))
        return measured

    async def _measured(self, budget: Budget) -> tuple[MeasuredConnector, ...]:
        """Asked when the connector is known to be none of another tunnel."""
        connectors = await self.found(budget)
        found = await asyncio.gather(*(self.client.metrics(connector.name, budget) for connector in connectors))
        pairs = zip(connectors, found, strict=True)
        return tuple(MeasuredConnector(connector=connector, metrics=metrics) for connector, metrics in pairs)


@dataclass(kw_only=True)
class TunnelSource:
    """One tunnel, opened once and probed many times."""

    module: CloudflareModule
    tunnel_id: str
    clients: tuple[ConnectorClient, ...]
    account: Account | None
    combined: CombinedVerdict = NO_VERDICT
    dispute: Dispute | None = None
    is_urgent: bool = False  # the last probe had reason to ask the account about this tunnel soon
    up: Family = UP
    known: Family = KNOWN

    @property
    def collectors(self) -> Sequence[Collector]:
        addresses = [Address(client=client) for client in self.clients]
        return (
            *(collector for address in addresses for collector in self._of_address(address)),
            *([_redundancy(addresses)] if addresses else []),
            *(self._of_account(self.account) if self.account is not None else ()),
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        connectors = connectors_verdict([results.get(_name("ready", client)) for client in self.clients])
        answers = AccountAnswers(
            tunnel_id=self.tunnel_id,
            listing=only(Aged, results.get("account")),
            connections=only(Aged, results.get("connections")),
        )
        account = Verdict.UNKNOWN
        if self.account is not None:
            account = account_verdict(answers, fresh_seconds=self.account.fresh_seconds)
        self.combined = combined(connectors, account)
        self.dispute = dispute_of(self.dispute, self.combined, now)
        # Silent connectors under a status that says up: exactly what a site that lost its uplink looks like.
        is_silent = bool(self.clients) and connectors is Verdict.UNKNOWN and account is Verdict.UP
        self.is_urgent = self.combined.is_disputed or answers.is_doubtful or is_silent
        return self.combined.verdict

    def standing(self) -> Iterator[Sample]:
        """The combined verdict's details, and what is counted between probes."""
        yield Sample(WITNESSES, self.combined.witnesses)
        yield Sample(DISPUTED, float(self.combined.is_disputed))
        if self.dispute is not None and self.combined.is_disputed:
            yield Sample(DISPUTED_SINCE, self.dispute.since)
        if self.account is not None:
            if (tunnel := self.account.tunnels[self.tunnel_id]).known is not None:
                yield Sample(CONNECTIONS_OPENED, tunnel.opened)
            yield from api_samples(self.account.api.calls, self.account.api.outcomes)

    async def close(self) -> None:
        await asyncio.gather(*(client.http.aclose() for client in self.clients))
        if self.account is not None:
            await self.account.leave(self.tunnel_id)

    def _of_address(self, address: Address) -> Iterator[Collector]:
        ready, diagnosis, metrics = (_name(kind, address.client) for kind in ("ready", "diagnosis", "metrics"))
        expected = self.module.connections_expected
        yield Collector(name=ready, fetch=address.ready, samples=lambda r: ready_samples(r[ready], expected))
        yield Collector(
            name=metrics, fetch=address.measured, samples=lambda r: metrics_samples(r[metrics]), required=False
        )
        if self.module.diagnostics:
            yield Collector(
                name=diagnosis,
                fetch=lambda budget: _diagnoses(address, budget),
                samples=lambda r: diagnosis_samples(r[diagnosis]),
                required=False,
            )

    def _of_account(self, account: Account) -> Iterator[Collector]:
        yield Collector(
            name="account",
            fetch=account.list_tunnels,
            samples=lambda r: self._account_samples(account, r["account"].value),
            age_seconds=_age_seconds,
        )
        yield Collector(
            name="connections",
            fetch=lambda budget: account.connections(self.tunnel_id, budget, is_urgent=self.is_urgent),
            samples=lambda r: connections_samples(cast("Aged[Connections]", r["connections"]).value),
            age_seconds=_age_seconds,
            required=False,
        )

    def _account_samples(self, account: Account, listing: Listing) -> Iterator[Sample]:
        yield from account_samples(listing, self.tunnel_id)
        if listing.is_complete and not listing.doubtful and account.open_seconds() >= ALL_PROBED_SECONDS:
            tunnels = account.unconfigured(listing)
            yield from unconfigured_samples(tunnels, are_named=self.tunnel_id == min(account.users))


def _age_seconds(answer: Aged[Any], now: float) -> float:
    del now
    return answer.age_seconds


def _name(kind: str, client: ConnectorClient) -> str:
    return f"{kind} {client.address}"


async def _diagnoses(address: Address, budget: Budget) -> Any:
    return diagnoses(await address.found(budget))


def _redundancy(addresses: Sequence[Address]) -> Collector:
    """Over all addresses; fails only when no connector gave both answers that are needed, with the first one's failure."""

    async def fetch(budget: Budget) -> tuple[MeasuredConnector, ...]:
        asked = (address.ready_and_measured(budget) for address in addresses)
        results = await asyncio.gather(*asked, return_exceptions=True)
        measured = tuple(one for result in results if isinstance(result, tuple) for one in result)
        if not measured:
            raise next(result for result in results if isinstance(result, BaseException))
        return measured

    return Collector(
        name="redundancy", fetch=fetch, samples=lambda r: redundancy_samples(r["redundancy"]), required=False
    )


# What makes an account another one: its settings, how it is trusted, and the bound of a body.
AccountKey = tuple[AccountSettings, tuple[Path | None, ...], tuple[int, ...], str | None, int]


@dataclass(kw_only=True)
class AccountPool:
    """Opens tunnels, and finds for each the account that others of equal settings already have open.

    Equal is enough: after a reload old and new tunnels must go on spending one budget. One that no open tunnel holds any
    more is gone. A 429 is known to all that use the same token file, whatever else stands in their modules.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    accounts: WeakValueDictionary[AccountKey, Account] = field(default_factory=WeakValueDictionary)
    backoffs: dict[tuple[str, Path], Backoff] = field(default_factory=dict)
    open_api: Callable[[CloudflareModule], httpx.AsyncClient] = CloudflareModule.open_client
    open_connector: Callable[[], httpx.AsyncClient] = lambda: open_client(verify=_plain())

    def open(self, module: CloudflareModule, target: TunnelTarget, bounds: Bounds) -> TunnelSource:
        account = self._account(module, target, bounds)
        clients = tuple(
            ConnectorClient(
                http=self.open_connector(),  # one each: a black hole must not hold another address' connections
                address=address,
                tunnel_id=target.tunnel_id,
                body_bytes=bounds.body_bytes,
                seconds=module.connector_timeout_seconds,
                diagnostics=module.diagnostics,
                clock=self.monotonic,
            )
            for address in target.connectors
        )
        if account is not None:
            account.join(target.tunnel_id)
        return TunnelSource(module=module, tunnel_id=target.tunnel_id, clients=clients, account=account)

    def _account(self, module: CloudflareModule, target: TunnelTarget, bounds: Bounds) -> Account | None:
        if module.account is None:
            return None
        settings = module.account.model_copy(update={"account_id": target.account_id or module.account.account_id})
        files = (module.ca_file, module.cert_file, module.key_file)
        key = (settings, files, tuple(map(modified_at, files)), module.server_name, bounds.body_bytes)
        known = self.accounts.get(key)
        if known is not None and not known.is_closed:
            return known
        backoff = self.backoffs.setdefault((settings.api, settings.token_file), Backoff(clock=self.monotonic))
        api = ApiClient(
            http=self.open_api(module),
            account_url=f"{settings.api}/accounts/{settings.account_id}",
            token_file=settings.token_file,
            body_bytes=bounds.body_bytes,
            calls=CallBudget(calls=settings.calls_per_five_minutes, clock=self.monotonic, backoff=backoff),
            now=self.now,
        )
        account = Account(settings=settings, api=api, monotonic=self.monotonic, now=self.now)
        self.accounts[key] = account
        return account


def _plain() -> ssl.SSLContext:
    """Connectors use plain HTTP: a context that trusts nobody saves reading the system's CAs."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


SYSTEM = System(
    name="cloudflare",
    title="Sankofa Cloudflare tunnel exporter",
    default_address=":9241",
    module_type=CloudflareModule,
    target_type=TunnelTarget,
    open=AccountPool().open,
    families=FAMILIES,
    signals=SIGNALS,
    upstream_job="cloudflared",
)
