"""Worlds for every promise: what its sources would show while all is well, while a fault is driven in, and while nobody watches.

A world is made of the spec alone: of its selectors and of the instances that the fleet file lists. So a promise whose selector no
source shows, or that would be met by silence, is found here. Slots are of 5 s and scrapes of 1 s; times of outages are cut to 10 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from sankofa_observe.slo.indicator import (
    LevelIndicator,
    Operator,
    OutageIndicator,
    RatioIndicator,
    Reading,
    StateIndicator,
)
from sankofa_observe.slo.objective import Slo, SlotRule
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period

SLOT, SCRAPE, LIMIT = 5, 1, 10
RULE = SlotRule(seconds=SLOT, scrape_seconds=SCRAPE, longest_gap_seconds=10, history_seconds=30)
WHOLE = Period(starts_at=1_767_225_600, ends_at=1_767_225_600 + 600)
FAULT = Period(starts_at=WHOLE.starts_at + 200, ends_at=WHOLE.starts_at + 300)
REQUESTS_A_SECOND = 40


class Happens(StrEnum):
    NOTHING = "nothing"
    FAULT = "a fault"
    SILENCE = "the agent is gone"
    IDLE = "nobody asks for more"


def cut(slo: Slo) -> Slo:
    """The same promise, in seconds."""
    indicator = slo.indicator
    if isinstance(indicator, OutageIndicator):
        indicator = replace(indicator, limit_seconds=LIMIT)
    parts = {name: cut(part) for name, part in slo.parts.items()}
    return replace(slo, indicator=indicator, parts=parts, slot=replace(RULE, target_ppm=slo.slot.target_ppm))


@dataclass(frozen=True, kw_only=True)
class World:
    """Series of the sites that a promise is counted from; what happens, happens at all that are in `struck`."""

    slo: Slo
    happens: Happens
    struck: frozenset[str]

    def source(self, places: Iterator[str] | list[str]) -> ScriptedSamples:
        source = ScriptedSamples()
        for leaf in self.slo.leaves:
            for site in sorted({site for place in places for site in self.slo.sites_of(place)}):
                for instance in leaf.sources.get(site, ()):
                    self._scraped(source, leaf, site, instance)
        return source

    def _scraped(self, source: ScriptedSamples, leaf: Slo, site: str, instance: str) -> None:
        match leaf.indicator:
            case StateIndicator() as state:
                self._state(source, state, site, instance)
            case LevelIndicator() as level:
                self._level(source, level, site, instance)
            case RatioIndicator() as events:
                self._events(source, events, site, instance)

    def _moments(self, site: str) -> Iterator[tuple[int, bool, bool]]:
        """Seconds, whether the fault is there, and whether somebody watches."""
        for at in range(WHOLE.starts_at - 300, WHOLE.ends_at + 60, SCRAPE):
            inside = FAULT.starts_at <= at < FAULT.ends_at and site in self.struck
            faulty = inside and self.happens in {Happens.FAULT, Happens.IDLE}
            yield at, faulty, not (inside and self.happens is Happens.SILENCE)

    def _state(self, source: ScriptedSamples, state: StateIndicator, site: str, instance: str) -> None:
        up, known = {}, {}
        for at, faulty, watched in self._moments(site):
            if watched:
                up[at], known[at] = str(int(not faulty)), "1"
            elif state.known.startswith("up{") or state.known == "up":
                known[at] = "0"
        _add(source, state.up, site, instance, up)
        _add(source, state.known, site, instance, known)

    def _level(self, source: ScriptedSamples, level: LevelIndicator, site: str, instance: str) -> None:
        """A level well within its bound, and missed by far in a fault; or idle, with nothing that waits.

        What waits shows in the first condition of a demand; of a capacity there is always enough.
        """
        more = level.operator in {Operator.GTE, Operator.GT}
        values, waits, room, grown, queued = {}, {}, {}, Decimal(0), Decimal(0)
        for at, faulty, watched in self._moments(site):
            now = level.bound / 10 if more == faulty else level.bound * 2
            grown += now
            busy = faulty and self.happens is not Happens.IDLE
            queued += int(busy)
            if watched:
                shown = {Reading.VALUE: now, Reading.RATE: grown, Reading.AGE: at - now}[level.reading]
                values[at] = str(int(shown))
                by_counter = level.demand and level.demand[0].reading is Reading.RATE
                waits[at], room[at] = str(int(queued if by_counter else busy * 10**9)), str(10**9)
        _add(source, level.level, site, instance, values)
        for one in level.demand:
            if one.series != level.level:
                _add(source, one.series, site, instance, waits)
            if one.capacity:
                _add(source, one.capacity, site, instance, room)

    def _events(self, source: ScriptedSamples, events: RatioIndicator, site: str, instance: str) -> None:
        good, valid, up = {}, {}, {}
        counted = every = 1000
        for at, faulty, watched in self._moments(site):
            every += REQUESTS_A_SECOND
            counted += REQUESTS_A_SECOND * (not faulty)
            if watched:
                good[at], valid[at] = str(every - counted if events.counts_bad else counted), str(every)
            up[at] = str(int(watched))
        _add(source, events.good, site, instance, good)
        _add(source, events.valid, site, instance, valid)
        job = _matchers(events.valid).get("job", "app")
        _add(source, f'up{{job="{job}"}}', site, instance, up)


def _matchers(selector: str) -> dict[str, str]:
    return dict(re.findall(r'([a-z_]+)="([^"]*)"', selector))


def _add(source: ScriptedSamples, selector: str, site: str, instance: str, values: dict[int, str]) -> None:
    labels = {"job": "app", **_matchers(selector), "site": site, "instance": instance}
    source.add(selector.partition("{")[0], [(at * 1000, text) for at, text in values.items()], **labels)
