"""From grafanalib's JSON (schema 12, half of it dead) to what Grafana 11 and later read (schema 42).

Pure and idempotent: keeps the keys that today's schema knows, drops the rest and every null but the one that Grafana
wants (the base step of thresholds). Never invents content.
"""

from __future__ import annotations

from typing import Any

SCHEMA_VERSION = 42
Json = dict[str, Any]

BOARD_KEYS = frozenset(
    {
        "annotations",
        "description",
        "editable",
        "fiscalYearStartMonth",
        "graphTooltip",
        "links",
        "panels",
        "refresh",
        "schemaVersion",
        "tags",
        "templating",
        "time",
        "timepicker",
        "timezone",
        "title",
        "uid",
        "version",
    }
)
PANEL_KEYS = frozenset(
    {
        "collapsed",
        "datasource",
        "description",
        "fieldConfig",
        "gridPos",
        "id",
        "interval",
        "links",
        "options",
        "panels",
        "targets",
        "title",
        "transformations",
        "type",
    }
)
ROW_KEYS = frozenset({"collapsed", "gridPos", "id", "panels", "repeat", "title", "type"})
TARGET_KEYS = frozenset({"datasource", "expr", "format", "instant", "legendFormat", "range", "refId"})
VARIABLE_KEYS = frozenset(
    {
        "allValue",
        "current",
        "datasource",
        "description",
        "hide",
        "includeAll",
        "label",
        "multi",
        "name",
        "query",
        "refresh",
        "regex",
    }
    | {"sort", "type"}
)
DEFAULTS_KEYS = frozenset({"color", "custom", "decimals", "mappings", "max", "min", "noValue", "thresholds", "unit"})
# grafanalib's own words inside `options` and `custom` that no plugin of today reads.
DEAD_OPTIONS = frozenset({"fieldOptions", "showThresholdLabels", "showThresholdMarkers"})
DEAD_CUSTOM = frozenset({"displayMode"})


def finish(board: Json) -> Json:
    """The board as Grafana's own schema has it, with keys sorted."""
    kept = _keep(board, BOARD_KEYS) | {"schemaVersion": SCHEMA_VERSION}
    kept["panels"] = [_panel(panel) for panel in kept.get("panels", [])]
    kept["templating"] = {"list": [_variable(one) for one in kept.get("templating", {}).get("list", [])]}
    kept["timepicker"] = _keep(kept.get("timepicker", {}), frozenset({"hidden", "refresh_intervals"}))
    return dict(_sorted(kept))


def _panel(panel: Json) -> Json:
    if panel["type"] == "row":
        return _keep(panel, ROW_KEYS)
    kept = _keep(panel, PANEL_KEYS)
    options = kept.get("options")
    kept["options"] = {k: v for k, v in options.items() if k not in DEAD_OPTIONS} if isinstance(options, dict) else {}
    kept["fieldConfig"] = _field_config(kept.get("fieldConfig", {}))
    kept["targets"] = [_target(target) for target in kept.get("targets", [])]
    return kept


def _field_config(config: Json) -> Json:
    defaults = _keep(config.get("defaults", {}), DEFAULTS_KEYS)
    defaults["custom"] = {k: v for k, v in (defaults.get("custom") or {}).items() if k not in DEAD_CUSTOM}
    return {"defaults": defaults, "overrides": config.get("overrides", [])}


def _target(target: Json) -> Json:
    return _keep(target, TARGET_KEYS) | {"range": not target["instant"]}


def _variable(variable: Json) -> Json:
    kept = _keep(variable, VARIABLE_KEYS)
    if kept["type"] == "datasource":
        kept.pop("datasource", None)
    if not kept.get("current", {}).get("value"):
        kept.pop("current", None)
    elif kept["current"]["value"] == "$__all":
        kept["current"] = {"text": ["All"], "value": ["$__all"]}
    else:
        kept["current"] = _keep(kept["current"], frozenset({"text", "value"}))
    return kept


def _keep(document: Json, keys: frozenset[str]) -> Json:
    return {key: value for key, value in document.items() if key in keys and value is not None}


def _sorted(value: Any, *, step: bool = False) -> Any:
    """Keys in order, nulls gone; a threshold step keeps the null that means minus infinity."""
    if isinstance(value, dict):
        return {
            key: _sorted(item, step=key == "steps")
            for key, item in sorted(value.items())
            if item is not None or (step and key == "value")
        }
    if isinstance(value, list | tuple):
        return [_sorted(item, step=step) for item in value]
    return value
