"""Chains and other faults of a system that page by themselves: when they begin, that they stay in doubt, and when they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_observe.telemetry import FAULT_SEEN
from tests.alert_rules.world import Played, Target, World, over, play, samples, written

pytestmark = pytest.mark.real("promtool")
MINUTES = 18
WELL = over((MINUTES, "1"))
HEAD = "sankofa_besu_head_timestamp_seconds"
OBSERVED = {"observer": "observer-1"}


def node(site: str, heads: str, network: str = "", known: str = WELL) -> tuple[Target, dict[str, str]]:
    """A node of a chain, and its heads; beside it, the site has what is always well."""
    labels = {"tier": "regional", "region": site, "site": site, "system": "besu", "job": "sankofa-besu"}
    named = {"network": network} if network else {}
    target = Target(site=site, system="besu", known=known, up=known, tier="regional", region=site)
    return target, {written(HEAD, {**labels, "instance": f"{site}-besu", **OBSERVED, **named}): heads}


def heads(minutes: float = MINUTES, *, behind: int = 0, stands: tuple[float, float] = (MINUTES, MINUTES)) -> str:
    """A block every 15 s, seen so many seconds later; none is made between the two minutes of `stands`."""
    first, last = (round(4 * at) for at in stands)
    return " ".join(str(15 * (first if first <= at < last else at) - behind) for at in range(round(4 * minutes)))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    gap = over((6, "1"), (3, "_"), (MINUTES - 9, "1"))
    blind = over((9, "1"), (3, "0"), (MINUTES - 12, "1"))
    starved = " ".join("_" if 24 <= at < 36 else value for at, value in enumerate(heads().split()))
    nodes = (
        node("ahead", heads()), node("behind", heads(behind=120, stands=(6, MINUTES))),
        node("stands", heads(stands=(6, 13)), "island", blind), node("stands-too", heads(stands=(6, 13)), "island", blind),
        node("runs", heads(), "mainland"), node("starved", starved, "starved", gap),
    )  # fmt: skip
    well = tuple(
        Target(site=one.site, system="ceph", known=WELL, up=WELL, tier="regional", region=one.site) for one, _ in nodes
    )
    more = {name: values for _, shown in nodes for name, values in shown.items()}
    world = World(targets=(*(one for one, _ in nodes), *well), minutes=MINUTES, more=more)
    return play(tmp_path_factory.mktemp("chains"), world, [at / 4 for at in range(4 * MINUTES)])


def test_a_node_that_is_behind_is_no_stalled_chain_even_without_a_network_of_its_own(played: Played) -> None:
    """R8: two nodes without the label `network`, one of them 120 s behind, and then without any block: nobody is paged."""
    assert set().union(*played.of("chain").values()) == set()


def test_a_chain_that_stands_is_one_page_that_stays_while_nobody_can_look(played: Played) -> None:
    """It stands from 6:00; its nodes are not known from 9 to 12; blocks come again at 13. Another network is left alone."""
    page = "BesuHeadStalled island"
    fires = [at for at, found in played.pages.items() if page in found]
    assert (fires[0], fires[-1], len(fires)) == (7, 14.5, 31)
    assert set().union(*played.pages.values()) == {page}


def test_the_age_of_a_head_does_not_grow_because_nobody_scrapes(played: Played) -> None:
    """R24: no sample for three minutes says nothing of the chain, nor does the first one after them."""
    assert set().union(*played.of("starved").values()) == set()


def test_nodes_without_a_network_are_seen_as_one_chain(tmp_path: Path) -> None:
    """What a rule sees of them has one name, and the constants of a chain."""
    target, shown = node("a", heads(3))
    world = World(targets=(target,), minutes=3, more=shown)
    assert samples(tmp_path, world, [FAULT_SEEN], [2]) == {
        (FAULT_SEEN, 2): [
            (
                {
                    "__name__": FAULT_SEEN, "fault": "BesuHeadStalled", "region": "all", "site": "chain", "system": "besu",
                    "tier": "core",
                },
                0,
            )
        ]
    }  # fmt: skip


def test_capacity_is_not_foretold_from_less_than_a_day(tmp_path: Path) -> None:
    """R15: a young series that grows is silent, and one that has grown for a day is not."""
    labels = {"tier": "edge", "region": "r1", "system": "ceph", "job": "sankofa-ceph", "instance": "c", **OBSERVED}

    def ceph(site: str, first: int) -> dict[str, str]:
        """78 % of 1,000 from the minute `first` on, growing by 4 % a day; a sample each five minutes."""
        young, count = f"_x{first // 5 - 1} " if first else "", (25 * 60 - first) // 5
        own = labels | {"site": site}
        return {
            written("sankofa_ceph_known", own): f"{young}1x{count}",
            written("sankofa_ceph_capacity_bytes", own): f"{young}1000x{count}",
            written("sankofa_ceph_capacity_used_bytes", own): f"{young}780+{5 * 40 / (24 * 60):.6f}x{count}",
        }

    world = World(targets=(), minutes=25 * 60, more=ceph("old", 0) | ceph("young", 23 * 60))
    short = play(tmp_path, world, [2 * 60, 25 * 60 - 5], files=("ceph.yaml",), interval_seconds=300)
    assert short.tickets == {2 * 60: set(), 25 * 60 - 5: {"CephCapacityShort old"}}
