"""All promises on real sources, side by side in one estate of the lab, scraped each second by a real Prometheus.

One run: half a minute in which nothing happens (ten in `make test-all`), then faults in several sources at once, three times, then
the agents that tell of them are killed. Slots of 5 s are counted from it by the committed specs, of the estate's own fleet file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from deploy.lab.processes import Processes
from deploy.lab.sources.estate import Estate
from deploy.lab.sources.gateway import ask
from deploy.lab.sources.scraper import Scraper
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.units import Period
from tests.pace import limit, until
from tests.promises.faults import Fault, Stretch, acts
from tests.promises.judging import FIRST, FIRST_REGIONAL, PLACES, SPECS, Judge, starved
from tests.promises.worlds import SCRAPE, SLOT

QUIET_SECONDS = int(os.environ.get("QUIET_SECONDS", "30"))  # make test-all sets ten minutes
# So many must be good, and none bad; nearly all are where the machine has time.
QUIET_SLOTS = QUIET_SECONDS // SLOT // 2
SLOTS = 3  # so many must a fault, or a silence, be seen to make
PATIENCE_SECONDS = 60
PROGRAMS = (
    "haproxy", "nginx", "prometheus-nginx-exporter", "snmpd", "prometheus-snmp-exporter", "prometheus-blackbox-exporter",
    "prometheus", "anvil", "ceph", "ceph-mon", "ceph-mgr", "ceph-osd", "fakepve",
)  # fmt: skip
pytestmark = [pytest.mark.real(*PROGRAMS), pytest.mark.timeout(900 + QUIET_SECONDS)]
UNSTRUCK = {"availability-core": FIRST, "availability-regional": FIRST_REGIONAL}
GOOD, BAD, UNKNOWN = SlotState.GOOD, SlotState.BAD, SlotState.UNKNOWN


@dataclass(kw_only=True)
class Run:
    """What happened when, and the slots that were counted of it."""

    quiet: Period = field(default=Period(starts_at=0, ends_at=1))
    stretches: list[Stretch] = field(default_factory=list)
    silent_at: float = 0.0
    slots: Mapping[str, list[Slot]] = field(default_factory=dict)
    unstruck: Mapping[str, list[Slot]] = field(default_factory=dict)
    late_seconds: Mapping[str, int] = field(default_factory=dict)

    def faults_of(self, name: str) -> list[Stretch]:
        return [one for one in self.stretches if name in (*one.fault.strikes, *one.fault.may_touch)]

    def own_faults(self, name: str) -> list[Stretch]:
        return [one for one in self.stretches if name in one.fault.strikes]


def wait_for(
    lacking: Callable[[Iterable[str]], Mapping[str, int]], names: Iterable[str], *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Until none of the promises lacks slots; who had enough is not read again. All that lack some are named."""
    deadline, left = time.monotonic() + limit(seconds), dict.fromkeys(names, 0)
    while left := {**lacking(left)}:
        assert time.monotonic() < deadline, f"too few such slots after {limit(seconds):.0f} s: {left}"
        time.sleep(SLOT - time.time() % SLOT + SCRAPE)  # until there is one more


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("promises")
    with Processes(folder=folder) as processes, Estate(processes=processes) as estate:
        ask(estate.haproxy.url, 4)  # a counter of requests needs a request
        scraper = Scraper(processes=processes, yard=estate)
        scraper.start()
        with closing(PrometheusSamples(scraper.url)) as source:
            return _run(estate, Judge.of(estate, source))


def _run(estate: Estate, judge: Judge) -> Run:
    run = Run(late_seconds={name: judge.late_seconds(name) for name in PLACES})
    wait_for(partial(judge.lacking, started_at=time.time(), state=GOOD, wanted=2), PLACES)
    run.quiet = _quiet(judge)
    for faults in acts(estate, judge):
        run.stretches += _strike(faults, judge)
    # Not between the acts: each leaves those alone that the next one strikes.
    wait_for(partial(judge.lacking, started_at=time.time(), state=GOOD, wanted=1), PLACES)
    run.silent_at = _kill_agents(estate)
    wait_for(partial(judge.lacking, started_at=run.silent_at, state=UNKNOWN, wanted=SLOTS), PLACES)
    ended = int(time.time()) // SLOT * SLOT
    until(lambda: time.time() > ended + 3 * SLOT)
    whole = Period(starts_at=run.quiet.starts_at, ends_at=ended)
    run.slots = {name: judge.slots(name, whole) for name in PLACES}
    run.unstruck = {name: judge.slots(name, whole, place) for name, place in UNSTRUCK.items()}
    return run


