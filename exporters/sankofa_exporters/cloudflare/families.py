"""The catalogue of Cloudflare tunnels: every family this exporter may emit, as data."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

UP = Family(
    name="sankofa_tunnel_up",
    help="1 when the witnesses that have a word say that the tunnel has a connection to the edge; read it only where "
    "sankofa_tunnel_known is 1.",
)
KNOWN = Family(
    name="sankofa_tunnel_known",
    help="1 when the connectors or the account said so and did not contradict each other; 0 means unknown, never down.",
)
WITNESSES = Family(
    name="sankofa_tunnel_witnesses",
    help="Witnesses that had a word at this probe: 0, 1 or 2 (the connectors count as one, the account's API as one).",
)
DISPUTED = Family(
    name="sankofa_tunnel_disputed",
    help="1 while the connectors say the opposite of the account's API; the tunnel is unknown meanwhile.",
)
DISPUTED_SINCE = Family(
    name="sankofa_tunnel_disputed_since_timestamp_seconds",
    unit="seconds",
    help="When this process first saw the dispute that still lasts; absent without one.",
)

READY_CONNECTIONS = Family(
    name="sankofa_tunnel_ready_connections",
    labels=("connector",),
    help="Connections to the edge that the connector has now, by its own /ready; absent for one that gives no answer.",
)
REDUNDANCY = Family(
    name="sankofa_tunnel_redundancy_ratio",
    unit="ratio",
    labels=("connector",),
    help="Ready connections of the connector over connections_expected (4 unless configured).",
)
LIVE_CONNECTIONS = Family(
    name="sankofa_tunnel_live_connections",
    labels=("connector", "protocol"),
    help="Live connections by protocol (quic, http2, unknown), by the connector's /diag/tunnel; absent before 2024.12.",
)
CONNECTOR_INFO = Family(
    name="sankofa_tunnel_connector_info",
    kind="info",
    labels=("connector", "connector_id", "version"),
    help="The connector's own id, new at each start, and its cloudflared version; always 1.",
)
EDGE_SITES = Family(
    name="sankofa_tunnel_edge_sites",
    help="Distinct edge sites of live connections over all connectors that answered; a lower bound where a connector "
    "does not tell which of its connections are live.",
)
CONNECTION_INFO = Family(
    name="sankofa_tunnel_connection_info",
    kind="info",
    labels=("connector", "connection", "edge_location", "edge_site"),
    help="Where a live connection ends; absent while nobody can tell which connections are live; always 1.",
)
RTT = Family(
    name="sankofa_tunnel_connection_rtt_seconds",
    unit="seconds",
    labels=("connector", "connection"),
    help="Smoothed round trip time to the edge of a live QUIC connection; absent for HTTP/2, which measures none.",
)
REQUESTS = Family(
    name="sankofa_tunnel_requests_total",
    kind="counter",
    labels=("connector",),
    help="Requests the connector took from the edge.",
)
REQUEST_ERRORS = Family(
    name="sankofa_tunnel_request_errors_total",
    kind="counter",
    labels=("connector",),
    help="Requests that failed between connector and origin: the service behind the tunnel, not the tunnel.",
)
CONCURRENT = Family(
    name="sankofa_tunnel_requests_concurrent", labels=("connector",), help="Requests under way in the connector now."
)
CONFIG_VERSION = Family(
    name="sankofa_tunnel_config_version",
    labels=("connector",),
    help="Version of the configuration the connector runs with; 0 for one that never got any from Cloudflare.",
)
REGISTER_FAILURES = Family(
    name="sankofa_tunnel_register_failures_total",
    kind="counter",
    labels=("connector",),
    help="Connections the edge refused to register: the tunnel, not the service behind it.",
)

LISTED = Family(
    name="sankofa_tunnel_listed",
    help="1 when the account's list has the tunnel; 0 means that a complete list has not: deleted, or the configured id "
    "or account is wrong.",
)
STATUS = Family(
    name="sankofa_tunnel_account_status",
    labels=("status",),
    help="1 for the status the account's API gives (healthy, degraded, down, inactive), 0 for the other three.",
)
INFO = Family(
    name="sankofa_tunnel_info",
    kind="info",
    labels=("tunnel_id", "name", "config_source"),
    help="The tunnel as the account lists it; config_source is local or cloudflare; always 1.",
)
ACTIVE_SINCE = Family(
    name="sankofa_tunnel_active_since_timestamp_seconds",
    unit="seconds",
    help="When the tunnel got its first connection of this stretch, by Cloudflare's clock.",
)
INACTIVE_SINCE = Family(
    name="sankofa_tunnel_inactive_since_timestamp_seconds",
    unit="seconds",
    help="When the tunnel lost its last connection, by Cloudflare's clock; absent while it has one.",
)
LIST_TIMESTAMP = Family(
    name="sankofa_tunnel_list_timestamp_seconds",
    unit="seconds",
    help="When the account's list was asked for; one list serves all tunnels of the account.",
)
ACCOUNT_CONNECTORS = Family(
    name="sankofa_tunnel_account_connectors", help="Connectors of the tunnel that the edge tracks, dead ones included."
)
ACCOUNT_CONNECTIONS = Family(
    name="sankofa_tunnel_account_connections",
    labels=("state",),
    help="Connections of the tunnel that the edge tracks: live, or pending (dead, and kept for minutes).",
)
ACCOUNT_EDGE_SITES = Family(
    name="sankofa_tunnel_account_edge_sites", help="Distinct edge sites of the live connections that the edge tracks."
)
CONNECTIONS_TIMESTAMP = Family(
    name="sankofa_tunnel_connections_timestamp_seconds",
    unit="seconds",
    help="When the account was asked for this tunnel's connections; tunnels take turns, so it may be minutes ago.",
)

API_CALLS = Family(
    name="sankofa_tunnel_api_calls_total",
    kind="counter",
    labels=("outcome",),
    help="Calls to the account's API by outcome: ok, limit (answered 429) or failed; the same in every tunnel of the "
    "account.",
)
API_CALLS_LEFT = Family(
    name="sankofa_tunnel_api_calls_left",
    help="Calls the API said are left to the token in this window, other users of it included; absent once the window "
    "has ended; the same in every tunnel of the account.",
)
API_BUDGET = Family(
    name="sankofa_tunnel_api_budget_calls",
    help="Calls our own token bucket would allow at once now; the same in every tunnel of the account.",
)
API_BLOCKED = Family(
    name="sankofa_tunnel_api_blocked",
    help="1 while no call is made because the API answered 429; the same in every tunnel of the account.",
)

FAMILIES = (
    UP,
    KNOWN,
    WITNESSES,
    DISPUTED,
    DISPUTED_SINCE,
    READY_CONNECTIONS,
    REDUNDANCY,
    LIVE_CONNECTIONS,
    CONNECTOR_INFO,
    EDGE_SITES,
    CONNECTION_INFO,
    RTT,
    REQUESTS,
    REQUEST_ERRORS,
    CONCURRENT,
    CONFIG_VERSION,
    REGISTER_FAILURES,
    LISTED,
    STATUS,
    INFO,
    ACTIVE_SINCE,
    INACTIVE_SINCE,
    LIST_TIMESTAMP,
    ACCOUNT_CONNECTORS,
    ACCOUNT_CONNECTIONS,
    ACCOUNT_EDGE_SITES,
    CONNECTIONS_TIMESTAMP,
    API_CALLS,
    API_CALLS_LEFT,
    API_BUDGET,
    API_BLOCKED,
)
