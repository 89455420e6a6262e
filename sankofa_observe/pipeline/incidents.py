"""incidents: what Alertmanager told becomes records, each alert by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sankofa_observe.errors import InvalidInput, Unfit, Violation
from sankofa_observe.ports import Clock, Ledger
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.incident import ALL, Covered, Incident, IncidentRecord, IncidentState, covered
from sankofa_observe.units import rfc3339

log = logging.getLogger(__name__)
ACTOR = "alertmanager"
TOGETHER = 100  # alerts that are committed at once: others write in between
PLACES = ("tier", "region", "site", "slo")


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
    found: Iterable[Incident | Violation],
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
    acting, added, refused = ledger.acting(ACTOR), list[bool](), list[Violation]()
    every = list(found)
    refused += [one for one in every if isinstance(one, Violation)]
    good = [one for one in every if not isinstance(one, Violation)]
    for first in range(0, len(good), TOGETHER):
        outcomes = list(_stored(acting, good[first : first + TOGETHER], clock))
        refused += [one for one in outcomes if isinstance(one, Violation)]
        added += [one for one in outcomes if isinstance(one, bool)]
    done = Stored(stored=sum(added), same=added.count(False), refused=tuple(refused), truncated=truncated)
    for each in done.refused:
        log.warning("incident refused", extra={"why": str(each)})
    if truncated:
        log.warning("incidents truncated", extra={"alerts": truncated, "hint": "raise max_alerts of the receiver"})
    watch(done)
    return done


def _stored(acting: Ledger, told: Sequence[Incident], clock: Clock) -> Iterator[bool | Violation]:
    """Together, for each commit waits for a disk; one by one where one of them cannot be stored."""
    try:
        yield from acting.add_incidents(told, clock.now())
    except Unfit:
        raise
    except InvalidInput as error:
        if len(told) == 1:
            yield Violation(code="incident.value", where=f"alert {told[0].ref}", problem=str(error))
        else:
            for one in told:
                yield from _stored(acting, [one], clock)


@dataclass(frozen=True, kw_only=True)
class Act:
    """What was told of an incident, and when it was recorded."""

    state: IncidentState
    ended_at: int | None
    recorded_at: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """An incident as it is shown; `slots` are those that it lies over, where they were asked for."""

    id: str
    ref: str
    alert: str
    state: IncidentState
    started_at: int
    ended_at: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    acts: tuple[Act, ...]
    slots: tuple[Covered, ...] | None = None

    def __str__(self) -> str:
        place = " ".join(value for name in PLACES if (value := self.labels.get(name, "")) not in {"", ALL})
        end = "" if self.ended_at is None else f" {rfc3339(self.ended_at)}"
        summary = self.annotations.get("summary", "no summary")
        head = f"{self.ref} {self.alert} {place or 'everywhere'}: since {rfc3339(self.started_at)}, {self.state}{end}: {summary}"
        if self.slots is None:
            return head
        links = [
            f"  {name}: {self.annotations[name]}" for name in ("runbook_url", "dashboard") if name in self.annotations
        ]
        return "\n".join(
            [head, *links, *(f"  {one}" for one in self.slots), *([] if self.slots else ["  no promise lies there"])]
        )


def told(record: IncidentRecord, slots: tuple[Covered, ...] | None = None) -> Told:
    one = record.now
    acts = zip(record.revisions, record.told_at, strict=True)
    return Told(
        id=one.id,
        ref=one.ref,
        alert=one.alert,
        state=one.state,
        started_at=one.started_at,
        ended_at=one.ended_at,
        labels=one.labels,
        annotations=one.annotations,
        acts=tuple(Act(state=each.state, ended_at=each.ended_at, recorded_at=at) for each, at in acts),
        slots=slots,
    )


def shown(name: str, ledger: Ledger, catalog: Catalog, clock: Clock) -> Told:
    """An incident with the slots that it lies over; raises `InvalidInput` where there is none of this name, or more than one."""
    found = ledger.incidents_named(name)
    if len(found) != 1:
        raise InvalidInput(
            f"{len(found)} incidents {name[:80]!r}; expected one by its 16 digits of a-f and 0-9, as sankofa-observe incidents list names them"
        )
    return told(found[0], tuple(covered(found[0].now, catalog, clock.now())))
