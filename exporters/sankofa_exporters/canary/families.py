"""The catalogue of the canary."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

PROMISED_SECONDS = {"edge": 0.01, "regional": 0.05, "core": 0.1}  # to users, by the tier of a site
# The bounds of the promises, and the 200 ms of a chain query, are among them: a share is counted and never interpolated.
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

UP = Family(
    name="sankofa_canary_up",
    help="1 when the newest request that is known was answered as expected, however late; read it only where "
    "sankofa_canary_known is 1.",
)
KNOWN = Family(
    name="sankofa_canary_known",
    help="1 while there is a recent request of which is known how it ended; 0 means unknown, never down.",
)
REQUESTS = Family(
    name="sankofa_canary_requests_total",
    kind="counter",
    help="Requests of which is known how they ended: as expected, or not by the target's doing. Absent while none is "
    "recent, for what nobody saw is not nothing.",
)
DURATION = Family(
    name="sankofa_canary_request_duration_seconds",
    kind="histogram",
    unit="seconds",
    buckets=BUCKETS,
    help="Time of the requests that were answered as expected, from the request to the end of the answer, the connection "
    "included where one was opened, the name's lookup not. Absent like sankofa_canary_requests_total.",
)
FAILURES = Family(
    name="sankofa_canary_failures_total",
    kind="counter",
    labels=("outcome",),
    help="Requests that failed by the target's doing: status, body, redirect, timeout, refused, unreachable, lost, tls, dns "
    "or protocol; also in sankofa_canary_requests_total. Absent like that.",
)
NOT_KNOWN = Family(
    name="sankofa_canary_not_known_total",
    kind="counter",
    labels=("reason",),
    help="Requests that were due and of which nothing is known, in no other counter: delay (we were held up), missed (not "
    "even sent), network, sockets, resolver, credentials, settings, unreadable or defect.",
)
STATUS = Family(
    name="sankofa_canary_response_status",
    help="HTTP status of the newest answer; absent when the newest request got none.",
)
OBJECTIVE = Family(
    name="sankofa_canary_objective_seconds",
    unit="seconds",
    help="The bound at which a request that only our own delay may have made slow is not known; a promise is counted at "
    "this bucket.",
)
INTERVAL = Family(
    name="sankofa_canary_interval_seconds", unit="seconds", help="Time from one request to the next, scraped or not."
)
SINCE = Family(
    name="sankofa_canary_counters_start_timestamp_seconds",
    unit="seconds",
    help="When the target's counters began at 0: at its first scrape by this process, or when its settings changed.",
)
FAMILIES = (UP, KNOWN, REQUESTS, DURATION, FAILURES, NOT_KNOWN, STATUS, OBJECTIVE, INTERVAL, SINCE)
