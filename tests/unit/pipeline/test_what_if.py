"""What was attained in the past, from totals of days: as a verdict is drawn, with or without what is excluded."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.pipeline.assess import assess
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.overlays import Overlays
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.what_if import Compared, NotPriced, compare, past_periods
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Origin
from sankofa_observe.sla.overlay import ExcludedSlots
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.sla.what_if import Change, Owed
from sankofa_observe.slo.indicator import (
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    MembersIndicator,
    Operator,
    OutageIndicator,
    RatioIndicator,
    StateIndicator,
    Together,
)
from sankofa_observe.slo.objective import Budgeting
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.verdict import Attainment, Verdict
from sankofa_observe.slo.window import FixedWindow
from sankofa_observe.testing import FixedClock, MemoryArchive, MemoryLedger, MemorySlots
from sankofa_observe.units import Period
from tests.builders import APPROVAL, CHAIN, START, agreement, exclusion, slo, slot

STEP = DAY_SECONDS // 4  # four slots a day: days and their edges are many, slots few
FIRST_AT = START + 7 * DAY_SECONDS
PERIODS = [Period(starts_at=FIRST_AT + n * 7 * STEP, ends_at=FIRST_AT + (n + 1) * 7 * STEP) for n in range(3)]
SITES = ["edge-1", "edge-2"]
KINDS: Mapping[str, Indicator] = {
    "states": StateIndicator(up="up", known="known"),
    "levels": LevelIndicator(level="rtt_seconds", operator=Operator.LT, bound=Decimal("0.01")),
    "events": RatioIndicator(good="good", valid="valid"),
    "composite": CompositeIndicator(together=Together.ALL, weights={"availability-disk": 1}),
    "outages": OutageIndicator(of="availability-disk", limit_seconds=3 * STEP),
    "members": MembersIndicator(of="availability-disk", at_least={"": 2}),
}


def promising(kind: str, meaning: ExcludedSlots = ExcludedSlots.LEAVES_BASE) -> Agreement:
    """One SLO of a kind at two sites, in periods of seven slots."""
    events = kind == "events"
    of = slo(
        window=FixedWindow(seconds=7 * STEP, anchor_at=FIRST_AT),
        indicator=KINDS[kind],
        budgeting=Budgeting.OCCURRENCES if events else Budgeting.TIMESLICES,
    )
    of = replace(of, slot=replace(of.slot, seconds=STEP))
    each = agreement().promises[0]
    promises = tuple(replace(each, slo=of, site=site) for site in SITES)
    return agreement(starts_at=FIRST_AT, excluded_slots=meaning, promises=promises)


def table_of(dice: Random) -> MemorySlots:
    """Slots with all that may float over an edge; some were never recorded, the last of each site was."""
    names = ("good", "bad", "hidden", "over_good", "over_bad", "over_hidden", "settling")
    found = [
        slot(
            FIRST_AT + number * STEP,
            dice.choice([SlotState.GOOD, SlotState.GOOD, *SlotState]),
            site=site,
            blind=dice.choice([0, 0, 0, STEP]),
            **{name: dice.randint(0, 5) for name in names},
        )
        for site in SITES
        for number in range(-2, 23)
        if number == 22 or dice.randint(0, 9)
    ]
    made = MemorySlots()
    made.append(found, START)
    return made


Priced = Mapping[tuple[str, Period], tuple[Attainment, Verdict, Owed]]


def ledger_of(of: Agreement, stretches: list[Period]) -> MemoryLedger:
    """A ledger in which these stretches were proposed and approved."""
    ledger = MemoryLedger()
    ledger.add_agreement(agreement_id=of.id, version=1, tenant=of.tenant, terms_hash="", document="", at=0)
    for one in stretches:
        begins = datetime.fromtimestamp(one.starts_at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        planned = exclusion(of, schedule=Schedule(zone="UTC", begins=begins, length_seconds=one.seconds))
        ledger.add_exclusions([planned])
        ledger.act_on_exclusions(ledger.exclusions_named(planned.ref), APPROVAL)
    return ledger


def approved(of: Agreement, stretches: list[Period], table: MemorySlots) -> Priced:
    """What is judged and priced where these stretches were proposed and approved, by site and period."""
    ledger, clock = ledger_of(of, stretches), FixedClock(at=PERIODS[-1].ends_at + DAY_SECONDS)
    list(evaluate([of], panel_of=alone(table), ledger=ledger, clock=clock))
    origin = Origin(engine="sankofa-observe/test", observer="observer-1")
    list(
        assess(
            [of], panel_of=alone(table), ledger=ledger, archive=MemoryArchive(), chain=CHAIN, origin=origin, clock=clock
        )
    )
    certain = {(one.penalty.site, one.penalty.period): one.penalty.credit_minor for one in ledger.in_order()}
    found = {}
    for record in ledger.verdicts:
        credit = certain.get((record.site, record.period), 0)
        owed = Owed(low_minor=credit, high_minor=credit + record.at_stake.amount_minor)
        found[record.site, record.period] = record.attainment, record.verdict, owed
    return found


def asked(of: Agreement, stretches: list[Period], table: MemorySlots, held: list[Period]) -> tuple[Priced, Priced]:
    """What what-if says of it as it is, with what was approved, and as it would be."""
    change, overlays = (
        Change(slo="availability-edge"),
        Overlays(agreements=[of], known=ledger_of(of, held), since_at={}),
    )
    found = list(compare([of], change, stretches, panel_of=alone(table), overlays=overlays, last=12))
    priced = [one for one in found if isinstance(one, Compared)]
    assert priced == found
    keys = [(one.actual.promise.site, one.actual.period) for one in priced]
    was = [(one.actual.attained, one.was.verdict, one.was.owed) for one in priced]
    would_be = [(one.changed.attained, one.would_be.verdict, one.would_be.owed) for one in priced]
    return dict(zip(keys, was, strict=True)), dict(zip(keys, would_be, strict=True))


DRAWN = st.lists(st.tuples(st.integers(-4 * STEP, 22 * STEP), st.integers(1, 12 * STEP)), max_size=2)


@pytest.mark.parametrize("kind", KINDS)
@given(
    dice=st.randoms(use_true_random=True),
    meaning=st.sampled_from(ExcludedSlots),
    held=DRAWN,
    drawn=DRAWN,
)
@settings(deadline=None)
def test_what_is_excluded_costs_what_it_costs_once_it_is_approved(
    kind: str, dice: Random, meaning: ExcludedSlots, held: list[tuple[int, int]], drawn: list[tuple[int, int]]
) -> None:
    """To the last figure, whatever days, slots and periods a stretch cuts, or takes whole; and what is, is as it is judged."""
    before, stretches = (
        [Period(starts_at=FIRST_AT + low, ends_at=FIRST_AT + low + long) for low, long in some]
        for some in (held, drawn)
    )
    of, table = promising(kind, meaning), table_of(dice)
    was, would_be = asked(of, stretches, table, before)

    assert list(was) == [(site, period) for period in PERIODS for site in SITES]
    assert was == approved(of, before, table)
    assert would_be == approved(of, before + stretches, table)


# ------------------------------------------------------------------------------------------------------- from a table

DAYS = 6
AGREEMENT = agreement(
    promises=tuple(
        replace(
            agreement().promises[0], slo=slo(window=FixedWindow(seconds=2 * DAY_SECONDS, anchor_at=START)), site=site
        )
        for site in SITES
    )
)
CHANGE = Change(slo="availability-edge", target_ppm=999_700)


@pytest.fixture
def forgotten(tmp_path: Path) -> DeltaSlots:
    """Six days of two sites, a bad slot in the second period of one of them; of all but the last day only totals are left."""
    table = DeltaSlots(tmp_path, "observer-1")
    for site in SITES:
        states = {3 * 1440: SlotState.BAD} if site == "edge-1" else {}
        table.append(
            [slot(START + 60 * n, states.get(n, SlotState.GOOD), site=site) for n in range(DAYS * 1440)], START
        )
    for day in range(DAYS - 1):
        table.seal(START // DAY_SECONDS + day, START)
    table.forget(range(START // DAY_SECONDS, START // DAY_SECONDS + DAYS - 1))
    return table


def test_the_past_is_priced_from_totals_alone(forgotten: DeltaSlots) -> None:
    """With the slots gone, what one bad minute of two days would have cost at 99.97 % is still said."""
    with closing(forgotten) as table:
        found = list(compare([AGREEMENT], CHANGE, (), panel_of=alone(table), last=2))
        past = past_periods(AGREEMENT, alone(table)(Quorum()), 12)
    assert [one.starts_at - START for one in past] == [0, 2 * DAY_SECONDS]
    priced = [(one.actual.promise.site, one.was.owed, one.would_be.owed) for one in found if isinstance(one, Compared)]
    none, some = Owed(), Owed(low_minor=12_500, high_minor=12_500)
    assert priced == [("edge-1", none, none), ("edge-2", none, none), ("edge-1", none, some), ("edge-2", none, none)]


def test_an_exclusion_that_cuts_an_hour_without_slots_is_told(forgotten: DeltaSlots) -> None:
    """It would read as an hour of which nothing is known; of a day whose slots are gone the hours can be excluded all the same."""
    day = START + 3 * DAY_SECONDS
    hours, part = (Period(starts_at=day, ends_at=day + seconds) for seconds in (7200, 1800))
    with closing(forgotten) as table:
        whole = list(compare([AGREEMENT], CHANGE, [hours], panel_of=alone(table), last=1))
        cut = list(compare([AGREEMENT], CHANGE, [part], panel_of=alone(table), last=1))
    assert [one.problem for one in cut if isinstance(one, NotPriced)] == [
        "slots of 2026-01-04 are no longer kept (retention_years), and 2026-01-04T00:30:00Z cuts an hour of that day"
    ] * 2
    priced = [
        (one.was.verdict, one.would_be.owed, one.changed.attained.excluded)
        for one in whole
        if isinstance(one, Compared)
    ]
    assert priced == [(Verdict.MET, Owed(), 120)] * 2


def test_a_period_that_is_excluded_as_a_whole_is_met_and_costs_nothing(forgotten: DeltaSlots) -> None:
    """Nothing was promised of it, so nothing was missed: as it is judged once it is approved."""
    whole = Period(starts_at=START + 2 * DAY_SECONDS, ends_at=START + 4 * DAY_SECONDS)
    with closing(forgotten) as table:
        found = list(compare([AGREEMENT], CHANGE, [whole], panel_of=alone(table), last=1))
    priced = [
        (one.would_be.verdict, one.would_be.owed, one.changed.attained.base)
        for one in found
        if isinstance(one, Compared)
    ]
    assert priced == [(Verdict.MET, Owed(), 0)] * 2


def test_nothing_is_over_before_the_newest_slot_says_so() -> None:
    """An agreement that has just begun, or of which nothing was counted, has no past."""
    assert past_periods(AGREEMENT, alone(MemorySlots())(Quorum()), 12) == []
    table = MemorySlots()
    table.append([slot(START + 60)], START)
    assert list(compare([AGREEMENT], CHANGE, (), panel_of=alone(table), last=12)) == []
