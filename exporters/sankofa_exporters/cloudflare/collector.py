"""From what connectors and account said to samples: pure functions, one for each collector.

Only connections that are known to be live count for sites and round trips: cloudflared goes on showing the last
location of a connection it lost. Where it does not tell which are live, sites are counted from below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Family, Sample

from . import families as f
from .account import Account
from .connector import Connector
from .listing import STATUSES, Connections, Listing, edge_site
from .snapshot import Diagnosis, Metrics, Ready


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A connector with what its metrics say."""

    connector: Connector
    metrics: Metrics


def ready_samples(connectors: Iterable[Connector], expected: int) -> Iterator[Sample]:
    for connector in connectors:
        if connector.connections is not None:
            yield Sample(f.READY_CONNECTIONS, connector.connections, (connector.name,))
            yield Sample(f.REDUNDANCY, connector.connections / expected, (connector.name,))


def diagnoses(connectors: Iterable[Connector]) -> dict[str, Diagnosis]:
    """Each connector's diagnosis; raises the first one's trouble when one has none."""
    found: dict[str, Diagnosis] = {}
    for connector in connectors:
        if not isinstance(connector.diagnosis, Diagnosis):
            failure = connector.diagnosis
            raise CollectorError.of(failure) if failure else CollectorError(Kind.HTTP, "not asked")
        found[connector.name] = connector.diagnosis
    return found


def diagnosis_samples(found: Mapping[str, Diagnosis]) -> Iterator[Sample]:
    for name, diagnosis in found.items():
        for protocol, count in sorted(Counter(diagnosis.live.values()).items()):
            yield Sample(f.LIVE_CONNECTIONS, count, (name, protocol))


def metrics_samples(seen: Iterable[Seen]) -> Iterator[Sample]:
    for one in seen:
        name, metrics = one.connector.name, one.metrics
        if isinstance(one.connector.ready, Ready):
            yield Sample(f.CONNECTOR_INFO, 1, (name, one.connector.ready.connector_id, metrics.version))
        yield Sample(f.REGISTER_FAILURES, metrics.register_failures, (name,))
        yield from _present(
            (name,),
            (f.REQUESTS, metrics.requests),
            (f.REQUEST_ERRORS, metrics.request_errors),
            (f.CONCURRENT, metrics.concurrent),
            (f.CONFIG_VERSION, metrics.config_version),
        )
        yield from _connection_samples(one)


def redundancy_samples(seen: Iterable[Seen]) -> Iterator[Sample]:
    """One number for the tunnel: in how many places of the edge it would have to fail to be lost."""
    sites: set[str] = set()
    at_least: list[int] = []
    for one in seen:
        exact = live_locations(one)
        if exact is not None:
            sites |= _sites(exact.values())
        elif one.connector.connections is not None:
            at_least.append(fewest_sites(one.metrics.locations.values(), one.connector.connections))
    yield Sample(f.EDGE_SITES, max([len(sites), *at_least]))


def live_locations(one: Seen) -> dict[str, str] | None:
    """Location by index of exactly the live connections, or None when that cannot be told."""
    locations, live = one.metrics.locations, one.connector.live
    if live is not None:
        known = {index: locations[index] for index in live if index in locations}
        return known if len(known) == len(live) else None
    # Every connection that ever registered is still there: then all of them are live.
    return dict(locations) if len(locations) == one.connector.connections else None


def fewest_sites(locations: Iterable[str], live: int) -> int:
    """The fewest distinct sites that `live` of these locations can have, whichever connections were lost."""
    counts = sorted(Counter(site for location in locations if (site := edge_site(location))).values(), reverse=True)
    held = 0
    for sites, count in enumerate(counts):
        if held >= live:
            return sites
        held += count
    return len(counts) if live else 0


def account_samples(listing: Listing, tunnel_id: str) -> Iterator[Sample]:
    tunnel = listing.tunnels.get(tunnel_id)
    if tunnel is not None or listing.complete:
        yield Sample(f.LISTED, float(tunnel is not None))
    yield Sample(f.LIST_TIMESTAMP, listing.fetched_at)
    if tunnel is None:
        return
    yield Sample(f.INFO, 1, (tunnel.id, tunnel.name, tunnel.config_source))
    if tunnel.status is not None:
        yield from (Sample(f.STATUS, float(status == tunnel.status), (status,)) for status in STATUSES)
    yield from _present((), (f.ACTIVE_SINCE, tunnel.active_at), (f.INACTIVE_SINCE, tunnel.inactive_at))


def connections_samples(connections: Connections) -> Iterator[Sample]:
    yield Sample(f.ACCOUNT_CONNECTORS, connections.clients)
    yield Sample(f.ACCOUNT_CONNECTIONS, connections.live, ("live",))
    yield Sample(f.ACCOUNT_CONNECTIONS, connections.pending, ("pending",))
    yield Sample(f.ACCOUNT_EDGE_SITES, len(connections.sites))
    yield Sample(f.CONNECTIONS_TIMESTAMP, connections.fetched_at)


def api_samples(account: Account) -> Iterator[Sample]:
    """The state of the API's call budget, told even when the calls themselves fail."""
    calls, now = account.api.calls, account.clock()
    calls.may()  # refills the bucket, so that what is shown is what there is now
    outcomes = account.api.outcomes
    ok, limit = outcomes["ok"], outcomes[Kind.LIMIT]
    for outcome, count in (("ok", ok), ("limit", limit), ("failed", outcomes.total() - ok - limit)):
        yield Sample(f.API_CALLS, count, (outcome,))
    if calls.left is not None and now < calls.left.resets_at:
        yield Sample(f.API_CALLS_LEFT, calls.left.calls)
    yield Sample(f.API_BUDGET, calls.tokens)
    yield Sample(f.API_BLOCKED, float(now < calls.blocked_until))


def _connection_samples(one: Seen) -> Iterator[Sample]:
    live = live_locations(one)
    if live is None:
        return
    protocols = one.connector.live
    for index, location in sorted(live.items()):
        labels = (one.connector.name, index)
        yield Sample(f.CONNECTION_INFO, 1, (*labels, location, edge_site(location) or ""))
        if index in one.metrics.rtt_seconds and (protocols is None or protocols[index] == "quic"):
            yield Sample(f.RTT, one.metrics.rtt_seconds[index], labels)


def _sites(locations: Iterable[str]) -> set[str]:
    return {site for location in locations if (site := edge_site(location)) is not None}


def _present(labels: tuple[str, ...], *values: tuple[Family, float | None]) -> Iterator[Sample]:
    """Samples of the values that are there; an absent value is an absent series, never a zero."""
    return (Sample(family, value, labels) for family, value in values if value is not None)
