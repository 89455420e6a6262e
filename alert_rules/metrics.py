"""The series that rules and boards may name: the exporters' families, and what the platform says about itself.

Exporter families are imported, so that a renamed metric fails here and not as an empty panel. The platform's names are
its contract with rules and boards and are written out once, with their labels.
"""

from __future__ import annotations

from dataclasses import dataclass

from sankofa_exporters import catalogue
from sankofa_exporters.besu import families as besu
from sankofa_exporters.ceph import families as ceph
from sankofa_exporters.cloudflare import families as tunnel
from sankofa_exporters.family import Family
from sankofa_exporters.proxmox import families as pve

TARGET_LABELS = frozenset({"site", "tier", "region", "network", "instance", "job"})


@dataclass(frozen=True, kw_only=True)
class PlatformSeries:
    """One metric of the platform process (job sankofa-platform, its own site labels are honoured)."""

    name: str
    labels: tuple[str, ...] = ()


SITE_INFO = PlatformSeries(name="sankofa_site_info", labels=("site", "tier", "region"))
SLO_OBJECTIVE = PlatformSeries(name="sankofa_slo_objective_ratio", labels=("slo", "tier"))
SLO_SLOTS = PlatformSeries(name="sankofa_slo_period_slots", labels=("slo", "site", "tier", "state"))
SLO_LOW = PlatformSeries(name="sankofa_slo_attainment_low_ratio", labels=("slo", "site", "tier"))
SLO_HIGH = PlatformSeries(name="sankofa_slo_attainment_high_ratio", labels=("slo", "site", "tier"))
SLO_SPENT = PlatformSeries(name="sankofa_slo_error_budget_spent_ratio", labels=("slo", "site", "tier"))
SETTLEMENTS = PlatformSeries(name="sankofa_settlements", labels=("state",))
CREDIT = PlatformSeries(name="sankofa_service_credit_minor", labels=("tenant", "currency"))
PENALTY = PlatformSeries(name="sankofa_penalty_minor", labels=("currency",))
PIPELINE_SUCCESS = PlatformSeries(name="sankofa_pipeline_last_success_timestamp_seconds", labels=("stage",))
PIPELINE_FAILURES = PlatformSeries(name="sankofa_pipeline_failures_total", labels=("stage",))
CHAIN_HEAD_AGE = PlatformSeries(name="sankofa_chain_head_age_seconds")

PLATFORM = (
    SITE_INFO,
    SLO_OBJECTIVE,
    SLO_SLOTS,
    SLO_LOW,
    SLO_HIGH,
    SLO_SPENT,
    SETTLEMENTS,
    CREDIT,
    PENALTY,
    PIPELINE_SUCCESS,
    PIPELINE_FAILURES,
    CHAIN_HEAD_AGE,
)


def series_labels() -> dict[str, frozenset[str]]:
    """Every raw series a query may name, with the labels it may carry."""
    known = {"up": TARGET_LABELS}
    for family in (*catalogue.FAMILIES, *pve.FAMILIES, *besu.FAMILIES, *ceph.FAMILIES, *tunnel.FAMILIES):
        known |= _of_family(family)
    return known | {one.name: frozenset(one.labels) | TARGET_LABELS for one in PLATFORM}


def _of_family(family: Family) -> dict[str, frozenset[str]]:
    labels = TARGET_LABELS | set(family.labels)
    if family.kind != "histogram":
        return {family.name: labels}
    return {f"{family.name}_bucket": labels | {"le"}, f"{family.name}_count": labels, f"{family.name}_sum": labels}
