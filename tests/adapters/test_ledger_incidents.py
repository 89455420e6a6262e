"""Incidents on every kind of ledger: what is told again is no record, and what says something new is one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from itertools import permutations
from pathlib import Path
from threading import Barrier

import pytest

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.ports import Ledger
from sankofa_observe.scope import OPERATOR, of_tenant
from sankofa_observe.sla.incident import Incident, IncidentState
from tests.adapters.ledgers import SQL_KINDS, sql_ledger
from tests.builders import START, incident
from tests.pace import limit

FIRING = incident()
RESOLVED = replace(FIRING, state=IncidentState.RESOLVED, ended_at=START + 90)
AT = START + 1000


@pytest.fixture
def ledger(any_ledger: Ledger) -> Ledger:
    return any_ledger


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


def test_an_end_under_another_start_ends_what_is_open_and_one_that_is_older_does_not(ledger: Ledger) -> None:
    """Two Prometheus say two starts of one alert; what ended before it began is of another time."""
    open_since = incident(minute=5)
    ledger.add_incident(open_since, AT)
    old = replace(FIRING, state=IncidentState.RESOLVED, ended_at=START + 299)
    ledger.add_incident(old, AT)
    assert revisions(ledger, open_since) == [open_since]
    later = replace(incident(minute=4), state=IncidentState.RESOLVED, ended_at=START + 400)
    ledger.add_incident(later, AT)
    assert revisions(ledger, open_since)[1:] == [
        replace(open_since, state=IncidentState.REPLACED, ended_at=START + 400)
    ]


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


def test_incidents_that_are_told_together_are_as_if_told_one_by_one(ledger: Ledger) -> None:
    """What stands already, what is new, two starts and an end of one alert."""
    ledger.add_incident(FIRING, AT)
    later = incident(minute=5)
    added = ledger.add_incidents([FIRING, RESOLVED, RESOLVED, later, incident("edge-2")], AT)
    assert added == [False, True, False, True, True]
    assert (revisions(ledger, FIRING), revisions(ledger, later)) == ([FIRING, RESOLVED], [later])
    assert ledger.add_incidents([FIRING, later], AT) == [True, True]
    assert [revisions(ledger, one)[-1].state for one in (FIRING, later)] == ["replaced", "firing"]


def test_of_incidents_that_are_told_together_none_is_stored_where_one_cannot_be(tmp_path: Path) -> None:
    """Whoever told them tells them again one by one."""
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        no_text = incident("edge-2", labels={"alertname": "SiteDown", "site": "a\0"})
        with pytest.raises(InvalidInput, match="without NUL"):
            ledger.add_incidents([FIRING, no_text], AT)
        assert ledger.incidents_named(FIRING.id) == []


def test_what_is_told_again_takes_no_turn_from_whoever_writes(tmp_path: Path) -> None:
    """A scheduler that writes for a minute keeps no repetition waiting: only what is new is told again later."""
    file = tmp_path / "ledger.sqlite"
    with (
        closing(SqlLedger(f"sqlite:///{file}")) as ledger,
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        ledger.add_incident(FIRING, AT)
        other.execute("BEGIN IMMEDIATE")
        assert ledger.add_incidents([FIRING] * 3, AT) == [False] * 3


ROUNDS, RECEIVERS = 20, 4


@pytest.mark.parametrize("kind", SQL_KINDS)
def test_receivers_that_are_told_at_one_instant_store_each_thing_once_and_leave_one_open(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Alertmanagers tell several receivers, each with a connection of its own: of one alert some say one start, and some another."""
    with ExitStack() as opened:
        first = opened.enter_context(sql_ledger(kind, request, tmp_path))
        url = first._database.engine.url.render_as_string(hide_password=False)
        ledgers = [first, *(opened.enter_context(closing(SqlLedger(url))) for _ in range(RECEIVERS - 1))]
        at_once = Barrier(RECEIVERS, timeout=limit(30))

        def tell(number: int) -> None:
            for turn in range(ROUNDS):
                at_once.wait()
                one = incident(f"edge-{turn}", minute=5 * (number % 2))
                _told_again(partial(ledgers[number].add_incident, one, AT))

        with ThreadPoolExecutor(RECEIVERS) as pool:
            list(pool.map(tell, range(RECEIVERS)))
        found = {
            turn: sorted(
                record.now.state
                for minute in (0, 5)
                for record in first.incidents_named(incident(f"edge-{turn}", minute=minute).id)
            )
            for turn in range(ROUNDS)
        }
    assert [found[turn] for turn in range(ROUNDS)] == [["firing", "replaced"]] * ROUNDS


def _told_again(store: Callable[[], bool]) -> bool:
    """As Alertmanager does after a 503."""
    for _ in range(50):
        with suppress(Unavailable):
            return store()
    raise AssertionError("never stored")
