"""Each promise of the architecture, counted from the series that its own spec names: a fault is BAD, silence UNKNOWN, quiet GOOD."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.fleet_example import as_yaml
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.indicator import LevelIndicator, OutageIndicator
from sankofa_observe.slo.slot import SlotState
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
    assert isinstance(indicator, LevelIndicator) and indicator.demand is not None  # noqa: PT018
    found = _states(catalog, name, Happens.IDLE)
    assert [found[SlotState.BAD], found[SlotState.UNKNOWN]] == [[], []]


def test_every_spec_says_what_it_promises() -> None:
    """Words of the document, what makes it unknown, and who pays whom: the page of promises is made of them."""
    for name in PROMISES:
        text = Path(SPECS / "slos" / f"{name}.yaml").read_text()
        assert all(f"sankofa.observe/{note}:" in text for note in ("promise", "unknown-when", "pays", "proven-on")), (
            name
        )
