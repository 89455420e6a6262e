"""Inputs that a count by pairs, by the newest value or by the mean gets wrong, each with its right answer, as data.

The scrape is 15 s, the slot 60 s, the target 99.9 %, the period ten minutes, unless a case says otherwise. What a case leaves
open (`undetermined`) is open in truth: a person looks, and nothing is paid by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from sankofa_observe.pipeline.period import arranged, with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.indicator import RatioIndicator, StateIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Attainment, Verdict, judge
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from tests.builders import START, slo

SCRAPE, SLOT = 15, 60
BEFORE, AFTER = 9_000, 2_400  # what a slot leans on, and more
CODES = RatioIndicator(good='requests_total{code="200"}', valid="requests_total")
PAIR = RatioIndicator(good='seconds_bucket{le="0.1"}', valid="seconds_count")
Values = Callable[[int], int | None]
Counting = Callable[[int], int]
When = Callable[[int], bool]
"""What a counter shows at a second of the period (it may be negative: before it), or None where it is not there."""


@dataclass(kw_only=True)
class Site:
    """What is scraped of a site, written in seconds of the period."""

    seconds: int = 600
    source: ScriptedSamples = field(default_factory=ScriptedSamples)

    def moments(self) -> Iterator[int]:
        yield from range(-BEFORE, self.seconds + AFTER, SCRAPE)

    def counter(self, name: str, values: Values, instance: str = "a", **labels: str) -> None:
        shown = [((START + at) * 1000, value) for at in self.moments() if (value := values(at)) is not None]
        self.source.add(name, shown, site="edge-1", job="app", instance=instance, **labels)

    def up(self, instance: str = "a", down: Callable[[int], bool] = lambda _: False) -> None:
        values = [((START + at) * 1000, 0 if down(at) else 1) for at in self.moments()]
        self.source.add("up", values, site="edge-1", job="app", instance=instance)


def less(values: Counting, amount: int, when: When) -> Counting:
    """The same counter, showing less for a while."""
    return lambda at: values(at) - (amount if when(at) else 0)


def stopped(values: Counting, at_second: int) -> Counting:
    """The same counter, which grows no more from an instant on."""
    return lambda at: values(min(at, at_second))


def unseen(values: Values, away: When) -> Values:
    """The same counter, scraped only while it is not away."""
    return lambda at: None if away(at) else values(at)


def judged(site: Site, **changes: object) -> tuple[Verdict, Attainment, list[SlotState]]:
    """The verdict of the period, and what it was drawn from."""
    promised = replace(events(), **changes)  # type: ignore[arg-type]  # fields of an SLO
    period = Period(starts_at=START, ends_at=START + site.seconds)
    read = read_slots(promised, ["edge-1"], with_neighbours(period, promised), site.source)
    found = arranged(promised, "edge-1", period, read)
    attained = found.attainment(promised)
    return judge(promised, attained), attained, [slot.state for slot in found.slots]


def events(indicator: RatioIndicator = CODES, **changes: object) -> Slo:
    made = slo(
        "latency",
        indicator=indicator,
        target_ppm=999_000,
        budgeting=Budgeting.OCCURRENCES,
        slot=SlotRule(seconds=SLOT, scrape_seconds=SCRAPE),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of an SLO


def rate(each: float, since: int = -BEFORE, base: int = 100_000) -> Counting:
    """A counter that grows by so many a second from an instant on."""
    return lambda at: base + int(each * (max(at, since) - since))


# ------------------------------------------------------------------------------------------- where two series meet


def half_of_all_fail() -> Site:
    """Errors have a series of their own, and the good selector does not meet it."""
    site = Site()
    site.up()
    site.counter("requests_total", rate(1), code="200")
    site.counter("requests_total", rate(1), code="500")
    return site


def test_errors_without_a_good_series_beside_them_count() -> None:
    """Half of all requests fail under another code: breach, and nothing unknown."""
    verdict, attained, _ = judged(half_of_all_fail())
    assert (verdict, attained.good, attained.bad, attained.unknown) == (Verdict.BREACH, 600, 600, 0)


def test_a_replica_that_comes_late_is_counted_as_one_on_time() -> None:
    """Two replicas, one good, one failing: the sums are of both, whichever was there first in the answer."""
    site = Site()
    for name, code in (("a", "200"), ("b", "500")):
        site.up(name)
        site.counter("requests_total", rate(1 if name == "a" else 2), name, code=code)
    verdict, attained, _ = judged(site)
    assert (verdict, attained.good, attained.bad) == (Verdict.BREACH, 600, 1200)


def busy_one_is_unscraped(*, with_up: bool) -> Site:
    """The busy replica is alive and not scraped for half the period; the small one fails two of a hundred."""
    site = Site()

    def away(at: int) -> bool:
        return 300 <= at < 600 + AFTER

    for name, code, each in (("a", "200", 130), ("b", "200", 7), ("b", "500", 0.13)):
        grow = rate(each)
        site.counter("requests_total", unseen(grow, away) if name == "a" else grow, name, code=code)
    if with_up:
        site.up("a", away)
        site.up("b")
    return site


@pytest.mark.parametrize("with_up", [True, False])
def test_one_replica_does_not_speak_for_another_that_is_unscraped(with_up: bool) -> None:  # noqa: FBT001
    """Of the busy one nothing is known: undetermined, with bounds that hold the truth."""
    verdict, attained, _ = judged(busy_one_is_unscraped(with_up=with_up), target_ppm=995_000)
    assert verdict is Verdict.UNDETERMINED
    assert attained.unknown > attained.bad


def test_a_replica_unscraped_for_longer_than_a_gap_is_not_forgotten() -> None:
    """35 minutes in which nobody saw 21,000 errors: not met, though the other replica was seen all along."""
    site = Site(seconds=4200)
    site.up("a")
    site.counter("requests_total", rate(1), "a", code="200")

    def away(at: int) -> bool:
        return 600 <= at < 2700

    site.up("b", away)
    for code, each in (("200", 1), ("500", 10)):
        grow = rate(each, since=600, base=5_000) if code == "500" else rate(each)
        site.counter("requests_total", unseen(stopped(grow, 2700), away), "b", code=code)
    verdict, attained, _ = judged(site)
    assert verdict is Verdict.UNDETERMINED
    assert attained.unknown > 2000


def test_counts_of_many_sources_above_what_a_float_holds_are_exact() -> None:
    """The sum of what thousands of sources grew by may be any whole number; one counter above 2^53 - 1 is no count."""
    site = Site()
    site.up()
    site.counter("requests_total", lambda at: 2**53 - 2 if at < 0 else 2**53 + 10, code="200")
    verdict, attained, _ = judged(site)
    assert (verdict, attained.bad) == (Verdict.UNDETERMINED, 0)


# -------------------------------------------------------------------------------------------- a counter that falls


def test_a_good_counter_that_falls_alone_contradicts_the_pair() -> None:
    """Good falls to 0, valid stands, there is no error: not one event is bad, and the slot is unknown."""
    site = Site()
    site.up()
    site.counter("seconds_count", lambda _: 1_000_000)
    site.counter("seconds_bucket", lambda at: 5_009 if at < 300 else 0, le="0.1")
    verdict, attained, states = judged(site, indicator=PAIR, no_traffic=NoTraffic.GOOD)
    assert (verdict is Verdict.BREACH, attained.bad) == (False, 0)
    assert states.count(SlotState.BAD) == 0


def test_good_that_falls_alone_while_valid_grows_is_unknown_until_it_grows_again() -> None:
    """What was asked meanwhile may have been good: hidden, not bad."""
    site = Site()
    site.up()
    site.counter("seconds_count", rate(10))
    site.counter("seconds_bucket", lambda at: rate(10)(at) if at < 300 else 0, le="0.1")
    verdict, attained, states = judged(site, indicator=PAIR)
    assert (verdict, attained.bad) == (Verdict.UNDETERMINED, 0)
    assert states[6:] == [SlotState.UNKNOWN] * 4


def test_a_dip_of_both_counters_is_no_restart() -> None:
    """Both show 400 less for one scrape: unknown there, and the errors of the rest make the breach."""
    site = Site()
    site.up()
    for name, code, each in (("a", "200", 9), ("a", "500", 1)):
        grow = rate(each, base=1_000_000)
        site.counter("requests_total", less(grow, 400, lambda at: at == 300), name, code=code)
    verdict, attained, states = judged(site)
    assert verdict is Verdict.BREACH
    assert (attained.good + attained.bad < 6000, attained.unknown > 0) == (True, True)
    assert SlotState.UNKNOWN not in states[:4]


@pytest.mark.parametrize("left", [0, 1_000_000])  # nothing, like a restart, or less
def test_what_shows_only_when_counters_are_back_may_have_happened_since_they_fell(left: int) -> None:
    """All fails for four minutes before the end, and shows a minute after it: not met, and no slot of them is known."""
    site = Site()
    site.up()

    def stuck(values: Counting) -> Counting:
        return lambda at: (left and values(300) - 400) if 345 <= at < 660 else values(at)

    site.counter("requests_total", stuck(stopped(rate(9, base=1_001_000), 345)), code="200")
    site.counter("requests_total", stuck(rate(9, since=345, base=1_001_000)), code="500")
    verdict, attained, states = judged(site)
    assert verdict is Verdict.UNDETERMINED
    assert attained.unknown >= 9 * (600 - 345)
    assert states[5:] == [SlotState.UNKNOWN] * 5
    assert states[:5] == [SlotState.GOOD] * 5


def outside(low: int, high: int) -> When:
    return lambda at: not low < at <= high


def test_relabelled_series_are_not_counted_twice() -> None:
    """Three times the series of a pod go and come under another label, at the same values: the truth is within the bounds."""
    site = Site()
    site.up()
    edges = (-BEFORE - 1, 120, 300, 480, 10**6)
    for version, (low, high) in enumerate(pairwise(edges)):
        for code, each in (("200", 9.9), ("500", 0.1)):
            grow = rate(each)
            elsewhere = outside(low, high)
            site.counter("requests_total", unseen(grow, elsewhere), code=code, version=str(version))
    verdict, attained, _ = judged(site, target_ppm=990_000)
    assert verdict is not Verdict.BREACH
    assert attained.good * 1000 <= 990 * attained.base <= attained.high_good * 1000 + 1000


OWNER = {"site": "edge-1", "job": "app", "instance": "a"}
NEW_LABELS = {"system": "app", "observer": "east"}


def test_a_target_that_gets_its_labels_of_system_and_observer_is_counted_as_ever() -> None:
    """A scrape job begins to give both in the middle of a period: every event is known, and no slot is another."""
    grown, old = Site(), Site()
    for site, changes_at in ((grown, 300), (old, 10**6)):
        for labels, away in (({}, outside(-BEFORE - 1, changes_at)), (NEW_LABELS, outside(changes_at, 10**6))):
            seen = [(at, 1) for at in site.moments() if not away(at)]
            site.source.add("up", [((START + at) * 1000, one) for at, one in seen], **OWNER, **labels)
            for code, each in (("200", 9.9), ("500", 0.1)):
                site.counter("requests_total", unseen(rate(each), away), code=code, **labels)

    assert judged(grown) == judged(old)


def test_a_label_of_a_metric_s_own_called_system_tells_series_apart() -> None:
    """Two systems of one source count their own requests: both are added up."""
    site = Site()
    site.up()
    for name in ("billing", "search"):
        site.counter("requests_total", rate(1), code="200", system=name)
    verdict, attained, _ = judged(site)
    assert (verdict, attained.good, attained.unknown) == (Verdict.MET, 1200, 0)


# ------------------------------------------------------------------------------------------------- gaps and edges


def test_events_of_a_gap_over_the_edge_may_be_of_either_period() -> None:
    """All fail from minute nine, the gap goes on for five minutes after the end: not met."""
    site = Site()

    def away(at: int) -> bool:
        return 540 <= at < 900

    site.up(down=away)
    site.counter("requests_total", unseen(stopped(rate(9), 540), away), code="200")
    site.counter("requests_total", unseen(rate(9, since=540, base=100), away), code="500")
    verdict, attained, _ = judged(site)
    assert verdict is Verdict.UNDETERMINED
    assert attained.unknown >= 540


def test_short_lived_pods_that_only_fail_stand_in_the_bounds() -> None:
    """Forty pods are scraped once each with a hundred failures: not met, and all 4,000 may be bad."""
    site = Site()
    site.up("stable")
    site.counter("requests_total", rate(1), "stable", code="200")
    for pod in range(40):
        at = 15 * pod
        moment = [((START + at) * 1000, 1)]
        site.source.add("up", moment, site="edge-1", job="app", instance=f"pod-{pod}")
        site.source.add(
            "requests_total", [(moment[0][0], 100)], site="edge-1", job="app", instance=f"pod-{pod}", code="500"
        )
    changing = replace(CODES, changing=True)
    for indicator in (changing, CODES):
        verdict, attained, _ = judged(site, indicator=indicator)
        assert verdict is not Verdict.MET
        assert not attained.bounded or attained.bad + attained.unknown >= 4000


def test_the_first_error_of_a_source_counts() -> None:
    """An error series is first seen at 1 where its siblings were seen before: one bad event."""
    site = Site()
    site.up()
    site.counter("requests_total", rate(1), code="200")
    site.counter("requests_total", lambda at: None if at < 300 else 1, code="500")
    _, attained, _ = judged(site)
    assert (attained.good, attained.bad, attained.unknown) == (600, 1, 0)


# --------------------------------------------------------------------------------------------- what a selector meets


def buckets(*bounds: str) -> Site:
    site = Site()
    site.up()
    site.counter("seconds_count", rate(1))
    for bound in bounds:
        site.counter("seconds_bucket", rate(1 if bound == "0.5" else 0.5), le=bound)
    return site


def test_a_selector_that_meets_two_buckets_is_unknown_whatever_their_order() -> None:
    """Neither bound is the promise's: nothing is met and nothing is broken."""
    both = replace(PAIR, good="seconds_bucket")
    for bounds in (("0.1", "0.5"), ("0.5", "0.1")):
        verdict, attained, _ = judged(buckets(*bounds), indicator=both)
        assert (verdict, attained.good, attained.bad) == (Verdict.UNDETERMINED, 0, 0)


