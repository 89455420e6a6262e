"""The shapes of an entry, strict: what is not named here is refused.

Selectors are plain series selectors without `job`: the entry's job is put in where they are used. Times are seconds, as decimals
where a bucket's bound is meant.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sankofa_observe.adapters.spec_models import Exact, Metadata, Name, Strict
from sankofa_observe.slo.indicator import Demand, Reading, is_plain_selector

FROM_FLEET = ("site", "tier", "region")
"""Labels that every target has from the fleet file."""
FROM_PROMETHEUS = ("job", "instance")

Words = Annotated[str, Field(min_length=1)]
Label = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
Metric = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
Selector = Annotated[str, Field(min_length=1)]


class Agent(Strict):
    """A program that asks targets on behalf of Prometheus (`?target=`), where it listens and with what settings."""

    address: Annotated[str, Field(pattern=r"^[a-z0-9.-]+:[0-9]+$")]
    config: str = ""  # beside the entry, under `agents/`


class Keep(Strict):
    """Series of a target that are its own: those whose `label` is what the target's label `equals` says."""

    label: Label
    equals: Label


class Scrape(Strict):
    """How Prometheus reads it. Of an exporter of ours the rest is known: it is asked for its targets."""

    job: Name
    exporter: bool = False  # `sankofa-exporter` of the entry's name
    path: Annotated[str, Field(pattern=r"^/")] = "/metrics"
    params: dict[str, list[str]] = Field(default_factory=dict)
    agent: Agent | None = None
    keep: Keep | None = None
    drop: list[Label] = Field(default_factory=list)  # labels that change without the thing that they are of


class TargetShape(Strict):
    """What the fleet file says of a target besides its name."""

    address: Words  # what the address is, with an example
    url: bool = False  # an http(s) address in place of HOST:PORT
    labels: list[Label] = Field(default_factory=list)  # labels of a target's own, all required


class StateShape(Strict):
    up: Selector
    known: Selector
    combine: Literal["", "all", "any"] = ""  # of several series of one target; without it there is one


class EventsShape(Strict):
    good: Selector = ""
    bad: Selector = ""
    total: Selector
    start: Selector | Literal[""] = ""  # when the counters of a target began, like process_start_time_seconds

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.good) == bool(self.bad):
            raise ValueError("give exactly one of good and bad")
        return self

    @property
    def counted(self) -> str:
        return self.good or self.bad


class DemandShape(Strict):
    """A condition under which more is asked for than is served, as in an SLO's `demand`."""

    series: Selector
    reading: Literal["value", "rate", "age"] = "value"
    above: Exact = Decimal(0)
    capacity: Selector | Literal[""] = ""

    @property
    def condition(self) -> Demand:
        return Demand(series=self.series, above=self.above, reading=Reading(self.reading), capacity=self.capacity)


class LevelShape(Strict):
    of: Selector
    reading: Literal["value", "rate", "age"] = "value"
    unit: Words  # of what is held against the bound
    total: bool = False  # the series of all sources of a site are added up
    combine: Literal["", "all", "any"] = ""  # of several series of one target; without it there is one
    demand: list[DemandShape] = Field(default_factory=list)  # any of them


class IndicatorShape(Strict):
    """One indicator: exactly one of state, events and level."""

    name: Name
    measures: Words
    state: StateShape | None = None
    events: EventsShape | None = None
    level: LevelShape | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.state, self.events, self.level)) != 1:
            raise ValueError("give exactly one of state, events and level")
        if wrong := [one for one in self.selectors() if not is_plain_selector(one)]:
            raise ValueError(f"{wrong[0]!r} is no series selector; expected a metric's name with matchers")
        return self

    def selectors(self) -> tuple[str, ...]:
        if self.state:
            return (self.state.up, self.state.known)
        if self.events:
            return (self.events.counted, self.events.total, *([self.events.start] if self.events.start else ()))
        assert self.level is not None  # noqa: S101  one of them is there
        demand = [text for one in self.level.demand for text in (one.series, one.capacity) if text]
        return tuple(dict.fromkeys((self.level.of, *demand)))


class Histogram(Strict):
    """Where latency is counted, and the bounds at which promises may be made."""

    histogram: Metric
    bounds_seconds: Annotated[list[Words], Field(alias="boundsSeconds", min_length=1)]  # as `le` has them


class Refusal(Strict):
    """There is nothing here that a latency could be counted from; why, and what to take."""

    refused: Words
    instead: Words


class Golden(Strict):
    metric: Metric
    why: Words


class Lie(Strict):
    """What the source says and is not so."""

    says: Words
    truth: Words


class Recorded(Strict):
    """An exposition as a program wrote it, for one target, and where it comes from."""

    file: Words  # from the folder of the catalogue
    program: Words
    how: Words
    kind: Literal["real", "double", "made"]  # the program itself; a double of it; made by ours from recorded answers
    labels: dict[str, str] = Field(default_factory=dict)  # the target's own


class IntegrationSpec(Strict):
    of: Words
    scrape: Scrape
    target: TargetShape | None = None
    identity: Annotated[list[Label], Field(min_length=1)]
    good: Words
    bad: Words
    unknown: Words
    indicators: Annotated[list[IndicatorShape], Field(min_length=1)]
    latency: Histogram | Refusal
    golden: Annotated[list[Golden], Field(min_length=3, max_length=6)]
    lies: list[Lie]
    recorded: Annotated[list[Recorded], Field(min_length=1)]

    @model_validator(mode="after")
    def _way(self) -> Self:
        if self.scrape.exporter == (self.target is not None):
            raise ValueError("give target, or scrape.exporter: true for an exporter of ours, whose targets are its own")
        return self


class Integration(Strict):
    """One file of the catalogue."""

    api_version: Literal["sankofa.observe/v1"] = Field(alias="apiVersion")
    kind: Literal["Integration"]
    metadata: Metadata
    spec: IntegrationSpec

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def title(self) -> str:
        return self.metadata.display_name or self.name
