"""Each promise of the architecture, counted from the series that its own spec names: a fault is BAD, silence UNKNOWN, quiet GOOD."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.fleet_example import as_yaml
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.indicator import LevelIndicator, OutageIndicator, RatioIndicator
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from tests.promises.worlds import FAULT, LIMIT, SLOT, WHOLE, Happens, World, cut

SPECS = CHECKOUT / "deploy" / "specs"
PROMISES = sorted(path.stem for path in (SPECS / "slos").glob("*.yaml"))
THROUGHPUTS = ("bandwidth-core", "iops-storage", "throughput-api", "throughput-chain")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    fleet = tmp_path_factory.mktemp("fleet") / "fleet.yaml"
    fleet.write_text(as_yaml())
    return load_catalog([SPECS / "slos", SPECS / "slis", fleet])


def _states(catalog: Catalog, name: str, happens: Happens) -> dict[SlotState, list[int]]:
    """The starts of a place's slots by state; all that the place is counted from is struck."""
    slo = cut(catalog.slos[name])
    place = catalog.sites_of(slo)[0]
    source = World(slo=slo, happens=happens, struck=frozenset(slo.sites_of(place))).source([place])
    found: dict[SlotState, list[int]] = {state: [] for state in SlotState}
    for slot in read_slots(slo, [place], WHOLE, source):
        found[slot.state].append(slot.starts_at)
    return found


def test_there_are_eighteen_promises() -> None:
    assert len(PROMISES) == 18


@pytest.mark.parametrize("name", PROMISES)
def test_quiet_minutes_are_good(catalog: Catalog, name: str) -> None:
    found = _states(catalog, name, Happens.NOTHING)
    assert [found[SlotState.BAD], found[SlotState.UNKNOWN]] == [[], []]


@pytest.mark.parametrize("name", PROMISES)
def test_fault_in_the_source_is_bad_for_as_long_as_it_lasts(catalog: Catalog, name: str) -> None:
    """To a slot at each end; a recovery that is late counts from where it is late."""
    found = _states(catalog, name, Happens.FAULT)
    late = LIMIT if isinstance(catalog.slos[name].indicator, OutageIndicator) else 0
    wanted = list(range(FAULT.starts_at + late, FAULT.ends_at, SLOT))

    assert abs(len(found[SlotState.BAD]) - len(wanted)) <= 1
    assert set(found[SlotState.BAD]) <= {wanted[0] - SLOT, *wanted, wanted[-1] + SLOT}
    assert len(found[SlotState.UNKNOWN]) <= 2


@pytest.mark.parametrize("name", PROMISES)
def test_silence_of_the_agent_is_unknown_and_never_bad(catalog: Catalog, name: str) -> None:
    """Our own blindness is nobody's breach."""
    found = _states(catalog, name, Happens.SILENCE)
    late = LIMIT if isinstance(catalog.slos[name].indicator, OutageIndicator) else 0

    assert found[SlotState.BAD] == []
    assert len(found[SlotState.UNKNOWN]) >= (FAULT.seconds - late) // SLOT - 1


@pytest.mark.parametrize("name", THROUGHPUTS)
def test_throughput_is_good_where_nobody_asks_for_more(catalog: Catalog, name: str) -> None:
    indicator = catalog.slos[name].indicator
    assert isinstance(indicator, LevelIndicator) and indicator.demand  # noqa: PT018
    found = _states(catalog, name, Happens.IDLE)
    assert [found[SlotState.BAD], found[SlotState.UNKNOWN]] == [[], []]


GBIT = 125_000_000  # octets


@pytest.mark.parametrize(
    ("speed_gbit", "carried_gbit", "state"),
    [
        (100, 96, SlotState.BAD),  # full, and less than was promised: it is asked for more than it gives
        (100, 95, SlotState.GOOD),  # room is left
        (10, 10, SlotState.BAD),  # a line that negotiated down, and is full
        (10, 5, SlotState.GOOD),
        (400, 100, SlotState.GOOD),
        (100, 0, SlotState.GOOD),
        (0, 0, SlotState.UNKNOWN),  # a device that does not tell its speed
        (0, 100, SlotState.GOOD),
    ],
)
def test_a_link_that_is_full_below_its_bound_is_bad_without_a_discard(
    catalog: Catalog, speed_gbit: int, carried_gbit: int, state: SlotState
) -> None:
    """The issue's demand: over 95 % busy."""
    slo = cut(catalog.slos["bandwidth-core"])
    place = catalog.sites_of(slo)[0]
    labels = {"job": "link", "site": place, "instance": slo.sources[place][0]}
    moments = range(WHOLE.starts_at - 60, WHOLE.ends_at + 60)
    source = ScriptedSamples()
    for name, value in (
        ("ifHCOutOctets", lambda n: n * carried_gbit * GBIT),
        ("ifOutDiscards", lambda _: 7),
        ("ifHighSpeed", lambda _: speed_gbit * 1000),
    ):
        source.add(name, [(at * 1000, str(value(n))) for n, at in enumerate(moments)], **labels)
    assert {slot.state for slot in read_slots(slo, [place], WHOLE, source)} == {state}


@pytest.mark.parametrize("name", ["latency-core-user", "latency-edge-user", "latency-regional-user"])
def test_a_canary_that_began_anew_says_so_itself(catalog: Catalog, name: str) -> None:
    """Counters that are above those of before at the first scrape look like growth: 14 requests, not 4, came since."""
    slo = cut(catalog.slos[name])
    indicator, place = slo.indicator, catalog.sites_of(slo)[0]
    assert isinstance(indicator, RatioIndicator)
    begins = WHOLE.starts_at + 100
    source = ScriptedSamples()
    labels = {"job": "sankofa-canary", "site": place, "instance": slo.sources[place][0]}
    for selector in (indicator.good, indicator.valid, "up", "sankofa_canary_counters_start_timestamp_seconds"):
        values = {}
        for at in range(begins - 10, begins + 10):
            shown = min(10, at - begins + 20) if at < begins else 14 + at - begins
            started = str(begins - 20) if at < begins else str(begins)
            values[at] = "1" if selector == "up" else started if "start" in selector else str(shown)
        bound = {"le": selector.partition('le="')[2].partition('"')[0]} if "le=" in selector else {}
        points = [(at * 1000, text) for at, text in values.items()]
        source.add(selector.partition("{")[0], points, **labels, **bound)
    (slot,) = read_slots(slo, [place], Period(starts_at=begins, ends_at=begins + SLOT), source)
    assert slot.good == 14 + SLOT - 1


def test_every_spec_says_what_it_promises() -> None:
    """Words of the document, what makes it unknown, and who pays whom: the page of promises is made of them."""
    for name in PROMISES:
        text = Path(SPECS / "slos" / f"{name}.yaml").read_text()
        assert all(f"sankofa.observe/{note}:" in text for note in ("promise", "unknown-when", "pays", "proven-on")), (
            name
        )
