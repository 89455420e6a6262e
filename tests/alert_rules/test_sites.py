"""Pages and states of single sites, played minute by minute in the real promtool: what fires, what stays, what is silent.

All sites are of one world, each in a tier and a region of its own, so that together they are no storm.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from sankofa_observe.telemetry import SITE_STATE, SYSTEM_STATE, State
from tests.alert_rules.world import Played, Target, World, over, play, written

pytestmark = pytest.mark.real("promtool")
MINUTES, FALL = 20, 6
WELL = over((MINUTES, "1"))
ENDS = over((FALL, "1"), (MINUTES - FALL, "0"))  # down, or not known, from minute 6 on
SPELL = over((FALL, "1"), (6, "0"), (8, "1"))  # from 6 to 12
GONE = over((FALL, "1"), (MINUTES - FALL, "_"))
LAST = MINUTES - 0.25
GOOD = {"a-1", "a-2", "a-3"}
DOUBT = ("stale", "empty", "unscraped", "unknown")


def target(
    site: str, system: str = "proxmox", *, known: str = WELL, up: str = WELL, scraped: str | None = None, name: str = ""
) -> Target:
    return Target(site=site, system=system, known=known, up=up, scraped=scraped, tier=site, region=site, name=name)


TARGETS = (
    *(target(site) for site in sorted(GOOD)),
    target("falls", up=SPELL),
    target("quarter-lost", "cloudflare", known=over((FALL, "1"), (14, "1 1 1 0")), up=ENDS),
    target("third-lost", "ceph", known=over((FALL, "1"), (14, "1 1 0")), up=ENDS),
    # Down at 6, not known from 8 to 13, and well after.
    target("unseen-down", known=over((8, "1"), (5, "0"), (7, "1")), up=over((FALL, "1"), (7, "0"), (7, "1"))),
    target("silent", "ceph", known=SPELL, up=SPELL, name="ceph-1"),
    target("namesake", "ceph", name="ceph-1"),
    target("stale", known=GONE, up=GONE, scraped=GONE), target("stale", "cloudflare"),
    target("empty", known=GONE, up=GONE), target("empty", "cloudflare"),
    target("unscraped", "ceph", known=GONE, up=GONE, scraped=ENDS), target("unscraped", "cloudflare"),
    target("unknown", "besu", known=ENDS, up=ENDS), target("unknown", "cloudflare"),
    target("all-down", "besu", up=ENDS), target("all-down", "ceph", up=ENDS), target("all-down", "cloudflare", up=ENDS),
    target("node-down", "besu", up=ENDS), target("node-down"),
)  # fmt: skip
ASKED = (5.75, 6.75, 7, 7.5, 7.75, 9, 12, 12.75, 13, 13.5, 13.75, 14, LAST)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    world = World(targets=TARGETS, minutes=MINUTES)
    return play(tmp_path_factory.mktemp("sites"), world, ASKED, (SITE_STATE, SYSTEM_STATE))


def fires(found: dict[float, set[str]], name: str) -> list[float]:
    """The minutes at which a page or ticket of the name fires."""
    return [at for at, names in found.items() if name in names]


def between(first: float, last: float) -> list[float]:
    return [at for at in ASKED if first <= at <= last]


def test_a_site_pages_once_it_was_seen_down_five_times_and_is_over_two_minutes_after_the_last(played: Played) -> None:
    """Down from 6:00 to 12:00: the fifth bad sample is of 7:00, the last one leaves the window at 13:45."""
    assert fires(played.of("falls"), "SiteDown falls") == between(7, 13.5)
    assert set().union(*played.of("falls").values()) == {"SiteDown falls"}


@pytest.mark.parametrize("site", ["quarter-lost", "third-lost"])
def test_a_verdict_lost_now_and_then_holds_up_no_page(played: Played, site: str) -> None:
    """R2: known 1 1 1 0 in turn pages within 3 minutes, and so does 1 1 0; it stays to the end."""
    assert fires(played.of(site), f"SiteDown {site}") in (between(7, LAST), between(7.5, LAST))


def test_a_page_stays_while_nobody_can_look_and_ends_on_evidence(played: Played) -> None:
    """No resolved in between, and one at the end: five samples up, and none down."""
    assert fires(played.of("unseen-down"), "SiteDown unseen-down") == between(7, 13.75)
    assert set().union(*played.of("unseen-down").values()) == {"SiteDown unseen-down"}


def test_a_site_that_nobody_sees_is_silent_and_not_down(played: Played) -> None:
    """R7: known 0 from 6:00 on pages SiteSilent within 2 minutes, and no ticket; a target of its name elsewhere is another one."""
    assert fires(played.of("silent"), "SiteSilent silent") == between(7.75, 12.75)
    assert played.of("silent")[9] == {"SiteSilent silent"}
    assert played.tickets_of("silent")[9] == set()
    assert played.series[SITE_STATE][9]["silent"] == State.NOT_KNOWN
    assert set().union(*played.of("namesake").values()) == set()


@pytest.mark.parametrize("site", DOUBT)
def test_a_system_that_is_not_seen_is_not_known_on_the_wall_and_a_ticket_within_three_minutes(
    played: Played, site: str
) -> None:
    """R6, R13: stale, answered without families, not scraped, said to be unknown: the site is not silent, and not good either."""
    assert set().union(*played.of(site).values()) == set()
    tickets = {
        at: [one for one in found if one.startswith("SystemNotKnown")] for at, found in played.tickets_of(site).items()
    }
    assert [len(tickets[at]) for at in (6.75, 9, LAST)] == [0, 1, 1]
    assert [played.series[SITE_STATE][at][site] for at in (5.75, 9, LAST)] == [
        State.GOOD, State.NOT_KNOWN, State.NOT_KNOWN,
    ]  # fmt: skip


def test_the_state_of_a_site_is_the_worst_of_all_its_systems(played: Played) -> None:
    """R1, R1b: every system counts, a Besu node as well; a site that has Ceph alone can be good."""
    assert {site: played.series[SITE_STATE][9][site] for site in ("all-down", "node-down", "unknown", "namesake")} == {
        "all-down": State.DOWN, "node-down": State.DOWN, "unknown": State.NOT_KNOWN, "namesake": State.GOOD,
    }  # fmt: skip
    assert {of: state for of, state in played.series[SYSTEM_STATE][9].items() if of.split()[0] in ("node-down", "unknown")} == {
        "node-down besu": State.DOWN, "node-down proxmox": State.GOOD,
        "unknown besu": State.NOT_KNOWN, "unknown cloudflare": State.GOOD,
    }  # fmt: skip


def test_a_node_that_is_down_wakes_nobody_by_itself(played: Played) -> None:
    """One page names all systems of a site, and none is of a site whose Besu node alone is down."""
    assert played.of("all-down")[9] == {"SiteDown all-down"}
    assert set().union(*played.of("node-down").values()) == set()


def test_a_ruler_that_is_late_tells_no_silence_and_still_what_is_down(tmp_path: Path) -> None:
    """R24: three evaluations in four are missed. What was seen to be down pages; that nobody was looking is no silence of a site."""
    missed = target("missed", known=GONE, up=GONE, scraped=GONE)
    world = World(targets=(missed, target("down", up=ENDS), *TARGETS[:3]), minutes=12)
    assert play(tmp_path, world, [10], evaluation_seconds=60).pages == {10: {"SiteDown down"}}
    assert play(tmp_path, world, [10]).pages == {10: {"SiteDown down", "SiteSilent missed"}}


def test_a_site_that_two_tellers_name_at_two_places_is_not_silent_where_it_is_seen(tmp_path: Path) -> None:
    """It was moved from `r1` to `r2`, and its exporter has not read that yet: tickets say that the two differ, and nobody is woken."""
    moved = Target(site="moved", system="proxmox", known=WELL, up=WELL)
    elsewhere = {**moved.labels, "region": "r2", "target": "moved-proxmox", "job": "sankofa-platform"}
    told = {written("sankofa_target_info", elsewhere): over((4, "_"), (MINUTES - 4, "1"))}
    played = play(tmp_path, World(targets=(moved,), minutes=MINUTES, told_by=("sankofa-exporter",), more=told), [8, 13])
    assert played.pages == {8: set(), 13: set()}
    assert played.tickets[13] == {"SystemNotKnown moved proxmox", "TargetsMissing moved proxmox"}


def test_an_observer_that_is_cut_off_explains_nothing_that_another_one_scrapes(tmp_path: Path) -> None:
    """Two observers have `both`, and the one that is left cannot know it: silent; what only the other one had is told by its own page."""
    lost = partial(Target, system="proxmox", known=GONE, up=GONE, scraped=ENDS, observer="observer-2")
    targets = (
        Target(site="both", system="proxmox", known=ENDS, up=ENDS),
        lost(site="both"),
        lost(site="behind"),
        Target(site="well", system="proxmox", known=WELL, up=WELL),
    )
    played = play(tmp_path, World(targets=targets, minutes=MINUTES), [9, LAST])
    told = {"ObserverIsolated observer-2", "SiteSilent both"}
    assert (played.pages, played.tickets) == ({9: told, LAST: told}, {9: set(), LAST: set()})
