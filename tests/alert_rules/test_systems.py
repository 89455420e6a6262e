"""Systems follow from the exporters' registry: by which families each is judged, and that a new one is watched by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sankofa_exporters.model.family import Family, pairs
from sankofa_exporters.registry import SYSTEM_NAMES
from sankofa_observe.telemetry import SITE_STATE, SYSTEM_STATE, State
from sankofa_rules import now
from sankofa_rules.pace import SCRAPE_SECONDS, Pace
from sankofa_rules.systems import PART_OF_A_SITE, WatchedSystem, watched_systems
from tests.alert_rules.world import Target, World, over, play

MINUTES = 9
WELL = over((MINUTES, "1"))
FALLS = over((4, "1"), (MINUTES - 4, "0"))


def test_every_system_of_the_registry_is_watched_by_the_families_of_whole_targets() -> None:
    """Known and up of a target; what is known of its parts (a pool, a witness, a guest) judges no target."""
    assert tuple(one.name for one in watched_systems()) == SYSTEM_NAMES
    assert {one.name: one.pairs for one in watched_systems()} == {
        "besu": (("sankofa_besu_known", "sankofa_besu_up"), ("sankofa_besu_network_known", "sankofa_besu_network_up")),
        "canary": (("sankofa_canary_known", "sankofa_canary_up"),),
        "ceph": (("sankofa_ceph_known", "sankofa_ceph_up"),),
        "cloudflare": (("sankofa_tunnel_known", "sankofa_tunnel_up"),),
        "proxmox": (("sankofa_pve_known", "sankofa_pve_up"),),
    }


def test_a_pair_is_of_families_without_labels() -> None:
    """A known without its up, and one of a part, are no pair."""
    families = [
        Family(name="sankofa_x_known", help="A sentence."),
        Family(name="sankofa_x_up", help="A sentence."),
        Family(name="sankofa_x_disk_known", help="A sentence.", labels=("disk",)),
        Family(name="sankofa_x_disk_up", help="A sentence.", labels=("disk",)),
        Family(name="sankofa_x_peers_known", help="A sentence."),
    ]
    assert pairs(families) == (("sankofa_x_known", "sankofa_x_up"),)


def test_a_system_that_nobody_can_judge_is_refused() -> None:
    """No pair of families, no state: the generation names the system and what it lacks."""
    with pytest.raises(ValueError, match="system pods: expected families <name>_known and <name>_up"):
        WatchedSystem(name="pods", pairs=())


def test_who_is_a_part_of_a_site_is_a_system_and_has_a_reason() -> None:
    assert set(PART_OF_A_SITE) <= set(SYSTEM_NAMES)
    assert all(PART_OF_A_SITE.values())


@pytest.mark.real("promtool")
def test_a_new_system_is_on_the_wall_and_pages_without_a_line_of_its_own(tmp_path: Path) -> None:
    """A sixth one with its two families: its state, its site's state, SiteDown and its name follow."""
    pods = WatchedSystem(name="pods", pairs=(("sankofa_pods_known", "sankofa_pods_up"),))
    rules = tmp_path / "state.yaml"
    groups = now.groups(SCRAPE_SECONDS, (*watched_systems(), pods))
    rules.write_text(yaml.safe_dump({"groups": [group.document() for group in groups]}))
    world = World(
        targets=(
            Target(site="a", system="pods", known=WELL, up=FALLS),
            Target(site="b", system="pods", known=FALLS, up=FALLS),
            Target(site="b", system="ceph", known=WELL, up=WELL),
        ),
        minutes=MINUTES,
    )
    played = play(tmp_path, world, [8], (SYSTEM_STATE, SITE_STATE), (str(rules),))
    assert played.series[SYSTEM_STATE][8] == {"a pods": State.DOWN, "b pods": State.NOT_KNOWN, "b ceph": State.GOOD}
    assert played.series[SITE_STATE][8] == {"a": State.DOWN, "b": State.NOT_KNOWN}
    assert played.pages[8] == {"SiteDown a"}


def test_a_lab_looks_back_over_as_many_scrapes_as_production() -> None:
    """Windows are scrapes: at one a second, 2 minutes of production are 8 s, and the memory of 15 minutes is one."""
    assert (Pace().sure, Pace().quick, Pace().was("x")) == ("119s999ms", "44s999ms", "(last_over_time(x[15m]) == 1)")
    lab = Pace(scrape_seconds=1)
    assert (lab.sure, lab.quick, lab.was("x")) == ("7s999ms", "2s999ms", "(last_over_time(x[1m]) == 1)")
