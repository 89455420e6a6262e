"""What the wall shows of each site and of each of its systems, recorded once so that no board computes it for every viewer.

Begins from what is expected, so that a site that vanished with all its series is still shown, as NOT KNOWN.
"""

from __future__ import annotations

from sankofa_observe.telemetry import (
    SITE_BREACH,
    SITE_INFO,
    SITE_NOT_KNOWN,
    SITE_RANK,
    SITE_STATE,
    SLO_BURNING,
    SLO_HIGH,
    SLO_OBJECTIVE,
    SLO_SPENT,
    SYSTEM_DOWN,
    SYSTEM_NOT_KNOWN,
    SYSTEM_STATE,
    TARGET_EXPECTED,
    State,
)

from .pace import MEMORY, Pace
from .rule import Record
from .site import SITES
from .state import SITE, SYSTEM

_INVENTORY = f"group by ({SITE}) ({SITE_INFO})"
_WEIGHTS = ((10_000, State.DOWN), (1_000, State.BREACH), (100, State.NOT_KNOWN), (10, State.BURNING))


def records(pace: Pace) -> tuple[Record, ...]:
    """In order: each series is recorded before it is read."""
    return (
        Record(record=SYSTEM_STATE, expr=_system_state()),
        Record(record=SITE_BREACH, expr=_breach(pace)),
        Record(record=SITE_STATE, expr=_site_state(pace)),
        Record(record=SITE_NOT_KNOWN, expr=f"({SITE_STATE} == {State.NOT_KNOWN}) ^ 0"),
        Record(record=SITE_RANK, expr=_rank()),
    )


def _system_state() -> str:
    return (
        f"{State.DOWN} * ({SYSTEM_DOWN} == 1)\n"
        f"or on ({SYSTEM}) {State.NOT_KNOWN} * ({SYSTEM_NOT_KNOWN} == 1)\n"
        f"or on ({SYSTEM}) {State.GOOD} * {TARGET_EXPECTED}"
    )


def _breach(pace: Pace) -> str:
    """Even with every unknown slot counted as good the target is missed: no later data can undo it, nor can a platform that is away."""
    missed = f"({SLO_HIGH} < on (slo) group_left () max by (slo) ({SLO_OBJECTIVE}))"
    sites = f"({SITES} or {_INVENTORY})"
    return f"({sites} and on (site) {missed})\nor ({pace.was(SITE_BREACH)} unless on (site) {SLO_HIGH})"


def _site_state(pace: Pace) -> str:
    """The worst of its systems and promises.

    What is down now needs hands now. A breach is proven and stays so, whatever else is not known; what is not known may hide an outage,
    and so stands before what only burns. Good is what is left when all that is expected is known to be up.
    """
    down = f"max by ({SITE}) ({SYSTEM_DOWN}) == 1"
    not_known = f"max by ({SITE}) ({SYSTEM_NOT_KNOWN}) == 1"
    burning = f"max by ({SITE}) ({SLO_BURNING}) == 1 and on ({SITE}) {SITES}"  # a chain burns too, and is no site
    # Only a platform that is there can take a site out of its inventory.
    kept = f"((last_over_time({SITE_STATE}[{pace.time(MEMORY)}]) == {State.NO_TARGET}) unless on () group({SITE_INFO}))"
    return (
        f"{State.DOWN} * ({down})\n"
        f"or {State.BREACH} * {SITE_BREACH}\n"
        f"or {State.NOT_KNOWN} * ({not_known})\n"
        f"or {State.BURNING} * ({burning})\n"
        f"or {State.GOOD} * {SITES}\n"
        f"or on (site) ({State.NO_TARGET} * {_INVENTORY}\nor {kept})"
    )


def _rank() -> str:
    """Worst first, by state, and within a state by the budget spent."""
    order = " + ".join(f"{weight} * ({SITE_STATE} == bool {state})" for weight, state in _WEIGHTS)
    spent = f"clamp_max(max by (site) ({SLO_SPENT}), 9) or on (site) 0 * max by (site) ({SITE_STATE})"
    return f"({order})\n+ on (site) group_left () ({spent})"
