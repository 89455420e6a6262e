"""What boards show of budgets, recorded once so that no board computes it for every viewer."""

from __future__ import annotations

from sankofa_observe import telemetry
from sankofa_observe.slo.burn_rate import HOUR
from sankofa_observe.units import PPM

from .burn import bad, valid
from .rule import Group, Record

RECORDS = (
    Record(
        record=telemetry.SLO_BURN,
        expr=f"{PPM} * {bad(HOUR)} / ({valid(HOUR)} > 0) / on (slo) group_left () {telemetry.SLO_BUDGET}",
    ),
)


def groups() -> tuple[Group, ...]:
    return (Group(name="sankofa-board", rules=RECORDS),)
