"""What is measured: which raw series say good, and which say how many.

Every kind reads *raw samples* through a plain series selector; nothing here rates, extrapolates or averages. The label
`site` of a series says whose it is: one spec serves a whole tier.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from sankofa_observe.units import PPM

SITE_LABEL = "site"
# Strict, because what passes here is sent to every source: text that is no matcher would fail there, or swallow the site's.
_ESCAPE = r"\\(?:[abfnrtv\\]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-3][0-7]{2}|QUOTE)"
_TEXT = "|".join(rf"{q}(?:[^{q}\\\n]|{_ESCAPE.replace('QUOTE', q)})*{q}" for q in "\"'")
_GAP = r"[ \t\r\n]*"
_MATCHER = rf"{_GAP}[a-zA-Z_][a-zA-Z0-9_]*{_GAP}(?:=~|!~|!=|=){_GAP}(?:{_TEXT}){_GAP}"
SELECTOR = re.compile(rf"[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{{(?:{_MATCHER}(?:,{_MATCHER})*(?:,{_GAP})?|{_GAP})\}})?")


class Rule(StrEnum):
    ALL = "all"
    ANY = "any"
    AT_LEAST = "atLeast"


@dataclass(frozen=True, kw_only=True)
class Combine:
    """How several sources of one site make one state."""

    rule: Rule = Rule.ALL
    at_least: int = 1  # with `atLeast`: so many sources must be up

    def of(self, states: Sequence[bool | None]) -> bool | None:
        """The state of the whole; None where the sources that are not known could make it either."""
        up, unknown = states.count(True), states.count(None)
        needed = {Rule.ALL: max(1, len(states)), Rule.ANY: 1, Rule.AT_LEAST: self.at_least}[self.rule]
        if up >= needed:
            return True
        if len(states) < needed:  # fewer sources than are asked for: some are not known at all
            return None
        return False if states and up + unknown < needed else None


ALL = Combine()


@dataclass(frozen=True, kw_only=True)
class StateIndicator:
    """A service that is up or down at each scrape, and an exporter that says whether it knows.

    `up` and `known` select gauges of 0 or 1 with the same labels. A scrape with `known` 0 is no sample at all. `system` names
    the fleet file's targets that are the sources of a site: one that vanishes is then unknown, not absent.
    """

    up: str
    known: str
    system: str = ""
    combine: Combine = ALL

    def selectors(self) -> tuple[str, str]:
        return (self.up, self.known)


class Operator(StrEnum):
    """OpenSLO's words."""

    LTE = "lte"
    LT = "lt"
    GTE = "gte"
    GT = "gt"


class Reading(StrEnum):
    """What is compared with the bound."""

    VALUE = "value"  # the sample itself
    RATE = "rate"  # growth a second of a counter since its sample before
    AGE = "age"  # seconds from the Unix time that the sample is to the sample


@dataclass(frozen=True, kw_only=True)
class Demand:
    """A condition under which more is asked for than is served: a throughput that nobody wants more of is not too low.

    `series` selects gauges, or with `RATE` counters, of the same job and instance, like requests in a queue or discards. What they
    say is added up, and there is demand above `above`, or above so many times what the gauges of `capacity` say together.
    """

    series: str
    above: Decimal = Decimal(0)
    reading: Reading = Reading.VALUE
    capacity: str = ""  # selects gauges, like the speed of an interface


@dataclass(frozen=True, kw_only=True)
class LevelIndicator:
    """A level against a bound, sample by sample (OpenSLO's thresholdMetric).

    With `total` the levels of all sources of a site are added up before. With `demand` a level that misses the bound is down
    only where one of its conditions holds; it is well where none does, and where that cannot be told, nobody knows.
    """

    level: str
    operator: Operator
    bound: Decimal
    reading: Reading = Reading.VALUE
    total: bool = False
    demand: tuple[Demand, ...] = ()
    system: str = ""
    combine: Combine = ALL

    def selectors(self) -> tuple[str, ...]:
        """Each once: a link that is full is told by the octets that are its level."""
        demand = [text for one in self.demand for text in (one.series, one.capacity) if text]
        return tuple(dict.fromkeys((self.level, *demand)))

    @property
    def rates(self) -> bool:
        return Reading.RATE in {self.reading, *(one.reading for one in self.demand)}

    @property
    def before_scrapes(self) -> int:
        """How many scrapes before a slot its samples begin: growth is since the sample before, and an average is as what was before it."""
        return 9 if self.rates else 3

    @property
    def after_scrapes(self) -> int:
        return 6 if self.rates else 3


