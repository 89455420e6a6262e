"""A step says what the platform's slot says: every SLO's rules on the worlds by which the platform itself is proven, in promtool.

Each world is made of the selectors of the spec. A fault is as many bad steps as the platform finds bad slots, to one; silence makes none
bad, and none at all in its middle.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.parts import CHECKOUT
from sankofa_observe import telemetry
from sankofa_observe.adapters.fleet_example import as_yaml
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.ports import RawSeries
from sankofa_observe.slo.indicator import LevelIndicator, MembersIndicator, Reading
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.slo.slot import SlotState
from sankofa_rules.rule import Group
from sankofa_rules.slo import WatchedSlos
from tests.alert_rules.promtool import run
from tests.promises.worlds import FAULT, SLOT, WHOLE, Happens, World, cut

SPECS = CHECKOUT / "deploy" / "specs"
BEGINS, ENDS = WHOLE.starts_at - 30, FAULT.ends_at + 60  # what promtool sees of a world; its clock begins at 0 there
MIDDLE, END = FAULT.ends_at - 10 - BEGINS, ENDS - BEGINS
BAD, VALID = telemetry.SLO_BAD_STEP, telemetry.SLO_VALID_STEP


@pytest.fixture(scope="module")
def slos(tmp_path_factory: pytest.TempPathFactory) -> list[Slo]:
    """All promises in seconds but those of members, which no series tells."""
    fleet = tmp_path_factory.mktemp("fleet") / "fleet.yaml"
    fleet.write_text(as_yaml())
    catalog = load_catalog([SPECS / "slos", SPECS / "slis", fleet])
    own = [slo for slo in catalog.slos.values() if not isinstance(slo.indicator, MembersIndicator)]
    names = {path.stem for path in (SPECS / "slos").glob("*.yaml")}
    return [cut(slo) for slo in own if slo.name in names]


def _place(slo: Slo) -> str:
    part = slo
    while part.parts:
        part = next(iter(part.parts.values()))
    return next(iter(sorted(part.sources)))


def _with_parts(slo: Slo) -> Iterator[Slo]:
    for part in slo.parts.values():
        yield from _with_parts(part)
    yield slo


def _values(series: RawSeries, slo: Slo) -> str:
    """A value a second, `_` where there is none. An age is told by an instant, which moves with the clock."""
    moved = isinstance(slo.indicator, LevelIndicator) and slo.indicator.reading is Reading.AGE
    shown = {at // 1000: float(text) - (BEGINS if moved else 0) for at, text in series.samples}
    return " ".join(f"{shown[at]:.0f}" if at in shown else "stale" for at in range(BEGINS, ENDS))


def _labels(series: RawSeries, slo: Slo) -> str:
    labels = {**series.labels, "tier": slo.tier, "region": "r1"}
    name = labels.pop("__name__")
    return name + "{" + ", ".join(f'{label}="{value}"' for label, value in labels.items()) + "}"


def _document(slo: Slo, rules: Path) -> dict[str, Any]:
    return {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{SLOT}s",
        "tests": [_test(slo, happens) for happens in Happens if happens is not Happens.IDLE or _has_demand(slo)],
    }


def _has_demand(slo: Slo) -> bool:
    return isinstance(slo.indicator, LevelIndicator) and bool(slo.indicator.demand)


def _test(slo: Slo, happens: Happens) -> dict[str, Any]:
    place = _place(slo)
    source = World(slo=slo, happens=happens, struck=frozenset({place})).source([place])
    slots = read_slots(slo, [place], WHOLE, source)
    events = slo.budgeting is Budgeting.OCCURRENCES
    bad = sum(slot.bad if events else slot.state is SlotState.BAD for slot in slots)
    near = 2 * max(slot.bad for slot in slots) if events else 1
    counted = f'sum_over_time({BAD}{{slo="{slo.name}"}}[{END}s])'
    asked = [_asked(f"group by (site) (abs({counted} - {bad}) <= {near})", END, [1])]
    if happens is Happens.NOTHING:
        asked.append(_asked(f"group by (site) (count_over_time({VALID}[{END}s:{SLOT}s]) >= {END // SLOT})", END, [1]))
    if happens is Happens.SILENCE:
        assert bad == 0
        known = f'{VALID}{{slo="{slo.name}"}}'
        asked.append(_asked(f"count({known}) or vector(-1)", MIDDLE, [-1.0], {}))
    return {
        "name": f"{slo.name}: {happens}",
        "interval": "1s",
        "input_series": [{"series": _labels(one, slo), "values": _values(one, slo)} for one in source.series],
        "promql_expr_test": [
            {**one, "exp_samples": [{**s, "labels": s["labels"].format(site=place)} for s in one["exp_samples"]]}
            for one in asked
        ],
    }


def _asked(expr: str, at: int, values: list[float], labels: dict[str, str] | None = None) -> dict[str, Any]:
    named = '{{site="{site}"}}' if labels is None else "{{}}"
    return {"expr": expr, "eval_time": f"{at}s", "exp_samples": [{"labels": named, "value": value} for value in values]}


@pytest.mark.real("promtool")
def test_steps_say_what_slots_say(slos: list[Slo], tmp_path: Path) -> None:
    """Quiet, in a fault, while nobody watches, and while nobody asks for more."""
    files = []
    for slo in slos:
        every = tuple({one.name: one for one in _with_parts(slo)}.values())
        watched = WatchedSlos(slos=every, promised=frozenset({slo.name}))
        rules = tmp_path / f"{slo.name}.rules.yaml"
        group = Group(name="steps", rules=watched.base(SLOT), interval_seconds=SLOT)
        rules.write_text(json.dumps({"groups": [group.document()]}))
        files.append(tmp_path / f"{slo.name}.test.yaml")
        files[-1].write_text(json.dumps(_document(slo, rules)))
    done = run(["test", "rules", *files], seconds=120)
    assert done.returncode == 0, done.stdout + done.stderr
