"""Every query of a board, ready to be sent to a Prometheus: what the demo and the checks run.

Variables are substituted as Grafana would. A panel that asks the alerting side instead (FiringAlerts) has no query and is
not listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .board import Board

BUILT_IN = {"__rate_interval": "1m"}
_VARIABLE = re.compile(r"\$(\w+)")


@dataclass(frozen=True, kw_only=True)
class PanelQuery:
    """One expression of one panel; `system` is proxmox, besu or "", by the exporter series it names."""

    panel: str
    expr: str
    instant: bool
    system: str


def panel_queries(board: Board, variables: Mapping[str, str]) -> list[PanelQuery]:
    """The board's queries, in the order of its panels; raises KeyError for a variable without a value."""
    values = {**BUILT_IN, **variables}
    return [
        PanelQuery(
            panel=panel.title,
            expr=_VARIABLE.sub(lambda match: values[match.group(1)], query.expr),
            instant=query.instant,
            system=system_of(query.expr),
        )
        for panel in board.panels
        for query in panel.queries
    ]


def system_of(expr: str) -> str:
    """Whose exporter the expression reads directly."""
    by_prefix = {"sankofa_pve_": "proxmox", "sankofa_besu_": "besu"}
    return next((system for prefix, system in by_prefix.items() if prefix in expr), "")
