"""`python -m deploy.lab.storm DRILL`: one fault in a fleet of 77 sites, on a real Prometheus and a real Alertmanager.

Prints each page as it arrives, with the seconds since the fault as production would count them, until the drill's own page is there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from deploy.alertmanager.render import render
from deploy.lab.processes import Processes
from deploy.lab.storm.drills import DRILLS, Drill
from deploy.lab.storm.fleet import SMALL
from deploy.lab.storm.rig import Rig
from deploy.lab.storm.world import World
from sankofa_rules.book import documents

FACTOR = 5
WARM_SECONDS = 330  # silence means something after discovery had its time
PATIENCE_SECONDS = 900


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.lab.storm", description=__doc__)
    parser.add_argument("drill", choices=DRILLS)
    parser.add_argument("--factor", type=float, default=FACTOR, help="how many times faster than production")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="storm-") as folder, Processes(folder=Path(folder)) as processes:
        world = World(fleet=SMALL, factor=asked.factor)
        rig = Rig(processes=processes, world=world, rules=documents(), routes=render)
        try:
            play(rig, DRILLS[asked.drill])
        finally:
            rig.stop()


def play(rig: Rig, drill: Drill) -> None:
    rig.start()
    print(
        f"a fleet of {len(SMALL.sites)} sites begins; in {rig.seconds(WARM_SECONDS):.0f} s it is known well", flush=True
    )
    rig.run_for(WARM_SECONDS)
    begun, shown = time.time(), 0
    drill.begin(rig)

    def arrived() -> bool:
        nonlocal shown
        pages = rig.told(since=begun)
        for page in pages[shown:]:
            print(f"{(page.at - begun) * rig.factor:5.0f} s  {page}", flush=True)
        shown = len(pages)
        return any(page.name == drill.page for page in pages)

    rig.until(arrived, PATIENCE_SECONDS)


if __name__ == "__main__":
    main()
