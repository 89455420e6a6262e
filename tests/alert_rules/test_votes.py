"""Several observers of one target in one Prometheus, played in the real promtool: who is down, who is not known, and who is paged.

All sites are of one world, each in a tier and a region of its own, so that together they are no storm.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sankofa_observe.telemetry import SITE_STATE, SYSTEM_KNOWN_TARGETS, SYSTEM_UP_TARGETS, TARGET_EXPECTED, State
from tests.alert_rules.world import Played, Target, World, over, play

pytestmark = pytest.mark.real("promtool")
MINUTES, FALL, BACK = 20, 6, 12
WELL = over((MINUTES, "1"))
SPELL = over((FALL, "1"), (BACK - FALL, "0"), (MINUTES - BACK, "1"))
LONGER = over((FALL, "1"), (9, "0"), (MINUTES - FALL - 9, "1"))
EARLIER = over((FALL, "1"), (3, "0"), (MINUTES - FALL - 3, "1"))
FLAPS = over((FALL, "1"), (6, "0 1 0"), (8, "1"))
ASKED = (5.75, 6.75, 7, 9, 11.75, 13.5, 13.75, 14, 16.5, 16.75, MINUTES - 0.25)


def seen(site: str, *ups: str, known: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """One target of a site, as each observer shows it."""
    one = Target(site=site, system="ceph", known=WELL, up=WELL, tier=site, region=site)
    return tuple(
        replace(one, up=up, known=known[at] if known else WELL, observer=f"observer-{at + 1}")
        for at, up in enumerate(ups)
    )


WORLD = World(
    targets=(
        *seen("agreed", SPELL, SPELL),
        *seen("differs", SPELL, WELL),
        *seen("flaps-for-one", FLAPS, WELL),
        *seen("one-is-blind", SPELL, SPELL, known=(WELL, SPELL)),
        *seen("two-of-three", SPELL, SPELL, WELL),
        *seen("one-of-three", SPELL, WELL, WELL),
        *seen("agreed-at-first", EARLIER, LONGER),
        *seen("well", WELL, WELL),
    ),
    minutes=MINUTES,
)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    series = (SITE_STATE, TARGET_EXPECTED, SYSTEM_KNOWN_TARGETS, SYSTEM_UP_TARGETS)
    return play(tmp_path_factory.mktemp("votes"), WORLD, ASKED, series)


def between(first: float, last: float) -> list[float]:
    return [at for at in ASKED if first <= at <= last]


PAGED = {
    "agreed": between(7, 13.5),
    "one-is-blind": between(7, 13.5),
    "two-of-three": between(7, 13.5),
    "agreed-at-first": between(7, 16.5),
}


@pytest.mark.parametrize("site", sorted({one.site for one in WORLD.targets}))
def test_a_site_pages_where_more_observers_say_down_than_up_and_as_soon_as_with_one(played: Played, site: str) -> None:
    """The fifth bad sample is of 7:00, whoever else looks. A page ends when nobody has said down for two minutes."""
    pages = played.of(site)
    assert [at for at in ASKED if pages[at]] == PAGED.get(site, [])
    assert set().union(*pages.values()) == ({f"SiteDown {site}"} if site in PAGED else set())


@pytest.mark.parametrize("site", ["differs", "one-of-three"])
def test_observers_that_differ_make_a_site_not_known_and_a_ticket(played: Played, site: str) -> None:
    """Not down and not good, and not counted as known or up, while they differ; good again afterwards."""
    states = {at: played.series[SITE_STATE][at][site] for at in ASKED}
    assert states == {at: State.NOT_KNOWN if 7 <= at < 13 else State.GOOD for at in ASKED}
    counted = [played.series[one][9].get(f"{site} ceph") for one in (SYSTEM_KNOWN_TARGETS, SYSTEM_UP_TARGETS)]
    assert counted == [None, None]
    assert {at for at in ASKED if played.tickets_of(site)[at]} == {9, 11.75}


def test_a_target_is_expected_once_however_many_observe_it(played: Played) -> None:
    assert played.series[TARGET_EXPECTED][9] == {f"{one.site} ceph": 1 for one in WORLD.targets}


def test_sites_of_which_one_observer_says_down_and_another_up_are_no_storm(tmp_path: Path) -> None:
    """Six of a tier and a region, at one instant: an observer that lies is no outage of the fleet, and hides no later one."""
    end = 16
    lied, fallen = over((4, "1"), (end - 4, "0")), over((12, "1"), (end - 12, "0"))
    well = over((end, "1"))

    def site(name: str, *ups: str) -> list[Target]:
        one = Target(site=name, system="ceph", known=well, up=well)
        return [replace(one, up=up, observer=f"observer-{at + 1}") for at, up in enumerate(ups)]

    targets = [one for at in range(6) for one in site(f"lied-{at}", lied, well)]
    targets += [one for at in range(6) for one in site(f"falls-{at}", fallen, fallen)]
    targets += [one for at in range(30) for one in site(f"well-{at}", well, well)]
    played = play(tmp_path, World(targets=tuple(targets), minutes=end), [11.75, 12.75, 14])
    assert played.pages == {11.75: set(), 12.75: set(), 14: {"FleetDown edge"}}
