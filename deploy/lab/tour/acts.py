"""What happens in the tour: sources start, three agreements are made, work is announced, and three promises break in one period.

Each act is done as its actor would do it, with the project's own commands. The moments of faults are set by the clock, and what is
told of them are the times at which they came; everything else is waited for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.lab import story
from deploy.lab.byhand import Switched
from deploy.lab.processes import LabError
from deploy.lab.story import Story, clock
from deploy.lab.tour.cast import APPROVER, CAST, PROPOSER, PROVIDER, WORK
from deploy.lab.tour.expected import Down, Timing
from deploy.lab.tour.faults import Faults
from deploy.lab.tour.stage import PARTIES, Stage
from sankofa_observe.units import rfc3339

LEAD_SLOTS = 1  # counters are seen for a while before the first slot


@dataclass(kw_only=True)
class Tour:
    """The story that all share, each tenant's view of it, and when what was switched."""

    stage: Stage
    shared: Story
    views: dict[str, Story] = field(default_factory=dict)
    began: dict[str, Switched] = field(default_factory=dict)
    ended: dict[str, Switched] = field(default_factory=dict)

    def down(self, name: str) -> Down:
        return Down(began=self.began[name], ended=self.ended[name])

    @property
    def timing(self) -> Timing:
        plan = self.stage.plan
        return Timing(
            starts_at=self.shared.starts_at,
            slot_seconds=plan.slot_seconds,
            slots=plan.slots,
            slack_seconds=2 * plan.scrape_seconds,
        )


def start(tour: Tour) -> None:
    """Chain, sources of three sites, and a Prometheus for each party."""
    stage, say = tour.stage, tour.shared.say
    stage.start_chain()
    say("anvil: a free-gas chain, a block a second")
    stage.start_sources()
    say("HAProxy, nginx, snmpd, blackbox, canary; a /readyz that is a double: three sites")
    stage.start_monitoring()
    say("Prometheus of the provider and of the tenants")


def agree(tour: Tour) -> None:
    """The same terms are put on chain by the provider and by each of three tenants, who get a key for the API each."""
    stage, shared = tour.stage, tour.shared
    stage.make_accounts()
    keys = {part.tenant: story.new_key(stage, part.tenant) for part in CAST}  # one file holds them: one after the other
    began = time.monotonic()
    story.deploy(shared)
    took = time.monotonic() - began
    specs = _sign(tour, took)
    ids = {part.tenant: story.identity_of(specs, part.agreement) for part in CAST}
    for part in CAST:
        tour.views[part.tenant] = replace(
            shared,
            promises=((part.slo, part.site),),
            agreement_id=ids[part.tenant],
            api_key=keys[part.tenant],
        )
        shared.say(f"agreement {part.agreement}: proposed by {PROVIDER}, accepted by {part.tenant}")
    stage.write_settings(shared.contract, exclusions=stage.exclusions)
    stage.exclusions.write_text("[]\n", encoding="utf-8")


def _sign(tour: Tour, took: float) -> Path:
    """Three agreements are accepted before they begin: where a machine was too slow for its guess, they begin later."""
    stage, shared = tour.stage, tour.shared
    for attempt in range(1, story.SIGNINGS + 1):
        # The anchor leaves room for one agreement's two transactions and the platform's start; here are three agreements.
        guess = story.anchor(stage.plan, attempt * len(CAST) * took)
        shared.anchor_at = guess + LEAD_SLOTS * stage.plan.slot_seconds
        specs = stage.write_specs(starts_at=shared.anchor_at)
        options = ("--contract", shared.contract["contract"], "--specs", str(specs))
        try:
            for part in CAST:  # one account signs them: one after the other
                story.agreements(stage, "provider", "propose", part.agreement, *options)
            with ThreadPoolExecutor(len(CAST)) as pool:
                accepted = [
                    pool.submit(story.agreements, stage, part.tenant, "accept", part.agreement, *options)
                    for part in CAST
                ]
            for one in accepted:
                one.result()
        except LabError as error:
            if attempt == story.SIGNINGS or not any(word in str(error) for word in story.TOO_LATE):
                raise
        else:
            break
    return specs


def serve(tour: Tour) -> None:
    story.serve(tour.shared)


