"""Real gateways, links and probes, scraped by a real Prometheus: faults show in the series as the catalogue says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.integrations.record import differences, shown_today
from deploy.integrations.render import CATALOGUE
from deploy.lab.processes import Processes
from deploy.lab.sources.gateway import ask, users
from deploy.lab.sources.scraper import Scraper
from deploy.lab.sources.yard import IDLE_INTERFACE, INTERFACE, Yard
from sankofa_observe.adapters.integrations.selector import of_job
from tests.pace import until

PROGRAMS = (
    "haproxy", "nginx", "prometheus-nginx-exporter", "snmpd", "prometheus-snmp-exporter", "prometheus-blackbox-exporter",
    "prometheus",
)  # fmt: skip
pytestmark = [pytest.mark.real(*PROGRAMS), pytest.mark.timeout(180)]
PLACE = {"site": "core-lab-1", "tier": "core", "region": "lab"}


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder: Path = tmp_path_factory.mktemp("yard")
    with Processes(folder=folder) as processes, Yard(processes=processes) as running:
        ask(running.haproxy.url, 4)
        running.canary.wait_for_answers("canary-1")
        yield running


@pytest.fixture(scope="module")
def scraper(yard: Yard) -> Scraper:
    scraper = Scraper(processes=yard.processes, yard=yard)
    scraper.start()
    targets = {name for named in yard.fleet()["spec"]["sites"][0]["targets"].values() for name in named}
    until(lambda: scraper.values('up{site!=""} == 1').keys() == targets)  # the exporters themselves have no site
    return scraper


def selectors(indicator: str) -> list[str]:
    """The selectors of an indicator as an SLO has them, in the order counted, total or known or waiting."""
    entry, found = next(pair for pair in CATALOGUE.indicators() if pair[1].name == indicator)
    return [of_job(one, entry.spec.scrape.job) for one in found.selectors()]


def test_recordings_are_what_the_programs_show(yard: Yard) -> None:
    """Each recorded exposition has the metrics and types that the real program shows today."""
    assert differences(shown_today(yard)) == {}


def test_each_indicator_finds_its_series_with_their_identity(yard: Yard, scraper: Scraper) -> None:
    """Every selector of every entry in the lab finds each target of the fleet file, by its name, site, tier and region."""
    targets = {name: set(named) for name, named in yard.fleet()["spec"]["sites"][0]["targets"].items()}
    wrong = {}
    for entry, indicator in CATALOGUE.indicators():
        for selector in selectors(indicator.name) if entry.name in targets else ():
            found = scraper.query(selector)
            places = [{label: one["metric"][label] for label in PLACE} for one in found]
            instances = {one["metric"]["instance"] for one in found}
            several = len(found) != len(instances) and not indicator.events
            if instances != targets[entry.name] or several or places != [PLACE] * len(found):
                wrong[selector] = found
    assert wrong == {}


def test_responses_of_500_are_counted_as_bad(yard: Yard, scraper: Scraper) -> None:
    """What the backend fails is counted by its class, exactly, while its servers pass every check: the lie of the entry."""
    (bad, total, _), (servers,) = selectors("gateway-responses"), selectors("gateway-servers")
    before = scraper.values(bad)["gateway-1"], scraper.values(f"sum by (instance) ({total})")["gateway-1"]
    for one in yard.origins:
        one.fail(status=500)
    try:
        assert ask(yard.haproxy.url, 7) == [500] * 7
    finally:
        for one in yard.origins:
            one.mend()
    assert ask(yard.haproxy.url, 3) == [200] * 3
    until(lambda: scraper.values(f"sum by (instance) ({total})")["gateway-1"] == before[1] + 10)
    assert scraper.values(bad)["gateway-1"] == before[0] + 7
    assert scraper.values(f"min_over_time({servers}[10s])") == {"gateway-1": 2}


def test_a_queue_shows_while_servers_are_slow(yard: Yard, scraper: Scraper) -> None:
    """Demand: with more users than slots and slow answers requests wait; when answers are quick again none does."""
    requests, waiting = selectors("gateway-requests")
    assert scraper.values(waiting) == {"gateway-1": 0}
    for one in yard.origins:
        one.fail(status=200, delay_seconds=0.5)
    with users(yard.haproxy.url, 8):
        until(lambda: scraper.values(waiting)["gateway-1"] > 0)
        assert scraper.values(f"delta({requests}[5s])")["gateway-1"] > 0
        for one in yard.origins:
            one.mend()
    until(lambda: scraper.values(waiting) == {"gateway-1": 0})


def test_a_backend_without_servers_queues_nothing(yard: Yard, scraper: Scraper) -> None:
    """The lie of the entry: with every server down HAProxy answers 503 at once, and its queue stays empty."""
    (servers,), (bad, _, _), (_, waiting) = (
        selectors(name) for name in ("gateway-servers", "gateway-responses", "gateway-requests")
    )
    yard.origins[0].stop()
    until(lambda: scraper.values(servers) == {"gateway-1": 1})
    yard.origins[1].stop()
    until(lambda: scraper.values(servers) == {"gateway-1": 0})
    before = scraper.values(bad)["gateway-1"]
    assert ask(yard.haproxy.url, 5) == [503] * 5
    until(lambda: scraper.values(bad)["gateway-1"] == before + 5)
    assert scraper.values(waiting) == {"gateway-1": 0}
    for one in yard.origins:
        one.mend()
    until(lambda: scraper.values(servers) == {"gateway-1": 2})


def test_nginx_that_ended_is_down_and_its_exporter_that_ended_is_not_known(yard: Yard, scraper: Scraper) -> None:
    """The exporter says 0 of a server that is gone, as does the probe from outside; without the exporter nobody says down."""
    (up, known), (outside, seen), (duration,) = (selectors(name) for name in ("nginx-up", "http-up", "http-duration"))
    assert yard.nginx.child is not None
    yard.nginx.child.kill()
    until(lambda: (scraper.values(up), scraper.values(known)) == ({"nginx-1": 0}, {"nginx-1": 1}))
    until(lambda: (scraper.values(outside), scraper.values(seen)) == ({"blackbox-1": 0}, {"blackbox-1": 1}))
    assert scraper.values(duration)["blackbox-1"] < 0.5, "the lie of the entry: who refuses is quick"
    yard.nginx.start_server()
    until(lambda: (scraper.values(up), scraper.values(outside)) == ({"nginx-1": 1}, {"blackbox-1": 1}))

    assert yard.nginx.agent is not None
    yard.nginx.agent.kill()
    until(lambda: (scraper.values(up), scraper.values(known)) == ({}, {"nginx-1": 0}))
    yard.nginx.start_agent()
    until(lambda: (scraper.values(up), scraper.values(known)) == ({"nginx-1": 1}, {"nginx-1": 1}))


def test_gateway_that_ended_tells_nothing(yard: Yard, scraper: Scraper) -> None:
    """The exporter is in the gateway: its end leaves no series of any indicator, and nothing that says 0."""
    names = ("gateway-requests", "gateway-responses", "gateway-servers")
    every = [one for name in names for one in selectors(name)]
    *_, start = selectors("gateway-responses")
    before = scraper.values(start)["gateway-1"]
    assert yard.haproxy.child is not None
    yard.haproxy.child.kill()
    until(lambda: not any(scraper.query(one) for one in every))
    yard.haproxy.start()
    until(lambda: all(scraper.query(one) for one in every))
    assert scraper.values(start)["gateway-1"] > before


def test_a_link_at_a_thousandth_of_its_speed(yard: Yard, scraper: Scraper) -> None:
    """100 Mbit/s stand for 100 Gbit/s: octets grow at the driven rate, and the idle link beside it is another target."""
    (sent, _, _), (speed,) = selectors("link-out"), selectors("link-speed")
    yard.link.set(INTERFACE, out_octets_per_second=12_500_000)
    until(lambda: abs(scraper.values(f"rate({sent}[4s])").get(INTERFACE, 0) - 12_500_000) < 1_000_000)
    assert scraper.values(f"rate({sent}[4s])")[IDLE_INTERFACE] == 0
    assert scraper.values(speed) == {INTERFACE: 100, IDLE_INTERFACE: 100}


def test_discards_of_one_link_are_the_demand_of_that_link(yard: Yard, scraper: Scraper) -> None:
    """Discards grow on one interface alone, and stop when they stop."""
    _, waiting, _ = selectors("link-out")
    yard.link.set(INTERFACE, out_discards_per_second=40)
    until(lambda: scraper.values(f"rate({waiting}[4s])").get(INTERFACE, 0) > 0)
    assert scraper.values(f"rate({waiting}[4s])")[IDLE_INTERFACE] == 0
    yard.link.set(INTERFACE, out_discards_per_second=0)
    until(lambda: scraper.values(f"increase({waiting}[3s])").get(INTERFACE) == 0)


def test_frozen_counters_stand_still_while_the_device_answers(yard: Yard, scraper: Scraper) -> None:
    """The lie of the entry: frozen octets look like an idle link, and the scrape is well."""
    sent, _, _ = selectors("link-out")
    yard.link.set(INTERFACE, out_octets_per_second=0)
    until(lambda: scraper.values(f"increase({sent}[3s])").get(INTERFACE) == 0)
    assert scraper.values(of_job("up", CATALOGUE.entry("link").spec.scrape.job))[INTERFACE] == 1
    yard.link.set(INTERFACE, out_octets_per_second=11_000_000)
    until(lambda: scraper.values(f"increase({sent}[3s])").get(INTERFACE, 0) > 0)


def test_an_interface_that_is_down_is_down_and_its_neighbour_is_not(yard: Yard, scraper: Scraper) -> None:
    """State 2 of one interface; a slower speed of it shows as well."""
    (state,), (speed,) = selectors("link-state"), selectors("link-speed")
    yard.link.set(INTERFACE, oper_status=2, speed_mbit=40)
    until(lambda: scraper.values(state) == {INTERFACE: 2, IDLE_INTERFACE: 1})
    until(lambda: scraper.values(speed) == {INTERFACE: 40, IDLE_INTERFACE: 100})
    yard.link.set(INTERFACE, oper_status=1, speed_mbit=100)
    until(lambda: scraper.values(state) == {INTERFACE: 1, IDLE_INTERFACE: 1})


@pytest.mark.parametrize("part", ["device", "agent"])
def test_link_without_its_agent_is_not_known(yard: Yard, scraper: Scraper, part: str) -> None:
    """With snmpd or the exporter killed there is no sample of any indicator; nothing says 0."""
    job = CATALOGUE.entry("link").spec.scrape.job
    child = {"device": yard.link.child, "agent": yard.link.agent}[part]
    assert child is not None
    child.kill()
    names = ("link-out", "link-in", "link-speed", "link-state")
    every = [one for name in names for one in selectors(name)]
    until(lambda: not any(scraper.values(one) for one in every))
    assert scraper.values(of_job("up", job)) == {INTERFACE: 0, IDLE_INTERFACE: 0}
    {"device": yard.link.start_device, "agent": yard.link.start_agent}[part]()
    until(lambda: all(scraper.values(one).keys() == {INTERFACE, IDLE_INTERFACE} for one in every))


@pytest.mark.parametrize(("status", "delay_seconds"), [(500, 0.0), (403, 0.0), (200, 600.0)])
def test_readyz_that_is_not_ok_is_down(yard: Yard, scraper: Scraper, status: int, delay_seconds: float) -> None:
    """Failed checks, a refusal (the lie of the entry) and silence are down; the probe itself is well."""
    up, known = selectors("kubernetes-api-ready")
    yard.readyz.mend()
    until(lambda: scraper.values(up) == {"kubernetes-api-1": 1})
    yard.readyz.fail(status=status, delay_seconds=delay_seconds)
    until(lambda: scraper.values(up) == {"kubernetes-api-1": 0})
    assert scraper.values(known) == {"kubernetes-api-1": 1}
    yard.readyz.mend()
    until(lambda: scraper.values(up) == {"kubernetes-api-1": 1})


def test_probes_without_their_agent_are_not_known(yard: Yard, scraper: Scraper) -> None:
    """The blackbox exporter killed: nobody says down, of an HTTP address or of a Kubernetes API."""
    (outside, seen), (ready, asked) = selectors("http-up"), selectors("kubernetes-api-ready")
    assert yard.blackbox.agent is not None
    yard.blackbox.agent.kill()
    until(lambda: (scraper.values(outside), scraper.values(ready)) == ({}, {}))
    assert (scraper.values(seen), scraper.values(asked)) == ({"blackbox-1": 0}, {"kubernetes-api-1": 0})
    yard.blackbox.start()
    until(lambda: (scraper.values(outside), scraper.values(ready)) == ({"blackbox-1": 1}, {"kubernetes-api-1": 1}))


def test_slow_and_missing_answers_are_bad_for_users(yard: Yard, scraper: Scraper) -> None:
    """Requests of the canary go on being counted while none is within the bound: a slow origin, then a gateway that is gone."""
    good, valid, _ = selectors("user-latency-10ms")

    def counted() -> tuple[float, float] | None:
        """Good and valid requests; None while our own delay leaves nothing that is known."""
        both = scraper.values(good), scraper.values(valid)
        return (both[0]["canary-1"], both[1]["canary-1"]) if all(both) else None

    def only_bad_ones_come() -> None:
        first: tuple[float, float] | None = None

        def valid_grew_alone() -> bool:
            nonlocal first
            now = counted()
            if now is None:
                return False
            if (
                first is None or now[0] != first[0]
            ):  # one that was under way is counted late on a busy machine: look anew
                first = now
            return now[1] > first[1]

        until(valid_grew_alone)

    def good_ones_come() -> None:
        until(lambda: scraper.values(f"increase({good}[3s])").get("canary-1", 0) > 0)

    yard.origins[0].fail(status=200, delay_seconds=0.2)
    only_bad_ones_come()
    yard.origins[0].mend()
    good_ones_come()
    assert yard.nginx.child is not None
    yard.nginx.child.kill()
    only_bad_ones_come()
    yard.nginx.start_server()
    good_ones_come()


def test_canary_that_ended_says_nothing(yard: Yard, scraper: Scraper) -> None:
    """Without the canary no request is counted, good or bad, and nothing says down; a new one says when it began."""
    every = [one for name in ("user-latency-10ms", "canary-up") for one in selectors(name)]
    *_, start = selectors("user-latency-10ms")
    before = scraper.values(start)["canary-1"]
    assert yard.canary.agent is not None
    yard.canary.agent.kill()
    until(lambda: not any(scraper.query(one) for one in every))
    yard.canary.start(yard.fleet_file)
    until(lambda: all(scraper.query(one) for one in every))
    assert scraper.values(start)["canary-1"] > before
