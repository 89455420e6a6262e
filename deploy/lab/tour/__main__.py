"""Three promises of three tiers break in three ways, on real sources: three tenants are owed three credits, planned work costs nothing.

`python -m deploy.lab.tour` ends with 0 only if each credit, read with its tenant's key, is what follows from the times of the
faults alone. What can no longer come is told at once, with 1; what is missing to begin at all, with 2.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rich.console import Console

from deploy.lab.demo import CannotBegin, alone, on_stage
from deploy.lab.pace import measured
from deploy.lab.processes import Processes
from deploy.lab.story import Story
from deploy.lab.tour import acts, report, result
from deploy.lab.tour.acts import Tour
from deploy.lab.tour.cast import plan_for
from deploy.lab.tour.stage import Stage
from deploy.parts import CHECKOUT, missing_programs

PROGRAMS = (
    "prometheus", "anvil", "haproxy", "nginx", "prometheus-nginx-exporter", "snmpd", "prometheus-snmp-exporter",
    "prometheus-blackbox-exporter",
)  # fmt: skip
FOLDER = CHECKOUT / ".tour"
ACTS = (acts.start, acts.agree, acts.serve, acts.ready, acts.announce, acts.live)


def play(console: Console, folder: Path, *, look: Callable[[], None]) -> int:
    if missing := list(missing_programs(PROGRAMS)):
        raise CannotBegin(f"missing: {', '.join(missing)}; run: make setup TIER=test")
    with alone(folder), Processes(folder=folder, look=look) as processes:
        stage = Stage(processes=processes, plan=plan_for(measured().wall))
        with closing(stage):
            tour = Tour(stage=stage, shared=Story(lab=stage, console=console))
            tour.shared.say(
                f"this machine's pace is {measured().wall:.1f} (1 is a quiet one of two cores): a scrape each "
                f"{stage.plan.scrape_seconds} s, {stage.plan.slots} slots of {stage.plan.slot_seconds} s"
            )
            for act in ACTS:
                look()
                act(tour)
            return tell(tour)


def tell(tour: Tour) -> int:
    """What came of it, and what of that is not as it must be; the exit code."""
    results = result.follow(tour)
    wrong = result.disagreements(tour, results)
    report.show(tour, results)
    for line in wrong:
        tour.shared.console.print(f"DISAGREES  {line}", style="red", markup=False)
    if not wrong:
        tour.shared.console.print(report.result(results), highlight=False)
    return 1 if wrong else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="tour", description="Three tiers break in three ways; planned work costs nothing."
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where everything is written; emptied first")
    options = parser.parse_args(arguments)
    return on_stage(lambda console, look: play(console, options.folder.resolve(), look=look))


if __name__ == "__main__":
    sys.exit(main())
