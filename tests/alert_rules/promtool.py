"""Cases as promtool's own test document, and promtool run on it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import yaml

from deploy.parts import need_program
from sankofa_rules.book import GENERATED, alerts
from sankofa_rules.rule import Alert
from tests.alert_rules.case import Case
from tests.pace import limit

_VALUE = re.compile(r"""\{\{ (?:printf "[^"]*" )?\$value( \|[^}]*)? \}\}""")
_QUERY = re.compile(r"\{\{ (range|with) .*\{\{ end \}\}")
_LABEL = re.compile(r"\{\{ (urlquery )?\$labels\.(\w+) \}\}")
ALERTS = {alert.name: alert for alert in alerts()}


def document(tests: Sequence[Mapping[str, Any]], evaluation_seconds: int, names: Sequence[str]) -> str:
    """A promtool test file over the named rule files; what is recorded first stands first."""
    content = {
        "rule_files": [str(GENERATED / name) for name in names],
        "evaluation_interval": f"{evaluation_seconds}s",
        # Else promtool takes the groups in any order, and a case at a threshold sees its neighbour's last step now and then.
        "group_eval_order": [
            group["name"] for name in names for group in yaml.safe_load((GENERATED / name).read_text())["groups"]
        ],
        "tests": list(tests),
    }
    return yaml.safe_dump(content, sort_keys=False)


def run(arguments: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need_program("promtool"), *arguments], capture_output=True, text=True, check=False, timeout=limit(60)
    )


def alert_test(case: Case) -> dict[str, Any]:
    """The case as one promtool test."""
    return {
        "name": f"{case.alert}: {case.world}",
        "interval": f"{case.interval_seconds}s",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{int(case.minute * 60)}s",
                "alertname": case.alert,
                "exp_alerts": [_expected(ALERTS[case.alert], labels, value, case.said) for labels, value in case.fires],
            }
        ],
    }


def _expected(alert: Alert, identity: Mapping[str, str], value: str, said: str) -> dict[str, Any]:
    fixed = {name: text for name, text in alert.document()["labels"].items() if text}
    annotations = alert.document()["annotations"]
    return {
        "exp_labels": {**fixed, **identity},
        "exp_annotations": {
            name: _rendered(_QUERY.sub(said, text), {"site": "", "observer": "", **fixed, **identity}, value)
            for name, text in annotations.items()
        },
    }


def _rendered(text: str, labels: Mapping[str, str], value: str) -> str:
    return _LABEL.sub(lambda match: _filled(labels[match[2]], escaped=bool(match[1])), _VALUE.sub(value, text))


def _filled(value: str, *, escaped: bool) -> str:
    return quote_plus(value) if escaped else value
