"""The main job, end to end, on real parts: an outage at an edge site becomes a service credit.

`python -m deploy.lab.demo` starts the lab, takes the site down for a known time, and follows the datum from scrape to
credit. It ends with 0 only if the credit equals the one worked out by hand from the outage, the evidence verifies, the page was
delivered, the chain stayed quick and every board has data. With --keep everything stays up until Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Console

from deploy.lab import report, story
from deploy.lab.byhand import ByHand, work_out
from deploy.lab.pager import Page
from deploy.lab.processes import CHECKOUT, LabError, Processes, missing_programs
from deploy.lab.stack import SLOT_SECONDS, Lab
from deploy.lab.story import Plan, Story

PLAN = Plan(period_seconds=90, down_after_seconds=22.5, down_seconds=35, lead_seconds=14)
FEE_MINOR, CAP_PERCENT = 125_000, 50  # the example agreement's, for the sum by hand
PROGRAMS = ("prometheus", "prometheus-alertmanager", "anvil", "fakepve")
PAGE = "PveQuorumLost"
FOLDER = CHECKOUT / ".demo"
WIDTH = 110  # where the output goes to a file


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the platform says came of it, read as the tenant reads it."""

    verdicts: list[dict[str, Any]]
    settlement: dict[str, Any]
    credit: dict[str, Any]
    evidence: dict[str, Any]
    verified: str
    page: Page | None
    empty_panels: list[str]


def follow(told: Story) -> Outcome:
    """Wait for verdict, settlement and credit, and read everything back."""
    verdicts, settlements = f"/v1/agreements/{told.agreement_id}/verdicts", "/v1/settlements"
    told.wait("judging", lambda: len(told.as_tenant(verdicts).json()["items"]) == story.PROMISES, 40)
    told.say(
        "judged: " + ", ".join(one["slo"] + " " + one["verdict"] for one in told.as_tenant(verdicts).json()["items"])
    )
    told.wait("attesting and reporting", lambda: _state(told, settlements) in {"reported", "final"}, 40)
    told.say("2 of 3 attestors signed, the third is away; reported on chain, the dispute window is open")
    told.wait("dispute window", lambda: _state(told, settlements) == "final", 60)
    credit = told.wait("granting the credit", lambda: told.as_tenant("/v1/credits").json()["items"], 20)[0]
    told.say("final; the credit is granted")
    settlement = told.as_tenant(settlements).json()["items"][0]
    raw = told.as_tenant(f"{settlements}/{settlement['settlement_id']}/evidence").content
    file = told.lab.folder / "evidence.json"
    file.write_bytes(raw)
    verified = story.attempt("sankofa-observe", "verify", str(file), "--rpc", told.lab.url("chain")).stdout.strip()
    return Outcome(
        verdicts=told.as_tenant(verdicts).json()["items"],
        settlement=settlement,
        credit=credit,
        evidence=json.loads(raw),
        verified=verified.rpartition(": ")[2],
        page=told.lab.pager.first("/page", PAGE),
        empty_panels=report.empty_panels(told.lab),
    )


def _state(told: Story, path: str) -> str:
    items = told.as_tenant(path).json()["items"]
    return items[0]["state"] if items else ""


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


def disagreements(outcome: Outcome, expected: ByHand) -> list[str]:
    """Everything that is not as it must be; empty when the demo holds."""
    edge = next(one for one in outcome.verdicts if one["slo"] == "availability-edge")
    query = next(one for one in outcome.verdicts if one["slo"] == "latency-chain-query")
    claims = {
        "edge verdict": (edge["verdict"], "breach"),
        "edge slots good, bad, unknown": (
            [edge["good"], edge["bad"], edge["unknown"]],
            [expected.slots - expected.bad, expected.bad, 0],
        ),
        "chain query verdict": (query["verdict"], "met"),
        "settlement state": (outcome.settlement["state"], "final"),
        "credit": (outcome.credit["amount"]["amount_minor"], expected.credit_minor),
        "evidence": (outcome.verified.startswith("all "), True),
        "page delivered": (outcome.page is not None, True),
        "panels without data": (outcome.empty_panels, []),
    }
    return [f"{what}: {seen!r}, expected {wanted!r}" for what, (seen, wanted) in claims.items() if seen != wanted]


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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
