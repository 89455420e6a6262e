"""What the fleet's first screen shows of each site, recorded once so that no board computes it for every viewer.

Begins from the inventory, so that a site which vanished with all its series is still shown, as NOT KNOWN. The states are
fixed numbers on every board.
"""

from __future__ import annotations

from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.proxmox import families as pve
from sankofa_observe import telemetry
from sankofa_observe.slo.burn_rate import HOUR
from sankofa_observe.telemetry import State
from sankofa_observe.units import PPM

from .burn import bad, valid
from .rule import Group, Record

_SITES = f"max by (tier, region, site) ({telemetry.SITE_INFO})"
_KNOWN = f"({pve.KNOWN.name} == 1 or {besu.KNOWN.name} == 1)"
_DOUBT = f"({pve.KNOWN.name} == 0 or {besu.KNOWN.name} == 0)"
# Even with every unknown slot counted as good the target is missed: no later data can undo it.
_BREACH = f"({telemetry.SLO_HIGH} < on (slo) group_left () max by (slo) ({telemetry.SLO_OBJECTIVE}))"
_PAGED = f"({telemetry.SLO_BURNING} == 1)"


def _state() -> str:
    """A proven breach comes first; then what nobody can see; then what is burning."""
    return "\n".join(
        (
            f"({State.BREACH.value} * {_SITES} and on (site) {_BREACH})",
            f"or on (site) ({State.NOT_KNOWN.value} * {telemetry.SITE_NOT_KNOWN})",
            f"or on (site) ({State.BURNING.value} * {_SITES} and on (site) {_PAGED})",
            f"or on (site) ({State.GOOD.value} * {_SITES})",
        )
    )


def _rank() -> str:
    """Worst first: breach, not known, burning; within each by the budget spent."""
    weights = ((1000, State.BREACH), (100, State.NOT_KNOWN), (10, State.BURNING))
    order = " + ".join(f"{weight} * ({telemetry.SITE_STATE} == bool {state.value})" for weight, state in weights)
    spent = (
        f"clamp_max(max by (site) ({telemetry.SLO_SPENT}), 9) or on (site) 0 * max by (site) ({telemetry.SITE_STATE})"
    )
    return f"({order})\n+ on (site) group_left () ({spent})"


RECORDS = (
    Record(
        record=telemetry.SITE_NOT_KNOWN,
        expr=f"({_SITES} unless on (site) {_KNOWN})\nor on (site) ({_SITES} and on (site) {_DOUBT})",
    ),
    Record(record=telemetry.SITE_STATE, expr=_state()),
    Record(record=telemetry.SITE_RANK, expr=_rank()),
    Record(
        record=telemetry.SLO_BURN,
        expr=f"{PPM} * {bad(HOUR)} / ({valid(HOUR)} > 0) / on (slo) group_left () {telemetry.SLO_BUDGET}",
    ),
)


def groups() -> tuple[Group, ...]:
    """In order: each series is recorded before it is read."""
    return (Group(name="sankofa-board", rules=RECORDS),)
