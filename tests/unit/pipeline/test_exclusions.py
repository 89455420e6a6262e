"""exclusions: proposed by one, approved by another, in time; what is refused is refused by name, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.exclusions import Announced, Proposal, approve, propose, withdraw
from sankofa_observe.ports import StateChange
from sankofa_observe.sla.agreement import Promise
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.exclusion import ExclusionState, exclusion_of
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from sankofa_observe.testing import FixedClock, MemoryLedger
from sankofa_observe.units import rfc3339
from tests.builders import AMINA, KOFI, PEOPLE, START, agreement, breach, slo

DAY = 86_400
ACME, BAOBAB = agreement(), agreement("baobab-edge", tenant="baobab", site="edge-2")
SITES = {name: Site(name=name, tier="edge", region="ke") for name in ("edge-1", "edge-2", "edge-3")}
CATALOG = Catalog(sites=SITES, slos={"availability-edge": slo(), "idle": slo("idle")}, agreements={one.id: one for one in (ACME, BAOBAB)})  # fmt: skip
ONCE = Schedule(zone="UTC", begins="2026-01-01T00:02:00", length_seconds=120)
PLAN = Proposal(sites=("edge-1", "edge-2"), slos=(), agreements=(), schedule=ONCE, reason="firmware")


class Desk:
    """A ledger, a clock that is a week before the first agreement starts, and the three acts."""

    def __init__(self) -> None:
        self.ledger, self.clock = MemoryLedger(people=dict(PEOPLE)), FixedClock(at=START - 7 * DAY)

    def propose(self, by: str = "amina", catalog: Catalog = CATALOG, **changes: Any) -> list[Announced]:
        return propose(replace(PLAN, **changes), by=by, catalog=catalog, ledger=self.ledger, clock=self.clock)

    def approve(self, name: str, by: str = "kofi") -> list[Announced]:
        return approve(name, by=by, reason="seen", ledger=self.ledger, clock=self.clock)

    def withdraw(self, name: str, from_at: int | None = None) -> list[Announced]:
        return withdraw(name, by="amina", reason="no parts", ledger=self.ledger, clock=self.clock, from_at=from_at)

    def settled(self, *states: SettlementState) -> str:
        """A breach of the first period, so far on its way."""
        penalty = breach(ACME).penalty
        self.ledger.add_penalty(penalty)
        for state in states:
            self.ledger.add_state(penalty.settlement_id, StateChange(state=state, at=9))
        return penalty.settlement_id


def refused(told: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [f"{one.code} {one.where}: {one.problem}" for one in told.value.violations]


def test_a_plan_is_an_exclusion_of_each_agreement_that_leans_on_its_sites() -> None:
    """Each with the sites and SLOs that it promises, under one name; it is announced by the clock, and nobody claims when."""
    found = Desk().propose()

    assert {(one.agreement_id, one.tenant, one.slos, one.sites) for one in found} == {
        (ACME.id, "acme", ("availability-edge",), ("edge-1",)),
        (BAOBAB.id, "baobab", ("availability-edge",), ("edge-2",)),
    }
    assert len({one.plan for one in found}) == 1
    assert {(one.state, one.author, one.announced_at, one.approved_by) for one in found} == {
        (ExclusionState.PROPOSED, AMINA, START - 7 * DAY, "")
    }
    assert [str(one.occurrences[0]) for one in found] == ["2026-01-01T00:02:00Z/2026-01-01T00:04:00Z"] * 2


def test_an_exclusion_is_read_again_from_its_document() -> None:
    """Its id follows from it; another form of the same is none."""
    desk = Desk()
    desk.propose()
    one = next(iter(desk.ledger.excluded.values())).exclusion

    assert exclusion_of(one.document) == one
    with pytest.raises(ValueError, match="canonical"):
        exclusion_of(one.document.replace(":", ": ", 1))


def test_it_counts_once_somebody_else_approves_it() -> None:
    """Before that it would cover the same time, and covers none."""
    desk = Desk()
    proposed = desk.propose()
    approved = desk.approve(proposed[0].plan)

    assert [one.state for one in approved] == [ExclusionState.APPROVED] * 2
    assert {one.approved_by for one in approved} == {KOFI}
    assert f"approved by {KOFI} at 2025-12-25T00:00:00Z: seen" in str(approved[0])
    assert [one.in_force for one in desk.ledger.excluded.values()] == [one.occurrences for one in approved]


@pytest.mark.parametrize("by", ["amina", "Amina", "amina@example.org", "AMINA@EXAMPLE.ORG", AMINA, "aminaaaa"])
def test_nobody_approves_what_one_proposes(by: str) -> None:
    """By whichever of her names; the plan stays as it was."""
    desk = Desk()
    plan = desk.propose()[0].plan
    with pytest.raises(InvalidInput, match="nothing was written") as told:
        desk.approve(plan, by=by)

    assert len(refused(told)) == 2
    assert all(f"{AMINA} proposed it" in one for one in refused(told))
    assert {one.state for one in desk.ledger.exclusions_named(plan)} == {ExclusionState.PROPOSED}


def test_what_is_announced_too_late_is_refused_with_the_time_that_would_do() -> None:
    """Each agreement has its own notice; one that is shorter does not help the other."""
    desk = Desk()
    desk.clock.at = START - 3600
    quick = replace(ACME, exclusion_notice_seconds=1800)
    catalog = replace(CATALOG, agreements={one.id: one for one in (quick, BAOBAB)})
    with pytest.raises(InvalidInput) as told:
        desk.propose(catalog=catalog)

    assert refused(told) == [
        "exclusion.late agreement baobab-edge: it begins at 2026-01-01T00:02:00Z, 3720 s after it is announced, expected 259200 s after (exclusionNoticeSeconds)"
    ]
    assert f"begin at {rfc3339(desk.clock.at + 259_200)} or later" in str(told.value)
    assert desk.ledger.excluded == {}
    assert [one.agreement_id for one in desk.propose(catalog=catalog, sites=("edge-1",))] == [ACME.id]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"sites": ("edge-9",)}, ["exclusion.site site: no site 'edge-9' in the specs"]),
        ({"sites": ("edge-3",)}, ["exclusion.site site: edge-3 is in no promise that this would exclude"]),
        ({"sites": ()}, ["exclusion.site site: no site is named"]),
        ({"slos": ("x",)}, ["exclusion.slo slo: no slo 'x' in the specs"]),
        ({"slos": ("availability-edge", "idle")}, ["exclusion.slo slo: idle is in no promise that this would exclude"]),
        ({"agreements": ("nobody",)}, ["exclusion.agreement agreement: no agreement 'nobody' in the specs"]),
        ({"schedule": replace(ONCE, rule="FREQ=DAILY")}, ["exclusion.rrule rrule: it has neither COUNT nor UNTIL: it never ends"]),
        ({"sites": ("edge-1",), "schedule": replace(ONCE, begins="2026-01-00T00:00:00", length_seconds=0)}, ["exclusion.from from: '2026-01-00T00:00:00' is no local time", "exclusion.length for: 0 s: expected 1 s to 31622400 s (366 days)"]),
    ],
)  # fmt: skip
def test_what_would_exclude_nothing_is_refused_by_name(changes: dict[str, Any], wanted: list[str]) -> None:
    """A name that is of nothing, or of nothing that is promised there; everything that is wrong in one run."""
    desk = Desk()
    with pytest.raises(InvalidInput, match="cannot be proposed; nothing was written") as told:
        desk.propose(**changes)

    assert refused(told) == wanted
    assert desk.ledger.excluded == {}


def test_a_series_that_drifts_against_an_agreements_zone_is_refused() -> None:
    """A fee by calendar months in Berlin, and work each week at 02:00 UTC."""
    window = CalendarWindow(unit=CalendarUnit.MONTH, zone="Europe/Berlin")
    promise = Promise(slo=slo(window=window), site="edge-1", bands=ACME.promises[0].bands)
    berlin = replace(ACME, promises=(promise,))
    weekly = Schedule(zone="UTC", begins="2026-03-01T02:00:00", length_seconds=3600, rule="FREQ=WEEKLY;COUNT=8")
    with pytest.raises(InvalidInput) as told:
        Desk().propose(sites=("edge-1",), schedule=weekly, catalog=replace(CATALOG, agreements={berlin.id: berlin}))

    assert [one.code for one in told.value.violations] == ["exclusion.rrule"]
    assert "from 03:00 on 2026-03-22 to 04:00 on 2026-03-29" in refused(told)[0]


@pytest.mark.parametrize("states", [(SettlementState.REPORTED,), (SettlementState.REPORTED, SettlementState.FINAL)])
def test_a_settlement_that_is_reported_or_final_is_never_touched(states: tuple[SettlementState, ...]) -> None:
    """Neither by a proposal, nor by an approval that comes after it, nor by a withdrawal."""
    desk, late, both = Desk(), Desk(), Desk()
    settlement = desk.settled(*states)
    plan, kept = late.propose()[0].plan, both.propose()[0].plan
    both.approve(kept)
    late.settled(*states)
    both.settled(*states)
    acts: list[Callable[[], object]] = [desk.propose, lambda: late.approve(plan), lambda: both.withdraw(kept)]
    for act in acts:
        with pytest.raises(InvalidInput) as told:
            act()
        assert [one.code for one in told.value.violations] == ["exclusion.sealed"]
        assert f"whose settlement {settlement} is reported or final" in refused(told)[0]
    assert desk.ledger.excluded == {}
    assert {one.state for one in late.ledger.excluded.values()} == {ExclusionState.PROPOSED}
    assert {one.state for one in both.ledger.excluded.values()} == {ExclusionState.APPROVED}


def test_what_is_only_computed_may_still_be_excluded() -> None:
    """A second person's word that comes after the verdict: the price follows."""
    desk = Desk()
    plan = desk.propose()[0].plan
    desk.settled()

    assert {one.state for one in desk.approve(plan)} == {ExclusionState.APPROVED}


