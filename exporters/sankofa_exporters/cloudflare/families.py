"""The catalogue of Cloudflare tunnels: every family this exporter may emit, as data."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

UP = Family(
    name="sankofa_tunnel_up",
    help="1 when the witnesses that gave a verdict say that the tunnel has a connection to the edge; read it only where "
    "sankofa_tunnel_known is 1.",
)
KNOWN = Family(
    name="sankofa_tunnel_known",
    help="1 when the connectors or the account gave a verdict and did not contradict each other; 0 means unknown, never "
    "down.",
)
WITNESSES = Family(
    name="sankofa_tunnel_witnesses",
    help="Witnesses that gave a verdict at this probe: 0, 1 or 2 (the connectors count as one, the account's API as one).",
)
DISPUTED = Family(
    name="sankofa_tunnel_disputed",
    help="1 while connectors and account report the opposite of each other; the tunnel is unknown meanwhile.",
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
    help="Live connections by protocol (quic, http2, unknown), by the connector's /diag/tunnel; absent before 2024.12, and "
    "while one of them cannot be read.",
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
    "does not report which of its connections are live; absent while a live connection has no location.",
)
CONNECTION_INFO = Family(
    name="sankofa_tunnel_connection_info",
    kind="info",
    labels=("connector", "connection", "edge_location", "edge_site"),
    help="Where a live connection ends; absent while it is not known which connections are live; always 1.",
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
RESPONSES = Family(
    name="sankofa_tunnel_responses_total",
    kind="counter",
    labels=("connector", "code"),
    help="HTTP responses of the service behind the tunnel by status code; a code that never came is absent. Requests that "
    "got no response are in sankofa_tunnel_request_errors_total.",
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
REGISTRATIONS = Family(
    name="sankofa_tunnel_registrations_total",
    kind="counter",
    labels=("connector",),
    help="Connections that the edge registered since the connector started: it rises at each reconnect, however short the "
    "loss was. Absent before the first registration.",
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
    "or account is wrong. Absent while neither is known: the list lacks rows, or two rows of the tunnel differ.",
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
    name="sankofa_tunnel_account_connectors",
    help="Connectors of the tunnel that the edge tracks, dead ones included; absent while one of them cannot be read.",
)
ACCOUNT_CONNECTIONS = Family(
    name="sankofa_tunnel_account_connections",
    labels=("state",),
    help="Connections of the tunnel that the edge tracks: live, pending (dead, and kept for minutes), or unknown (rows that "
    "cannot be read or contradict each other).",
)
ACCOUNT_EDGE_SITES = Family(
    name="sankofa_tunnel_account_edge_sites",
    help="Distinct edge sites of the live connections that the edge tracks; absent while one of them has no location or "
    "cannot be read.",
)
OLDEST_CONNECTION = Family(
    name="sankofa_tunnel_account_oldest_connection_timestamp_seconds",
    unit="seconds",
    help="When the oldest live connection was opened, by Cloudflare's clock; absent without a live one, and while one of "
    "them does not say when.",
)
NEWEST_CONNECTION = Family(
    name="sankofa_tunnel_account_newest_connection_timestamp_seconds",
    unit="seconds",
    help="When the newest live connection was opened, by Cloudflare's clock: it moves at each reconnect. Absent like the "
    "oldest.",
)
CONNECTIONS_OPENED = Family(
    name="sankofa_tunnel_account_connections_opened_total",
    kind="counter",
    help="Connections that were new in an answer of the account, since its first answer to this process; one that was "
    "opened and lost between two answers is missed. Absent before the first answer.",
)
UNCONFIGURED = Family(
    name="sankofa_tunnel_account_unconfigured",
    help="Tunnels that the account lists and no target of this process stands for; the same in every tunnel of the "
    "account. Absent in the first five minutes, and while the list is not complete.",
)
UNCONFIGURED_INFO = Family(
    name="sankofa_tunnel_account_unconfigured_info",
    kind="info",
    labels=("tunnel_id", "name"),
    help="The first 50 of these tunnels, shown by one tunnel of the account for all; always 1.",
)
CONNECTIONS_TIMESTAMP = Family(
    name="sankofa_tunnel_connections_timestamp_seconds",
    unit="seconds",
    help="When the account was asked for this tunnel's connections; tunnels are asked in rotation, so it may be minutes ago.",
)

API_CALLS = Family(
    name="sankofa_tunnel_api_calls_total",
    kind="counter",
    labels=("outcome",),
    help="Calls to the account's API by outcome: ok, limit (refused with 429, or an answer over a bound) or failed; the "
    "same in every tunnel of the account.",
)
API_CALLS_LEFT = Family(
    name="sankofa_tunnel_api_calls_left",
    help="Calls the API reported as left to the token in this window, other users of it included; absent once the window "
    "has ended; the same in every tunnel of the account.",
)
API_BUDGET = Family(
    name="sankofa_tunnel_api_budget_calls",
    help="Calls our own token bucket would allow at once now; the same in every tunnel of the account.",
)
API_BLOCKED = Family(
    name="sankofa_tunnel_api_blocked",
    help="1 while no call is made because the API answered 429, or 503 with a time to wait; the same in every tunnel of the "
    "account.",
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
    RESPONSES,
    REQUEST_ERRORS,
    CONCURRENT,
    CONFIG_VERSION,
    REGISTRATIONS,
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
    OLDEST_CONNECTION,
    NEWEST_CONNECTION,
    CONNECTIONS_OPENED,
    UNCONFIGURED,
    UNCONFIGURED_INFO,
    CONNECTIONS_TIMESTAMP,
    API_CALLS,
    API_CALLS_LEFT,
    API_BUDGET,
    API_BLOCKED,
)
