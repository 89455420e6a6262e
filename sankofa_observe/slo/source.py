"""Sources: who is scraped for a site, when, and what its counters showed, from the raw series of a site.

The unit is a scrape: its samples share one instant, so a series that has none at an instant at which its source was scraped is
absent there. A source is known by its labels `job` and `instance`. Which there are the fleet file says where it can; what it
lists and nobody scrapes is unknown, never absent.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sankofa_observe.slo.samples import MAX_EXACT, Samples

Series = tuple[Mapping[str, str], Sequence[tuple[int, str]]]
"""Labels, and samples as (milliseconds, value as the source wrote it)."""

Counter = Mapping[int, int]
"""The values of one counter by the instant of the scrape, in milliseconds."""

Who = tuple[str, str]
"""Job and instance."""

BUCKET = "le"
DOUBT_SCRAPES = 2  # series that show themselves in turn, no farther apart than so many scrapes, stand side by side
SOURCE_LABELS = ("job", "instance")
# Labels by which the copies of one series differ where two Prometheus servers scrape the same target.
REPLICA_LABELS = frozenset({"prometheus_replica", "__replica__", "replica", "thanos_replica", "prometheus", "observer"})
SYSTEM_LABEL = (
    "system"  # of a target: all series of a source have one value, or had none before its scrape job gave it (0042)
)
# Why a scrape is in doubt: the kind of its parcel begins so, which every verifier knows.
SEVERAL_BUCKETS = "the selector meets several buckets: le "
COPIES = "series differ only by "
SEVERAL_TARGETS = "several targets have one job and instance"
DOUBTS = (SEVERAL_BUCKETS, COPIES, SEVERAL_TARGETS)
_WHOLE = re.compile(r"\d{1,16}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One scraped thing: its scrapes and what its counters showed at each. Times are milliseconds, sorted."""

    name: str
    job: str = ""
    instance: str = ""
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


