"""Promises on real programs: faults driven into them, agents killed, quiet minutes, counted by the engine from what Prometheus kept.

The specs are the committed ones with slots of 5 s at scrapes of 1 s; 100,000 requests a second are driven at a ten-thousandth, and
100 Gbit/s at a thousandth. All sources run side by side, and every fault is driven at the same time. QUIET_SECONDS is longer in a
larger tier. Of a latency no quiet minute is claimed: on a busy machine answers are late in truth.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from deploy.lab.processes import Processes
from deploy.lab.sources.gateway import users
from deploy.lab.sources.scraper import Scraper
from deploy.lab.sources.yard import IDLE_INTERFACE, INTERFACE, Yard
from deploy.parts import CHECKOUT
from sankofa_observe.adapters.fleet_example import as_yaml
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.indicator import LevelIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.units import Period
from tests.pace import until
from tests.promises.worlds import SLOT, cut

QUIET_SECONDS = int(os.environ.get("QUIET_SECONDS", "120"))
FAULT_SECONDS, AFTER_SECONDS = 5 * SLOT, 4 * SLOT
SITE = "core-lab-1"
PROGRAMS = (
    "haproxy", "nginx", "prometheus-nginx-exporter", "snmpd", "prometheus-snmp-exporter", "prometheus-blackbox-exporter",
    "prometheus",
)  # fmt: skip
pytestmark = [pytest.mark.real(*PROGRAMS), pytest.mark.timeout(QUIET_SECONDS + 300)]


@dataclass(frozen=True, kw_only=True)
class Live:
    """A promise, its sources in the yard, and by what its bound is divided."""

    slo: str
    sources: tuple[str, ...]
    scale: int = 1


THROUGHPUT = Live(slo="throughput-api", sources=("gateway-1",), scale=10_000)
BANDWIDTH = Live(slo="bandwidth-core", sources=(INTERFACE, IDLE_INTERFACE), scale=1_000)
STATES = [
    THROUGHPUT,
    BANDWIDTH,
    Live(slo="kubernetes-api-core", sources=("kubernetes-api-1",)),
    Live(slo="gateway-core", sources=("blackbox-1",)),
]
PROMISES = [*STATES, Live(slo="latency-core-user", sources=("canary-1",))]


@dataclass(frozen=True, kw_only=True)
class Happened:
    """When something was begun, in place, taken back, and over: Unix times."""

    begun: float
    there: float
    ending: float
    over: float

    def surely(self) -> Period:
        """The slots that lie inside, a slot from where samples of before it may still speak."""
        return Period(starts_at=_slot_after(self.there) + SLOT, ends_at=int(self.ending) // SLOT * SLOT)

    def touched(self) -> Period:
        """The slots that anything of it may have touched, one beside it included."""
        return Period(starts_at=int(self.begun) // SLOT * SLOT - SLOT, ends_at=_slot_after(self.over) + 2 * SLOT)


@dataclass(frozen=True, kw_only=True)
class Story:
    """What was driven, and the Prometheus that saw it."""

    url: str
    whole: Period
    fault: Happened
    silence: Happened


def promise(committed: Slo, live: Live) -> Slo:
    """The committed spec in seconds, of the yard's sources, at a part of its bound."""
    slo = cut(committed)
    if isinstance(slo.indicator, LevelIndicator):
        slo = replace(slo, indicator=replace(slo.indicator, bound=slo.indicator.bound / live.scale))
    return replace(slo, sources={SITE: live.sources})


def _wait(seconds: float) -> None:
    """Time that has to pass: what is claimed is how many slots it makes."""
    over = time.time() + seconds
    until(lambda: time.time() >= over, seconds=seconds + 60)