def test_a_withdrawal_ends_what_has_not_begun() -> None:
    """What had begun stays, unless an earlier instant is named; what is withdrawn is withdrawn once."""
    desk = Desk()
    series = replace(ONCE, rule="FREQ=DAILY;COUNT=4")
    plan = desk.propose(sites=("edge-1",), schedule=series)[0].plan
    [whole] = desk.approve(plan)
    desk.clock.at = START + DAY + 150  # in the middle of the second
    [left] = desk.withdraw(plan)

    assert left.occurrences == whole.occurrences[:2]
    with pytest.raises(InvalidInput, match="it is withdrawn"):
        desk.withdraw(plan)

    again = Desk()
    plan = again.propose(sites=("edge-1",), schedule=series)[0].plan
    again.approve(plan)
    again.clock.at = START + 40 * DAY
    with pytest.raises(InvalidInput, match="nothing of it begins at 2026-02-10T00:00:00Z or later"):
        again.withdraw(plan)
    assert again.withdraw(plan, from_at=START)[0].occurrences == ()


def test_a_proposal_that_is_withdrawn_never_counts() -> None:
    """It cannot be approved any more either."""
    desk = Desk()
    plan = desk.propose()[0].plan
    assert {one.occurrences for one in desk.withdraw(plan)} == {()}
    with pytest.raises(InvalidInput, match="it is withdrawn"):
        desk.approve(plan)


@pytest.mark.parametrize("name", ["", "0000000000000000", "%", "3f0c", "x" * 500])
def test_a_name_that_is_of_nothing_is_told(name: str) -> None:
    """Not taken for a part of another one."""
    desk = Desk()
    desk.propose()
    with pytest.raises(InvalidInput, match="no exclusion or plan"):
        desk.approve(name)
