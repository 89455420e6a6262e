"""The storm's fleet with whole answers: what boards show beside the state of sites, and a platform that judges and prices.

Faults are the storm's. What money there is follows from how long a site is down here, by round figures of the example; no ledger is run.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from deploy.lab.boards.recorded import Clock, recording, requests_in
from deploy.lab.storm.exposition import PAIRS, Look, sample
from deploy.lab.storm.fleet import Fleet, Site
from deploy.lab.storm.world import World
from sankofa_exporters.besu.network import families as network
from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.canary import families as canary
from sankofa_exporters.ceph import families as ceph
from sankofa_exporters.cloudflare import families as tunnel
from sankofa_exporters.model import catalogue
from sankofa_exporters.proxmox.families import backup, cluster, ha, replication, zfs
from sankofa_observe import telemetry

# The recordings were made of programs in trouble, so that no family is missing; here they are well,
WELL_VALUES: dict[str, dict[str, float | None]] = {
    "besu": {catalogue.COLLECTOR_ERROR.name: None},
    "canary": {canary.FAILURES.name: 0.0, canary.NOT_KNOWN.name: 0.0},
    "network": {
        network.WINDOW_ROUNDS.name: 0.0, network.MISSED.name: 0.0, network.MARGIN.name: 1.0, network.SECURITY_EVENTS.name: 0.0,
    },
    "ceph": {
        ceph.OSDS_UP.name: 3.0, ceph.OBJECT_COPIES.name: 2_400_000.0, ceph.OBJECTS_DEGRADED.name: 0.0, ceph.CLIENT_READS.name: 640.0,
        ceph.CLIENT_WRITES.name: 310.0,
    },
    "proxmox": {
        cluster.QUORUM_MARGIN.name: 1.0, cluster.NODE_ONLINE.name: 1.0, ha.HA_SERVICE_STARTED.name: 1.0, ha.HA_LRM_FRESH.name: 1.0, replication.REPLICATION_FAILURES.name: 0.0,
        zfs.POOL_HEALTHY.name: 1.0, backup.NODE_BACKUP_BAD.name: 0.0, backup.GUEST_IN_JOB.name: 1.0,
        catalogue.UPSTREAM_CALLS.name: 5.0,  # recorded without a network
    },
}  # fmt: skip
# and this is otherwise while a system is known to be down.
BROKEN: dict[str, dict[str, float | None]] = {
    "ceph": {ceph.POOL_AVAILABLE.name: 0.62, ceph.OBJECTS_DEGRADED.name: 41_000.0, ceph.CLIENT_READS.name: 0.0, ceph.CLIENT_WRITES.name: 0.0},
    "proxmox": {cluster.QUORUM_MARGIN.name: -1.0, cluster.NODE_ONLINE.name: None},  # a minority cannot say who is left
    "cloudflare": {tunnel.REDUNDANCY.name: 0.0, tunnel.EDGE_SITES.name: 0.0},
}  # fmt: skip
SLOS = {"core": "availability-core", "regional": "availability-regional", "edge": "availability-edge"}
OBJECTIVES = {"core": 0.9999, "regional": 0.999, "edge": 0.995}
EARLIER = {"core": 2, "regional": 9, "edge": 40}  # bad minutes of earlier weeks, less than these
SLOT_SECONDS, PERIOD_SLOTS = 60, 43_200
ALLOWED = 216  # bad slots of a period of an edge site
# Edge sites whose last period was a breach, by their number; the one of which nobody can say.
MISSED_ONE_IN, CANNOT_TELL = 66, 9
FEE, CREDIT_A_MINUTE = 400.0, 2.5  # of an edge site, in USD
USD = "USD"
CANARIES = ("core", "regional")
CAPACITY_BYTES, GROWTH_A_DAY, DAY_SECONDS = 9.6e13, 0.004, 86_400


class BoardFleet(Fleet):
    """The storm's fleet, with canaries where users are."""

    @cached_property
    def sites(self) -> dict[str, Site]:
        return {
            name: site if site.tier not in CANARIES else replace(site, systems=(*site.systems, "canary"))
            for name, site in super().sites.items()
        }