def ready(tour: Tour) -> None:
    """Every target is scraped by both parties; the tour takes the first period that begins from now on."""
    stage, shared = tour.stage, tour.shared
    every = stage.targets()
    shared.wait(
        "waiting for first samples",
        lambda: all(len(stage.query('up{site!=""} == 1', of=one)) == every for one in PARTIES),
        60,
    )
    story.take_next_period(shared)
    for view in tour.views.values():
        view.anchor_at, view.starts_at = shared.anchor_at, shared.starts_at
    shared.wait_until(shared.starts_at, "waiting for the period to begin")
    plan = stage.plan
    shared.say(f"the period begins: {plan.period_seconds} s in {plan.slots} slots of {plan.slot_seconds} s")


def announce(tour: Tour) -> None:
    """One person proposes the work, may not approve it, and another one does; attestors are handed the list."""
    stage, shared = tour.stage, tour.shared
    config = ("--config", str(stage.folder / "sankofa.yaml"))
    known = {one: json.loads(_person(one, *config))[0]["id"] for one in (PROPOSER, APPROVER)}
    begins, length = _at(tour, WORK.first), len(WORK.slots) * stage.plan.slot_seconds
    place = ("--site", WORK.site, "--from", rfc3339(int(begins)).removesuffix("Z"), "--zone", "UTC")
    lengths = ("--for", f"{length}s", "--reason", WORK.what, "--by", PROPOSER, "--json")
    (proposed,) = json.loads(story.command("sankofa-observe", "exclusions", "propose", *config, *place, *lengths))
    shared.say(f"{PROPOSER} announces work at {WORK.site}, {clock(begins)} for {length} s: {WORK.what}")
    own = story.attempt("sankofa-observe", "exclusions", "approve", proposed["id"], *config, "--by", PROPOSER)
    reason = f"{known[PROPOSER]} proposed it"
    if own.returncode == 0 or reason not in own.stderr:
        said = (own.stdout + own.stderr).strip()
        raise LabError(f"approval by its own author: exit {own.returncode}: {said}; expected a refusal: {reason}")
    shared.say(f"{PROPOSER} may not approve it, because {PROPOSER} proposed it; records say {known[PROPOSER]}")
    by = ("--by", APPROVER, "--reason", "read the plan")
    story.command("sankofa-observe", "exclusions", "approve", proposed["id"], *config, *by)
    stage.write("exclusions.json", story.command("sankofa-observe", "exclusions", "list", *config, "--json"))
    shared.say(f"{APPROVER} approves it; the attestors are told")


def _person(name: str, *config: str) -> str:
    """Make somebody known to the ledger, under an id that says nothing."""
    return story.command("sankofa-observe", "persons", "add", name, *config, "--json")


def live(tour: Tour) -> None:
    """Every switch at its time, in order; users who are still there leave with the end of it."""
    shared, faults = tour.shared, Faults(tour.stage.sites)
    with closing(faults):
        for one in sorted(_switches(tour, faults), key=lambda one: one.at):
            shared.wait_until(one.at, one.until)
            before = time.time()
            one.act()
            one.into[one.name] = Switched(before=before, after=time.time())
            shared.say(one.told)
    shared.wait_until(shared.ends_at, "all is well again")
    shared.say("the period ends")


@dataclass(frozen=True, kw_only=True)
class Switch:
    """At a time something is done, its moments noted under a name, and told."""

    at: float
    until: str
    act: Callable[[], None]
    into: dict[str, Switched]
    name: str
    told: str


def _switches(tour: Tour, faults: Faults) -> Iterator[Switch]:
    for part in CAST:
        down, up = faults.of(part)
        yield Switch(
            at=_at(tour, part.fault.down_slot + 0.5),
            until="waiting for the next fault",
            act=down,
            into=tour.began,
            name=part.tenant,
            told=f"[red]{part.site}: {part.fault.what}[/]",
        )
        yield Switch(
            at=_at(tour, part.fault.up_slot + 0.5),
            until="waiting until it is mended",
            act=up,
            into=tour.ended,
            name=part.tenant,
            told=f"[green]{part.site}: all is well[/]",
        )
    yield Switch(
        at=_at(tour, WORK.first + 0.5),
        until="waiting for the planned work",
        act=faults.work_begins,
        into=tour.began,
        name=WORK.what,
        told=f"[yellow]{WORK.site}: {WORK.what}, as planned[/]",
    )
    yield Switch(
        at=_at(tour, WORK.end - 0.5),
        until="waiting until the work is done",
        act=faults.work_ends,
        into=tour.ended,
        name=WORK.what,
        told=f"[green]{WORK.site}: the work is done[/]",
    )


def _at(tour: Tour, slots: float) -> float:
    return tour.shared.starts_at + slots * tour.stage.plan.slot_seconds
