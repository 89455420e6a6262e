"""A platform that dies takes nothing back: what its pages do over an hour, minute by minute, in the real promtool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.alert_rules.cases_ourselves import OURS, PLATFORM, ours
from tests.alert_rules.promtool import ALERTS, document, run

MINUTES = (1, 2, 4, 10, 30, 59, 66)


def asked(alert: str, firing: Sequence[float]) -> list[dict[str, Any]]:
    """Whether it fires, at each minute: its labels are looked at, its words are those of other tests."""
    labels = "severity, site, system"
    one = {"severity": ALERTS[alert].severity, "site": PLATFORM["site"], "system": PLATFORM["system"]}
    expr = f'count by ({labels}) (ALERTS{{alertname="{alert}", alertstate="firing"}})'
    inner = ", ".join(f'{name}="{value}"' for name, value in one.items())
    return [
        {
            "expr": expr,
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": f"{{{inner}}}", "value": 1}] if minute in firing else [],
        }
        for minute in MINUTES
    ]


@pytest.mark.real("promtool")
def test_a_platform_that_dies_with_money_held_resolves_nothing(tmp_path: Path) -> None:
    """SettlementHeld fires through an hour in which nobody answers, PlatformDown beside it; both end when the platform says so."""
    gone = "stale _x230"  # from the third minute to the sixty-first
    series: Mapping[str, str] = {
        f"up{{{OURS}}}": "1x8 0x230 1x60",
        ours("settlements", state="held"): f"1x8 {gone} 0x60",
        ours("pipeline_last_success_timestamp_seconds", stage="settle"): f"-1000x8 {gone} 3600+15x60",
        ours("undetermined_verdicts", slo="availability-edge"): f"0x8 {gone} 0x60",
    }
    tests = [
        {
            "interval": "15s",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                *asked("SettlementHeld", (1, 2, 4, 10, 30, 59)),
                *asked("PipelineStalled", (1, 2, 4, 10, 30, 59)),
                *asked("PlatformDown", (4, 10, 30, 59)),
                *asked("VerdictUndetermined", ()),
            ],
        }
    ]
    file = tmp_path / "dies.test.yaml"
    file.write_text(document(tests, 15, ("ourselves.yaml",)))
    done = run(["test", "rules", file])
    assert done.returncode == 0, done.stdout + done.stderr