@dataclass(kw_only=True)
class BoardWorld(World):
    """Answers of exporters as recorded, and the platform's series by site."""

    began: float = field(default_factory=time.time)
    down_since: dict[str, float] = field(default_factory=dict)

    def fail(self, sites: Iterable[str]) -> None:
        names = list(sites)
        self.set(names, (Look.DOWN,))
        self.down_since |= dict.fromkeys(names, time.time())

    @cached_property
    def _priced(self) -> list[Site]:
        return [site for site in self.fleet.sites.values() if site.tier == "edge"]

    def _probed(self, site: Site, system: str) -> str:
        if site.tier == "chain":
            return super()._probed(site, system) + "\n".join(self._chain()) + "\n"
        pattern = self.patterns.get((site.name, system), (Look.UP,))
        step = self.looks[site.name, system]
        self.looks[site.name, system] += 1
        return "\n".join(self._answer_of(site, system, pattern[step % len(pattern)])) + "\n"

    def _answer_of(self, site: Site, system: str, look: Look) -> Iterator[str]:
        if look is Look.EMPTY:
            return
        yield from (sample(family.name, value) for family, value in zip(PAIRS[system], look.value, strict=True))
        seed = sum(map(ord, site.name + system))
        yield sample(catalogue.PROBE_DURATION.name, 0.02 + seed % 40 / 500)
        yield sample(catalogue.PROBE_DELAY.name, 0.001 + seed % 5 / 1_000)
        if look is Look.UNKNOWN:
            yield sample(catalogue.COLLECTOR_ERROR.name, 1, {"collector": "witnesses", "kind": "timeout"})
            return
        yield from self._recorded(site, system, seed, look)

    def _recorded(self, site: Site, system: str, seed: int, look: Look) -> Iterator[str]:
        now = time.time()
        clock = self._clock(site.name if look is Look.DOWN else "")
        more = self._more(site, system) | self._failing(system, look, clock)
        own = {family.name for family in PAIRS[system]} | more.keys()
        changed = WELL_VALUES.get(system, {}) | (BROKEN.get(system, {}) if look is Look.DOWN else {})
        if system == "ceph":
            used = CAPACITY_BYTES * (
                0.38 + seed % 7 / 50 + GROWTH_A_DAY * self.factor * (now - self.began) / DAY_SECONDS
            )
            changed = {**changed, ceph.CAPACITY.name: CAPACITY_BYTES, ceph.CAPACITY_USED.name: used}
        if system == "canary":  # recorded is what it tells of its requests, without what every probe tells
            yield sample(catalogue.PROBE_SUCCESS.name, 1)
            yield sample(catalogue.UPSTREAM_CALLS.name, 0)
        yield from self._others(system, own, seed, changed, clock)
        yield from (sample(name, value) for name, value in more.items())

    def _clock(self, down: str) -> Clock:
        """Of a site that is down, what answers there answers no longer."""
        now = time.time()
        since, answered = (self.factor * (until - self.began) for until in (now, self.down_since.get(down, now)))
        return Clock(now=now, since=since, answered=answered)

    def _failing(self, system: str, look: Look, clock: Clock) -> dict[str, float]:
        """Of a system that is down: a canary's requests go on and time out, the head of a node stands still."""
        if look is not Look.DOWN:
            return {}
        lost = clock.since - clock.answered
        if system == "canary":
            failed = f'{canary.FAILURES.name}{{outcome="timeout"}}'
            return {canary.REQUESTS.name: requests_in(clock.since), failed: requests_in(lost)}
        return {besu.HEAD_TIMESTAMP.name: clock.now - lost} if system == "besu" else {}

    def _chain(self) -> Iterator[str]:
        """What a chain's observer says beside the pair and the head."""
        own = {family.name for family in PAIRS["network"]} | self._network("").keys()
        yield from self._others("network", own, 0, WELL_VALUES["network"], self._clock(""))

    def _others(
        self, name: str, own: Container[str], seed: int, changed: Mapping[str, float | None], clock: Clock
    ) -> Iterator[str]:
        for line in recording(name).samples(clock, seed, changed):
            series = line.rpartition(" ")[0]
            if series not in own and series.partition("{")[0] not in own:
                yield line

    def _platform(self) -> Iterator[str]:
        now = time.time()
        yield from super()._platform()
        yield from _running(now)
        for tier, objective in OBJECTIVES.items():
            yield sample(telemetry.SLO_OBJECTIVE, objective, {"slo": SLOS[tier], "tier": tier})
        for site in self.fleet.sites.values():
            if site.tier in SLOS:
                yield from self._promised(site, now)
        for site in self._priced:
            yield from self._money(site, now)
            yield from _judged(site, now)

    def _bad_slots(self, site: Site, now: float) -> int:
        """Bad slots of the period: a few of earlier weeks, and those of the fault that is on."""
        minutes = self.factor * (now - self.down_since[site.name]) / SLOT_SECONDS if site.name in self.down_since else 0
        return sum(map(ord, site.name)) % EARLIER[site.tier] + int(minutes)

    def _promised(self, site: Site, now: float) -> Iterator[str]:
        labels = {"slo": SLOS[site.tier], "site": site.name, "tier": site.tier}
        bad, passed = self._bad_slots(site, now), PERIOD_SLOTS * 2 // 3
        allowed = PERIOD_SLOTS * (1 - OBJECTIVES[site.tier])
        yield sample(telemetry.SLO_SLOTS, passed - bad - 2, {**labels, "state": "GOOD"})
        yield sample(telemetry.SLO_SLOTS, bad, {**labels, "state": "BAD"})
        yield sample(telemetry.SLO_SLOTS, 2, {**labels, "state": "UNKNOWN"})
        yield sample(telemetry.SLO_LOW, 1 - (bad + 2) / passed, labels)
        yield sample(telemetry.SLO_HIGH, 1 - bad / passed, labels)
        yield sample(telemetry.SLO_SPENT, bad / allowed, labels)

    def _money(self, site: Site, now: float) -> Iterator[str]:
        promise = _promise(site)
        priced = {**promise, "tenant": "example", "currency": USD}
        minutes = self._bad_slots(site, now)
        yield sample(telemetry.PRICED, 1, priced)
        yield sample(telemetry.CREDIT_NOW, 0.0, priced)
        yield sample(telemetry.CREDIT_NEXT, FEE / 10, priced)
        yield sample(
            telemetry.CREDIT_AT_RISK,
            min(FEE, CREDIT_A_MINUTE * minutes) if site.name in self.down_since else 0.0,
            priced,
        )
        yield sample(telemetry.SLOTS_TO_NEXT_BAND, max(0, ALLOWED - minutes), promise)
        yield sample(telemetry.SECONDS_TO_NEXT_BAND, SLOT_SECONDS * max(0, ALLOWED - minutes), promise)


