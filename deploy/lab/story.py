"""What happens in the lab: the parts start, two parties agree, a period passes with an outage, its consequences follow.

The demo tells it with a period of 90 seconds, the end-to-end test with a shorter one; both are settings of the agreement. Every
act is done as its actor would do it: with the project's own commands, or with the API and a tenant's key.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from deploy.lab.processes import LabError
from deploy.lab.stack import BIN, SLOT_SECONDS, TENANT, Lab

AGREEMENT = "baobab-edge"
PROMETHEUS = ("prometheus", "prometheus-tenant")
PROMISES = 2  # the agreement's: edge availability and chain query latency


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The period and the outage in it, in seconds; the outage begins and ends inside slots, so which it touched is clear."""

    period_seconds: int
    down_after_seconds: float
    down_seconds: float
    lead_seconds: int  # from agreeing to the first slot: deployment and four transactions at a block a second


@dataclass(kw_only=True)
class Story:
    """What happened, as it happened."""

    lab: Lab
    plan: Plan
    console: Console
    starts_at: int = 0
    down_at: float = 0
    up_at: float = 0
    contract: dict[str, Any] = field(default_factory=dict)
    agreement_id: str = ""
    api_key: str = field(default="", repr=False)

    @property
    def ends_at(self) -> int:
        return self.starts_at + self.plan.period_seconds

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{time.strftime('%H:%M:%S', time.gmtime())}[/]  {text}", highlight=False)

    def as_tenant(self, path: str) -> httpx.Response:
        """What the tenant sees with its key."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx.get(self.lab.url("api") + path, headers=headers, timeout=10, trust_env=False)
        answer.raise_for_status()
        return answer

    def wait(self, what: str, ready: Callable[[], Any], seconds: float) -> Any:
        """Wait for something to be so, with a bar; a child that dies meanwhile ends the story at once."""
        started = time.monotonic()
        columns = (
            TextColumn("          {task.description}"),
            BarColumn(bar_width=40),
            TextColumn("{task.completed:.0f} s"),
        )
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as progress:
            task = progress.add_task(what, total=seconds)
            while not (found := ready()):
                for child in self.lab.processes.dead():
                    raise LabError(f"{child.name}: ended while {what}; its last lines:\n{child.tail()}")
                passed = time.monotonic() - started
                if passed > seconds:
                    raise LabError(f"{what}: not so after {seconds:g} s; logs are in {self.lab.folder / 'logs'}")
                progress.update(task, completed=passed)
                time.sleep(0.2)
        return found

    def wait_until(self, at: float, what: str) -> None:
        left = at - time.time()
        if left > 0:
            self.wait(what, lambda: time.time() >= at, left + 5)


def start(story: Story) -> None:
    """Start everything between the site and Alertmanager."""
    lab = story.lab
    lab.start_site()
    story.say("fakepve: an edge site's Proxmox cluster, 3 nodes, 6 guests")
    lab.start_chain()
    story.say("anvil: a free-gas chain, a block a second")
    lab.start_exporters()
    story.say("sankofa-exporter proxmox, sankofa-exporter besu")
    lab.start_monitoring()
    story.say("Alertmanager; Prometheus of the provider and of the tenant")
    story.wait("waiting for first samples", lambda: all(_scraped(lab, one) for one in PROMETHEUS), 30)


def _scraped(lab: Lab, prometheus: str) -> bool:
    return len(lab.query("sankofa_pve_up == 1 or sankofa_besu_up == 1", of=prometheus)) == PROMISES


def agree(story: Story) -> None:
    """Both parties put the same terms on chain; attestors, sender and tenant get their keys."""
    lab, plan = story.lab, story.plan
    story.starts_at = -(-int(time.time() + plan.lead_seconds) // SLOT_SECONDS) * SLOT_SECONDS
    lab.make_accounts()
    specs = lab.write_specs(starts_at=story.starts_at, period_seconds=plan.period_seconds)
    attestors = [part for n in (1, 2, 3) for part in ("--attestor", lab.accounts[f"attestor-{n}"].address)]
    reporter = lab.accounts["sender"].address
    deployed = on_chain(lab, "admin", "deploy", *attestors, "--threshold", "2", "--reporter", reporter)
    story.contract = json.loads(deployed)
    story.say(f"SLA contract {story.contract['contract']}; 2 of 3 attestors must sign")
    shared = (AGREEMENT, "--contract", story.contract["contract"], "--specs", str(specs))
    story.agreement_id = on_chain(lab, "provider", "propose", *shared).split()[-1]
    on_chain(lab, "tenant", "accept", *shared)
    story.say(f"agreement {AGREEMENT}: proposed by sankofa-cloud, accepted by {TENANT}")
    keys_file = str(lab.folder / "api-keys.yaml")
    story.api_key = command("sankofa-observe", "keys", "new", "--tenant", TENANT, "--file", keys_file).strip()
    lab.write_settings(story.contract)


def serve(story: Story) -> None:
    for part in ("scheduler", "api"):
        story.lab.start_platform(part)
    story.say("scheduler and API")


def live(story: Story) -> None:
    """One period: quiet, an outage of known length, quiet again."""
    lab, plan = story.lab, story.plan
    story.wait_until(story.starts_at, "waiting for the period to begin")
    story.say(f"the period begins: {plan.period_seconds} s in slots of {SLOT_SECONDS} s")
    story.wait_until(story.starts_at + plan.down_after_seconds, "all is well")
    story.down_at = time.time()
    lab.switch_site("quorum/lost")
    story.say("[red]the site's cluster loses quorum[/]")
    story.wait_until(story.down_at + plan.down_seconds, "the site is down")
    lab.switch_site("quorum/restored")
    story.up_at = time.time()
    story.say("[green]quorum is back[/]")
    story.wait_until(story.ends_at, "all is well again")
    story.say("the period ends")


def on_chain(lab: Lab, role: str, verb: str, *arguments: str) -> str:
    """A chain command as one of the parties."""
    key = ("--keystore", str(lab.folder / "keys" / f"{role}.json"))
    password = ("--password-file", str(lab.folder / "keys" / f"{role}.password"))
    return command("sankofa-observe", "chain", verb, "--rpc", lab.url("chain"), *key, *password, *arguments)


def command(program: str, *arguments: str) -> str:
    """Run one of our own commands; what it printed, or `LabError` with what it complained of."""
    done = attempt(program, *arguments)
    if done.returncode:
        raise LabError(f"{program} {' '.join(arguments[:2])}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def attempt(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of our own commands that may fail."""
    return subprocess.run([str(BIN / program), *arguments], capture_output=True, text=True, check=False)