@pytest.mark.parametrize("label", ["prometheus_replica", "observer"])
def test_series_doubled_by_a_replica_label_are_unknown(label: str) -> None:
    """Two servers scrape the same target: all events would count twice."""
    site = Site()
    site.up()
    for replica in "ab":
        site.counter("requests_total", rate(1), code="200", **{label: replica})
    verdict, attained, _ = judged(site)
    assert (verdict, attained.good) == (Verdict.UNDETERMINED, 0)


@pytest.mark.parametrize("written", ["1", "1.0"])
def test_a_bucket_is_found_by_the_value_of_its_bound(written: str) -> None:
    """Prometheus 2 writes 1, Prometheus 3 writes 1.0; the spec may say either."""
    for asked in ("1", "1.0"):
        verdict, attained, _ = judged(
            buckets_of_one(written), indicator=replace(PAIR, good=f'seconds_bucket{{le="{asked}"}}')
        )
        assert (verdict, attained.good, attained.unknown) == (Verdict.MET, 600, 0)


def buckets_of_one(bound: str) -> Site:
    site = Site()
    site.up()
    site.counter("seconds_count", rate(1))
    site.counter("seconds_bucket", rate(1), le=bound)
    return site


def test_a_good_selector_that_meets_nothing_is_unknown_and_not_bad() -> None:
    """The bucket of the promise is not there: nothing says that a call was slow."""
    verdict, attained, _ = judged(buckets("0.5"), indicator=PAIR)
    assert (verdict, attained.bad) == (Verdict.UNDETERMINED, 0)


