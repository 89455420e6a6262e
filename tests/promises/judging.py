"""Promises judged in the estate: the committed specs in seconds, of the estate's own fleet file, counted from a real Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from deploy.lab.sources.estate import CHAIN, CORE, EDGE, FLEET, LINK, REGIONAL, ZONE, Estate
from deploy.parts import CHECKOUT
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.ports import SampleSource
from sankofa_observe.slo.indicator import LevelIndicator, OutageIndicator, RatioIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.units import Period
from tests.promises.worlds import LIMIT, SLOT, cut

SPECS = CHECKOUT / "deploy" / "specs"
FIRST, STRUCK = next(iter(CORE)), list(CORE)[3]  # the one alone that is struck is on standby
FIRST_REGIONAL, STRUCK_REGIONAL = REGIONAL
PLACES = {
    "availability-chain": CHAIN,
    "throughput-chain": CHAIN,
    "redundancy-chain-state": CHAIN,
    "latency-chain-query": FIRST_REGIONAL,
    "bandwidth-core": LINK,
    "throughput-api": FIRST_REGIONAL,
    "iops-storage": FIRST,
    "latency-edge-user": EDGE,
    "latency-regional-user": FIRST_REGIONAL,
    "latency-core-user": FIRST,
    "availability-edge": EDGE,
    "rpo": EDGE,
    "availability-core": STRUCK,
    "availability-regional": STRUCK_REGIONAL,
    "rto-core": STRUCK,
    "rto-regional": STRUCK_REGIONAL,
    "redundancy-core": FLEET,
    "redundancy-regional": ZONE,
    "storage-core": FIRST,
    "storage-regional": FIRST_REGIONAL,
    "validators-core": FIRST,
    "replicas-regional": FIRST_REGIONAL,
    "kubernetes-api-core": STRUCK,
    "kubernetes-api-regional": STRUCK_REGIONAL,
    "gateway-core": FIRST,
    "gateway-regional": FIRST_REGIONAL,
}
# Of what is promised, as much as one machine can be driven to: 100 Mbit/s, 20 requests, 10 operations, 10 transactions a second.
SHARE = {
    "bandwidth-core": Decimal(1) / 1000,
    "throughput-api": Decimal(2) / 10_000,
    "iops-storage": Decimal(1) / 10_000,
    "throughput-chain": Decimal(1) / 100,
}


# Requests that our canary and our exporter ask in a slot.
ASKED = {"latency-edge-user": 10, "latency-regional-user": 10, "latency-core-user": 10, "latency-chain-query": 5}


def starved(name: str, slot: Slot) -> bool:
    """Whether our own delay left out most of what was asked: the platform does not read that yet (decision 0032)."""
    return 2 * (slot.good + slot.bad) < ASKED.get(name, 0)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Counts the slots of promises at their places."""

    slos: dict[str, Slo]
    source: SampleSource

    @classmethod
    def of(cls, estate: Estate, source: SampleSource) -> Judge:
        catalog = load_catalog([SPECS / "slos", SPECS / "slis", estate.fleet_file])
        return cls(slos={name: _driven(catalog.slos[name]) for name in PLACES}, source=source)

    def slots(self, name: str, period: Period, place: str = "") -> list[Slot]:
        return read_slots(self.slos[name], [place or PLACES[name]], period, self.source)

    def since(self, name: str, started_at: float, state: SlotState) -> int:
        """How many of the slots that lie whole after an instant are in a state, as far as can be seen now."""
        first = -(-int(started_at + 1) // SLOT) * SLOT
        last = int(time.time()) // SLOT * SLOT
        if last <= first:
            return 0
        return sum(slot.state is state for slot in self.slots(name, Period(starts_at=first, ends_at=last)))

    def lacking(self, names: Iterable[str], started_at: float, state: SlotState, wanted: int) -> dict[str, int]:
        """The promises that have fewer such slots, with how many they have."""
        found = {name: self.since(name, started_at + self.late_seconds(name), state) for name in names}
        return {name: count for name, count in found.items() if count < wanted}

    def late_seconds(self, name: str) -> int:
        """How long after its beginning a fault breaks the promise: a recovery is late when its time is over."""
        return LIMIT if isinstance(self.slos[name].indicator, OutageIndicator) else 0

    def above(self, name: str) -> Decimal:
        """How much may wait before more is asked for than is done."""
        indicator = self.slos[name].indicator
        assert isinstance(indicator, LevelIndicator)
        [demand] = indicator.demand
        return demand.above


def _driven(slo: Slo) -> Slo:
    """The promise as the estate can break it: in seconds, and at a share of its bound."""
    made = cut(slo)
    indicator, rule = made.indicator, made.slot
    if isinstance(indicator, LevelIndicator) and (share := SHARE.get(slo.name)):
        # What is held against a capacity is a share already.
        demand = (one if one.capacity else replace(one, above=one.above * share) for one in indicator.demand)
        indicator = replace(indicator, bound=indicator.bound * share, demand=tuple(demand))
    if isinstance(indicator, RatioIndicator):
        # Most of a slot's requests may truly be late where forty programs share a busy core; in a fault all of them are.
        rule = replace(rule, target_ppm=100_000)
    return replace(made, indicator=indicator, slot=rule)
