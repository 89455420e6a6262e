"""High availability: the managers' signs of life, and each service's state beside the one that was asked for."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

HA_KNOWN = Family(
    name="sankofa_pve_ha_known",
    help="1 when a quorate node repeats a manager's word of the last 30 s (or no service is managed); at 0 no HA state "
    "is believed.",
)
HA_MASTER_TIMESTAMP = Family(
    name="sankofa_pve_ha_master_timestamp_seconds",
    unit="seconds",
    labels=("node",),
    help="When the HA manager last wrote its status, by its own clock; old is normal where nothing is managed.",
)
HA_ARMED = Family(
    name="sankofa_pve_ha_armed",
    help="1 when HA is armed, 0 when it stands by, is disarming or is disarmed; absent before Proxmox VE 9.2.",
)
HA_LRM_FRESH = Family(
    name="sankofa_pve_ha_lrm_fresh",
    labels=("node",),
    help="1 when the node's local resource manager wrote its status in the last 30 s and not more than 2 s ahead.",
)
HA_LRM_TIMESTAMP = Family(
    name="sankofa_pve_ha_lrm_timestamp_seconds",
    unit="seconds",
    labels=("node",),
    help="When the node's local resource manager last wrote its status, by its own clock; absent when it is unreadable.",
)
HA_LRM_INFO = Family(
    name="sankofa_pve_ha_lrm_info",
    kind="info",
    labels=("node", "state"),
    help="What Proxmox calls the state of the node's local resource manager; always 1.",
)
HA_SERVICE_STARTED = Family(
    name="sankofa_pve_ha_service_started",
    labels=("service",),
    help="1 when a fresh manager says that the service runs; read it only where sankofa_pve_ha_service_known is 1.",
)
HA_SERVICE_KNOWN = Family(
    name="sankofa_pve_ha_service_known",
    labels=("service",),
    help="0 when the manager is stale, when the service is said to run on a node that is offline or whose LRM is stale, "
    "or when its state says neither.",
)
HA_SERVICE_REQUESTED = Family(
    name="sankofa_pve_ha_service_requested_started",
    labels=("service",),
    help="1 when the service is asked to run, 0 when it is asked not to; absent when HA is told to ignore it.",
)
HA_SERVICE_INFO = Family(
    name="sankofa_pve_ha_service_info",
    kind="info",
    labels=("service", "node", "state", "requested"),
    help="The service's node, its state and the requested one in Proxmox' own words; always 1.",
)
HA_SERVICES = Family(
    name="sankofa_pve_ha_services",
    labels=("state",),
    help="Services by state: started, stopped, migrate, relocate, recovery, fence, error, other, unknown.",
)

FAMILIES = (
    HA_KNOWN,
    HA_MASTER_TIMESTAMP,
    HA_ARMED,
    HA_LRM_FRESH,
    HA_LRM_TIMESTAMP,
    HA_LRM_INFO,
    HA_SERVICE_STARTED,
    HA_SERVICE_KNOWN,
    HA_SERVICE_REQUESTED,
    HA_SERVICE_INFO,
    HA_SERVICES,
)