@dataclass(frozen=True, kw_only=True)
class RatioIndicator:
    """Events counted by counters: those that were good, and all that were valid.

    `system` names the fleet file's targets that are the sources of a site. Without it the set is what was seen: `changing` says
    that sources come and go by themselves, as pods do, and that a new name is a new process.
    """

    good: str
    valid: str
    counts_bad: bool = False  # `good` selects the bad events: what is valid and not among them was good
    system: str = ""
    changing: bool = False
    started: str = ""  # selects when each source's process began, like process_start_time_seconds

    def selectors(self) -> tuple[str, str]:
        return (self.good, self.valid)

    @property
    def one_metric(self) -> bool:
        """Whether both are of one metric, told apart by labels: then a source without a good series has nothing good.

        The buckets of a histogram are published together: one that is not there says nothing of how many would be in it.
        """
        metric = self.good.partition("{")[0]
        return metric == self.valid.partition("{")[0] and not metric.endswith("_bucket")


class Together(StrEnum):
    ALL = "all"
    ANY = "any"
    WEIGHTED = "weighted"


@dataclass(frozen=True, kw_only=True)
class CompositeIndicator:
    """Slots of other SLOs of the same site, put together; `weights` by SLO name.

    `all`: every part must be good. `any`: one is enough. `weighted`: parts that are good must carry `share_ppm` of all weight.
    """

    together: Together
    weights: Mapping[str, int]
    share_ppm: int = PPM

    def selectors(self) -> tuple[()]:
        return ()

    @property
    def wanted_ppm(self) -> int:
        """The least share of weight that must be good."""
        return {Together.ALL: PPM, Together.ANY: 1, Together.WEIGHTED: self.share_ppm}[self.together]


@dataclass(frozen=True, kw_only=True)
class OutageIndicator:
    """How long an outage of another SLO's site has lasted: a slot is bad once the bad slots up to its end fill `limit_seconds`.

    A recovery time: the slots of an outage are good until it is missed, over the edges of days and months.
    """

    of: str
    limit_seconds: int

    def selectors(self) -> tuple[()]:
        return ()


@dataclass(frozen=True, kw_only=True)
class Members:
    """The sites of one role, sorted, and how many of them must be good."""

    role: str  # empty where all sites count
    needed: int
    sites: tuple[str, ...]
    since: Mapping[str, int] = field(default_factory=dict, hash=False)  # of those that were deployed later, when

    def there_at(self, start: int) -> tuple[str, ...]:
        """The sites that are members in a slot that begins then: one that is deployed within it is none yet."""
        return tuple(site for site in self.sites if self.since.get(site, start) <= start)


@dataclass(frozen=True, kw_only=True)
class MembersIndicator:
    """How many sites are good under another SLO: a slot of a whole region or fleet, from the slots of its sites.

    `at_least` says how many by role; with the role `""` all sites count. `spare` is added to what the place itself needs.
    """

    of: str
    at_least: Mapping[str, int]
    spare: int = 0

    def selectors(self) -> tuple[()]:
        return ()


Indicator = StateIndicator | LevelIndicator | RatioIndicator | CompositeIndicator | OutageIndicator | MembersIndicator
DERIVED = (CompositeIndicator, OutageIndicator, MembersIndicator)
"""Kinds that are made of other SLOs' slots and read no series themselves."""


def is_plain_selector(text: str) -> bool:
    """Whether the text is `name` or `name{…}`: a series selector, no function, range or operator."""
    return SELECTOR.fullmatch(text) is not None


# A matcher of a whole bound, or any text: what stands in the text of another matcher is no matcher.
_INTEGER_BOUND = re.compile(
    r"""(?<![a-zA-Z0-9_])le[ \t\r\n]*=[ \t\r\n]*(["'])([0-9]+)(?:\.0)?\1|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
)


def by_value(selector: str) -> str:
    """A bucket's bound is a number: Prometheus 2 writes a whole one as 1, Prometheus 3 as 1.0."""
    return _INTEGER_BOUND.sub(lambda found: f'le=~"{found[2]}([.]0)?"' if found[2] else found[0], selector)


def for_sites(selector: str, sites: Sequence[str]) -> str:
    """The selector narrowed to the named sites; names are escaped as a PromQL string and a regular expression want it."""
    pattern = json.dumps("|".join(re.escape(site) for site in sites), ensure_ascii=False)  # PromQL's escapes are JSON's
    name, brace, rest = by_value(selector).partition("{")
    matchers = rest.removesuffix("}").strip().removesuffix(",") if brace else ""
    return f"{name}{{{matchers}{',' if matchers else ''}{SITE_LABEL}=~{pattern}}}"
