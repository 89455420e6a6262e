"""Sources: who is scraped for a site, when, and what its counters showed, from the raw series of a site.

The unit is a scrape: its samples share one instant, so a series that has none at an instant at which its source was scraped is
absent there. A source is known by its labels `job` and `instance`. Which there are the fleet file says where it can; what it
lists and nobody scrapes is unknown, never absent.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Series = tuple[Mapping[str, str], Sequence[tuple[int, str]]]
"""Labels, and samples as (milliseconds, value as the source wrote it)."""

Counter = Mapping[int, int]
"""The values of one counter by the instant of the scrape, in milliseconds."""

NAME, BUCKET = "__name__", "le"
SOURCE_LABELS = ("job", "instance")
# Labels by which the copies of one series differ where two Prometheus servers scrape the same target.
REPLICA_LABELS = frozenset({"prometheus_replica", "__replica__", "replica", "thanos_replica", "prometheus"})
MAX_EXACT = 2**53 - 1  # a float holds every whole number up to here
_WHOLE = re.compile(r"\d{1,16}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One scraped thing: its scrapes and what its counters showed at each. Times are milliseconds, sorted."""

    name: str
    listed: bool = False  # the fleet file says that it is there
    changing: bool = False  # of a set that changes by itself, like pods: a new name is a new process
    one_metric: bool = False  # good and valid are of one metric: without a good series there was nothing good
    scraped: tuple[int, ...] = ()  # where it answered, and all that it showed was a count
    failed: tuple[int, ...] = ()  # where it did not, or showed what is no count
    good: tuple[Counter, ...] = ()
    valid: tuple[Counter, ...] = ()
    samples: tuple[int, ...] = ()  # the instant of each raw sample of its counters, no counts among them
    started: Mapping[int, str] = field(default_factory=dict)  # when its process began, by scrape, as it was written
    doubts: Mapping[int, str] = field(default_factory=dict)  # at these scrapes the selectors are ambiguous, and how


def sources_of(
    good: Iterable[Series],
    valid: Iterable[Series],
    up: Iterable[Series],
    *,
    listed: Iterable[str] = (),
    changing: bool = False,
    one_metric: bool = False,
    started: Iterable[Series] = (),
) -> list[Source]:
    """The sources of one site, by name; `listed` are the instances that the fleet file names."""
    raw: dict[Who, _Raw] = defaultdict(_Raw)
    for one in good:
        raw[_who(one)].good.append(one)
    for one in valid:
        raw[_who(one)].valid.append(one)
    jobs = {job for job, _ in raw}  # those whose counters are selected; others scrape the same hosts for other things
    wanted, seen = set(listed), {instance for _, instance in raw}
    for one in up:
        job, instance = who = _who(one)
        if who in raw or (job in jobs and instance in wanted):
            raw[who].up.append(one)
    for one in started:
        if _who(one) in raw:
            raw[_who(one)].started.append(one)
    for instance in wanted - seen - {instance for _, instance in raw}:
        raw["", instance] = _Raw()
    return [
        each.source("/".join(who), listed=who[1] in wanted, changing=changing, one_metric=one_metric)
        for who, each in sorted(raw.items())
    ]


def count_of(text: str) -> int | None:
    """A sample's value as an exact count, or None for what is none: no number, no whole one, below 0, or above 2^53 - 1."""
    if _WHOLE.fullmatch(text):
        value = int(text)
        return value if value <= MAX_EXACT else None
    try:
        number = float(text)
    except ValueError:
        return None
    if not number.is_integer() or not 0 <= number <= MAX_EXACT:
        return None
    return int(number)


Who = tuple[str, str]
"""Job and instance."""


def _who(series: Series) -> Who:
    job, instance = (series[0].get(label, "") for label in SOURCE_LABELS)
    return job, instance


@dataclass(kw_only=True)
class _Raw:
    good: list[Series] = field(default_factory=list)
    valid: list[Series] = field(default_factory=list)
    up: list[Series] = field(default_factory=list)
    started: list[Series] = field(default_factory=list)

    def source(self, name: str, *, listed: bool, changing: bool, one_metric: bool) -> Source:
        spoiled: set[int] = set()
        good = [_counter(one, spoiled) for one in self.good]
        valid = [_counter(one, spoiled) for one in self.valid]
        answers = {at: value for labels, samples in self.up for at, value in samples}
        failed = {at for at, value in answers.items() if count_of(value) != 1}
        instants = {at for counter in (*good, *valid) for at in counter}
        scraped = (instants | set(answers)) - failed - spoiled
        if not one_metric:  # a histogram that is not there was withheld; counters by code may not be born yet
            untold = scraped - {at for counter in valid for at in counter}
            scraped, failed = scraped - untold, failed | untold
        return Source(
            name=name,
            listed=listed,
            changing=changing,
            one_metric=one_metric,
            scraped=tuple(sorted(scraped)),
            failed=tuple(sorted(failed | spoiled)),
            good=tuple(good),
            valid=tuple(valid),
            samples=tuple(sorted(at for _, every in (*self.good, *self.valid) for at in dict(every))),
            started={at: value for _, every in self.started for at, value in every},
            doubts=_doubts(self.good) | _doubts(self.valid),
        )


def _counter(series: Series, spoiled: set[int]) -> dict[int, int]:
    """The counts of a series; instants of what is no count go to `spoiled`."""
    counts: dict[int, int] = {}
    for at, text in series[1]:
        value = count_of(text)
        if value is None:
            spoiled.add(at)
        else:
            counts[at] = value
    return counts


def _doubts(every: Sequence[Series]) -> dict[int, str]:
    """Scrapes at which one selector meets several series that count the same events."""
    found: dict[int, str] = {}
    buckets = {labels[BUCKET] for labels, _ in every if BUCKET in labels}
    if len(buckets) > 1:
        text = f"the selector meets several buckets: le {', '.join(sorted(buckets))}"
        found |= {at: text for labels, samples in every if BUCKET in labels for at, _ in samples}
    copies: dict[frozenset[tuple[str, str]], list[Series]] = defaultdict(list)
    for one in every:
        if REPLICA_LABELS & one[0].keys():
            copies[frozenset(item for item in one[0].items() if item[0] not in REPLICA_LABELS)].append(one)
    for group in copies.values():
        if len(group) > 1:
            names = ", ".join(sorted(REPLICA_LABELS & set().union(*(labels for labels, _ in group))))
            found |= {at: f"series differ only by {names}" for _, samples in group for at, _ in samples}
    return found
