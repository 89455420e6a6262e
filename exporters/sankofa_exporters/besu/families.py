"""The whole Besu catalogue: a node's families, then a network's."""

from __future__ import annotations

from sankofa_exporters.besu.network.families import NETWORK_FAMILIES, VALIDATORS
from sankofa_exporters.besu.node.families import NODE_FAMILIES

FAMILIES = (*NODE_FAMILIES, *(family for family in NETWORK_FAMILIES if family is not VALIDATORS))
