"""Promises on real sources, all side by side: HAProxy, nginx, snmpd, blackbox and our canary, scraped each second by a real Prometheus.

One run: minutes in which nothing happens, then a fault in one source after the other, then the agents that tell of them are killed.
Slots of 5 s are counted from it by the committed specs; the bounds of throughputs are a thousandth and less of what is promised.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.lab.processes import Processes
from deploy.lab.sources.gateway import ask, users
from deploy.lab.sources.scraper import Scraper
from deploy.lab.sources.yard import INTERFACE, Yard
from deploy.parts import CHECKOUT
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.indicator import LevelIndicator, RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.units import Period
from tests.pace import until
from tests.promises.worlds import SLOT, cut

QUIET_SECONDS = int(os.environ.get("QUIET_SECONDS", "120"))  # make test-all sets ten minutes
FAULT_SECONDS, REST_SECONDS = 20, 10
PROGRAMS = (
    "haproxy", "nginx", "prometheus-nginx-exporter", "snmpd", "prometheus-snmp-exporter", "prometheus-blackbox-exporter",
    "prometheus",
)  # fmt: skip
pytestmark = [pytest.mark.real(*PROGRAMS), pytest.mark.timeout(600)]
SITE = "core-lab-1"
FULL_LINK = "full link"
# A thousandth of 100 Gbit/s; a ten-thousandth of 100,000 requests a second.
SHARE = {"bandwidth-core": Decimal(1) / 1000, "throughput-api": Decimal(1) / 10_000}
JUDGED = (
    "throughput-api", "bandwidth-core", "latency-edge-user", "latency-regional-user", "latency-core-user",
    "kubernetes-api-core", "kubernetes-api-regional", "gateway-core", "gateway-regional",
)  # fmt: skip


@dataclass(kw_only=True)
class Run:
    """When what was done to which source, in seconds of the one clock of this machine."""

    quiet: Period = field(default=Period(starts_at=0, ends_at=1))
    faults: dict[str, Period] = field(default_factory=dict)
    silences: dict[str, Period] = field(default_factory=dict)
    slots: dict[str, list[Slot]] = field(default_factory=dict)

    @contextmanager
    def marked(self, into: dict[str, Period], *names: str) -> Iterator[None]:
        began = time.time()
        yield
        period = Period(starts_at=int(began), ends_at=int(time.time()) + 1)
        into.update(dict.fromkeys(names, period))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    specs = CHECKOUT / "deploy" / "specs"
    return load_catalog([specs / "slos", specs / "slis"])


def lab(slo: Slo, instances: Mapping[str, tuple[str, ...]]) -> Slo:
    """The promise as the lab can break it: in seconds, at a share of its bound, of the yard's own targets."""
    made = cut(slo)
    indicator = made.indicator
    if isinstance(indicator, LevelIndicator) and slo.name in SHARE:
        indicator = replace(indicator, bound=indicator.bound * SHARE[slo.name])
    rule = made.slot
    if isinstance(indicator, RatioIndicator):
        # A request or two of ten are truly late where twenty programs share a core; in a fault all of them are.
        rule = replace(rule, target_ppm=500_000)
    system = getattr(indicator, "system", "")
    return replace(made, indicator=indicator, slot=rule, sources={SITE: instances[system]} if system else {})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> Run:
    folder: Path = tmp_path_factory.mktemp("promises")
    run = Run()
    with Processes(folder=folder) as processes, Yard(processes=processes) as yard:
        ask(yard.haproxy.url, 4)
        yard.canary.wait_for_answers("canary-1")
        scraper = Scraper(processes=processes, yard=yard)
        scraper.start()
        targets = {name: tuple(named) for name, named in yard.fleet()["spec"]["sites"][0]["targets"].items()}
        until(lambda: scraper.values("up == 1").keys() == {one for named in targets.values() for one in named})
        time.sleep(3 * SLOT)  # a counter needs samples before the first slot that is counted
        began = int(time.time())
        time.sleep(QUIET_SECONDS)
        run.quiet = Period(starts_at=began, ends_at=int(time.time()))  # not a second of what comes then
        for act in (_too_much_is_asked, _slow_answers, _gateway_gone):
            act(run, yard)
            time.sleep(REST_SECONDS)
        _agents_killed(run, yard)
        ended = int(time.time()) // SLOT * SLOT
        until(lambda: scraper.values("timestamp(up)") and time.time() > ended + 3 * SLOT)
        whole = Period(starts_at=-(-began // SLOT) * SLOT, ends_at=ended)
        with closing(PrometheusSamples(scraper.url)) as source:
            for name in JUDGED:
                run.slots[name] = read_slots(lab(catalog.slos[name], targets), [SITE], whole, source)
    return run


def _too_much_is_asked(run: Run, yard: Yard) -> None:
    """Of a gateway and of a line, while a Kubernetes API is not ready: three sources that have nothing to do with each other.

    Eight users at two servers of two places that take half a second each make eight requests a second, and a queue.
    """
    for origin in yard.origins:
        origin.fail(status=200, delay_seconds=0.5)
    names = ("throughput-api", "bandwidth-core", "kubernetes-api-core", "kubernetes-api-regional", "slow origins")
    with users(yard.haproxy.url, 8), run.marked(run.faults, *names):
        yard.readyz.fail(status=500)
        yard.link.set(INTERFACE, out_octets_per_second=5_000_000, out_discards_per_second=40)
        time.sleep(FAULT_SECONDS)
        yard.link.set(INTERFACE, out_discards_per_second=0)
        yard.readyz.mend()
        for origin in yard.origins:
            origin.mend()


def _slow_answers(run: Run, yard: Yard) -> None:
    """150 ms: too slow for all three tiers. And a line that negotiated down is full, and discards nothing."""
    with run.marked(run.faults, "latency-edge-user", "latency-regional-user", "latency-core-user", FULL_LINK):
        yard.origins[0].fail(status=200, delay_seconds=0.15)
        yard.link.set(INTERFACE, speed_mbit=40)
        time.sleep(FAULT_SECONDS)
        yard.link.set(INTERFACE, speed_mbit=100)
        yard.origins[0].mend()


def _gateway_gone(run: Run, yard: Yard) -> None:
    assert yard.nginx.child is not None
    with run.marked(run.faults, "gateway-core", "gateway-regional", "gateway gone"):
        yard.nginx.child.kill()
        time.sleep(FAULT_SECONDS)
        yard.nginx.start_server()


def _agents_killed(run: Run, yard: Yard) -> None:
    """All who tell of the sources; HAProxy tells of itself. They do not come back."""
    agents = (yard.haproxy.child, yard.link.agent, yard.blackbox.agent, yard.canary.agent)
    with run.marked(run.silences, *JUDGED):
        for agent in agents:
            assert agent is not None
            agent.kill()
        time.sleep(FAULT_SECONDS)


def within(period: Period) -> Callable[[Slot], bool]:
    """Slots that lie in a period whole."""
    return lambda slot: period.starts_at <= slot.starts_at and slot.starts_at + SLOT <= period.ends_at


def around(period: Period) -> Callable[[Slot], bool]:
    """Slots that touch a period, and one more at each end."""
    return lambda slot: period.starts_at - 2 * SLOT < slot.starts_at < period.ends_at + SLOT


def faults_of(run: Run, name: str) -> list[Period]:
    """What was done to a promise's source; who asks nginx meets what was done to its origin and to itself as well."""
    more = ["slow origins", "gateway gone"] if name.startswith(("latency-", "gateway-")) else []
    more += [FULL_LINK] if name == "bandwidth-core" else []
    return [run.faults[one] for one in (name, *more)]


def test_page_of_promises_says_which_are_proven_here() -> None:
    slos = CHECKOUT / "deploy" / "specs" / "slos"
    real = {path.stem for path in slos.glob("*.yaml") if "series that the test makes" not in path.read_text()}
    assert real == {name for name in JUDGED if (slos / f"{name}.yaml").exists()}


@pytest.mark.parametrize("name", JUDGED)
def test_quiet_minutes_have_no_bad_slot(run: Run, name: str) -> None:
    found = [slot for slot in run.slots[name] if within(run.quiet)(slot)]
    assert len(found) >= QUIET_SECONDS // SLOT - 2
    assert [slot for slot in found if slot.state is not SlotState.GOOD] == []


@pytest.mark.parametrize("name", JUDGED)
def test_fault_makes_bad_slots_to_a_slot(run: Run, name: str) -> None:
    period = run.faults[name]
    inside = [slot for slot in run.slots[name] if within(period)(slot)]
    bad = [slot for slot in run.slots[name] if slot.state is SlotState.BAD]
    elsewhere = [slot for slot in bad if not any(around(one)(slot) for one in faults_of(run, name))]

    assert sum(slot.state is SlotState.BAD for slot in inside) >= len(inside) - 1
    assert elsewhere == []


def test_a_full_link_is_bad_without_a_discard(run: Run) -> None:
    """A line of 100 that runs at 40 and carries 40; before and after, the same traffic leaves room and is good."""
    inside = [slot for slot in run.slots["bandwidth-core"] if within(run.faults[FULL_LINK])(slot)]
    assert sum(slot.state is SlotState.BAD for slot in inside) >= len(inside) - 2


@pytest.mark.parametrize("name", JUDGED)
def test_killed_agent_makes_unknown_slots_and_no_bad_one(run: Run, name: str) -> None:
    silent = run.silences[name]
    inside = [slot for slot in run.slots[name] if within(silent)(slot)]
    assert [slot for slot in inside if slot.state is SlotState.BAD] == []
    assert sum(slot.state is SlotState.UNKNOWN for slot in inside) >= len(inside) - 1
