"""Worlds of outages, members and rates: what every scrape would have shown, and what was seen of it, and when.

Whatever is up or down stays so for a minute at least, so that no lost scrape hides a whole change; all else is any: scrapes at any
phase that jitter or are lost, holes of up to twenty minutes, scrapes that do not know, counters that begin anew, samples that come up to
an hour late.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from sankofa_observe.slo.indicator import (
    Demand,
    Indicator,
    LevelIndicator,
    Members,
    MembersIndicator,
    Operator,
    OutageIndicator,
    Reading,
    StateIndicator,
)
from sankofa_observe.slo.objective import Slo, SlotRule
from sankofa_observe.testing import ScriptedSamples
from tests import builders
from tests.builders import START

PLACE, SCRAPE, LENGTH = "edge-1", 15, 3600
RULE = SlotRule(seconds=60, scrape_seconds=SCRAPE)
STATES = StateIndicator(up="pve_up", known="pve_known")
KINDS = ("outage of states", "outage of a rate", "members", "rate", "rate of several sources")
SINCE, UNTIL = -7200, LENGTH + 1200
SHORTEST = 60
FAST, SLOW = 1000, 10  # a second

Timeline = Callable[[int], bool]
Hidden = Callable[[int], int | None]
"""By the second of a scrape how much later it arrives; None for one that was never seen."""


@dataclass
class World:
    """What was seen and when, and what every scrape would have shown, of one SLO."""

    slo: Slo
    seen: list[tuple[str, dict[str, str], list[tuple[int, int, int]]]] = field(default_factory=list)
    true: ScriptedSamples = field(default_factory=ScriptedSamples)

    def by(self, second: float) -> ScriptedSamples:
        """What has arrived by then."""
        source = ScriptedSamples()
        for name, labels, points in self.seen:
            there = [(START * 1000 + ms, value) for ms, value, arrives in points if arrives <= second]
            source.add(name, there, **labels)
        return source

    def add(
        self, name: str, true: dict[int, int], seen: dict[int, int], hidden: Hidden, *, site: str, instance: str = "a"
    ) -> None:
        """A series by milliseconds from the start."""
        labels = {"site": site, "job": "app", "instance": instance}
        late = {ms: hidden(ms // 1000) for ms in seen}
        points = [(ms, value, ms // 1000 + more) for ms, value in seen.items() if (more := late[ms]) is not None]
        self.seen.append((name, labels, points))
        self.true.add(name, [(START * 1000 + ms, value) for ms, value in true.items()], **labels)


def world(kind: str, seed: int) -> World:
    dice = random.Random(f"{kind} {seed}")
    sources = tuple("abc"[: dice.randint(1, 3)]) if kind == "rate of several sources" else ("a",)
    rate = builders.slo("rate", indicator=_rate(dice, sources), slot=RULE, sources={PLACE: sources})
    down = builders.slo("down", indicator=STATES, slot=RULE, sources=dict.fromkeys((PLACE, *"stuv"), ("a",)))
    part = rate if kind == "outage of a rate" else down
    if kind in {"rate", "rate of several sources"}:
        made = World(rate)
    elif kind == "members":
        made = World(_whole(part, MembersIndicator(of=part.name, at_least={}), {PLACE: _members(dice)}))
    else:
        limit = 60 * dice.choice((1, 2, 5, 10, 30))
        made = World(_whole(part, OutageIndicator(of=part.name, limit_seconds=limit), {}))
    if part is rate or made.slo is rate:
        _add_rates(made, dice, sources)
    else:
        for site in made.slo.sites_of(PLACE):
            _add_states(made, dice, site)
    return made


def _whole(part: Slo, indicator: Indicator, members: dict[str, tuple[Members, ...]]) -> Slo:
    return builders.slo("whole", indicator=indicator, slot=RULE, parts={part.name: part}, members=members)


def _members(dice: random.Random) -> tuple[Members, ...]:
    sites = tuple("stuv"[: dice.randint(1, 4)])
    if len(sites) < 3 or dice.random() < 0.5:
        return (Members(role="", needed=dice.randint(1, len(sites)), sites=sites),)
    return (
        Members(role="active", needed=dice.randint(1, 2), sites=sites[:2]),
        Members(role="standby", needed=1, sites=sites[2:]),
    )


def _rate(dice: random.Random, sources: tuple[str, ...]) -> LevelIndicator:
    discarded = Demand(series="discards", reading=Reading.RATE)
    retried = Demand(series="retries", reading=Reading.RATE)
    return LevelIndicator(
        level="octets",
        operator=dice.choice((Operator.GTE, Operator.GT)),
        bound=Decimal(FAST // 2 * len(sources)),
        reading=Reading.RATE,
        total=len(sources) > 1,
        demand=dice.choice(((), (discarded,), (discarded, retried))),
    )


def _timeline(dice: random.Random, up: int, down: int) -> Timeline:
    edges, at, state = list[int](), SINCE - SHORTEST, dice.random() < 0.7
    first = state
    while at < UNTIL:
        at += max(SHORTEST, int(dice.expovariate(1 / (up if state else down))))
        edges.append(at)
        state = not state
    return lambda second: first == (bisect_right(edges, second) % 2 == 0)


def _hidden(dice: random.Random) -> Hidden:
    def stretches(lengths: tuple[int, ...]) -> list[range]:
        starts = (dice.randint(-3600, LENGTH) for _ in range(dice.choice((0, 1, 2, 4))))
        return [range(start, start + dice.choice(lengths)) for start in starts]

    holes = stretches((20, 45, 90, 300, 1200))
    late = [(one, dice.choice((20, 100, 1000, 3600))) for one in stretches((20, 60, 600))]
    lost = dice.choice((0, 0.02, 0.1, 0.25))

    def of(second: int) -> int | None:
        if any(second in one for one in holes) or dice.random() < lost:
            return None
        return max((more for one, more in late if second in one), default=0)

    return of


def _scrapes(dice: random.Random) -> list[int]:
    phase, jitter = dice.randrange(SCRAPE), dice.choice((0, 0, 900))
    return [at * 1000 + dice.randint(-jitter, jitter) for at in range(SINCE + phase, UNTIL, SCRAPE)]


def _add_states(made: World, dice: random.Random, site: str) -> None:
    is_up, scrapes = _timeline(dice, 1500, 500), _scrapes(dice)
    silent = [
        range(at, at + dice.choice((15, 60, 400))) for at in dice.sample(range(LENGTH), dice.choice((0, 0, 1, 2)))
    ]
    true = {ms: int(is_up(ms // 1000)) for ms in scrapes}
    known = {ms: int(not any(ms // 1000 in one for one in silent)) for ms in scrapes}
    hidden = _hidden(dice)
    kept = {ms // 1000: hidden(ms // 1000) for ms in scrapes}
    seen = {ms: up if known[ms] else dice.randint(0, 1) for ms, up in true.items()}
    made.add(STATES.up, true, seen, kept.__getitem__, site=site)
    made.add(STATES.known, dict.fromkeys(scrapes, 1), known, kept.__getitem__, site=site)


def _add_rates(made: World, dice: random.Random, sources: tuple[str, ...]) -> None:
    """Octets, discards and retries of each source; all are fast, and wanted, at the same time."""
    is_fast, is_discarded, is_retried = (
        _timeline(dice, 1500, 500),
        _timeline(dice, 800, 800),
        _timeline(dice, 400, 1200),
    )
    times = range(SINCE - SCRAPE, UNTIL)
    seconds = [(FAST if is_fast(at) else SLOW, int(is_discarded(at)), int(is_retried(at))) for at in times]
    for name in sources:
        scrapes, hidden = _scrapes(dice), _hidden(dice)
        anew = sorted(dice.sample(range(LENGTH), dice.choice((0, 0, 1, 2))))
        kept = {ms // 1000: hidden(ms // 1000) for ms in scrapes}
        for place, series in enumerate(("octets", "discards", "retries")):
            grown, shown, true, seen, at = 0, dice.randrange(10**9), dict[int, int](), dict[int, int](), SINCE - SCRAPE
            for ms in scrapes:
                more = sum(one[place] for one in seconds[at - SINCE + SCRAPE : ms // 1000 - SINCE + SCRAPE])
                began = any(at <= one < ms // 1000 for one in anew)
                grown, shown, at = grown + more, dice.randrange(50) if began else shown + more, ms // 1000
                true[ms], seen[ms] = grown, shown
            made.add(series, true, seen, kept.__getitem__, site=PLACE, instance=name)
