"""The main job, end to end, on real parts: an outage at an edge site becomes a service credit.

`python -m deploy.lab.demo` starts the lab, takes the site down for a known time, and follows the datum from scrape to
credit. It ends with 0 only if the credit equals the one worked out by hand from the outage, the evidence verifies, the page was
delivered, the chain stayed quick and every board has data. With --keep everything stays up until Ctrl-C.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys

import httpx
from rich.console import Console

from deploy.lab import report, story
from deploy.lab.byhand import ByHand, work_out
from deploy.lab.outcome import disagreements, follow
from deploy.lab.processes import LabError, Processes
from deploy.lab.stack import SLOT_SECONDS, Lab
from deploy.lab.story import Plan, Story
from deploy.parts import CHECKOUT, missing_programs

PLAN = Plan(period_seconds=90, down_after_seconds=22.5, down_seconds=35, lead_seconds=14)
FEE_MINOR, CAP_PERCENT = 125_000, 50  # the example agreement's, for the sum by hand
PROGRAMS = ("prometheus", "prometheus-alertmanager", "anvil", "fakepve")
FOLDER = CHECKOUT / ".demo"
WIDTH = 110  # where the output goes to a file


def by_hand(told: Story) -> ByHand:
    return work_out(
        down_at=told.down_at,
        up_at=told.up_at,
        starts_at=told.starts_at,
        period_seconds=told.plan.period_seconds,
        slot_seconds=SLOT_SECONDS,
        fee_minor=FEE_MINOR,
        cap_percent=CAP_PERCENT,
    )


def play(console: Console, *, keep: bool) -> int:
    if missing := list(missing_programs(PROGRAMS)):
        console.print(f"missing: {', '.join(missing)}; run: make setup", style="red")
        return 2
    shutil.rmtree(FOLDER, ignore_errors=True)
    with Processes(folder=FOLDER) as processes:
        told = Story(lab=Lab(processes=processes), plan=PLAN, console=console)
        for act in (story.start, story.agree, story.serve, story.live):
            act(told)
        outcome, expected = follow(told), by_hand(told)
        wrong = disagreements(outcome, expected)
        report.show(told, outcome, expected)
        if keep:
            report.addresses(told)
        for line in wrong:
            console.print(f"DISAGREES  {line}", style="red", markup=False)
        if not wrong:
            console.print(f"credit = expected: {report.money(outcome.credit['amount'])}", highlight=False)
        if keep:
            signal.pause()
        return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description="An outage at an edge site becomes a service credit.")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    arguments = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job starts with Ctrl-C ignored
        signal.signal(number, signal.default_int_handler)
    try:
        return play(console, keep=arguments.keep)
    except KeyboardInterrupt:
        console.print("stopped; every part has ended")
        return 130
    except (LabError, httpx.HTTPError) as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1


if __name__ == "__main__":
    sys.exit(main())
