"""Chains and other faults of a system that page by themselves: when they begin, that they stay in doubt, and when they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_observe.telemetry import FAULT_SEEN
from tests.alert_rules.world import Target, World, firing, over, samples, written

pytestmark = pytest.mark.real("promtool")
MINUTES = 30
WELL = over((MINUTES, "1"))
HEAD = "sankofa_besu_head_timestamp_seconds"


def node(site: str, known: str = WELL) -> Target:
    return Target(site=site, system="besu", known=known, up=known, tier="regional")


def head(site: str, heads: str, network: str = "") -> dict[str, str]:
    labels = {
        "tier": "regional",
        "region": "r1",
        "site": site,
        "system": "besu",
        "job": "sankofa-besu",
        "instance": f"{site}-besu",
    }
    return {written(HEAD, {**labels, "observer": "observer-1", **({"network": network} if network else {})}): heads}


def grows(minutes: float, behind_seconds: int = 0, *, stands_at: float | None = None) -> str:
    """Heads of a chain that makes a block every 15 s, seen so much later, until it stands."""
    count = round((minutes if stands_at is None else stands_at) * 4)
    rest = round(minutes * 4) - count
    return " ".join(
        [*(str(15 * at - behind_seconds) for at in range(count)), *([str(15 * count - behind_seconds)] * rest)]
    )


def world(*parts: dict[str, str], nodes: tuple[Target, ...]) -> World:
    more: dict[str, str] = {}
    for part in parts:
        more |= part
    seen = tuple(Target(site=one.site, system="proxmox", known=WELL, up=WELL, tier="regional") for one in nodes)
    return World(targets=(*nodes, *seen), minutes=MINUTES, more=more)


def test_a_node_that_is_behind_is_no_stalled_chain_even_without_a_network_of_its_own(tmp_path: Path) -> None:
    """R8: two nodes without the label `network`, one of them 120 s behind, and then without any block: nobody is paged."""
    behind = world(
        head("a", grows(MINUTES)), head("b", grows(MINUTES, 120, stands_at=10)), nodes=(node("a"), node("b"))
    )
    assert firing(tmp_path, behind, [5, 12, 29]) == {5: set(), 12: set(), 29: set()}
    assert samples(tmp_path, behind, [FAULT_SEEN], [12]) == {
        (FAULT_SEEN, 12): [
            (
                {
                    "__name__": FAULT_SEEN, "fault": "BesuHeadStalled", "region": "all", "site": "chain", "system": "besu",
                    "tier": "core",
                },
                0,
            )
        ]
    }  # fmt: skip


def test_a_chain_that_stands_is_one_page_that_stays_while_nobody_can_look(tmp_path: Path) -> None:
    """It stands from 10:00; its nodes are not known from 14 to 20; blocks come again at 22."""
    heads = grows(22, stands_at=10) + " " + " ".join(str(15 * at) for at in range(88, 120))
    known = over((14, "1"), (6, "0"), (10, "1"))
    stalled = world(head("a", heads), head("b", heads), nodes=(node("a", known), node("b", known)))
    page = {"BesuHeadStalled chain"}
    assert firing(tmp_path, stalled, [10.5, 11, 13, 15, 19, 21, 23.5, 24.25]) == {
        10.5: set(), 11: page, 13: page, 15: page, 19: page, 21: page, 23.5: page, 24.25: set(),
    }  # fmt: skip


def test_the_age_of_a_head_does_not_grow_because_nobody_scrapes(tmp_path: Path) -> None:
    """R24: no sample for three minutes says nothing of the chain, nor does the first one after them."""
    gap = over((10, "1"), (3, "_"), (17, "1"))
    heads = " ".join("_" if 40 <= at < 52 else str(15 * at) for at in range(120))
    starved = world(head("a", heads, "mainland"), nodes=(node("a", gap),))
    fired = firing(tmp_path, starved, [at / 4 for at in range(40, 64)])
    assert set().union(*fired.values()) == set()


def test_chains_with_names_page_apart(tmp_path: Path) -> None:
    """One of two networks stands."""
    two = world(
        head("a", grows(MINUTES), "mainland"), head("b", grows(MINUTES, stands_at=10), "island"),
        nodes=(node("a"), node("b")),
    )  # fmt: skip
    assert firing(tmp_path, two, [12]) == {12: {"BesuHeadStalled island"}}


def test_capacity_is_not_foretold_from_less_than_a_day(tmp_path: Path) -> None:
    """R15: a young series that grows is silent, and one that has grown for a day is not."""
    labels = {
        "tier": "edge",
        "region": "r1",
        "system": "ceph",
        "job": "sankofa-ceph",
        "instance": "c",
        "observer": "observer-1",
    }

    def ceph(site: str, first: int) -> dict[str, str]:
        """62 % of 1,000 from the minute `first` on, growing by 4 % a day."""
        step = 40 / (24 * 60)
        young = f"_x{first - 1} " if first else ""
        count = 25 * 60 - first
        own = labels | {"site": site}
        return {
            written("sankofa_ceph_known", own): f"{young}1x{count}",
            written("sankofa_ceph_capacity_bytes", own): f"{young}1000x{count}",
            written("sankofa_ceph_capacity_used_bytes", own): f"{young}780+{step:.6f}x{count}",
        }

    played = World(targets=(), minutes=25 * 60, more=ceph("old", 0) | ceph("young", 23 * 60))
    short = firing(
        tmp_path, played, [2 * 60, 25 * 60 - 1], severity="ticket", files=("ceph.yaml",), interval_seconds=60
    )
    assert short == {2 * 60: set(), 25 * 60 - 1: {"CephCapacityShort old"}}
