"""A catalog answers by version: each holds from its boundary up to the next one's, and what waits for late samples waits for the longest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_observe.sla.agreement import Promise
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.totals import DAY_SECONDS
from tests.builders import PERIOD_SECONDS, START, agreement, slo

BOUNDARY = START + PERIOD_SECONDS
FIRST, SECOND = slo(ends_at=BOUNDARY), slo(starts_at=BOUNDARY, digest="0x02")
OLD = agreement(ends_at=BOUNDARY, grace_seconds=60)
NEW = agreement(version=2, starts_at=BOUNDARY, grace_seconds=7 * DAY_SECONDS)
OTHER = agreement("other", grace_seconds=3 * DAY_SECONDS, starts_at=START - DAY_SECONDS)
ELSEWHERE = replace(
    agreement("elsewhere", grace_seconds=90 * DAY_SECONDS),
    promises=(Promise(slo=slo("latency-edge"), site="edge-1", bands=OLD.promises[0].bands),),
)
CATALOG = Catalog(
    slos={"first": FIRST, "second": SECOND},
    agreements={one.version_id: one for one in (NEW, OLD, OTHER, ELSEWHERE)},
)


@pytest.mark.parametrize(("at", "expected"), [(0, FIRST), (BOUNDARY - 1, FIRST), (BOUNDARY, SECOND), (2**40, SECOND)])
def test_a_version_of_an_slo_holds_up_to_the_boundary_and_the_next_one_from_it_on(at: int, expected: object) -> None:
    """One of both at every second, by name and among all."""
    assert (CATALOG.slos_at(at), CATALOG.slo_at(FIRST.name, at)) == ([expected], expected)


def test_an_agreement_is_called_by_its_version_where_it_has_several() -> None:
    """The first one too, once a second one follows."""
    assert [one.title for one in (OTHER, OLD, NEW)] == ["other", "acme-edge, version 1", "acme-edge, version 2"]


@pytest.mark.parametrize(("at", "expected"), [(0, OLD), (BOUNDARY - 1, OLD), (BOUNDARY, NEW)])
def test_a_version_of_an_agreement_holds_for_the_periods_that_begin_in_it(at: int, expected: object) -> None:
    """Before the first one begins, that one."""
    assert CATALOG.agreement_at(OLD.id, at) == expected


def test_a_day_may_change_a_verdict_for_as_long_as_the_longest_grace_of_who_leans_on_its_slo() -> None:
    """Of every version, and of no agreement over another SLO; of what nobody leans on not at all."""
    graces = [CATALOG.longest_grace(one) for one in (FIRST, slo("nobody"))]
    assert graces == [7 * DAY_SECONDS, 0]


def test_slots_begin_a_slot_before_the_first_agreement_that_leans_on_them() -> None:
    """Or before the version's own boundary; where nobody leans on them, before the last hour."""
    now = START + 10 * DAY_SECONDS
    begins = [CATALOG.begins_at(one, now) for one in (FIRST, SECOND, slo("nobody"))]
    assert [at + FIRST.slot.seconds for at in begins] == [START - DAY_SECONDS, BOUNDARY, now - 3600]


def test_slots_are_kept_for_the_longest_period_and_its_grace_and_a_week() -> None:
    """A verdict may be drawn as late as that; months and years differ in length."""
    longest = (PERIOD_SECONDS + 90 * DAY_SECONDS) // DAY_SECONDS + 7
    assert (CATALOG.needed_days(START), Catalog().needed_days(START)) == (longest, 7)
