"""Three observers of one site, each with a real Prometheus and a process of its own: one is killed, one lies, one goes blind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from deploy.lab.pace import measured
from deploy.lab.plan import Plan
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.lab.stack import shorten
from deploy.parts import CHECKOUT, need_program
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.slots import OthersSlots
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.slo.quorum import Quorum, vote
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.slo.votes import NOTHING
from sankofa_observe.units import Period
from tests.http_double import Answer, HttpDouble
from tests.pace import until

GOOD, BAD, UNKNOWN = SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN
NAMES = ("east", "north", "west")
SLOTS, SLOT = 14, 5
PERIOD = SLOTS * SLOT
# Slots of the period in which something is wrong, each with a quiet one on both sides.
DOWN, LIES, BLIND = (2, 4), (6, 8), (10, 12)
# In `make test` the vote, the panel and the tables of others are held by tests of their own, without processes.
pytestmark = [pytest.mark.real("prometheus"), pytest.mark.tier("test-all"), pytest.mark.timeout(240)]
RUN = "import sys; from sankofa_observe.cli import main; sys.argv[0] = 'sankofa-observe'; main()"


@dataclass(kw_only=True)
class Site:
    """What each observer is told of the one site: the same, unless it is lied to or told nothing."""

    up: int = 1
    told: dict[str, int | None] = field(default_factory=dict)

    def answer(self, _: str, path: str, __: bytes) -> Answer:
        up = self.told.get(path.strip("/"), self.up)
        if up is None:
            return Answer(status=500)
        return Answer(
            body=f"sankofa_pve_up {up}\nsankofa_pve_known 1\n".encode(), media_type="text/plain; version=0.0.4"
        )


@dataclass(kw_only=True)
class Region:
    """The programs of one run, and the settings that all of them read."""

    folder: Path
    processes: Processes
    site: Site
    exporter: int
    starts_at: int
    prometheus: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in NAMES})

    @property
    def config(self) -> str:
        return str(self.folder / "sankofa.yaml")

    def start_prometheus(self, name: str) -> None:
        labels = {"site": "edge-1", "tier": "edge", "region": "r1", "instance": "pve-1"}
        job = {
            "job_name": "sankofa-proxmox",
            "metrics_path": f"/{name}",
            "static_configs": [{"targets": [f"127.0.0.1:{self.exporter}"], "labels": labels}],
        }
        told = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
        (self.folder / f"{name}.yml").write_text(yaml.safe_dump(told))
        address, data = f"127.0.0.1:{self.prometheus[name]}", self.folder / name
        command = [need_program("prometheus"), f"--config.file={self.folder / f'{name}.yml'}"]
        command += [f"--storage.tsdb.path={data}", f"--web.listen-address={address}"]
        self.processes.wait_until(
            self.processes.start(f"prometheus-{name}", command), answers(f"http://{address}/-/ready")
        )

    def write(self) -> None:
        specs = CHECKOUT / "deploy" / "specs"
        slo = yaml.safe_load((specs / "slos" / "availability-edge.yaml").read_text())
        shorten(slo, self.starts_at, Plan(scrape_seconds=1, slots=SLOTS, down_slot=2, up_slot=12))
        slo["spec"]["objectives"][0]["timeSliceWindow"] = f"{SLOT}s"
        slo["spec"]["timeWindow"][0]["duration"] = f"{PERIOD}s"
        fleet = {
            "apiVersion": "sankofa.observe/v1",
            "kind": "Fleet",
            "metadata": {"name": "three"},
            "spec": {"sites": [{"name": "edge-1", "tier": "edge", "region": "r1", "targets": {"proxmox": {"pve-1": {"module": "pve"}}}}]},
        }  # fmt: skip
        agreement = yaml.safe_load((specs / "agreements" / "example-edge.yaml").read_text())
        agreement["spec"] |= {
            "startsAt": datetime.fromtimestamp(self.starts_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "graceSeconds": SLOT + 2,
            "toleranceSlots": 0,
            "observers": {"names": list(NAMES)},
            "promises": [agreement["spec"]["promises"][0] | {"site": "edge-1"}],
        }
        (self.folder / "specs").mkdir()
        for name, document in (("slo", slo), ("fleet", fleet), ("agreement", agreement)):
            (self.folder / "specs" / f"{name}.yaml").write_text(yaml.safe_dump(document))
        urls = {name: f"http://127.0.0.1:{port}" for name, port in self.prometheus.items()}
        settings = {
            "data_dir": str(self.folder / "data"),
            "specs": ["specs", str(specs / "slis" / "proxmox.yaml")],
            "observer": "east",
            "prometheus": {"url": urls["east"]},
            "observers": [{"name": name, "prometheus": {"url": urls[name]}} for name in ("north", "west")],
            "late": {"delay_seconds": 2},
            "schedule": {
                "metrics_listen": f"127.0.0.1:{free_port()}",
                "observe_seconds": 1,
                "judge_seconds": 1,
                "settle_seconds": 1,
            },
        }
        Path(self.config).write_text(yaml.safe_dump(settings))

    def serve(self, *more: str, name: str) -> Child:
        return self.processes.start(name, [sys.executable, "-c", RUN, "serve", "--config", self.config, *more])

    def observe(self, name: str) -> Child:
        child = self.serve("--observer", name, name=f"observer-{name}")
        self.processes.wait_until(child, lambda: f"observer={name}" in child.log.read_text().rpartition("ready")[2])
        return child

    def states(self, name: str) -> dict[int, SlotState]:
        """By its place in the period the state of each slot that an observer has counted."""
        whole = Period(starts_at=self.starts_at, ends_at=self.starts_at + PERIOD)
        with closing(OthersSlots(self.folder / "data" / "slots", name)) as slots:
            found = slots.states("availability-edge", ["edge-1"], whole).get("edge-1", NOTHING)
        return {(at - self.starts_at) // SLOT: state for at, state in found.by_start().items()}

    def verdicts(self) -> list[VerdictRecord]:
        """The newest verdict of the period, if it was judged."""
        with closing(SqlLedger(f"sqlite:///{self.folder / 'data' / 'ledger.sqlite'}", new=False)) as ledger:
            records = ledger.read(OPERATOR).verdicts(limit=10).items
        return [one for one in records if one.period.starts_at == self.starts_at][-1:]

    def told(self, *words: str) -> str:
        command = [sys.executable, "-c", RUN, *words, "--config", self.config]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    with ExitStack() as running:
        site = Site()
        double = running.enter_context(HttpDouble(answer=site.answer))
        processes = running.enter_context(Processes(folder=tmp_path))
        # Ready before the first slot that counts, however slow programs start here.
        starts_at = (int(time.time() + measured().limit(15)) // SLOT + 1) * SLOT
        one = Region(
            folder=tmp_path,
            processes=processes,
            site=site,
            exporter=int(double.url.rpartition(":")[2]),
            starts_at=starts_at,
        )
        one.write()
        for name in NAMES:
            one.start_prometheus(name)
        yield one


def test_three_observers_of_one_site(region: Region) -> None:
    """What two of them saw is what is judged; the one that was killed comes late, and what it adds changes nothing."""
    scheduler = region.serve("--part", "scheduler", name="scheduler")
    north, west = region.observe("north"), region.observe("west")
    second = region.serve("--observer", "west", name="second-west")

    def slot_begins(place: int) -> None:
        until(lambda: time.time() >= region.starts_at + place * SLOT, seconds=PERIOD + 60)

    slot_begins(DOWN[0])
    region.site.up = 0
    slot_begins(DOWN[1])
    region.site.up = 1
    north.kill()
    slot_begins(LIES[0])
    region.site.told["west"] = 0
    slot_begins(LIES[1])
    region.site.told.clear()
    slot_begins(BLIND[0])
    region.site.told["east"] = None
    slot_begins(BLIND[1])
    region.site.told.clear()
    slot_begins(SLOTS)

    # Two of three have counted to the end, and the period is judged while the third is still away.
    until(region.verdicts, seconds=60)
    [judged] = region.verdicts()
    assert _refused(second)
    assert _refused_by_hand(region, "west")
    north = region.observe("north")
    until(lambda: len(region.states("north")) == SLOTS, seconds=60)
    until(lambda: _alike(region), seconds=60)

    own = {name: region.states(name) for name in NAMES}
    voted = [_vote(own, place) for place in range(SLOTS)]
    [verdict] = region.verdicts()
    counts, attained = Counter(voted), verdict.attainment
    assert [attained.good, attained.bad, attained.unknown] == [counts[state] for state in (GOOD, BAD, UNKNOWN)]
    assert BAD in voted[DOWN[0] : DOWN[1]]
    assert BAD not in voted[: DOWN[0] - 1] + voted[DOWN[1] + 1 :]
    assert BAD in [own["west"][place] for place in range(*LIES)]
    assert UNKNOWN in [own["east"][place] for place in range(*BLIND)]
    assert verdict.verdict is Verdict.BREACH
    assert judged.verdict in {Verdict.BREACH, Verdict.UNDETERMINED}
    shown = region.told("verdicts", "show", verdict.ref)
    assert "observed by east, north, west: bad where 2 say so, good where 2 do" in shown
    assert "west alone: breach" in shown
    assert all(child.alive() for child in (scheduler, north, west))


def _vote(own: dict[str, dict[int, SlotState]], place: int) -> SlotState:
    return vote(Quorum(names=NAMES, bad=2, good=2), Counter(one[place] for one in own.values() if place in one))


def _refused(second: Child) -> bool:
    """A second writer of one observer ends, and says who writes."""
    until(lambda: not second.alive(), seconds=60)
    second.ended = True
    return "one observer has one writer" in second.log.read_text()


def _refused_by_hand(region: Region, name: str) -> bool:
    """Who counts by hand beside the observer's own process is told whose number has the lock, and changes nothing."""
    since = datetime.fromtimestamp(region.starts_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = [sys.executable, "-c", RUN, "recount", "--config", region.config, "--observer", name, "--from", since]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return (
        done.returncode != 0
        and f"slots of observer {name}" in done.stderr
        and "one observer has one writer" in done.stderr
    )


def _alike(region: Region) -> bool:
    """Whether the newest verdict was drawn from all that is counted by now."""
    own = {name: region.states(name) for name in NAMES}
    [verdict] = region.verdicts()
    voted = Counter(_vote(own, place) for place in range(SLOTS))
    return (verdict.attainment.bad, verdict.attainment.unknown) == (voted[BAD], voted[UNKNOWN])
