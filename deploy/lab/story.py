"""What happens in the lab: the parts start, two parties agree, a period passes with an outage, its consequences follow.

The demo tells it with a period of 90 seconds, the end-to-end test with a shorter one; both are settings of the agreement. Every
act is done as its actor would do it: with the project's own commands, or with the API and a tenant's key. What has to be so
before the next act is waited for, whatever time it takes; only the moments of the outage are set by the clock, and what is
told of them are the times at which they came.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from deploy.lab import children
from deploy.lab.attestors import AT_WORK
from deploy.lab.byhand import Switched
from deploy.lab.client import local
from deploy.lab.pace import measure, measured
from deploy.lab.plan import SHORTEST_OUTAGE_SECONDS, Plan
from deploy.lab.processes import LabError
from deploy.lab.stack import BIN, EDGE, REPLICA, TENANT, Lab
from sankofa_observe.errors import Unavailable
from sankofa_rules.systems import PLATFORM_JOB

AGREEMENT = "baobab-edge"
PROMETHEUS = ("prometheus", "prometheus-tenant")
Promise = tuple[str, str]  # SLO and site
AVAILABILITY: Promise = ("availability-edge", EDGE)
LATENCY: Promise = ("latency-chain-query", REPLICA)
SITES = 2  # whose first samples are waited for
LOOK_SECONDS = 0.2
SERVE_SECONDS = 4  # scheduler and API together, from start to first answer, at pace 1
NEVER = Switched(before=0, after=0)


@dataclass(kw_only=True)
class Story:
    """What happened, as it happened."""

    lab: Lab
    console: Console
    promises: tuple[Promise, ...] = (AVAILABILITY, LATENCY)  # of the agreement; what follows is told of the first
    anchor_at: int = 0  # where the agreement's first period begins
    starts_at: int = 0  # where the period of the story begins: the first that began after all was ready
    down: Switched = NEVER
    up: Switched = NEVER
    contract: dict[str, Any] = field(default_factory=dict)
    agreement_id: str = ""
    api_key: str = field(default="", repr=False)
    started_by: int = field(default_factory=os.getppid)

    @property
    def plan(self) -> Plan:
        return self.lab.plan

    @property
    def ends_at(self) -> int:
        return self.starts_at + self.plan.period_seconds

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{clock(time.time())}[/]  {text}", highlight=False, soft_wrap=True)

    def as_tenant(self, path: str) -> httpx.Response:
        """What the tenant sees with its key."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        patience = self.lab.patience_seconds
        answer = local.get(self.lab.url("api") + path, headers=headers, timeout=patience)
        answer.raise_for_status()
        return answer

    def items(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.as_tenant(f"{path}?limit=500{after}").json()
            found += page["items"]
            if page.get("next_cursor") is None:  # of what has no pages, there is none
                return found
            after = f"&cursor={page['next_cursor']}"

    def wait(
        self,
        what: str,
        ready: Callable[[], Any],
        seconds: float,
        *,
        hopeless: Callable[[], str] = lambda: "",
        seen: Callable[[], str] = lambda: "",
    ) -> Any:
        """Wait for something to be so, with a bar; ends at once when a child died, or who started us,
        or `hopeless` has a reason.

        `seconds` is the last resort, for pace 1; its message says what was `seen` last.
        """
        limit, started = measured().limit(seconds), time.monotonic()
        with self._bar(what, limit) as progress:
            while not (found := _patiently(ready)):
                self.stop_if_dead(what)
                if reason := _patiently(hopeless):
                    raise LabError(f"{what}: this cannot come any more: {reason}")
                passed = time.monotonic() - started
                if passed > limit:
                    last = _patiently(seen) or "nothing"
                    raise LabError(
                        f"{what}: not so after {limit:.0f} s; seen last: {last}; logs: {self.lab.folder}/logs"
                    )
                progress.update(progress.task_ids[0], completed=passed)
                time.sleep(LOOK_SECONDS)
        return found

    def wait_until(self, at: float, what: str) -> None:
        """Wait for a time of the clock, to the moment."""
        started = time.time()
        with self._bar(what, at - started) as progress:
            while (left := at - time.time()) > 0:
                self.stop_if_dead(what)
                progress.update(progress.task_ids[0], completed=time.time() - started)
                time.sleep(min(LOOK_SECONDS, left))

    def _bar(self, what: str, total: float) -> Progress:
        columns = (
            TextColumn("          {task.description}"),
            BarColumn(bar_width=40),
            TextColumn("{task.completed:.0f} s"),
        )
        shown = self.console.is_terminal
        progress = Progress(*columns, console=self.console, transient=True, disable=not shown)
        progress.add_task(what, total=total)
        return progress

    def stop_if_dead(self, what: str) -> None:
        self.lab.processes.look()
        if os.getppid() != self.started_by:
            raise LabError(f"who started this (process {self.started_by}) ended while {what}")
        for child in self.lab.processes.dead():
            raise LabError(f"{child.name}: ended while {what}; its last lines:\n{child.tail()}")


def clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(at))


