"""Approved exclusions become silences, of places where nothing is promised meanwhile and of no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.announce import AHEAD_SECONDS, SUBJECT, Ended, Silenced, announce, wanted_silences
from sankofa_observe.ports import Silence
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionRecord, ExclusionState
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.slo.site import Site
from sankofa_observe.testing import FixedClock, MemoryLedger, MemorySilences
from sankofa_observe.units import Period
from tests.builders import APPROVAL, START, agreement, exclusion, slo

SITES = {name: Site(name=name, tier="edge", region="ke") for name in ("edge-1", "edge-2")}
ACME = agreement(starts_at=START - 1000)
LATENCY = Promise(slo=slo("latency-edge-user"), site="edge-1", bands=ACME.promises[0].bands)
BOTH = replace(ACME, promises=(*ACME.promises, LATENCY))
OTHER = agreement("other", tenant="other", starts_at=START - 1000)
DAY = Period(starts_at=START - 100, ends_at=START + 86_400)
MINUTE = Period(starts_at=START, ends_at=START + 60)


def catalog(*agreements: Agreement) -> Catalog:
    return Catalog(sites=SITES, agreements={f"{one.id} {one.version}": one for one in agreements})


def approved(one: Exclusion, *acts: Act) -> ExclusionRecord:
    first = Act(state=ExclusionState.PROPOSED, actor=one.author, at=one.announced_at, reason=one.reason)
    return ExclusionRecord(exclusion=one, acts=(first, APPROVAL, *acts))


def muted(records: Sequence[ExclusionRecord], *agreements: Agreement) -> list[tuple[dict[str, str], Period]]:
    found = wanted_silences(records, catalog(*agreements), DAY)
    return [(dict(one.labels), one.stretch) for one in found]


PLACE = {"region": "ke", "site": "edge-1"}


def test_an_approved_exclusion_of_all_that_is_promised_silences_its_place() -> None:
    """Who approved it is its author; its comment names it, why and when."""
    one = exclusion(ACME)
    assert wanted_silences([approved(one)], catalog(ACME), DAY) == [
        Silence(
            labels=(("region", "ke"), ("site", "edge-1")),
            stretch=MINUTE,
            author="person:kofi",
            comment=f"sankofa-observe exclusion {one.ref}: firmware of the switches ({MINUTE})",
        )
    ]


def test_what_is_only_proposed_or_withdrawn_silences_nothing() -> None:
    """A withdrawal from its start on leaves none of it in force."""
    one = exclusion(ACME)
    proposed = ExclusionRecord(exclusion=one, acts=approved(one).acts[:1])
    withdrawal = Act(state=ExclusionState.WITHDRAWN, actor="person:amina", at=START - 50, reason="no", from_at=START)
    assert muted([proposed, approved(one, withdrawal)], ACME) == []


def test_an_outage_that_costs_another_tenant_still_pages() -> None:
    """Both lean on the place and one of them excluded it: nothing is silenced, until the other one does as well."""
    own, others = approved(exclusion(ACME)), approved(exclusion(OTHER))
    assert muted([own], ACME, OTHER) == []
    assert muted([own, others], ACME, OTHER) == [(PLACE, MINUTE)]


def test_a_plan_over_many_tenants_is_named_as_one() -> None:
    """A comment that a person can read, whoever approved which of them."""
    many = [agreement(f"a-{number}", tenant=f"t-{number}", starts_at=START - 1000) for number in range(6)]
    [found] = wanted_silences([approved(exclusion(one)) for one in many], catalog(*many), DAY)
    assert found.comment == f"sankofa-observe exclusion plan 3f0c19d2a4b7e581: firmware of the switches ({MINUTE})"


def test_an_exclusion_of_one_slo_silences_alerts_of_that_slo_alone() -> None:
    """The place itself is promised something else meanwhile."""
    part = replace(exclusion(BOTH), slos=("latency-edge-user",))
    assert muted([approved(part)], BOTH) == [({**PLACE, "slo": "latency-edge-user"}, MINUTE)]
    assert muted([approved(exclusion(BOTH))], BOTH) == [(PLACE, MINUTE)]


def test_two_exclusions_silence_what_both_cover_and_one_each_the_rest() -> None:
    """Of two SLOs, excluded at times that overlap by half a minute."""
    later = exclusion(BOTH, "2026-01-01T00:00:30")
    records = [
        approved(replace(exclusion(BOTH), slos=("availability-edge",))),
        approved(replace(later, slos=("latency-edge-user",))),
    ]
    half = [Period(starts_at=START + at, ends_at=START + at + 30) for at in (0, 30, 60)]
    assert muted(records, BOTH) == [
        (PLACE, half[1]),
        ({**PLACE, "slo": "availability-edge"}, half[0]),
        ({**PLACE, "slo": "latency-edge-user"}, half[2]),
    ]


def test_an_agreement_that_has_not_begun_keeps_no_place_awake() -> None:
    """And one that begins in the middle ends the silence there."""
    late = replace(OTHER, starts_at=START + 20)
    assert muted([approved(exclusion(ACME))], ACME, late) == [(PLACE, Period(starts_at=START, ends_at=START + 20))]


def test_a_long_silence_is_the_same_one_at_each_turn() -> None:
    """Work of a hundred days under an agreement without end: its silence ends with it, and not so far from now."""
    schedule = Schedule(zone="UTC", begins="2026-01-01T00:00:00", length_seconds=100 * 86_400)
    long = approved(exclusion(ACME, schedule=schedule))
    whole = Period(starts_at=START, ends_at=START + 100 * 86_400)
    turns = [Period(starts_at=START + at, ends_at=START + at + AHEAD_SECONDS) for at in (0, 60)]
    found = [[one.stretch for one in wanted_silences([long], catalog(ACME), turn)] for turn in turns]
    assert found == [[whole], [whole]]


class World:
    """A ledger with an approved exclusion, an Alertmanager in memory and a clock."""

    def __init__(self) -> None:
        self.clock = FixedClock(at=START - 100)
        self.ledger, self.silences = MemoryLedger(), MemorySilences(clock=self.clock)
        self.one = exclusion(ACME)
        self.ledger.add_exclusions([self.one])
        self.ledger.act_on_exclusions(self.ledger.exclusions_named(self.one.ref), APPROVAL)

    def run(self) -> list[Silenced | Ended]:
        found = announce(ledger=self.ledger, catalog=catalog(ACME), silences=self.silences, clock=self.clock)
        return list(found)


def test_announcing_again_changes_nothing_before_during_and_after() -> None:
    """Alertmanager begins what is made late when it is made: that is the same silence all the same."""
    world = World()
    assert [type(one) for one in world.run()] == [Silenced]
    for at in (START - 50, START + 30, START + 59, START + 60, START + 3600):
        world.clock.at = at
        assert world.run() == []
    assert len(world.silences.every) == 1


def test_one_that_was_approved_in_the_middle_is_silenced_from_then_on() -> None:
    """Once, and not anew at each turn."""
    world = World()
    world.clock.at = START + 30
    assert [len(world.run()) for _ in range(3)] == [1, 0, 0]


def test_a_withdrawal_ends_the_silence() -> None:
    """What nothing asks for any more is expired, once."""
    world = World()
    world.run()
    act = Act(
        state=ExclusionState.WITHDRAWN, actor="person:amina", at=START - 60, reason="no parts", from_at=START - 60
    )
    world.ledger.act_on_exclusions(world.ledger.exclusions_named(world.one.ref), act)
    assert [[type(one) for one in world.run()] for _ in range(2)] == [[Ended], []]
    assert world.silences.every == {}


def test_two_silences_of_one_exclusion_become_one() -> None:
    """Two runs at one time may make two."""
    world = World()
    world.run()
    world.silences.add(next(iter(world.silences.every.values())))
    assert [type(one) for one in world.run()] == [Ended]
    assert len(world.silences.every) == 1


def test_an_alertmanager_that_is_away_stops_no_approval_and_is_told_as_a_wait() -> None:
    """The approval stands, the wait begins once and ends with the silence."""
    world = World()
    world.silences.away = "connection refused"
    for _ in range(2):
        with pytest.raises(Unavailable, match="connection refused; silences are as they were"):
            world.run()
    (wait,) = world.ledger.waits(SUBJECT)
    assert (wait.reason, wait.since_at, wait.due_at - wait.since_at) == (
        "Alertmanager does not take silences",
        START - 100,
        300,
    )
    world.silences.away = ""
    assert [type(one) for one in world.run()] == [Silenced]
    assert world.ledger.waits(SUBJECT) == []


def test_a_silence_that_is_refused_costs_no_other_one() -> None:
    """It is told, and tried again; all others are made, and what nothing asks for any more ends."""
    world = World()
    two = replace(ACME, promises=(*ACME.promises, replace(ACME.promises[0], site="edge-2")))
    one = approved(exclusion(two))
    world.silences.refuses = "edge-1"
    stale = replace(wanted_silences([one], catalog(two), DAY)[1], comment="sankofa-observe exclusion of nothing")
    world.silences.add(stale)
    world.ledger.add_exclusions([one.exclusion])
    world.ledger.act_on_exclusions(world.ledger.exclusions_named(one.exclusion.ref), APPROVAL)
    done = announce(ledger=world.ledger, catalog=catalog(two), silences=world.silences, clock=world.clock)
    with pytest.raises(Unavailable, match=r"1 of 2 silences were refused, the first .*site=edge-1"):
        list(done)
    assert [dict(each.labels)["site"] for each in world.silences.every.values()] == ["edge-2"]
    assert world.ledger.waits(SUBJECT)


def test_nothing_waits_where_nothing_is_to_be_silenced() -> None:
    """An Alertmanager that is away holds up no silence then."""
    world = World()
    world.clock.at = START - AHEAD_SECONDS - 1000
    world.silences.away = "connection refused"
    with pytest.raises(Unavailable):
        world.run()
    assert world.ledger.waits(SUBJECT) == []