def _quiet(judge: Judge) -> Period:
    """Not a second of what comes then; longer where a busy machine leaves slots unknown."""
    began = -(-int(time.time()) // SLOT) * SLOT
    time.sleep(QUIET_SECONDS)
    wait_for(
        partial(judge.lacking, started_at=began, state=GOOD, wanted=QUIET_SLOTS),
        PLACES,
        seconds=max(QUIET_SECONDS, PATIENCE_SECONDS),
    )
    return Period(starts_at=began, ends_at=int(time.time()) // SLOT * SLOT)


def _strike(faults: Sequence[Fault], judge: Judge) -> list[Stretch]:
    """All at once, until each has been seen to make its slots; mended, whatever becomes of the run."""
    found = []
    with ExitStack() as mending:
        for fault in faults:
            found.append(Stretch(fault=fault))
            mending.callback(found[-1].end)
            fault.begin()
        _note(found, "there_at", lambda fault: fault.is_there())
        for one in found:
            wait_for(partial(judge.lacking, started_at=one.there_at, state=BAD, wanted=SLOTS), one.fault.strikes)
    _note(found, "gone_at", lambda fault: fault.is_gone())
    return found


def _note(stretches: Sequence[Stretch], moment: str, is_so: Callable[[Fault], bool]) -> None:
    """When each source said so itself."""
    left = [*stretches]

    def every() -> bool:
        for one in [one for one in left if is_so(one.fault)]:
            setattr(one, moment, time.time())
            left.remove(one)
        return not left

    until(every)


def _kill_agents(estate: Estate) -> float:
    """All who tell of the sources; HAProxy tells of itself. They do not come back."""
    own = (estate.chain.own, estate.storage.own, estate.hypervisors.own, estate.canary)
    for agent in (estate.haproxy.child, estate.link.agent, estate.blackbox.agent, *(one.agent for one in own)):
        assert agent is not None
        agent.kill()
    return time.time()


def whole_in(slots: Iterable[Slot], starts_at: float, ends_at: float) -> list[Slot]:
    """Slots that lie in a stretch whole."""
    return [slot for slot in slots if starts_at <= slot.starts_at and slot.starts_at + SLOT <= ends_at]


def near(slot: Slot, stretch: Stretch) -> bool:
    """It touches a fault, from its begin until it is gone, or is one more at either end."""
    return stretch.began_at - 2 * SLOT < slot.starts_at < stretch.gone_at + SLOT


def test_page_of_promises_says_which_are_proven_here() -> None:
    texts = {path.stem: path.read_text() for path in (SPECS / "slos").glob("*.yaml")}
    assert [name for name, text in texts.items() if "series that the test makes" in text] == []
    assert set(PLACES) == {path.stem for path in (SPECS / "slos").rglob("*.yaml")}


@pytest.mark.parametrize("name", PLACES)
def test_quiet_minutes_have_no_bad_slot(run: Run, name: str) -> None:
    found = whole_in(run.slots[name], run.quiet.starts_at, run.quiet.ends_at)
    assert sum(slot.state is GOOD for slot in found) >= QUIET_SLOTS
    assert [slot for slot in found if slot.state is BAD and not starved(name, slot)] == []


@pytest.mark.parametrize("name", PLACES)
def test_fault_makes_bad_slots_to_a_slot(run: Run, name: str) -> None:
    """While it is there each slot is bad but one, those that a late scrape hides apart; elsewhere none is."""
    own = run.own_faults(name)
    bad = [slot for slot in run.slots[name] if slot.state is BAD and not starved(name, slot)]

    assert own
    for one in own:
        inside = whole_in(run.slots[name], one.there_at + run.late_seconds[name], one.ends_at)
        assert sum(slot.state is BAD for slot in inside) >= SLOTS
        assert sum(slot.state is GOOD for slot in inside) <= 1
    assert [slot for slot in bad if not any(near(slot, one) for one in run.faults_of(name))] == []


@pytest.mark.parametrize("name", UNSTRUCK)
def test_fault_of_a_datacenter_is_no_other_s(run: Run, name: str) -> None:
    """While one alone is struck its neighbour is good; nor is the chain's state in too few of them."""
    [own] = run.own_faults(name)
    for slots in (run.unstruck[name], run.slots["redundancy-chain-state"]):
        inside = whole_in(slots, own.there_at, own.ends_at)
        assert {slot.state for slot in inside} - {UNKNOWN} == {GOOD}


def test_operations_of_a_pool_that_does_not_serve_are_not_known(run: Run) -> None:
    """Its clients wait where nobody counts them: it is not that nobody asked."""
    [own] = run.own_faults("storage-core")
    inside = whole_in(run.slots["iops-storage"], own.there_at, own.ends_at)
    assert sum(slot.state is UNKNOWN for slot in inside) >= len(inside) - 1 >= SLOTS - 1


@pytest.mark.parametrize("name", PLACES)
def test_killed_agent_makes_unknown_slots_and_no_bad_one(run: Run, name: str) -> None:
    inside = [slot for slot in run.slots[name] if slot.starts_at >= run.silent_at + run.late_seconds[name]]
    after = [slot for slot in run.slots[name] if slot.starts_at >= run.silent_at]
    assert [slot for slot in after if slot.state is BAD] == []
    assert sum(slot.state is UNKNOWN for slot in inside) >= max(SLOTS, len(inside) - 1)
