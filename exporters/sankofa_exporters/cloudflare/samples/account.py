"""Samples of what the account answered, and of the calls that it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sankofa_exporters.cloudflare import families as f
from sankofa_exporters.cloudflare.client.calls import CallBudget
from sankofa_exporters.cloudflare.snapshot.account import STATUSES, Connections, Listing, Tunnel
from sankofa_exporters.model.failure import Kind
from sankofa_exporters.model.family import Sample, present

MAX_NAMED = 50  # tunnels of the account that have no target; all are counted


def account_samples(listing: Listing, tunnel_id: str) -> Iterator[Sample]:
    tunnel = listing.tunnels.get(tunnel_id)
    if tunnel is not None or (listing.is_complete and tunnel_id not in listing.doubtful):
        yield Sample(f.LISTED, float(tunnel is not None))
    yield Sample(f.LIST_TIMESTAMP, listing.fetched_at)
    if tunnel is None:
        return
    yield Sample(f.INFO, 1, (tunnel.id, tunnel.name, tunnel.config_source))
    if tunnel.status is not None:
        yield from (Sample(f.STATUS, float(status == tunnel.status), (status,)) for status in STATUSES)
    yield from present((), (f.ACTIVE_SINCE, tunnel.active_at), (f.INACTIVE_SINCE, tunnel.inactive_at))


def unconfigured_samples(tunnels: Sequence[Tunnel], *, are_named: bool) -> Iterator[Sample]:
    """Tunnels without a target: their number, and a bounded list of them, which one target of the account shows for all."""
    yield Sample(f.UNCONFIGURED, len(tunnels))
    if are_named:
        first = sorted(tunnels, key=lambda tunnel: tunnel.id)[:MAX_NAMED]
        yield from (Sample(f.UNCONFIGURED_INFO, 1, (tunnel.id, tunnel.name)) for tunnel in first)


def connections_samples(connections: Connections) -> Iterator[Sample]:
    sites, opened = connections.sites, connections.opened
    oldest, newest = opened or (None, None)
    yield Sample(f.ACCOUNT_CONNECTIONS, len(connections.live), ("live",))
    yield Sample(f.ACCOUNT_CONNECTIONS, connections.pending, ("pending",))
    yield Sample(f.ACCOUNT_CONNECTIONS, connections.unknown, ("unknown",))
    yield from present(
        (),
        (f.ACCOUNT_CONNECTORS, connections.clients),
        (f.ACCOUNT_EDGE_SITES, None if sites is None else len(sites)),
        (f.OLDEST_CONNECTION, oldest),
        (f.NEWEST_CONNECTION, newest),
    )
    yield Sample(f.CONNECTIONS_TIMESTAMP, connections.fetched_at)


def api_samples(calls: CallBudget, outcomes: Mapping[str, int]) -> Iterator[Sample]:
    """The state of the API's call budget, shown even when the calls themselves fail."""
    calls.may()  # refills the bucket, so that what is shown is what there is now
    ok, limit = outcomes.get("ok", 0), outcomes.get(Kind.LIMIT, 0)
    for outcome, count in (("ok", ok), ("limit", limit), ("failed", sum(outcomes.values()) - ok - limit)):
        yield Sample(f.API_CALLS, count, (outcome,))
    if calls.left is not None and calls.clock() < calls.left.resets_at:
        yield Sample(f.API_CALLS_LEFT, calls.left.calls)
    yield Sample(f.API_BUDGET, calls.tokens)
    yield Sample(f.API_BLOCKED, float(calls.is_blocked))