def _patiently(ready: Callable[[], Any]) -> Any:
    """What is asked may be too busy to answer, or say so itself; it is asked again."""
    try:
        return ready()
    except (httpx.TransportError, Unavailable):
        return None
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise
        return None


SIGNINGS = 4  # tries, each with more time for both parties than the one before
TOO_LATE = ("its first period begins at", "the offer was open until", "SLAProposalExpired", "to be accepted before")


def start(story: Story) -> None:
    """Start everything between the site and Alertmanager."""
    lab = story.lab
    lab.start_site()
    story.say("fakepve: an edge site's Proxmox cluster, 3 nodes, 6 guests")
    lab.start_chain()
    story.say("anvil: a free-gas chain, a block a second")
    lab.start_exporters()
    story.say("sankofa-exporter proxmox and besu: the provider's, and the tenant's own")
    lab.start_monitoring()
    story.say("Alertmanager; Prometheus of the provider and of the tenant")


def agree(story: Story) -> None:
    """Both parties put the same terms on chain; attestors, sender and tenant get their keys."""
    lab = story.lab
    lab.make_accounts()
    with ThreadPoolExecutor(1) as beside:
        key = beside.submit(new_key, lab, TENANT)
        began = time.monotonic()
        deploy(story)
        took = time.monotonic() - began
        story.api_key = key.result()
    sign(story, took)
    story.say(f"agreement {AGREEMENT}: proposed by sankofa-cloud, accepted by {TENANT}")
    lab.write_settings(story.contract)


def sign(story: Story, took: float) -> None:
    """The terms are accepted before their first period begins: where a machine was too slow for its guess, they begin later."""
    for attempt in range(1, SIGNINGS + 1):
        story.anchor_at = story.starts_at = anchor(story.plan, attempt * took)
        specs = story.lab.write_specs(starts_at=story.anchor_at)
        shared = (AGREEMENT, "--contract", story.contract["contract"], "--specs", str(specs))
        try:
            agreements(story.lab, "provider", "propose", *shared)
            agreements(story.lab, "tenant", "accept", *shared)
        except LabError as error:
            if attempt == SIGNINGS or not any(word in str(error) for word in TOO_LATE):
                raise
            story.say(f"the agreement was to begin at {clock(story.anchor_at)}, which has passed: it begins later")
        else:
            story.agreement_id = identity_of(specs, AGREEMENT)
            return


def identity_of(specs: Path, name: str) -> str:
    """The id of an agreement, as its specs have it."""
    from sankofa_observe.adapters.specs import load_catalog

    return next(one.id for one in load_catalog([specs]).agreements.values() if one.name == name)


def new_key(lab: Lab, tenant: str) -> str:
    """A key for the API, with which one sees what is the tenant's."""
    keys_file = str(lab.folder / "api-keys.yaml")
    return command("sankofa-observe", "keys", "new", "--tenant", tenant, "--file", keys_file).strip()


def deploy(story: Story) -> None:
    """Both contracts, and who has a role in them; nobody needs one to report."""
    lab = story.lab
    attestors = [part for n in (1, 2, 3) for part in ("--attestor", lab.accounts[f"attestor-{n}"].address)]
    roles = [part for role in ("admin", "arbiter", "guardian") for part in (f"--{role}", lab.accounts[role].address)]
    short = ("--minimum-window-seconds", "1", "--change-delay-seconds", "60")
    story.contract = json.loads(on_chain(lab, "admin", "deploy", *roles, *attestors, "--threshold", "2", *short))
    story.say(f"SLA contract {story.contract['contract']}; 2 of 3 attestors must sign")


