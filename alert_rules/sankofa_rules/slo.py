"""The SLOs that are watched for burning: those of a specs folder, each with how one step of it is counted.

A step is one evaluation of the base series: slots or events, bad and valid, since the last one. Steps are summed over windows
elsewhere; a ratio is formed once, from sums, at the very end. Alerts only: money is counted from raw samples by the platform, never
from these series.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sankofa_observe import telemetry
from sankofa_observe.adapters.specs import load_with_places
from sankofa_observe.errors import InvalidInput, Violation
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.burn_rate import BURN_WINDOWS, unprovable
from sankofa_observe.slo.indicator import (
    DERIVED,
    CompositeIndicator,
    LevelIndicator,
    MembersIndicator,
    OutageIndicator,
    RatioIndicator,
    StateIndicator,
)
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.units import PPM, rfc3339

from . import signal
from .durations import duration
from .rule import Record

SPECS = Path(__file__).parents[2] / "deploy" / "specs"
STEP_SECONDS = 60
WILSON_Z2 = "3.8416"  # 1.96 squared: 95 %, two sided
SERIES = (telemetry.SLO_VALID_STEP, telemetry.SLO_BAD_STEP)
PART_SERIES = (telemetry.SLO_PART_VALID_STEP, telemetry.SLO_PART_BAD_STEP)
NEVER = "can never fire"


@dataclass(frozen=True, kw_only=True)
class WatchedSlos:
    """The SLOs of a folder in the order in which they are recorded: each after what it is made of."""

    slos: tuple[Slo, ...] = ()
    promised: frozenset[str] = frozenset()  # the others are parts, which page as their whole
    notes: tuple[str, ...] = field(default=(), compare=False)  # what a reader of the rules must know

    def base(self, step_seconds: int) -> tuple[Record, ...]:
        return tuple(record for slo in self.slos for record in self._base(slo, step_seconds))

    def _base(self, slo: Slo, step_seconds: int) -> Iterator[Record]:
        """The series of an SLO: bad and valid of a step, its budget, and for events its gate."""
        found, labels = self.signal(slo, step_seconds), {"slo": slo.name, "system": _system(slo)}
        valid, bad = self._series(slo.name)
        yield Record(record=valid, expr=found.valid, labels=dict(labels))
        yield Record(record=bad, expr=found.bad, labels=labels)
        if slo.name not in self.promised:
            return
        derived = {"derived": "yes"} if _is_derived(slo) else {}
        budget = f"vector({PPM - slo.target_ppm})"
        yield Record(record=telemetry.SLO_BUDGET, expr=budget, labels={"slo": slo.name} | derived)
        if found.events:
            # Scrapes are a census of time; events are draws from it, and few of them prove little (Wilson's lower bound).
            yield Record(record=telemetry.SLO_PAGE_GATE, expr=f"vector({WILSON_Z2})", labels={"slo": slo.name})

    def paging_targets_ppm(self) -> set[int]:
        """Targets of the promises that page: what is derived pages by what it is made of."""
        return {slo.target_ppm for slo in self.slos if slo.name in self.promised and not _is_derived(slo)}

    def signal(self, slo: Slo, step_seconds: int) -> signal.Signal:
        match slo.indicator:
            case StateIndicator() as one:
                return signal.state(slo, one, step_seconds)
            case RatioIndicator() as one:
                return signal.ratio(slo, one, step_seconds)
            case LevelIndicator() as one:
                return signal.level(slo, one, step_seconds)
            case CompositeIndicator() as one if not _needs_platform(slo):
                return signal.composite(one, {name: self._series(name) for name in one.weights})
            case OutageIndicator() as one if not _needs_platform(slo):
                return signal.outage(one, step_seconds, self._series(one.of))
            case _:
                return signal.by_platform(slo, step_seconds)

    def _series(self, name: str) -> tuple[str, str]:
        return SERIES if name in self.promised else PART_SERIES


@cache
def watched_slos(specs: Path = SPECS) -> WatchedSlos:
    """What the specs of a folder ask to be watched; raises `InvalidInput` as checking them does, and for what cannot be."""
    catalog, places = load_with_places([specs])
    now = int(time.time())
    slos = {slo.name: slo for slo in catalog.slos_at(now)}
    promised = frozenset(slos) - _parts(slos.values()) | _agreed(catalog)
    faults = [
        Violation(code="rules.alert", where=f"{places[slo.counted_as].where}/spec/objectives/0", problem=one)
        for slo in slos.values()
        if slo.name in promised
        for one in _unwatchable(slo)
    ]
    if faults:
        plural = "" if len(faults) == 1 else "s"
        raise InvalidInput(f"{len(faults)} alert{plural} that nobody could trust; nothing was written", faults)
    notes = (*_platform_notes(slos.values()), *_row_notes(slos.values(), promised), *_version_notes(catalog, now))
    return WatchedSlos(slos=tuple(_ordered(slos)), promised=promised & frozenset(slos), notes=notes)


def _ordered(slos: dict[str, Slo]) -> Iterator[Slo]:
    """Each once, after its parts; else by name."""
    given: set[str] = set()

    def with_parts(slo: Slo) -> Iterator[Slo]:
        for part in slo.parts:
            yield from with_parts(slos[part])
        if slo.name not in given:
            given.add(slo.name)
            yield slo

    for name in sorted(slos):
        yield from with_parts(slos[name])


def _parts(slos: Iterable[Slo]) -> frozenset[str]:
    return frozenset(part for slo in slos if isinstance(slo.indicator, CompositeIndicator) for part in slo.parts)


def _agreed(catalog: Catalog) -> frozenset[str]:
    return frozenset(promise.slo.name for one in catalog.agreements.values() for promise in one.promises)


def _system(slo: Slo) -> str:
    return getattr(slo.indicator, "system", "") or "all"


def _is_derived(slo: Slo) -> bool:
    """Of outages and members: what they are made of pages by itself, and earlier."""
    return isinstance(slo.indicator, OutageIndicator | MembersIndicator)


def _needs_platform(slo: Slo) -> bool:
    """Roles and needs of sites stand in no series, and of a part that counts events a step is no slot."""
    if isinstance(slo.indicator, MembersIndicator):
        return True
    return isinstance(slo.indicator, DERIVED) and any(
        part.budgeting is Budgeting.OCCURRENCES or _needs_platform(part) for part in slo.parts.values()
    )


def _unwatchable(slo: Slo) -> Iterator[str]:
    """Why no alert of a severity can be trusted: none of its rows can fire, or one of them would measure noise."""
    for severity in ("page", "ticket"):
        rows = zip(BURN_WINDOWS, _unprovable(slo), strict=True)
        reasons = [reason for window, reason in rows if window.severity == severity]
        noise = [reason for reason in reasons if reason and not reason.startswith(NEVER)]
        if noise or all(reasons):
            yield f"slo {slo.name}: its {severity} {'; '.join(noise or map(str, reasons))}"


def _unprovable(slo: Slo) -> Sequence[str | None]:
    return [unprovable(window, slo.target_ppm, slo.slot.scrape_seconds) for window in BURN_WINDOWS]


def _row_notes(slos: Iterable[Slo], promised: frozenset[str]) -> Iterator[str]:
    for slo in slos:
        for window, reason in zip(BURN_WINDOWS, _unprovable(slo), strict=True):
            if reason and slo.name in promised:
                yield f"{slo.name}: the row of {duration(window.long_seconds)} {reason}; the others watch."


def _platform_notes(slos: Iterable[Slo]) -> Iterator[str]:
    for slo in slos:
        if _needs_platform(slo):
            yield f"{slo.name}: its slots follow from what no series holds, and are those that the platform has counted."


def _version_notes(catalog: Catalog, now: int) -> Iterator[str]:
    for slo in catalog.slos.values():
        if slo.starts_at is not None and slo.starts_at > now:
            yield f"{slo.name}: version {slo.version} holds from {rfc3339(slo.starts_at)}; generate again then."
