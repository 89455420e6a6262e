"""incidents: what Alertmanager told becomes records, each alert by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from sankofa_observe.errors import InvalidInput, Unfit, Violation
from sankofa_observe.ports import Clock, Ledger
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.incident import Covered, Incident, IncidentRecord, covered

log = logging.getLogger(__name__)
ACTOR = "alertmanager"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What became of one notification."""

    OUTCOMES: ClassVar = ("stored", "same", "refused", "truncated")

    stored: int
    same: int
    refused: tuple[Violation, ...]
    truncated: int  # alerts that Alertmanager cut off, by its max_alerts

    def count(self, outcome: str) -> int:
        found = getattr(self, outcome)
        return found if isinstance(found, int) else len(found)


def store(
    told: Iterable[Incident | Violation],
    *,
    truncated: int,
    ledger: Ledger,
    clock: Clock,
    watch: Callable[[Stored], None],
) -> Stored:
    """Add what is new. One alert that cannot be stored costs itself.

    Raises:
        Unavailable: the ledger cannot take it now: told again, what stands already is the same.
    """
    acting, added, refused = ledger.acting(ACTOR), [], []
    for one in told:
        if isinstance(one, Violation):
            refused.append(one)
            continue
        try:
            added.append(acting.add_incident(one, clock.now()))
        except Unfit:
            raise
        except InvalidInput as error:
            refused.append(Violation(code="incident.value", where=f"alert {one.ref}", problem=str(error)))
    done = Stored(stored=sum(added), same=added.count(False), refused=tuple(refused), truncated=truncated)
    for each in done.refused:
        log.warning("incident refused", extra={"why": str(each)})
    if truncated:
        log.warning("incidents truncated", extra={"alerts": truncated, "hint": "raise max_alerts of the receiver"})
    watch(done)
    return done


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An incident with the slots that it lies over."""

    record: IncidentRecord
    slots: tuple[Covered, ...]

    def __str__(self) -> str:
        links = [
            f"  {name}: {link}"
            for name in ("runbook_url", "dashboard")
            if (link := self.record.now.annotations.get(name))
        ]
        none = [] if self.slots else ["  no promise lies there"]
        return "\n".join([str(self.record), *links, *(f"  {one}" for one in self.slots), *none])


def shown(name: str, ledger: Ledger, catalog: Catalog, clock: Clock) -> Shown:
    """Raises `InvalidInput` where there is no incident, or more than one, of this name."""
    found = ledger.incidents_named(name)
    if len(found) != 1:
        raise InvalidInput(
            f"{len(found)} incidents {name[:80]!r}; expected 16 digits of a-f and 0-9, as `incidents list` names them"
        )
    return Shown(record=found[0], slots=tuple(covered(found[0].now, catalog, clock.now())))
