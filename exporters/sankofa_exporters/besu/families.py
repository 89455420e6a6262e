"""The whole Besu catalogue: a node's families, then a network's."""

from __future__ import annotations

from sankofa_exporters.besu.network.families import NETWORK_FAMILIES
from sankofa_exporters.besu.node.families import NODE_FAMILIES

FAMILIES = tuple(dict.fromkeys((*NODE_FAMILIES, *NETWORK_FAMILIES)))