# ----------------------------------------------------------------------------------------------- idle, in flight, phase


def test_an_idle_period_is_met_where_no_traffic_is_good() -> None:
    """Every source was seen and nothing was asked; where idle time is excluded there is no base, and nothing can be said."""
    site = Site()
    site.up()
    site.counter("requests_total", lambda _: 100, code="200")
    found = {rule: judged(site, no_traffic=rule)[0] for rule in NoTraffic}
    assert found == {NoTraffic.GOOD: Verdict.MET, NoTraffic.EXCLUDED: Verdict.UNDETERMINED}


@pytest.mark.parametrize("settles", [0, 30])
def test_good_that_is_counted_after_valid_never_makes_bad_negative(settles: int) -> None:
    """Three hundred finish after they were counted as asked: no attainment above 100 %, and never a false verdict."""
    site = Site()
    site.up()
    site.counter("seconds_count", rate(10))
    done = rate(10)
    site.counter("seconds_bucket", lambda at: done(at) + (10 if at >= 300 else 0), le="0.1")
    rule = SlotRule(seconds=SLOT, scrape_seconds=SCRAPE, settles_seconds=settles)
    verdict, attained, _ = judged(site, indicator=PAIR, slot=rule)
    assert min(attained.good, attained.bad, attained.unknown) >= 0
    assert verdict is Verdict.UNDETERMINED