def anchor(plan: Plan, took: float) -> int:
    """Where the agreement begins: after its two transactions and the start of scheduler and API, by what a command took now.

    It is a guess, so that nobody waits longer than needed, and nothing leans on it: periods follow each other.
    """
    lead = 2 * took + SERVE_SECONDS * measure().wall
    return -(-int(time.time() + lead) // plan.slot_seconds) * plan.slot_seconds


def serve(story: Story) -> None:
    """The platform, and two attestors; the third one is away."""
    apart = AT_WORK if story.lab.attestors_apart else ()
    with ThreadPoolExecutor(1) as beside:
        attesting = beside.submit(story.lab.start_attestors, *apart)
        story.lab.start_platforms("scheduler", "api")
        attesting.result()
    story.say("scheduler and API")
    if apart:
        story.say(f"{' and '.join(AT_WORK)}, each a process with its own settings; the third attestor is away")


def ready(story: Story) -> None:
    """All is there; the story plays in the first period that begins from now on."""
    lab = story.lab
    story.wait("waiting for first samples", lambda: all(_scraped(lab, one) for one in PROMETHEUS), 60)
    if any(child.name == "scheduler" for child in lab.processes.children):
        first_scrape = f'up{{job="{PLATFORM_JOB}"}} == 1'
        story.wait("waiting for the platform's first scrape", lambda: lab.query(first_scrape), 60)
    take_next_period(story)


def take_next_period(story: Story) -> None:
    """The first period that begins from now on is the story's."""
    plan = story.plan
    late = max(0.0, time.time() - story.anchor_at)
    before = -(-int(late * 1000) // (plan.period_seconds * 1000))
    story.starts_at = story.anchor_at + before * plan.period_seconds
    if before:
        story.say(
            f"all is ready {late:.0f} s after the agreement began: its first {before} period(s) are judged as any other, and "
            f"the story plays in the next, at {clock(story.starts_at)}"
        )


def _scraped(lab: Lab, prometheus: str) -> bool:
    return len(lab.query("sankofa_pve_up == 1 or sankofa_besu_up == 1", of=prometheus)) == SITES


def live(story: Story) -> None:
    """One period: quiet, an outage of known length, quiet again."""
    plan = story.plan
    story.wait_until(story.starts_at, "waiting for the period to begin")
    story.say(f"the period begins: {plan.period_seconds} s in {plan.slots} slots of {plan.slot_seconds} s")
    story.wait_until(story.starts_at + plan.down_after_seconds, "all is well")
    story.down = switch(story, "quorum/lost")
    story.say("[red]the site's cluster loses quorum[/]")
    story.wait_until(end_of_outage(story), "the site is down")
    story.up = switch(story, "quorum/restored")
    story.say("[green]quorum is back[/]")
    story.wait_until(story.ends_at, "all is well again")
    story.say("the period ends")


def end_of_outage(story: Story) -> float:
    """When the site comes back: by the plan, or later where it went down late, so that the page can still come."""
    at = max(story.starts_at + story.plan.up_after_seconds, story.down.after + SHORTEST_OUTAGE_SECONDS)
    if at > story.ends_at:
        late = story.down.after - story.starts_at - story.plan.down_after_seconds
        raise LabError(
            f"the site went down {late:.0f} s late: this machine stood, and the outage no longer fits the period"
        )
    return at


def switch(story: Story, name: str) -> Switched:
    before = time.time()
    story.lab.switch_site(name)
    return Switched(before=before, after=time.time())


def on_chain(lab: Lab, role: str, verb: str, *arguments: str) -> str:
    """A command about the contracts, by the key of a role."""
    return command("sankofa-observe", "chain", verb, *keyed(lab, role), *arguments)


def agreements(lab: Lab, role: str, verb: str, *arguments: str) -> str:
    """What one of the parties does with an agreement."""
    return command("sankofa-observe", "agreements", verb, *keyed(lab, role), *arguments)


def keyed(lab: Lab, role: str) -> tuple[str, ...]:
    """The lab's chain, and the key of a role."""
    key = ("--keystore", str(lab.folder / "keys" / f"{role}.json"))
    return ("--rpc", lab.url("chain"), *key, "--password-file", str(lab.folder / "keys" / f"{role}.password"))


def command(program: str, *arguments: str) -> str:
    """Run one of our own commands; what it printed, or `LabError` with what it complained of."""
    done = attempt(program, *arguments)
    if done.returncode:
        raise LabError(f"{program} {' '.join(arguments[:2])}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def attempt(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of our own commands that may fail."""
    return children.run([str(BIN / program), *arguments])
