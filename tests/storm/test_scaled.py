"""A rule at another pace is the same rule: every stretch of time is divided, and every count stays."""

from __future__ import annotations

import pytest
import yaml

from deploy.lab.storm.scaled import milliseconds, rules, shorter
from sankofa_rules.book import documents

RULE = """
groups:
- name: g
  interval: 1m
  rules:
  - record: a:b:c
    expr: sum_over_time(x[119s999ms]) >= 5 and x offset 5m unless y[1h30m:15s] > 45
  - alert: A
    expr: last_over_time(z{le="5m"}[15m]) == 1
    for: 90s
"""


@pytest.mark.parametrize(
    ("word", "factor", "expected"),
    [("15s", 3, "5000ms"), ("119s999ms", 3, "39999ms"), ("1h30m", 5, "1080000ms"), ("15m", 1, "900000ms")],
)
def test_stretch_is_divided_and_a_half_open_one_stays_so(word: str, factor: float, expected: str) -> None:
    assert shorter(word, factor) == expected


def test_only_time_is_divided() -> None:
    """Ranges, offsets, steps, waits and intervals; not thresholds, and not what a label says."""
    (group,) = yaml.safe_load(rules(RULE, 3))["groups"]

    assert (group["interval"], [rule["expr"] for rule in group["rules"]], group["rules"][1]["for"]) == (
        "20000ms",
        [
            "sum_over_time(x[39999ms]) >= 5 and x offset 100000ms unless y[1800000ms:5000ms] > 45",
            'last_over_time(z{le="5m"}[300000ms]) == 1',
        ],
        "30000ms",
    )


@pytest.mark.parametrize("name", documents())
def test_all_rules_are_as_they_were_at_production_s_own_pace(name: str) -> None:
    """Nothing but the spelling of time changes: a minute is 60000 ms."""
    before, after = (yaml.safe_load(text) for text in (documents()[name], rules(documents()[name], 1)))
    for group in (*before["groups"], *after["groups"]):
        for field in ("interval", "for"):
            for holder in (group, *group["rules"]):
                if field in holder:
                    holder[field] = milliseconds(holder[field])
        for rule in group["rules"]:
            rule["expr"] = shorter_each(rule["expr"])

    assert after == before


def shorter_each(expr: str) -> str:
    """The expression with all its times in one spelling."""
    return str(
        yaml.safe_load(rules(yaml.safe_dump({"groups": [{"name": "g", "rules": [{"record": "a", "expr": expr}]}]}), 1))[
            "groups"
        ][0]["rules"][0]["expr"]
    )