def _slot_after(at: float) -> int:
    return -(-int(at + 1) // SLOT) * SLOT


def _fault(yard: Yard) -> Happened:
    """Origins that are slow, a gateway that is gone, an API that is not ready, a link that discards."""
    begun = time.time()
    assert yard.nginx.child is not None
    yard.nginx.child.kill()
    yard.readyz.fail(status=500)
    yard.link.set(INTERFACE, out_octets_per_second=5_000_000, out_discards_per_second=40)
    for one in yard.origins:
        one.fail(status=200, delay_seconds=20)
    with users(yard.haproxy.url, 60):
        there = time.time()
        _wait(FAULT_SECONDS)
        ending = time.time()
        for one in (*yard.origins, yard.readyz):
            one.mend()
    yard.link.set(INTERFACE, out_octets_per_second=14_000_000, out_discards_per_second=0)
    yard.nginx.start_server()
    return Happened(begun=begun, there=there, ending=ending, over=time.time())


def _silence(yard: Yard) -> Happened:
    """Whoever tells Prometheus is killed: the gateway with the exporter in it, and the agents of all else."""
    begun = time.time()
    for child in (yard.haproxy.child, yard.link.agent, yard.blackbox.agent, yard.canary.agent):
        assert child is not None
        child.kill()
    there = time.time()
    _wait(FAULT_SECONDS)
    ending = time.time()
    yard.haproxy.start()
    yard.link.start_agent()
    yard.blackbox.start()
    yard.canary.start(yard.fleet_file)
    return Happened(begun=begun, there=there, ending=ending, over=time.time())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("live")
    with Processes(folder=folder) as processes:
        yard = Yard(processes=processes)
        yard.haproxy.slots = 20  # in quiet minutes nobody waits, however busy the machine is
        with yard, users(yard.haproxy.url, 10, pause_seconds=0.2):
            yard.link.set(INTERFACE, out_octets_per_second=14_000_000)
            scraper = Scraper(processes=processes, yard=yard)
            scraper.start()
            requests = "rate(haproxy_frontend_http_requests_total{proxy='api'}[5s])"
            until(lambda: scraper.values(requests).get("gateway-1", 0) > 10)
            _wait(2 * SLOT)
            starts_at = _slot_after(time.time())
            _wait(QUIET_SECONDS)
            fault = _fault(yard)
            _wait(AFTER_SECONDS)
            silence = _silence(yard)
            _wait(AFTER_SECONDS)
            ends_at = int(time.time()) // SLOT * SLOT
            _wait(3 * SLOT)  # what the last slots lean on
            whole = Period(starts_at=starts_at, ends_at=ends_at)
            yield Story(url=scraper.url, whole=whole, fault=fault, silence=silence)


@pytest.fixture(scope="module")
def counted(story: Story, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Slot]]:
    """The slots of each promise."""
    fleet = tmp_path_factory.mktemp("specs") / "fleet.yaml"
    fleet.write_text(as_yaml())
    specs = CHECKOUT / "deploy" / "specs"
    catalog = load_catalog([specs / "slos", specs / "slis", fleet])
    samples = PrometheusSamples(story.url)
    return {
        live.slo: read_slots(promise(catalog.slos[live.slo], live), [SITE], story.whole, samples) for live in PROMISES
    }


def _states(slots: list[Slot], inside: Period) -> list[SlotState]:
    return [one.state for one in slots if inside.starts_at <= one.starts_at < inside.ends_at]


def _starts(slots: list[Slot], state: SlotState) -> set[int]:
    return {one.starts_at for one in slots if one.state is state}


@pytest.mark.parametrize("live", PROMISES, ids=lambda live: live.slo)
def test_fault_is_bad_in_each_slot_of_it(live: Live, story: Story, counted: dict[str, list[Slot]]) -> None:
    """Every slot that lies in the fault, and none that is two away from it.

    Of latency: requests that our own delay spoils are in no counter, so a busy machine may leave a slot unknown; and elsewhere
    answers may be late in truth.
    """
    slots = counted[live.slo]
    inside, touched = set(_states(slots, story.fault.surely())), story.fault.touched()

    if live in STATES:
        assert inside == {SlotState.BAD}
        assert all(touched.starts_at <= one < touched.ends_at for one in _starts(slots, SlotState.BAD))
    else:
        assert SlotState.BAD in inside
        assert inside <= {SlotState.BAD, SlotState.UNKNOWN}


@pytest.mark.parametrize("live", PROMISES, ids=lambda live: live.slo)
def test_killed_agent_is_unknown_and_never_bad(live: Live, story: Story, counted: dict[str, list[Slot]]) -> None:
    """Every slot that lies in the silence; none that it touches is bad."""
    slots = counted[live.slo]

    assert set(_states(slots, story.silence.surely())) == {SlotState.UNKNOWN}
    assert SlotState.BAD not in _states(slots, story.silence.touched()) or live not in STATES


@pytest.mark.parametrize("live", STATES, ids=lambda live: live.slo)
def test_quiet_minutes_are_good(live: Live, story: Story, counted: dict[str, list[Slot]]) -> None:
    """No slot of them is bad; a scrape that our machine lost may make one unknown."""
    quiet = Period(starts_at=story.whole.starts_at, ends_at=story.fault.touched().starts_at)
    states = _states(counted[live.slo], quiet)

    assert SlotState.BAD not in states
    assert SlotState.GOOD in states
