"""The families every exporter's probe has: how the probe itself went."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

PROBE_SUCCESS = Family(
    name="sankofa_probe_success",
    help="1 when every required collector of this probe has data; says nothing about the target's health.",
)
PROBE_DURATION = Family(
    name="sankofa_probe_duration_seconds",
    unit="seconds",
    help="Time this probe took, upstream calls included, rendering excluded.",
)
PROBE_DELAY = Family(
    name="sankofa_probe_delay_seconds",
    unit="seconds",
    help="Time of this probe in which the exporter was ready to go on and could not: no CPU, stopped, or held up by "
    "another probe. What only this delay decides is not known.",
)
UPSTREAM_CALLS = Family(
    name="sankofa_probe_upstream_calls",
    help="Calls this probe made to the target's interfaces, repeated and failed ones included.",
)
UPSTREAM_BYTES = Family(
    name="sankofa_probe_upstream_bytes", unit="bytes", help="Bytes of answers this probe read from upstream."
)
UPSTREAM_CERTIFICATE = Family(
    name="sankofa_upstream_certificate_expiry_timestamp_seconds",
    unit="seconds",
    help="When the first certificate ends that a server of the target showed within the last hour; absent without TLS.",
)
COLLECTOR_SUCCESS = Family(
    name="sankofa_collector_success",
    labels=("collector",),
    help="1 when the collector has data; 0 means that its families are absent from this probe.",
)
COLLECTOR_DURATION = Family(
    name="sankofa_collector_duration_seconds",
    unit="seconds",
    labels=("collector",),
    help="Time the collector took, failed attempts included.",
)
COLLECTOR_AGE = Family(
    name="sankofa_collector_age_seconds",
    unit="seconds",
    labels=("collector",),
    help="Age of the source's own sample by the source's own clock; absent for a source that has none.",
)
COLLECTOR_ERROR = Family(
    name="sankofa_collector_error",
    labels=("collector", "kind"),
    help="1 for a collector without data, by kind: auth, permission, timeout, refused, dns, tls, http, decode, "
    "stale or limit.",
)
COLLECTOR_REJECTED = Family(
    name="sankofa_collector_rejected_total",
    kind="counter",
    labels=("collector", "reason"),
    help="Rows of the source that were left out since this target was opened, by reason: contradicting (two rows of one "
    "identity differ, so it is not known) or unreadable. Absent for what never happened.",
)
FAMILIES = (
    PROBE_SUCCESS,
    PROBE_DURATION,
    PROBE_DELAY,
    UPSTREAM_CALLS,
    UPSTREAM_BYTES,
    UPSTREAM_CERTIFICATE,
    COLLECTOR_SUCCESS,
    COLLECTOR_DURATION,
    COLLECTOR_AGE,
    COLLECTOR_ERROR,
    COLLECTOR_REJECTED,
)
