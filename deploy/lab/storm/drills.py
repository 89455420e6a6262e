"""One fault for each page, by the name that its runbook gives the drill.

They lie at different sites of the small fleet, so that all but the last four can be begun at once and none explains another. The
others take something away that many sites stand on: edge sites with a core site, an observer, the platform, Prometheus itself.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from deploy.lab.storm.exposition import Look
from deploy.lab.storm.fleet import OBSERVERS, SMALL
from deploy.lab.storm.rig import Rig
from deploy.lab.storm.world import PLATFORM

DOWN, BLIND = (Look.DOWN,), (Look.UNKNOWN,)
TWO_OF_THREE = (Look.DOWN, Look.DOWN, Look.UNKNOWN)
THREE_THREE = (Look.DOWN,) * 3 + (Look.UP,) * 3
ONE_OF_FOUR = (Look.DOWN, Look.UP, Look.UP, Look.UP)  # each minute is bad, and the site is not down
SILENT, LOST, BURNING, UNFOUND, GIVEN_UP = "edge-7", "edge-8", "edge-10", "regional-9", "edge-6"
CORE, METROS, REGION = "core-0", range(3), "metro-11"
STALLED_SECONDS = 1800  # of the settlement chain, before it pages
STOPPED_SECONDS = 75  # five evaluations are missed


@dataclass(frozen=True, kw_only=True)
class Drill:
    """What is done to the world, and the page that must come of it."""

    page: str
    begin: Callable[[Rig], None]
    alone: bool = False  # it would explain the others, or they it


def _lose_core(rig: Rig) -> None:
    rig.world.set([CORE, *SMALL.edges_of_metros(METROS)], DOWN)


def _revoke(rig: Rig) -> None:
    """Of tunnels alone, at sites that have no fault of their own."""
    faulty = {SILENT, LOST, BURNING, GIVEN_UP, *SMALL.of(region=REGION)}
    tunnels = [name for name, site in SMALL.sites.items() if "cloudflare" in site.systems and name not in faulty]
    rig.world.set(tunnels, BLIND, "cloudflare")


def _stall_chain(rig: Rig) -> None:
    rig.world.stalled_at = time.time()


def _stall_settlement(rig: Rig) -> None:
    """It stands for as long as it may already."""
    rig.world.settlement_stalled_at = time.time() - rig.seconds(STALLED_SECONDS)


def _fork(rig: Rig) -> None:
    rig.world.forked = True


def _hold(rig: Rig) -> None:
    rig.world.held = 1


def _break(rig: Rig) -> None:
    rig.world.broken += 1


def starve(rig: Rig) -> None:
    """Prometheus gets no CPU for a while, and then misses what it should have evaluated."""
    pid = rig.children["prometheus"].process.pid
    os.killpg(pid, signal.SIGSTOP)
    rig.run_for(STOPPED_SECONDS)
    os.killpg(pid, signal.SIGCONT)


DRILLS = {
    "site-down": Drill(page="SiteDown", begin=lambda rig: rig.world.set([LOST], DOWN)),
    "site-silent": Drill(page="SiteSilent", begin=lambda rig: rig.world.set([SILENT], BLIND)),
    "region-lost": Drill(page="RegionDown", begin=lambda rig: rig.world.set(SMALL.of(region=REGION), DOWN)),
    "credentials-revoked": Drill(page="FleetNotKnown", begin=_revoke),
    "slow-burn": Drill(page="SloBurn", begin=lambda rig: rig.world.set([BURNING], ONE_OF_FOUR)),
    "chain-stalled": Drill(page="BesuHeadStalled", begin=_stall_chain),
    "chain-forked": Drill(page="BesuChainForked", begin=_fork),
    "objects-unfound": Drill(page="CephObjectsUnfound", begin=lambda rig: rig.world.unfound.add(UNFOUND)),
    "ha-failed": Drill(page="PveHaServiceFailed", begin=lambda rig: rig.world.given_up.add(GIVEN_UP)),
    "settlement-held": Drill(page="SettlementHeld", begin=_hold),
    "settlement-chain-stalled": Drill(page="SettlementChainStalled", begin=_stall_settlement),
    "invariant-broken": Drill(page="InvariantBroken", begin=_break),
    "core-storm": Drill(page="FleetDown", begin=_lose_core, alone=True),
    "observer-dead": Drill(page="ObserverIsolated", begin=lambda rig: rig.world.close(OBSERVERS[1]), alone=True),
    "platform-dead": Drill(page="PlatformDown", begin=lambda rig: rig.world.close(PLATFORM), alone=True),
    "ruler-late": Drill(page="RulerLate", begin=starve, alone=True),
}
