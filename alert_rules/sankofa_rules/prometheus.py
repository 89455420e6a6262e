"""Series that neither an exporter of ours nor the platform makes: Prometheus' own, and what the sources of the catalogue say."""

from __future__ import annotations

JOB = "prometheus"  # Prometheus scrapes itself under this name
SELF = f'up{{job="{JOB}"}}'
MISSED = "prometheus_rule_group_iterations_missed_total"
ITERATIONS = "prometheus_rule_group_iterations_total"
STARTED = f'process_start_time_seconds{{job="{JOB}"}}'
# What discovery gives a system and no exporter of ours probes: the endpoints that systems have themselves, and the catalogue's sources.
UPSTREAM = f'up{{job!~"sankofa-.+|{JOB}", system!=""}}'
CERTIFICATES = ("probe_ssl_earliest_cert_expiry",)

# With their labels, beside those of a target.
FOREIGN: dict[str, frozenset[str]] = {
    MISSED: frozenset({"rule_group"}),
    ITERATIONS: frozenset({"rule_group"}),
    "process_start_time_seconds": frozenset(),
    "probe_ssl_earliest_cert_expiry": frozenset(),
}