def _promise(site: Site) -> dict[str, str]:
    return {"agreement": "example-edge", "slo": SLOS["edge"], "site": site.name}


def _judged(site: Site, now: float) -> Iterator[str]:
    """How the period before came out: met, but for a few that missed it, and for one that slots cannot decide."""
    number = int(site.name.rpartition("-")[2])
    bad, unknown = 20 + number % EARLIER["edge"], 2
    if number % MISSED_ONE_IN == MISSED_ONE_IN - 1:
        bad = ALLOWED + number % EARLIER["edge"]
    elif number == CANNOT_TELL:
        bad, unknown = ALLOWED - 6, 20
    word = "breach" if bad > ALLOWED else "undetermined" if bad + unknown > ALLOWED else "met"
    labels = {**_promise(site), "tier": site.tier}
    for verdict in ("met", "breach", "undetermined"):
        yield sample(telemetry.JUDGED_VERDICT, int(verdict == word), {**labels, "verdict": verdict})
    yield sample(telemetry.JUDGED_END, now - PERIOD_SLOTS * 2 // 3 * SLOT_SECONDS, labels)
    yield sample(telemetry.JUDGED_LOW, 1 - (bad + unknown) / PERIOD_SLOTS, labels)
    yield sample(telemetry.JUDGED_HIGH, 1 - bad / PERIOD_SLOTS, labels)
    yield sample(telemetry.JUDGED_SPENT, bad / ALLOWED, labels)


def _running(now: float) -> Iterator[str]:
    """A platform that has nothing to complain of."""
    for stage in ("observe", "evaluate", "assess", "settle", "credit"):
        yield sample(telemetry.PIPELINE_SUCCESS, now - 12, {"stage": stage})
        yield sample(telemetry.PIPELINE_FAILURES, 0, {"stage": stage})
    for state, count in {"computed": 0, "reported": 1, "disputed": 0, "final": 12}.items():
        yield sample(telemetry.SETTLEMENTS, count, {"state": state})
    for kind, reason in (("period", "slots"), ("settlement", "attestors"), ("credit", "chain")):
        yield sample(telemetry.WAITING_SECONDS, 0, {"kind": kind, "reason": reason})
    yield sample(telemetry.PENALTY, 1_240.0, {"currency": USD})
    yield sample(telemetry.CREDIT, 1_180.0, {"tenant": "example", "currency": USD})
    yield sample(telemetry.UNDETERMINED, 1, {"slo": SLOS["edge"]})
    yield sample(telemetry.UNDETERMINED_STAKE, 40.0, {"currency": USD})
    yield sample(telemetry.UNDETERMINED_SINCE, now - 90_000, {"slo": SLOS["edge"]})
    yield sample(telemetry.ATTESTOR_HEARD, now - 10, {"attestor": "attestor-1"})
    for observer in ("observer-1", "observer-2"):
        yield sample(telemetry.OBSERVER_NEWEST, now - 70, {"observer": observer})
        for alone in ("the same", "otherwise", "cannot tell"):
            yield sample(
                telemetry.OBSERVER_VERDICTS, int(alone == "the same") * 18, {"observer": observer, "alone": alone}
            )
