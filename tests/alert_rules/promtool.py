"""Cases as promtool's own test documents, and promtool run on them.

promtool evaluates every rule it is given at each step of each case: the cases of an alert are given the committed rules that the
alert rests on, and no others. JSON is YAML, and written far sooner.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from deploy.parts import need_program
from sankofa_observe.documents import read
from sankofa_rules.book import GENERATED, alerts
from sankofa_rules.rule import Alert
from tests.alert_rules.case import Case
from tests.pace import limit

_VALUE = re.compile(r"""\{\{ (?:printf "[^"]*" )?\$value( \|[^}]*)? \}\}""")
_QUERY = re.compile(r"\{\{ (range|with) .*\{\{ end \}\}")
_LABEL = re.compile(r"\{\{ (urlquery )?\$labels\.(\w+) \}\}")
_WORD = re.compile(r"[A-Za-z_:][\w:]*")
ALERTS = {alert.name: alert for alert in alerts()}

Group = Mapping[str, Any]


def document(tests: Sequence[Mapping[str, Any]], evaluation_seconds: int, names: Sequence[str]) -> str:
    """A promtool test file over the named rule files; what is recorded first stands first."""
    groups = [group for name in names for group in committed(name)]
    return _document(tests, evaluation_seconds, [GENERATED / name for name in names], groups)


def _document(
    tests: Sequence[Mapping[str, Any]], evaluation_seconds: int, files: Iterable[Path], groups: Sequence[Group]
) -> str:
    content = {
        "rule_files": [str(file) for file in files],
        "evaluation_interval": f"{evaluation_seconds}s",
        # Else promtool takes the groups in any order, and a case at a threshold sees its neighbour's last step now and then.
        "group_eval_order": [group["name"] for group in groups],
        "tests": list(tests),
    }
    return json.dumps(content)


@cache
def committed(name: str) -> tuple[Group, ...]:
    """The groups of a rule file, as they are committed."""
    return tuple(read((GENERATED / name).read_text())["groups"])


def named(rule: Mapping[str, Any]) -> str:
    return str(rule.get("alert") or rule["record"])


@cache
def under(alert: str, names: Sequence[str]) -> tuple[Group, ...]:
    """The groups of the named files without the rules that the alert does not rest on.

    It rests on the rules whose names its own words say, in its expression or in a query of its annotations, and on theirs.
    """
    groups = [group for name in names for group in committed(name)]
    words: dict[str, set[str]] = {}
    for rule in (rule for group in groups for rule in group["rules"]):
        words.setdefault(named(rule), set()).update(_WORD.findall(json.dumps(rule)))
    rests_on, new = {alert}, {alert}
    while new:
        new = {word for name in new for word in words[name] if word in words} - rests_on
        rests_on |= new
    cut = [{**group, "rules": [rule for rule in group["rules"] if named(rule) in rests_on]} for group in groups]
    return tuple(group for group in cut if group["rules"])


def case_files(folder: Path, cases: Iterable[Case], evaluation_seconds: int, names: Sequence[str]) -> list[Path]:
    """A test file for each alert of the cases, over the rules that it rests on."""
    by_alert: dict[str, list[Case]] = {}
    for case in cases:
        by_alert.setdefault(case.alert, []).append(case)
    files = []
    for alert, its_cases in by_alert.items():
        groups = under(alert, tuple(names))
        rules = folder / f"{alert}.rules.yaml"
        rules.write_text(json.dumps({"groups": groups}))
        files.append(folder / f"{alert}.test.yaml")
        files[-1].write_text(_document([alert_test(case) for case in its_cases], evaluation_seconds, [rules], groups))
    return files


def run(arguments: Sequence[str | Path], *, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need_program("promtool"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=limit(seconds),
        env=os.environ
        | {"GOGC": "400"},  # a case is a few megabytes of which nothing stays: a third of the work was collecting them
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
