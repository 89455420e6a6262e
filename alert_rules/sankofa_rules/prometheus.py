"""Series that neither an exporter of ours nor the platform makes: Prometheus' own, and what the sources of the catalogue say."""

from __future__ import annotations

from sankofa_exporters.model import catalogue
from sankofa_exporters.registry import SYSTEM_NAMES, system

JOB = "prometheus"  # Prometheus scrapes itself under this name
SELF = f'up{{job="{JOB}"}}'
MISSED = "prometheus_rule_group_iterations_missed_total"
ITERATIONS = "prometheus_rule_group_iterations_total"
STARTED = f'process_start_time_seconds{{job="{JOB}"}}'
# What discovery gives a system and no exporter of ours probes: the endpoints that systems have themselves, and the catalogue's sources.
UPSTREAM = f'up{{job!~"sankofa-.+|{JOB}", system!=""}}'
# The end of a certificate: as a probe from outside has seen it, as any family of our exporters says, and of our exporters' own.
_SEEN_CERTIFICATE = "probe_ssl_earliest_cert_expiry"
OWN_CERTIFICATE = "sankofa_exporter_web_certificate_expiry_timestamp_seconds"


def certificates() -> tuple[str, ...]:
    """Of targets, which have a site: each is an instant."""
    families = (*catalogue.FAMILIES, *(family for name in SYSTEM_NAMES for family in system(name).families))
    told = (family.name for family in families if family.name.endswith("_certificate_expiry_timestamp_seconds"))
    return (_SEEN_CERTIFICATE, *dict.fromkeys(told))


# With their labels, beside those of a target.
FOREIGN: dict[str, frozenset[str]] = {
    MISSED: frozenset({"rule_group"}),
    ITERATIONS: frozenset({"rule_group"}),
    "process_start_time_seconds": frozenset(),
    _SEEN_CERTIFICATE: frozenset(),
    OWN_CERTIFICATE: frozenset(),
}
