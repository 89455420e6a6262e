"""Up, down or unknown: the decision table of one witness, and how two are joined."""

from __future__ import annotations

import itertools

import pytest

from sankofa_exporters.ceph.snapshot import Pgs, Reports, pgs_of, serves
from sankofa_exporters.ceph.verdict import Service, joined, judge, silent
from sankofa_exporters.probe.source import Verdict

WHOLE = Pgs(total=8, serving=8, redundant=8, unknown=0)
THIN = Pgs(total=8, serving=8, redundant=0, unknown=0)
BROKEN = Pgs(total=8, serving=7, redundant=7, unknown=0)
UNTOLD = Pgs(total=8, serving=6, redundant=6, unknown=2)
WELL = Service(pgs=[WHOLE], blocked=False, quorate=True)
PAUSED = Service(pgs=[WHOLE], blocked=True, quorate=True)


@pytest.mark.parametrize(
    ("service", "verdict"),
    [
        (WELL, Verdict.UP),
        (Service(pgs=[THIN, WHOLE], blocked=False, quorate=True), Verdict.UP),
        (Service(pgs=[WHOLE, BROKEN], blocked=False, quorate=True), Verdict.DOWN),
        (Service(pgs=[BROKEN, UNTOLD], blocked=None, quorate=None), Verdict.DOWN),
        (PAUSED, Verdict.DOWN),
        (Service(pgs=None, blocked=True, quorate=None), Verdict.DOWN),
        (Service(pgs=[WHOLE], blocked=False, quorate=False), Verdict.DOWN),
        (Service(pgs=[UNTOLD], blocked=False, quorate=True), Verdict.UNKNOWN),
        (Service(pgs=[WHOLE], blocked=None, quorate=True), Verdict.UNKNOWN),
        (Service(pgs=[WHOLE], blocked=False, quorate=None), Verdict.UNKNOWN),
        (Service(pgs=None, blocked=False, quorate=True), Verdict.UNKNOWN),
        (Service(pgs=[], blocked=False, quorate=True), Verdict.UNKNOWN),
    ],
)
def test_service_is_judged_by_what_is_known_to_be_broken(service: Service, verdict: Verdict) -> None:
    """One broken thing is down whatever else is unknown; one unknown thing among good ones is unknown."""
    assert judge(service) is verdict


def test_up_needs_every_part_to_be_known_and_good() -> None:
    """Over all combinations: up only for whole pools, not blocked, in quorum."""
    for pgs, blocked, quorate in itertools.product(
        (None, [], [WHOLE], [BROKEN], [UNTOLD], [WHOLE, UNTOLD]), (True, False, None), (True, False, None)
    ):
        up = judge(Service(pgs=pgs, blocked=blocked, quorate=quorate)) is Verdict.UP
        assert up == (pgs == [WHOLE] and blocked is False and quorate is True)


@pytest.mark.parametrize(
    ("rest", "mgr", "old", "verdict"),
    [
        (WELL, PAUSED, False, Verdict.UP),
        (PAUSED, WELL, False, Verdict.DOWN),
        (None, WELL, False, Verdict.UP),
        (None, PAUSED, False, Verdict.DOWN),
        (Service(pgs=None, blocked=False, quorate=True), WELL, False, Verdict.UNKNOWN),
        (None, None, False, Verdict.UNKNOWN),
        (WELL, WELL, True, Verdict.UNKNOWN),
        (PAUSED, PAUSED, True, Verdict.UNKNOWN),
        (None, WELL, True, Verdict.UNKNOWN),
    ],
)
def test_dashboard_goes_first_and_proof_of_age_last(
    *, rest: Service | None, mgr: Service | None, old: bool, verdict: Verdict
) -> None:
    """The dashboard's word counts where it has one, the mgr's where it has none, nobody's when all is known to be old."""
    assert joined(rest, mgr, old=old) is verdict


@pytest.mark.parametrize(
    ("ages", "verdict"),
    [
        ((0.0, 1.0, 2.0), False),
        ((0.0, 1.0, 99.0), False),
        ((0.0, 99.0, 99.0), True),
        ((99.0, 99.0, 99.0), True),
        ((None, None, None), True),
        ((0.0, None), False),
        ((-1.0, -1.0), False),
        ((-99.0, -99.0), True),
        ((), False),
    ],
)
def test_osds_are_silent_when_fewer_than_half_reported(*, ages: tuple[float | None, ...], verdict: bool) -> None:
    """A report from the future is none; no OSD up is another matter, which the PGs tell."""
    assert silent(Reports(listed=3, ages=ages), 30) is verdict


def test_osds_that_were_not_asked_are_not_silent() -> None:
    """Silence is proof of age only where somebody listened."""
    assert silent(None, 30) is False


@pytest.mark.parametrize(
    ("state", "serving"),
    [
        ("active+clean", True),
        ("active+undersized+degraded", True),
        ("active+clean+scrubbing+deep", True),
        ("active+recovery_unfound+degraded", True),
        ("active+laggy", True),
        ("stale+active+clean", False),
        ("peering", False),
        ("remapped+peering", False),
        ("undersized+degraded+peered", False),
        ("down", False),
        ("incomplete", False),
        ("unknown", False),
        ("activating", False),
        ("active+wait", False),
        ("", False),
    ],
)
def test_pg_serves_when_it_is_active_and_heard_of(*, state: str, serving: bool) -> None:
    """By the words of its state, not by their text: activating is not active."""
    assert serves(state) is serving


@pytest.mark.parametrize(
    ("states", "expected", "pgs"),
    [
        ({"active+clean": 8}, 8, WHOLE),
        ({"active+undersized+degraded": 8}, 8, THIN),
        ({"active+clean": 7, "peering": 1}, 8, BROKEN),
        ({"active+clean": 6, "unknown": 2}, 8, UNTOLD),
        ({"active+clean": 6}, 8, UNTOLD),
        ({"active+clean": 8}, 4, WHOLE),
        ({}, 0, Pgs(total=0, serving=0, redundant=0, unknown=0)),
    ],
    ids=["clean", "undersized", "peering", "unknown", "too few", "splitting", "none"],
)
def test_pgs_without_a_report_are_unknown_and_not_lost(states: dict[str, int], expected: int, pgs: Pgs) -> None:
    """A mgr that has just taken over calls PGs unknown, or has fewer than the map."""
    assert pgs_of(states, expected=expected) == pgs