def selected_of(
    good: Iterable[Series],
    valid: Iterable[Series],
    up: Iterable[Series],
    *,
    listed: Iterable[str] = (),
    changing: bool = False,
    one_metric: bool = False,
    started: Iterable[Series] = (),
) -> list[Selected]:
    """The sources of one site, by name, with their series; `listed` are the instances that the fleet file names."""
    raw: dict[Who, Selected] = {}
    for name, every in (("good", good), ("valid", valid)):
        for one in every:
            getattr(raw.setdefault(who := _who(one), Selected(who=who)), name).append(one)
    jobs = {job for job, _ in raw}  # those whose counters are selected; others scrape the same hosts for other things
    wanted, seen = set(listed), {instance for _, instance in raw}
    for one in up:
        job, instance = who = _who(one)
        if who in raw or (job in jobs and instance in wanted):
            raw.setdefault(who, Selected(who=who)).up.append(one)
    for one in started:
        if _who(one) in raw:
            raw[_who(one)].started.append(one)
    for instance in wanted - seen - {instance for _, instance in raw}:
        raw["", instance] = Selected(who=("", instance))
    return [
        replace(one, listed=who[1] in wanted, changing=changing, one_metric=one_metric)
        for who, one in sorted(raw.items())
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


def _who(series: Series) -> Who:
    job, instance = (series[0].get(label, "") for label in SOURCE_LABELS)
    return job, instance


@dataclass(kw_only=True)
class Selected:
    """The series of one source, as the selectors met them."""

    who: Who
    listed: bool = False
    changing: bool = False
    one_metric: bool = False
    good: list[Series] = field(default_factory=list)
    valid: list[Series] = field(default_factory=list)
    up: list[Series] = field(default_factory=list)
    started: list[Series] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "/".join(self.who)

    def within(self, low_ms: int, high_ms: int) -> Selected:
        """The same source, as the samples of `[low, high)` show it."""

        def cut(series: Iterable[Series]) -> list[Series]:
            every = [(labels, Samples.of(samples).within(low_ms, high_ms)) for labels, samples in series]
            return [(labels, samples) for labels, samples in every if samples]

        return replace(self, good=cut(self.good), valid=cut(self.valid), up=cut(self.up), started=cut(self.started))

    def doubts(self, scrape_seconds: int) -> dict[int, str]:
        """Scrapes at which a selector is ambiguous, and how."""
        near_ms = DOUBT_SCRAPES * scrape_seconds * 1000
        return _doubts(self.good, near_ms) | _doubts(self.valid, near_ms) | _crowd(self.up, near_ms)

    @property
    def is_simple(self) -> bool:
        """Whether no label of its series can be in doubt, and each series is a counter of its own."""
        if len(self.up) > 1 or any(len(copies) > 1 for one in (self.good, self.valid) for copies in _copies(one)):
            return False
        buckets = ({labels[BUCKET] for labels, _ in one if BUCKET in labels} for one in (self.good, self.valid))
        return all(len(several) <= 1 for several in buckets)

    def source(self, scrape_seconds: int) -> Source:
        spoiled: set[int] = set()
        good = [_counter(one, spoiled) for one in _joined(self.good)]
        valid = [_counter(one, spoiled) for one in _joined(self.valid)]
        answers = {at: up for _, every in self.up for at, up in _answers(every)}
        failed = {at for at, up in answers.items() if not up}
        instants = {at for counter in (*good, *valid) for at in counter}
        scraped = (instants | set(answers)) - failed - spoiled
        if not self.one_metric:  # a histogram that is not there was withheld; counters by code may not be born yet
            untold = scraped - {at for counter in valid for at in counter}
            scraped, failed = scraped - untold, failed | untold
        return Source(
            name=self.name,
            job=self.who[0],
            instance=self.who[1],
            listed=self.listed,
            changing=self.changing,
            one_metric=self.one_metric,
            scraped=tuple(sorted(scraped)),
            failed=tuple(sorted(failed | spoiled)),
            good=tuple(good),
            valid=tuple(valid),
            samples=tuple(sorted(at for _, every in (*self.good, *self.valid) for at in _instants(every))),
            started={at: value for _, every in self.started for at, value in every},
            doubts=self.doubts(scrape_seconds),
        )


def _counter(series: Series, spoiled: set[int]) -> dict[int, int]:
    """The counts of a series; instants of what is no count go to `spoiled`."""
    if isinstance(series[1], Samples):
        every, whole = series[1], series[1].counts
        spoiled.update(every.at[~whole].tolist())
        return dict(zip(every.at[whole].tolist(), every.values[whole].astype(np.int64).tolist(), strict=True))
    counts: dict[int, int] = {}
    for at, text in series[1]:
        value = count_of(text)
        if value is None:
            spoiled.add(at)
        else:
            counts[at] = value
    return counts


def _instants(samples: Sequence[tuple[int, str]]) -> Iterable[int]:
    return samples.at.tolist() if isinstance(samples, Samples) else dict(samples)


def _answers(samples: Sequence[tuple[int, str]]) -> Iterable[tuple[int, bool]]:
    """Scrapes, and whether the source answered."""
    if isinstance(samples, Samples):
        return zip(samples.at.tolist(), (samples.values == 1).tolist(), strict=True)
    return ((at, count_of(text) == 1) for at, text in samples)


def _copies(every: Sequence[Series]) -> list[list[Series]]:
    """Series grouped by what they count: those that differ only by a replica's label, or by how a bound is written."""
    if len(every) == 1:
        return [[every[0]]]
    systems = {labels[SYSTEM_LABEL] for labels, _ in every if SYSTEM_LABEL in labels}
    aside = REPLICA_LABELS | {SYSTEM_LABEL} if len(systems) == 1 else REPLICA_LABELS
    groups: dict[frozenset[tuple[str, str]], list[Series]] = defaultdict(list)
    for one in every:
        items = one[0].items()
        groups[frozenset((k, _bound(v) if k == BUCKET else v) for k, v in items if k not in aside)].append(one)
    return list(groups.values())


def _bound(text: str) -> str:
    """The bound of a bucket, the same however it is written: `1` and `1.0`."""
    try:
        return repr(float(text))
    except ValueError:
        return text


def _joined(every: Sequence[Series]) -> list[Series]:
    """One series a counter: a copy that follows another one goes on with it. Where they stand side by side is a doubt."""
    found: list[Series] = []
    for group in _copies(every):
        if len(group) > 1:
            together = {at: value for _, samples in reversed(group) for at, value in samples}
            found.append((group[0][0], sorted(together.items())))
        else:
            found += group
    return found


def _doubts(every: Sequence[Series], near_ms: int) -> dict[int, str]:
    """Scrapes at which one selector meets several series that count the same events."""
    found: dict[int, str] = {}
    bounds: dict[int, set[str]] = defaultdict(set)
    buckets = [(labels[BUCKET], samples) for labels, samples in every if BUCKET in labels]
    if len({bound for bound, _ in buckets}) > 1:
        for bound, samples in buckets:
            for at in _instants(samples):
                bounds[at].add(_bound(bound))
    for at, several in bounds.items():
        if len(several) > 1:
            found[at] = f"{SEVERAL_BUCKETS}{', '.join(sorted(several))}"
    for group in _copies(every):
        if len(group) > 1:
            names = ", ".join(
                sorted({label for labels, _ in group for label in REPLICA_LABELS & labels.keys()} or {BUCKET})
            )
            found |= dict.fromkeys(_side_by_side(group, near_ms), f"{COPIES}{names}")
    return found


def _crowd(ups: Sequence[Series], near_ms: int) -> dict[int, str]:
    """Scrapes of several targets that go by one job and instance, in turn: what one shows the other seems to have lost."""
    if len({frozenset(_instants(samples)) for _, samples in ups}) <= 1:
        return {}
    return dict.fromkeys(_side_by_side(ups, near_ms), SEVERAL_TARGETS)


def _side_by_side(group: Sequence[Series], near_ms: int) -> Iterator[int]:
    """The instants of each series before and after which another one shows itself as well."""
    every = [sorted(_instants(samples)) for _, samples in group]
    for nth, times in enumerate(every):
        for other in every[:nth] + every[nth + 1 :]:
            for at in times:
                low, high = bisect_right(other, at), bisect_left(other, at)
                before = low > 0 and other[low - 1] >= at - near_ms
                after = high < len(other) and other[high] <= at + near_ms
                if before and after:
                    yield at
