"""Every query of a generated board, ready to be sent to a Prometheus: what the demo and the checks run.

Reads the committed JSON, as Grafana does, and needs none of the libraries that made it. Variables are substituted as Grafana would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GENERATED = Path(__file__).parents[1] / "generated"
BUILT_IN = {"__rate_interval": "1m"}
_VARIABLE = re.compile(r"\$([a-zA-Z_]\w*)")  # "$1" is a group of label_replace


@dataclass(frozen=True, kw_only=True)
class PanelQuery:
    """One expression of one panel."""

    panel: str
    expr: str
    instant: bool


def generated_boards(folder: Path = GENERATED) -> dict[str, Mapping[str, Any]]:
    """The committed boards by uid."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def panel_queries(board: Mapping[str, Any], variables: Mapping[str, str]) -> list[PanelQuery]:
    """The board's queries, in the order of its panels; raises KeyError for a variable without a value."""
    values = {**BUILT_IN, **variables}
    return [
        PanelQuery(
            panel=panel["title"],
            expr=_VARIABLE.sub(lambda match: values[match.group(1)], target["expr"]),
            instant=target["instant"],
        )
        for panel in board["panels"]
        for target in panel.get("targets", ())
        if "expr" in target
    ]
