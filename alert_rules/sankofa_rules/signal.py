"""How one step of an indicator is counted in PromQL: what was bad since the last step, and whether anything was known.

A step of slots is 0 or 1: bad where the platform would call a slot of that length bad. A step of events counts them. What is not
known makes nothing bad, and a series that is not there makes no step at all. Steps page; money is counted from raw samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from sankofa_observe import telemetry
from sankofa_observe.slo.indicator import (
    CompositeIndicator,
    Demand,
    LevelIndicator,
    OutageIndicator,
    RatioIndicator,
    Reading,
    Rule,
    StateIndicator,
    by_value,
)
from sankofa_observe.slo.level import HOLE_TENTHS
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.units import PPM

from .durations import duration, half_open

PLACE = "tier, region, site"
_MISSED = {"lte": ">", "lt": ">=", "gte": "<", "gt": "<="}
_SLOT_SECONDS = 60  # what a step of the pace that we ship is long


@dataclass(frozen=True, kw_only=True)
class Signal:
    """The two expressions of a step; `events` says that they count events, and not slots."""

    valid: str
    bad: str
    events: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """How long a step of one SLO is, and what it is made of."""

    seconds: int
    scrape_seconds: int
    target_ppm: int  # of a slot

    @classmethod
    def of(cls, slo: Slo, step_seconds: int) -> Step:
        """Slots longer than a step overlap; a lab's steps are as much shorter as its pace is."""
        seconds = max(step_seconds, slo.slot.seconds * step_seconds // _SLOT_SECONDS)
        scrape = max(1, min(slo.slot.scrape_seconds, step_seconds // 4))
        return cls(seconds=seconds, scrape_seconds=scrape, target_ppm=slo.slot.target_ppm)

    @property
    def range(self) -> str:
        return half_open(self.seconds)

    @property
    def scans(self) -> str:
        """A subquery that looks once a scrape."""
        return f"{half_open(self.seconds)}:{duration(self.scrape_seconds)}"

    @property
    def allowed(self) -> int:
        """How many scrapes of a slot may be bad before the slot is."""
        return (PPM - self.target_ppm) * (self.seconds // self.scrape_seconds) // PPM


def of_tier(selector: str, tier: str) -> str:
    """The selector narrowed to a tier."""
    name, _, rest = by_value(selector).partition("{")
    matchers = rest.removesuffix("}").strip().removesuffix(",")
    return f'{name}{{{matchers}{"," if matchers else ""}tier="{tier}"}}'


def state(slo: Slo, indicator: StateIndicator, step_seconds: int) -> Signal:
    """The exporters' pair never says up and unknown, so known - up is what was seen down."""
    step = Step.of(slo, step_seconds)
    up, known = of_tier(indicator.up, slo.tier), of_tier(indicator.known, slo.tier)
    valid = f"group by ({PLACE}) (sum_over_time({known}[{step.range}]) > 0)"
    if indicator.combine.rule is Rule.ALL:
        down = f"sum_over_time({known}[{step.range}]) - sum_over_time({up}[{step.range}])"
        return Signal(valid=valid, bad=f"max by ({PLACE}) (({down}) > bool {step.allowed})")
    # Source by source, so that two that are down in turn are not down together.
    needed = indicator.combine.at_least if indicator.combine.rule is Rule.AT_LEAST else 1
    down = f"sum by ({PLACE}) (max by ({PLACE}, instance) ({known} - {up}))"
    there = f"count by ({PLACE}) (group by ({PLACE}, instance) ({known}))"
    if indicator.system:  # one that is not scraped may be up
        there = f"({_expected(slo.tier, indicator.system)} or {there})"
    return Signal(valid=valid, bad=_scanned(f"{there} - {down} < {needed}", valid, step))


def ratio(slo: Slo, indicator: RatioIndicator, step_seconds: int) -> Signal:
    """Events good and bad; where slots are promised, a slot is bad by its share of them."""
    step = Step.of(slo, step_seconds)
    seconds = step_seconds if slo.budgeting is Budgeting.OCCURRENCES else step.seconds
    counted, every = (
        f"sum by ({PLACE}) (increase({of_tier(one, slo.tier)}[{duration(seconds)}]))"
        for one in (indicator.good, indicator.valid)
    )
    if indicator.one_metric or indicator.counts_bad:  # a code that never came is no series
        counted = f"({counted} or 0 * {every})"
    # Extrapolation stops at zero for each counter alone, so a young bucket may seem to outrun its count.
    bad = counted if indicator.counts_bad else f"clamp_min({every} - {counted}, 0)"
    if slo.budgeting is Budgeting.OCCURRENCES:
        return Signal(valid=every, bad=bad, events=True)
    return Signal(valid=f"group by ({PLACE}) ({every})", bad=f"{PPM} * {bad} > bool {PPM - step.target_ppm} * {every}")


def level(slo: Slo, indicator: LevelIndicator, step_seconds: int) -> Signal:
    """A level that misses its bound, where one of its conditions says that more was wanted."""
    step = Step.of(slo, step_seconds)
    selector = of_tier(indicator.level, slo.tier)
    valid = f"group by ({PLACE}) (last_over_time({selector}[{step.range}]))"
    return Signal(valid=valid, bad=_scanned(_missed(slo, indicator), valid, step))


def _missed(slo: Slo, indicator: LevelIndicator) -> str:
    levels = _read(of_tier(indicator.level, slo.tier), indicator.reading, slo.slot.scrape_seconds)
    compared = f"{_MISSED[indicator.operator]} {indicator.bound:f}"
    if indicator.total:
        missed = f"sum by ({PLACE}) ({levels}) {compared}"
        if indicator.system and _MISSED[indicator.operator].startswith("<"):  # one that says nothing can only add
            seen = f"count by ({PLACE}) (group by ({PLACE}, instance) ({levels}))"
            missed = f"({missed} unless on ({PLACE}) {seen} < on ({PLACE}) {_expected(slo.tier, indicator.system)})"
        return f"{missed}{_demanded(slo, indicator, PLACE)}"
    missed = f"{levels} {compared}{_demanded(slo, indicator, 'job, instance, site')}"
    if indicator.combine.rule is Rule.ALL:
        return f"group by ({PLACE}) ({missed})"
    needed = indicator.combine.at_least if indicator.combine.rule is Rule.AT_LEAST else 1
    return f"count by ({PLACE}) ({levels}) - on ({PLACE}) count by ({PLACE}) ({missed}) < {needed}"


def _demanded(slo: Slo, indicator: LevelIndicator, on: str) -> str:
    conditions = " or ".join(f"({_condition(slo, one)})" for one in indicator.demand)
    return f" and on ({on}) ({conditions})" if conditions else ""


def _condition(slo: Slo, demand: Demand) -> str:
    by = f"sum by (job, instance, {PLACE})"
    asked = f"{by} ({_read(of_tier(demand.series, slo.tier), demand.reading, slo.slot.scrape_seconds)})"
    if not demand.capacity:
        return f"{asked} > {demand.above:f}"
    # A capacity of nothing says nothing: it is how a device tells that it does not know.
    return f"{asked} > {demand.above:f} * ({by} ({of_tier(demand.capacity, slo.tier)}) > 0)"


def _read(selector: str, reading: Reading, scrape_seconds: int) -> str:
    match reading:
        case Reading.VALUE:
            return selector
        case Reading.AGE:
            return f"(timestamp({selector}) - {selector})"
        case Reading.RATE:
            return f"irate({selector}[{HOLE_TENTHS * scrape_seconds * 100}ms])"


def composite(indicator: CompositeIndicator, steps: dict[str, tuple[str, str]]) -> Signal:
    """Bad where the parts that are bad carry so much weight that the others are too few; `steps` names each part's series."""
    every = sum(indicator.weights.values())
    bad = " or ".join(f'{weight} * {steps[name][1]}{{slo="{name}"}}' for name, weight in indicator.weights.items())
    valid = " or ".join(f'{steps[name][0]}{{slo="{name}"}}' for name in indicator.weights)
    too_few = f"{PPM} * sum by ({PLACE}) ({bad}) > bool {(PPM - indicator.wanted_ppm) * every}"
    return Signal(valid=f"group by ({PLACE}) ({valid})", bad=too_few)


def outage(indicator: OutageIndicator, step_seconds: int, steps: tuple[str, str]) -> Signal:
    """Bad while the steps of the limit were bad without a pause; one that is not known is a pause."""
    every = ceil(indicator.limit_seconds / step_seconds)
    of = f'{{slo="{indicator.of}"}}'
    filled = f"sum_over_time({steps[1]}{of}[{half_open(every * step_seconds)}]) >= bool {every}"
    return Signal(valid=f"group by ({PLACE}) ({steps[0]}{of})", bad=f"max by ({PLACE}) ({filled})")


def by_platform(slo: Slo, step_seconds: int) -> Signal:
    """Where the facts are not in any series, like which site has which role: as many slots as the platform found bad since."""
    counts = f'{telemetry.SLO_SLOTS}{{slo="{slo.name}",state="bad"}}'
    grown = f"max by ({PLACE}) ({counts}) - max by ({PLACE}) ({counts} offset {duration(step_seconds)})"
    return Signal(valid=f'group by ({PLACE}) ({telemetry.SLO_SLOTS}{{slo="{slo.name}"}})', bad=f"clamp_min({grown}, 0)")


def _scanned(bad: str, valid: str, step: Step) -> str:
    """Bad where it was so at more scrapes of the step than a slot may have; else 0, where anything is known."""
    return f"(count_over_time(({bad})[{step.scans}]) > bool {step.allowed}) or 0 * {valid}"


def _expected(tier: str, system: str) -> str:
    return f'sum by ({PLACE}) ({telemetry.TARGET_EXPECTED}{{tier="{tier}",system="{system}"}})'
