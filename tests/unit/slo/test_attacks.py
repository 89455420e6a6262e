"""Inputs with which an attack once got a certain and false verdict; what is true of each stands beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.indicator import Combine, Rule, StateIndicator
from sankofa_observe.slo.objective import Budgeting, SlotRule
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from tests.builders import START, slo
from tests.unit.slo.test_cases import CODES, PAIR, SCRAPE, SLOT, Site, judged, less, rate, stopped, unseen


@pytest.mark.parametrize("changing", [False, True])
@pytest.mark.parametrize("budgeting", list(Budgeting))
def test_a_stretch_that_nobody_watched_is_not_idle(budgeting: Budgeting, changing: bool) -> None:  # noqa: FBT001
    """Nothing was scraped since an hour before the period: unknown, though the source was forgotten meanwhile."""
    site = Site()
    before = -4_000
    site.counter("requests_total", unseen(rate(10), lambda at: at > before), code="200")
    site.source.add(
        "up", [((START + at) * 1000, 1) for at in range(-9_000, before, SCRAPE)], site="edge-1", job="app", instance="a"
    )
    verdict, attained, states = judged(site, indicator=replace(CODES, changing=changing), budgeting=budgeting)
    assert (verdict, set(states), attained.good) == (Verdict.UNDETERMINED, {SlotState.UNKNOWN}, 0)


def test_an_up_of_another_job_is_no_sign_of_a_listed_source() -> None:
    """The node exporter of host b answers; its application is gone, and nobody knows what it does."""
    site = Site()
    site.up("a")
    site.counter("requests_total", rate(10), "a", code="200")
    site.source.add("up", [((START + at) * 1000, 1) for at in site.moments()], site="edge-1", job="node", instance="b")
    verdict, _, states = judged(site, sources={"edge-1": ("a", "b")})
    assert (verdict, set(states)) == (Verdict.UNDETERMINED, {SlotState.UNKNOWN})


def test_a_source_scraped_more_often_than_the_spec_says_is_measured_by_the_spec() -> None:
    """Each 5 s in place of each 15 s, 45 minutes unseen: the truth is within the bounds."""
    seconds = 7_800
    site = Site(seconds=seconds)

    def away(at: int) -> bool:
        return 3_000 <= at < 5_700

    moments = range(-9_000, seconds + 2_400, 5)
    for code, grow in (("200", rate(10)), ("500", rate(10, since=3_000, base=1))):
        values = stopped(grow, 5_700) if code == "500" else less(grow, 0, away)
        shown = [((START + at) * 1000, values(at)) for at in moments if not away(at)]
        site.source.add("requests_total", shown, site="edge-1", job="app", instance="a", code=code)
    site.source.add(
        "up", [((START + at) * 1000, int(not away(at))) for at in moments], site="edge-1", job="app", instance="a"
    )
    _, attained, _ = judged(site, target_ppm=800_000, sources={"edge-1": ("a",)})
    good, bad = 10 * seconds, 10 * 2_700
    assert attained.good * (good + bad) <= good * attained.base <= attained.high_good * (good + bad)


def test_a_changed_start_time_is_a_restart_though_nothing_fell() -> None:
    """Each life shows as much as the one before: with its start time, which may be a fraction, they count."""
    site = Site()
    site.up()
    for code in ("200", "500"):
        site.counter("requests_total", lambda _: 150, code=code)
    began = [((START + at) * 1000, f"{1_767_000_000 + at}.53") for at in site.moments()]
    site.source.add("process_start_time_seconds", began, site="edge-1", job="app", instance="a")
    verdict, attained, _ = judged(site, indicator=replace(CODES, started="process_start_time_seconds"))
    assert (verdict, attained.good, attained.bad) == (Verdict.BREACH, 6_000, 6_000)


def test_events_in_flight_beside_a_gap_are_no_breach() -> None:
    """All are good 25 s later; then some scrapes are lost, and nobody can tell whose the good ones are."""
    site = Site()

    def lost(at: int) -> bool:
        return 570 <= at < 630

    site.up(down=lost)
    site.counter("seconds_count", unseen(lambda at: rate(10)(at) + (600 if at >= 555 else 0), lost))
    site.counter("seconds_bucket", unseen(lambda at: rate(10)(at) + (600 if at >= 580 else 0), lost), le="0.1")
    rule = SlotRule(seconds=SLOT, scrape_seconds=SCRAPE, settles_seconds=30)
    verdict, attained, _ = judged(site, indicator=PAIR, slot=rule, target_ppm=990_000)
    assert (verdict, attained.bad) == (Verdict.UNDETERMINED, 0)


def test_blind_time_is_not_measured_by_another_source() -> None:
    """The busy replica was away for hours: how much it was asked nobody knows, least of all the small one."""
    site = Site()
    site.up("a", lambda at: at > -8_000)
    site.counter("requests_total", unseen(rate(130), lambda at: at > -8_000), "a", code="200")
    site.up("b")
    site.counter("requests_total", rate(7), "b", code="200")
    site.counter("requests_total", rate(0.5), "b", code="500")
    verdict, attained, _ = judged(site, target_ppm=990_000, sources={"edge-1": ("a", "b")})
    assert (verdict, attained.bounded) == (Verdict.UNDETERMINED, False)


def test_fewer_sources_than_are_asked_for_are_not_known() -> None:
    """Two of three exporters are not scraped for five minutes: by the minute or at once, it is unknown and not down."""
    source = ScriptedSamples()
    for name in "abc":
        moments = [at for at in range(-90, 900, 15) if name == "a" or not 120 <= at < 420]
        for gauge in ("up_gauge", "known_gauge"):
            source.add(gauge, [((START + at) * 1000, 1) for at in moments], site="edge-1", job="app", instance=name)
    combine = Combine(rule=Rule.AT_LEAST, at_least=2)
    promised = slo(indicator=StateIndicator(up="up_gauge", known="known_gauge", combine=combine))
    whole = read_slots(promised, ["edge-1"], Period(starts_at=START, ends_at=START + 600), source)
    minutes = [
        slot
        for start in range(START, START + 600, 60)
        for slot in read_slots(promised, ["edge-1"], Period(starts_at=start, ends_at=start + 60), source)
    ]
    assert [slot.state for slot in whole] == [slot.state for slot in minutes]
    assert {slot.state for slot in whole} == {SlotState.GOOD, SlotState.UNKNOWN}


def test_a_job_may_have_a_slash_in_its_name() -> None:
    """As the Prometheus Operator writes it: its instance is the listed one all the same."""
    site = Site()
    for name, values in (("up", lambda _: 1), ("requests_total", rate(10))):
        labels = {} if name == "up" else {"code": "200"}
        shown = [((START + at) * 1000, values(at)) for at in site.moments()]
        site.source.add(name, shown, site="edge-1", job="default/app", instance="http://a/probe", **labels)
    verdict, attained, _ = judged(site, sources={"edge-1": ("http://a/probe",)})
    assert (verdict, attained.good, attained.unknown) == (Verdict.MET, 6_000, 0)
