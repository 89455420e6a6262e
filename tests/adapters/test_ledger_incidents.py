"""Incidents on every kind of ledger: what is told again is no record, and what says something new is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from sankofa_observe.ports import Ledger
from sankofa_observe.scope import OPERATOR, of_tenant
from sankofa_observe.sla.incident import Incident, IncidentState
from sankofa_observe.testing import MemoryLedger
from tests.adapters.ledgers import SQL_KINDS, sql_ledger
from tests.builders import START, incident

FIRING = incident()
RESOLVED = replace(FIRING, state=IncidentState.RESOLVED, ended_at=START + 90)
AT = START + 1000


@pytest.fixture(params=["memory", *SQL_KINDS])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    with sql_ledger(request.param, request, tmp_path) as opened:
        yield opened


def revisions(ledger: Ledger, one: Incident) -> list[Incident]:
    (found,) = ledger.incidents_named(one.id)
    return list(found.revisions)


def test_an_incident_told_ten_times_is_one_record_and_its_end_another(ledger: Ledger) -> None:
    """Only what is new is added; it is read as it was told, by its id or 16 digits of it."""
    added = [ledger.add_incident(one, AT) for one in (*[FIRING] * 10, *[RESOLVED] * 10)]
    assert added == [True, *[False] * 9, True, *[False] * 9]
    assert revisions(ledger, FIRING) == [FIRING, RESOLVED]
    named = {
        name: len(ledger.incidents_named(name)) for name in (FIRING.ref, FIRING.ref[:15], "", "x", digits_of_none())
    }
    assert named == {FIRING.ref: 1, FIRING.ref[:15]: 0, "": 0, "x": 0, digits_of_none(): 0}


def digits_of_none() -> str:
    return "f" * 16


def test_an_end_without_a_beginning_is_kept(ledger: Ledger) -> None:
    """What began while nobody listened has an end all the same."""
    assert ledger.add_incident(RESOLVED, AT)
    assert revisions(ledger, FIRING) == [RESOLVED]


def test_what_ended_and_fires_again_from_the_same_start_is_open_again(ledger: Ledger) -> None:
    """Alertmanager ends what it does not hear of for a while, and the same alert comes back: it had not ended."""
    for one in (FIRING, RESOLVED, FIRING):
        assert ledger.add_incident(one, AT)
    assert [one.state for one in revisions(ledger, FIRING)] == ["firing", "resolved", "firing"]


@pytest.mark.parametrize("minutes", list(permutations((0, 5, 9))), ids=str)
def test_an_alert_fires_once_at_a_time(ledger: Ledger, minutes: tuple[int, ...]) -> None:
    """Whatever end was never told: of all its incidents one is open, and another alert's is left alone."""
    other = incident("edge-2")
    ledger.add_incident(other, AT)
    for minute in minutes:
        ledger.add_incident(incident(minute=minute), AT)
    states = [ledger.incidents_named(incident(minute=minute).id)[0].now.state for minute in minutes]
    assert states == ["replaced", "replaced", "firing"]
    assert revisions(ledger, other) == [other]


def test_incidents_are_listed_by_when_they_began_and_in_pages(ledger: Ledger) -> None:
    """Of all places or of one; a tenant sees none, for none belongs to it alone."""
    every = [incident(f"edge-{number % 2}", minute=number) for number in (3, 1, 2)]
    for one in every:
        ledger.add_incident(one, AT)
    reads = ledger.read(OPERATOR)
    first = reads.incidents(limit=2)
    second = reads.incidents(limit=2, after=first.next)
    assert [one.now.started_at for one in (*first.items, *second.items)] == [START + 60, START + 120, START + 180]
    assert second.next is None
    assert [one.now.id for one in reads.incidents("edge-0").items] == [every[2].id]
    assert ledger.read(of_tenant("acme")).incidents().items == ()
