"""`sankofa-observe retention`: on a real installation, with the clock of the command moved."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from sankofa_observe.adapters.clock import SystemClock
from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.bootstrap import open_platform
from sankofa_observe.config import load_settings
from sankofa_observe.ports import StateChange
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import rfc3339
from tests.builders import KOFI
from tests.cli.running import Run, introduced
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures
from tests.cli.test_exclusions import CHAIN, KEYS

YEARS_8 = 8 * 366 * DAY_SECONDS
APPLY = ("--reason", "yearly, POL-4", "--by", "kofi")


def test_what_is_old_enough_is_deleted_by_one_command(
    run: Run,
    installation: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Evidence and slots of a settlement that was voided eight years ago; not while it is open, and not while the contract cannot be asked."""
    settings, now = config(installation), int(time.time())
    change(installation, "sankofa.yaml", lambda one: one.update(chain={**CHAIN, **KEYS}))
    introduced(installation)
    run("evaluate", *settings, "--as-it-stands")
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        [one] = platform.ledger.read(OPERATOR).settlements().items
        settlement = one.penalty.settlement_id
        platform.ledger.add_state(settlement, StateChange(state=SettlementState.REPORTED, at=now, revision=1))
        platform.ledger.dismiss_wait("period", run("verdicts", "waiting", *settings).out.split()[1], reason="x", at=now)
    with closing(DeltaSlots(installation / "data" / "slots", "observer-1")) as table:
        for day in table.unsealed():
            table.seal(day, now)
    young = run("retention", "show", *settings)
    monkeypatch.setattr(SystemClock, "now", lambda _: now + YEARS_8)
    still_open = [run("retention", what, *settings, *more) for what, more in (("show", ()), ("apply", APPLY))]
    with open_platform(load_settings(installation / "sankofa.yaml"), reading=True) as platform:
        voided = StateChange(state=SettlementState.VOIDED, at=now, revision=1)
        platform.ledger.add_state(settlement, voided)
    away = run("retention", "apply", *settings, *APPLY)
    kept = list((installation / "data" / "evidence").iterdir())
    change(installation, "sankofa.yaml", lambda one: one.pop("chain"))
    stranger = run("retention", "apply", *settings, "--reason", "yearly", "--by", "nobody")
    done, again = (run("retention", "apply", *settings, *APPLY) for _ in range(2))
    checked, shown = run("evidence", "check", *settings), run("evidence", "show", settlement, *settings, *APPLY)
    file = str(installation / "all.jsonl")
    monkeypatch.setattr(SystemClock, "now", lambda _: now + YEARS_8 + 1)
    run("audit", "export", file, "--from", "2020-01-01T00:00:00Z", "--to", rfc3339(now + YEARS_8 + 1), *settings)

    assert (young.code, young.out.splitlines()[0].endswith("may go: nothing")) == (0, True)
    assert f"kept: settlement {settlement}, reported" in still_open[0].out
    assert [one.out for one in still_open[1:]] == ["nothing is old enough\n"]
    assert (away.code, len(kept), stranger.code) == (1, 1, 2)
    assert done.out.splitlines()[0] == "evidence: documents: 1 deleted"
    assert done.out.splitlines()[1].startswith("observer observer-1: slots of ")
    assert (again.out, list((installation / "data" / "evidence").iterdir())) == ("nothing is old enough\n", [])
    assert (checked.code, shown.code, "its retention was over" in shown.err) == (0, 2, True)
    acts = [json.loads(one) for one in Path(file).read_text().splitlines() if '"actor":"' + KOFI in one]
    assert [(one["subject"], one["outcome"]) for one in acts if one["record"] == "review"][-3:] == [
        ("retention", "applied"), ("evidence", "removed"), ("retention", "applied"),
    ]  # fmt: skip
