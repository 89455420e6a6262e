"""What the exporter itself may not see, and of which release."""

from __future__ import annotations

from sankofa_exporters.model.family import Family

VERSION_INFO = Family(
    name="sankofa_pve_version_info",
    kind="info",
    labels=("version", "release", "repoid"),
    help="Proxmox VE version of the seed node that answered, remembered for up to an hour; always 1.",
)
PRIVILEGE_MISSING = Family(
    name="sankofa_pve_privilege_missing",
    labels=("path", "privilege"),
    help="1 when the exporter's token lacks a privilege that it needs there or on a listed path below, 0 when it has it.",
)

FAMILIES = (VERSION_INFO, PRIVILEGE_MISSING)
