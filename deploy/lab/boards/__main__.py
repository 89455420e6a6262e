"""Every board on real data, as Grafana's own libraries draw it: `python -m deploy.lab.boards [--serve] [--folder FOLDER]`.

A fleet of 325 sites answers as its exporters, a real Prometheus scrapes it and runs all rules. A good minute is drawn, and the middle of
a core outage that takes the edge sites of 20 metros along. With --serve the boards stay at an address and the fault stays on.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.alertmanager.render import render
from deploy.lab.boards.viewer import Source, bundle, page, photograph, served
from deploy.lab.boards.world import BoardFleet, BoardWorld
from deploy.lab.pace import measured
from deploy.lab.processes import LabError, Processes
from deploy.lab.storm.rig import Rig
from deploy.parts import CHECKOUT, PartsError, missing_programs
from sankofa_dashboards.queries import generated_boards
from sankofa_rules.book import documents
from sankofa_rules.pace import SCRAPE_SECONDS

PROGRAMS = ("prometheus", "prometheus-alertmanager", "node", "esbuild", "chromium")
FOLDER, PICTURES = CHECKOUT / ".boards", CHECKOUT / "docs" / "pictures" / "boards"
FASTER = 3.0  # than production, on a quiet machine
# Of production; states and rates need the first ones to begin.
WARM_SECONDS, WELL_SECONDS, OUTAGE_SECONDS = 120.0, 480.0, 300.0
TAKEN = 0.31  # of the metros: 20 of 65
MOMENTS = ("good", "outage")
SMALL = BoardFleet(core=5, regional=12, edge=60)
SITE = {"site": "core-0"}
CHOSEN: Mapping[str, Mapping[str, str]] = {"sk-site": SITE}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time worth a picture."""

    name: str
    at: float


@contextmanager
def lab(folder: Path, world: BoardWorld) -> Iterator[Rig]:
    """The rig over a fleet that is well."""
    with Processes(folder=folder) as processes:
        rig = Rig(processes=processes, world=world, rules=documents(), routes=render)
        try:
            rig.start()
            yield rig
        finally:
            rig.stop()


def outage(rig: Rig, world: BoardWorld) -> list[Moment]:
    """A good minute, and the middle of a core outage."""
    rig.run_for(WARM_SECONDS + WELL_SECONDS)
    good = time.time() - rig.seconds(SCRAPE_SECONDS)  # a scrape that had begun by now may be answered after the fault
    world.fail([SITE["site"], *world.fleet.edges_of_metros(range(int(TAKEN * world.fleet.regional)))])
    rig.run_for(OUTAGE_SECONDS)
    return [Moment(name=name, at=at) for name, at in zip(MOMENTS, (good, time.time()), strict=True)]


def source(rig: Rig) -> Source:
    return Source(
        prometheus=rig.url("prometheus"),
        scrape_seconds=rig.seconds(SCRAPE_SECONDS),
        range_seconds=rig.seconds(WELL_SECONDS),
        caption=f"lab, {_pace(rig)}",
    )


def draw(address: str, moments: Sequence[Moment], folder: Path) -> None:
    for moment in moments:
        for uid in generated_boards():
            picture = folder / f"{uid}-{moment.name}.png"
            photograph(page(address, uid, CHOSEN.get(uid, {}), moment.at), picture, FOLDER / "chromium")
            print(f"  {picture.name}  {picture.stat().st_size // 1024} kB", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all boards are drawn, 2 when something is missing to begin."""
    parser = argparse.ArgumentParser(prog="python -m deploy.lab.boards", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="draw nothing; keep the boards at an address until Ctrl-C")
    parser.add_argument("--small", action="store_true", help="a fleet of 77 sites, for a quick look")
    parser.add_argument("--folder", type=Path, default=PICTURES, help="where the pictures go")
    options = parser.parse_args(arguments)
    if missing := missing_programs(PROGRAMS):
        print(f"missing: {', '.join(missing)}; run: make setup TIER=boards", file=sys.stderr)
        return 2
    shutil.rmtree(FOLDER, ignore_errors=True)
    fleet = SMALL if options.small else BoardFleet()
    world = BoardWorld(fleet=fleet, factor=max(1.0, FASTER / max(1.0, measured().wall)))
    try:
        with lab(FOLDER, world) as rig:
            print(_waits(rig), flush=True)
            moments = outage(rig, world)
            with served(bundle(FOLDER / "viewer"), source(rig)) as address:
                if options.serve:
                    stay(rig, address)
                draw(address, moments, options.folder)
    except KeyboardInterrupt:
        return 0
    except (LabError, PartsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _waits(rig: Rig) -> str:
    well, fault = (round(rig.seconds(one)) for one in (WARM_SECONDS + WELL_SECONDS, OUTAGE_SECONDS))
    return (
        f"{len(rig.world.fleet.sites)} places run {_pace(rig)}: {well} s of good minutes, then {fault} s of the outage"
    )


def _pace(rig: Rig) -> str:
    return f"{rig.factor:.1f} times faster than in production" if rig.factor > 1 else "as fast as in production"


def stay(rig: Rig, address: str) -> None:
    print(f"Prometheus: {rig.url('prometheus')}")
    print(f"boards, drawn with Grafana's libraries and no Grafana: {address}/d/sk-fleet  (Ctrl-C ends)", flush=True)
    while not rig.processes.dead():
        time.sleep(1)
    raise LabError(f"{rig.processes.dead()[0].name} ended; its last lines:\n{rig.processes.dead()[0].tail()}")


if __name__ == "__main__":
    sys.exit(main())
