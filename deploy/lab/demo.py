"""The main job, end to end, on real parts: an outage at an edge site becomes a service credit.

`python -m deploy.lab.demo` starts the lab, takes the site down for a known time, and follows the datum from scrape to
credit. It ends with 0 only if the credit equals the one worked out by hand from the outage, the evidence verifies, the page was
delivered and the chain stayed quick. With --keep everything stays up until Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from deploy.lab import report
from deploy.lab.byhand import ByHand, work_out
from deploy.lab.pager import Page
from deploy.lab.processes import CHECKOUT, LabError, Processes, missing_programs
from deploy.lab.stack import BIN, SLOT_SECONDS, TENANT, Lab

PERIOD_SECONDS = 90
LEAD_SECONDS = 14  # from agreeing to the first slot: deployment and four transactions at a block a second
DOWN_AFTER_SECONDS, DOWN_SECONDS = 22.5, 35.0  # begins and ends inside a slot, so it is clear which slots it touched
FEE_MINOR, CAP_PERCENT = 125_000, 50
PROGRAMS = ("prometheus", "prometheus-alertmanager", "anvil")
PAGE = "PveQuorumLost"
FOLDER = CHECKOUT / ".demo"


@dataclass(kw_only=True)
class Story:
    """What happened, as it happened."""

    lab: Lab
    console: Console
    starts_at: int = 0
    down_at: float = 0
    up_at: float = 0
    contract: dict[str, Any] = field(default_factory=dict)
    agreement_id: str = ""
    api_key: str = field(default="", repr=False)

    @property
    def ends_at(self) -> int:
        return self.starts_at + PERIOD_SECONDS

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{time.strftime('%H:%M:%S')}[/]  {text}", highlight=False)

    def as_tenant(self, path: str) -> httpx.Response:
        """What a tenant sees with its key."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx.get(self.lab.url("api") + path, headers=headers, timeout=10, trust_env=False)
        answer.raise_for_status()
        return answer

    def wait(self, what: str, ready: Callable[[], Any], seconds: float) -> Any:
        """Wait for something to be so, with a bar; a child that dies meanwhile ends the demo at once."""
        deadline = time.monotonic() + seconds
        columns = (
            TextColumn("          {task.description}"),
            BarColumn(bar_width=40),
            TextColumn("{task.completed:.0f} s"),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(what, total=seconds)
            while not (found := ready()):
                for child in self.lab.processes.dead():
                    raise LabError(f"{child.name}: ended while {what}; its last lines:\n{child.tail()}")
                if time.monotonic() > deadline:
                    raise LabError(f"{what}: not so after {seconds:g} s; logs are in {self.lab.folder / 'logs'}")
                progress.update(task, completed=seconds - (deadline - time.monotonic()))
                time.sleep(0.2)
        return found

    def wait_until(self, at: float, what: str) -> None:
        self.wait(what, lambda: time.time() >= at, max(at - time.time(), 0) + 5)


def start(story: Story) -> None:
    lab = story.lab
    lab.start_site()
    story.say("fakepve: an edge site's Proxmox cluster, 3 nodes, 6 guests")
    lab.start_chain()
    story.say("anvil: a free-gas chain, a block a second")
    lab.start_exporters()
    story.say("sankofa-exporter proxmox, sankofa-exporter besu")
    lab.start_monitoring()
    story.say("Alertmanager; Prometheus of the provider and of the tenant")
    story.wait("waiting for first samples", lambda: _scraped(lab), 30)


def _scraped(lab: Lab) -> bool:
    found = lab.query("sankofa_pve_up == 1 or sankofa_besu_up == 1")
    return len(found) == len(("edge", "replica"))


def agree(story: Story) -> None:
    """Both parties put the same terms on chain; attestors, sender and tenant get their keys."""
    lab = story.lab
    story.starts_at = -(-int(time.time() + LEAD_SECONDS) // SLOT_SECONDS) * SLOT_SECONDS
    lab.make_accounts()
    specs = lab.write_specs(starts_at=story.starts_at, period_seconds=PERIOD_SECONDS)
    attestors = [part for n in (1, 2, 3) for part in ("--attestor", lab.accounts[f"attestor-{n}"].address)]
    reporter = lab.accounts["sender"].address
    deployed = chain(lab, "admin", "deploy", *attestors, "--threshold", "2", "--reporter", reporter)
    story.contract = json.loads(deployed)
    story.say(f"SLA contract {story.contract['contract']}, 2 of 3 attestors must sign")
    shared = ("baobab-edge", "--contract", story.contract["contract"], "--specs", str(specs))
    story.agreement_id = chain(lab, "provider", "propose", *shared).split()[-1]
    chain(lab, "tenant", "accept", *shared)
    story.say("agreement baobab-edge: proposed by sankofa-cloud, accepted by baobab")
    keys_file = str(lab.folder / "api-keys.yaml")
    story.api_key = run("sankofa-observe", "keys", "new", "--tenant", TENANT, "--file", keys_file).strip()
    lab.write_settings(story.contract)
    lab.start_platform("scheduler")
    lab.start_platform("api")
    story.say("scheduler and API")


def chain(lab: Lab, role: str, command: str, *arguments: str) -> str:
    """A chain command as one of the parties."""
    key = ("--keystore", str(lab.folder / "keys" / f"{role}.json"))
    password = ("--password-file", str(lab.folder / "keys" / f"{role}.password"))
    return run("sankofa-observe", "chain", command, "--rpc", lab.url("chain"), *key, *password, *arguments)


def run(program: str, *arguments: str, may_fail: bool = False) -> str:
    done = subprocess.run([str(BIN / program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode and not may_fail:
        raise LabError(f"{program} {' '.join(arguments[:2])}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def live(story: Story) -> None:
    """One period: quiet, an outage of known length, quiet again."""
    lab = story.lab
    story.wait_until(story.starts_at, "waiting for the period to begin")
    story.say(f"period begins: {PERIOD_SECONDS} s in slots of {SLOT_SECONDS} s")
    story.wait_until(story.starts_at + DOWN_AFTER_SECONDS, "all is well")
    story.down_at = time.time()
    lab.switch_site("quorum/lost")
    story.say("[red]the site's cluster loses quorum[/]")
    story.wait_until(story.starts_at + DOWN_AFTER_SECONDS + DOWN_SECONDS, "the site is down")
    lab.switch_site("quorum/restored")
    story.up_at = time.time()
    story.say("[green]quorum is back[/]")
    story.wait_until(story.ends_at, "all is well again")
    story.say("period ends")


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


def follow(story: Story) -> Outcome:
    """Wait for verdict, settlement and credit, and read everything back."""
    path = f"/v1/agreements/{story.agreement_id}/verdicts"
    story.wait("judging", lambda: len(story.as_tenant(path).json()["items"]) == len(("edge", "chain")), 40)
    story.say("judged: one breach, one met")
    settlements = "/v1/settlements"
    story.wait("attesting and reporting", lambda: _state(story, settlements) in {"reported", "final"}, 40)
    story.say("2 of 3 attestors signed; reported on chain; the dispute window is open")
    story.wait("dispute window", lambda: _state(story, settlements) == "final", 60)
    credit = story.wait("granting the credit", lambda: story.as_tenant("/v1/credits").json()["items"], 20)[0]
    story.say("final; the credit is granted")
    settlement = story.as_tenant(settlements).json()["items"][0]
    raw = story.as_tenant(f"{settlements}/{settlement['settlement_id']}/evidence").content
    file = story.lab.folder / "evidence.json"
    file.write_bytes(raw)
    verified = run("sankofa-observe", "verify", str(file), "--rpc", story.lab.url("chain"), may_fail=True)
    return Outcome(
        verdicts=story.as_tenant(path).json()["items"],
        settlement=settlement,
        credit=credit,
        evidence=json.loads(raw),
        verified=verified.strip().rpartition(": ")[2],
        page=story.lab.pager.first("/page", PAGE),
        empty_panels=report.empty_panels(story.lab),
    )


def _state(story: Story, path: str) -> str:
    items = story.as_tenant(path).json()["items"]
    return items[0]["state"] if items else ""


def disagreements(outcome: Outcome, expected: ByHand) -> list[str]:
    """Everything that is not as it must be; empty when the demo holds."""
    edge = next(one for one in outcome.verdicts if one["slo"] == "availability-edge")
    query = next(one for one in outcome.verdicts if one["slo"] == "latency-chain-query")
    claims = {
        "edge verdict": (edge["verdict"], "breach"),
        "edge slots good/bad/unknown": (
            (edge["good"], edge["bad"], edge["unknown"]),
            (expected.slots - expected.bad, expected.bad, 0),
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
        lab = Lab(processes=processes)
        story = Story(lab=lab, console=console)
        for act in (start, agree, live):
            act(story)
        outcome = follow(story)
        expected = work_out(
            down_at=story.down_at,
            up_at=story.up_at,
            starts_at=story.starts_at,
            period_seconds=PERIOD_SECONDS,
            slot_seconds=SLOT_SECONDS,
            fee_minor=FEE_MINOR,
            cap_percent=CAP_PERCENT,
        )
        wrong = disagreements(outcome, expected)
        report.show(story, outcome, expected)
        for line in wrong:
            console.print(f"DISAGREES  {line}", style="red", markup=False)
        if not wrong:
            amount = report.money(outcome.credit["amount"])
            console.print(f"credit = expected: {amount}", highlight=False)
        if keep:
            report.addresses(story)
            signal.pause()
        return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    arguments = parser.parse_args()
    console = Console()
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
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.exit(main())
