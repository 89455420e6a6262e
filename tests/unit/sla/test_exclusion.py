"""What an exclusion lies over, and what a version of an agreement does not take: at the edges of periods, versions and settlements."""

from __future__ import annotations

from dataclasses import replace

from sankofa_observe.sla.exclusion import (
    Act,
    Exclusion,
    ExclusionRecord,
    ExclusionState,
    overlay_of,
    proposal_problems,
    sealed_problems,
)
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.slo.indicator import OutageIndicator
from sankofa_observe.units import Period
from tests.builders import PERIOD_SECONDS, START, agreement, period, slo

DAY = 86_400
EDGE = agreement(exclusion_notice_seconds=DAY)
# Two minutes at 00:02 of each of two days.
TWICE = Schedule(zone="UTC", begins="2026-01-01T00:02:00", length_seconds=120, rule="FREQ=DAILY;COUNT=2")
PLAN = Exclusion(
    plan="p", agreement_id=EDGE.id, tenant="acme", slos=("availability-edge",), sites=("edge-1",), schedule=TWICE, reason="firmware",
    author="person:amina", announced_at=START - 7 * DAY,
)  # fmt: skip
BEGINS = START + 120


def approved(plan: Exclusion) -> ExclusionRecord:
    acts = (
        Act(state=state, actor="person:kofi", at=1, reason="")
        for state in (ExclusionState.PROPOSED, ExclusionState.APPROVED)
    )
    return ExclusionRecord(exclusion=plan, acts=tuple(acts))


def codes(**changes: int) -> list[str]:
    return [one.code for one in proposal_problems(PLAN, replace(EDGE, **changes), [])]  # type: ignore[arg-type]


def test_one_occurrence_in_a_sealed_period_is_enough_to_refuse() -> None:
    """The other one lies a day later; a period that ends where it begins is none of its."""
    sealed = [("0x01", Period(starts_at=START, ends_at=BEGINS)), ("0x02", Period(starts_at=START, ends_at=BEGINS + 1))]
    found = list(sealed_problems(PLAN, "agreement acme-edge", PLAN.occurrences, sealed))
    assert [one.code for one in found] == ["exclusion.sealed"]
    assert "0x02" in found[0].problem


def test_the_notice_of_a_version_counts_from_what_ends_after_it_begins() -> None:
    """The first version counts from the first occurrence, whenever that is."""
    late = replace(PLAN, announced_at=BEGINS - 1)
    second = replace(EDGE, version=2, starts_at=BEGINS + 120)
    assert [one.code for one in proposal_problems(late, EDGE, [])] == ["exclusion.late"]
    assert list(proposal_problems(late, second, [])) == []
    assert [one.code for one in proposal_problems(late, replace(second, starts_at=BEGINS + 119), [])] == [
        "exclusion.late"
    ]


def test_the_notice_is_kept_to_the_second_and_what_ends_before_an_agreement_is_none_of_its() -> None:
    """A day is what these terms ask for."""
    assert codes(exclusion_notice_seconds=BEGINS - PLAN.announced_at) == []
    assert codes(exclusion_notice_seconds=BEGINS - PLAN.announced_at + 1) == ["exclusion.late"]
    assert codes(starts_at=BEGINS + DAY + 119) == []
    assert codes(starts_at=BEGINS + DAY + 120) == ["exclusion.before"]


def test_an_exclusion_before_a_period_counts_as_far_as_an_outage_reaches_back() -> None:
    """Slots of an outage are bad by slots before them, which it took: two minutes of an outage of three, and none of any other kind."""
    outage = slo(indicator=OutageIndicator(of="down", limit_seconds=180), parts={"down": slo("down")})
    plain = EDGE.promises[0]
    ends = BEGINS + 120

    def applied(of: object, starts_at: int) -> int:
        whole = Period(starts_at=starts_at, ends_at=starts_at + PERIOD_SECONDS)
        return len(overlay_of(EDGE, replace(plain, slo=of), whole, [approved(PLAN)], None).applied)  # type: ignore[arg-type]

    assert [applied(outage, ends + after) for after in (119, 120)] == [1, 0]
    assert [applied(plain.slo, ends + after) for after in (-1, 0)] == [1, 0]


def test_an_exclusion_counts_for_its_agreement_once_it_is_approved() -> None:
    """Not for another agreement, another site, or as a proposal."""
    proposed = ExclusionRecord(exclusion=PLAN, acts=approved(PLAN).acts[:1])
    elsewhere = approved(replace(PLAN, sites=("edge-2",)))
    others = approved(replace(PLAN, agreement_id="0x0f"))
    found = [
        overlay_of(EDGE, EDGE.promises[0], period(), [one], None).applied
        for one in (approved(PLAN), proposed, elsewhere, others)
    ]
    assert [len(one) for one in found] == [1, 0, 0, 0]


def test_a_withdrawal_keeps_what_had_begun() -> None:
    """What begins at its very second is excluded no more."""
    acts = (
        *approved(PLAN).acts,
        Act(state=ExclusionState.WITHDRAWN, actor="person:amina", at=2, reason="", from_at=BEGINS + DAY),
    )
    assert [one.starts_at for one in ExclusionRecord(exclusion=PLAN, acts=acts).in_force] == [BEGINS]
