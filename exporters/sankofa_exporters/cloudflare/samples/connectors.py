"""Samples of what the connectors answered.

Only connections that are known to be live count for sites and round trips: cloudflared goes on showing the last location
of a connection it lost. Where it is not known which are live, sites are counted from below; where a live connection has
no location, their number is not known at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sankofa_exporters.cloudflare import families as f
from sankofa_exporters.cloudflare.snapshot.account import edge_site
from sankofa_exporters.cloudflare.snapshot.connector import Connector, Diagnosis, MeasuredConnector, Ready
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Sample, present


def ready_samples(connectors: Iterable[Connector], expected: int) -> Iterator[Sample]:
    for connector in connectors:
        if connector.connections is not None:
            yield Sample(f.READY_CONNECTIONS, connector.connections, (connector.name,))
            yield Sample(f.REDUNDANCY, connector.connections / expected, (connector.name,))


def diagnoses(connectors: Iterable[Connector]) -> dict[str, Diagnosis]:
    """Each connector's diagnosis; raises the failure of the first that has none."""
    found: dict[str, Diagnosis] = {}
    for connector in connectors:
        if not isinstance(connector.diagnosis, Diagnosis):
            failure = connector.diagnosis
            raise CollectorError.of(failure) if failure else CollectorError(Kind.HTTP, "not asked")
        found[connector.name] = connector.diagnosis
    return found


def diagnosis_samples(found: Mapping[str, Diagnosis]) -> Iterator[Sample]:
    for name, diagnosis in found.items():
        if diagnosis.is_complete:  # else a count would be too small
            for protocol, count in sorted(Counter(diagnosis.live.values()).items()):
                yield Sample(f.LIVE_CONNECTIONS, count, (name, protocol))


def metrics_samples(measured: Iterable[MeasuredConnector]) -> Iterator[Sample]:
    for one in measured:
        name, metrics = one.connector.name, one.metrics
        if isinstance(one.connector.ready, Ready):
            yield Sample(f.CONNECTOR_INFO, 1, (name, one.connector.ready.connector_id, metrics.version))
        yield Sample(f.REGISTER_FAILURES, metrics.register_failures, (name,))
        yield from present(
            (name,),
            (f.REGISTRATIONS, metrics.registrations),
            (f.REQUESTS, metrics.requests),
            (f.REQUEST_ERRORS, metrics.request_errors),
            (f.CONCURRENT, metrics.concurrent),
            (f.CONFIG_VERSION, metrics.config_version),
        )
        yield from (Sample(f.RESPONSES, count, (name, code)) for code, count in sorted(metrics.responses.items()))
        yield from _connection_samples(one)


def redundancy_samples(measured: Iterable[MeasuredConnector]) -> Iterator[Sample]:
    """One number for the tunnel: in how many places of the edge it would have to fail to be lost."""
    sites: set[str] = set()
    at_least: list[int] = []
    for one in measured:
        if one.connector.connections is None:
            continue
        exact = one.live_locations
        if exact is not None:
            sites |= _sites(exact.values())
            continue
        fewest = fewest_sites(list(one.metrics.locations.values()), one.connector.connections)
        if one.connector.live is not None or fewest is None:
            return  # a live connection has no location
        at_least.append(fewest)
    yield Sample(f.EDGE_SITES, max([len(sites), *at_least]))


def fewest_sites(locations: Sequence[str], live: int) -> int | None:
    """The fewest distinct sites of `live` of these locations, whichever connections were lost; None when they are too few."""
    if len(locations) < live:
        return None
    counts = sorted(Counter(site for location in locations if (site := edge_site(location))).values(), reverse=True)
    held = 0
    for sites, count in enumerate(counts):
        if held >= live:
            return sites
        held += count
    return len(counts) if live else 0


def _connection_samples(one: MeasuredConnector) -> Iterator[Sample]:
    live = one.live_locations
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
