"""Evidence the engine writes for samples that nobody chose: generators for the tests of both verifiers."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from sankofa_observe.sla.evidence import Document, slot_root
from sankofa_observe.sla.penalty import VerdictRecord, price
from sankofa_observe.sla.schedule import CreditBand
from sankofa_observe.slo.indicator import RatioIndicator, StateIndicator
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.slot import Sample, Slot, SlotKey, count_events, count_states
from sankofa_observe.slo.verdict import attain, judge, tally
from tests import builders

PERIOD = builders.period()
STATES = StateIndicator(up="up", known="known")
EVENTS = RatioIndicator(good="good", valid="valid")


def document(slo: Slo, series: list[list[Sample]]) -> Document:
    """The evidence the engine writes for these samples, whatever they amount to."""
    agreement = builders.agreement()
    edges = sorted({slo.target_ppm * share // 100 for share in (100, 99, 95)}, reverse=True)
    bands = (CreditBand(below_ppm=edge, credit_ppm=(n + 1) * 100_000) for n, edge in enumerate(edges))
    promise = replace(agreement.promises[0], slo=slo, bands=tuple(bands))
    count = count_states if isinstance(slo.indicator, StateIndicator) else count_events
    slots: list[Slot] = count(SlotKey(slo=slo.name, site=promise.site, rule=slo.slot), PERIOD, series)
    attained = attain(slo, tally(slots))
    record = VerdictRecord(
        agreement_id=agreement.id,
        slo=slo.name,
        site=promise.site,
        period=PERIOD,
        revision=1,
        verdict=judge(attained, slo.target_ppm),
        attainment=attained,
        target_ppm=slo.target_ppm,
        spec_digest=slo.digest,
        slot_root=slot_root(slots),
        slot_count=len(slots),
        judged_at=PERIOD.ends_at,
    )
    _, found = price(
        agreement=agreement,
        promise=promise,
        record=record,
        slots=slots,
        chain=builders.CHAIN,
        engine="engine/1",
        observer="observer-1",
        assessed_at=PERIOD.ends_at,
    )
    return found


moments = st.lists(st.integers(-15, builders.PERIOD_SECONDS + 15), min_size=0, max_size=70, unique=True).map(sorted)
rules = st.builds(
    SlotRule,
    seconds=st.just(60),
    scrape_seconds=st.just(15),
    coverage_floor_ppm=st.integers(1, 1_000_000),
    target_ppm=st.integers(1, 1_000_000),
)


@st.composite
def state_series(draw: st.DrawFn) -> list[Sample]:
    values = st.sampled_from([(1, 1), (0, 1), (0, 0)])
    return [((PERIOD.starts_at + at) * 1000, *draw(values)) for at in draw(moments)]


@st.composite
def event_series(draw: st.DrawFn) -> list[Sample]:
    samples, good, valid = [], 0, 0
    for at in draw(moments):
        if draw(st.integers(0, 9)) == 0:
            good = valid = 0
        more_good, more_bad = draw(st.integers(0, 20)), draw(st.integers(0, 3))
        good, valid = good + more_good, valid + more_good + more_bad
        samples.append(((PERIOD.starts_at + at) * 1000, good, valid))
    return samples


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Of states or events, under any rule, target and method."""
    events = draw(st.booleans())
    slo = builders.slo(
        indicator=EVENTS if events else STATES,
        slot=draw(rules),
        target_ppm=draw(st.integers(1, 999_999)),
        no_traffic=draw(st.sampled_from(NoTraffic)),
        budgeting=draw(st.sampled_from(Budgeting)) if events else Budgeting.TIMESLICES,
    )
    return document(slo, draw(st.lists(event_series() if events else state_series(), max_size=2)))