@pytest.mark.parametrize("phase", [-8, 0, 8, 7_500])
def test_the_phase_of_a_scrape_spoils_no_month(phase: int) -> None:
    """Always up, scraped some milliseconds beside the edges of slots: met."""
    source = ScriptedSamples()
    for name in ("up_gauge", "known_gauge"):
        wobble = [phase if n % 2 else -phase for n in range(-4, 80)]
        samples = [((START + 15 * n) * 1000 + off, 1) for n, off in zip(range(-4, 80), wobble, strict=True)]
        source.add(name, samples, site="edge-1", job="app", instance="a")
    promised = slo(indicator=StateIndicator(up="up_gauge", known="known_gauge"), target_ppm=999_900)
    slots = read_slots(promised, ["edge-1"], Period(starts_at=START, ends_at=START + 600), source)
    assert [slot.state for slot in slots] == [SlotState.GOOD] * 10


def test_scrapes_that_are_lost_one_in_twenty_spoil_no_month() -> None:
    """A lost scrape is what both neighbours are."""
    source = ScriptedSamples()
    for name in ("up_gauge", "known_gauge"):
        samples = [((START + 15 * n) * 1000, 1) for n in range(-4, 80) if n % 20 != 7]
        source.add(name, samples, site="edge-1", job="app", instance="a")
    promised = slo(indicator=StateIndicator(up="up_gauge", known="known_gauge"))
    slots = read_slots(promised, ["edge-1"], Period(starts_at=START, ends_at=START + 600), source)
    assert {slot.state for slot in slots} == {SlotState.GOOD}
