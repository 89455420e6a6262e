"""Who is promised what in the tour, what breaks it and when, and the work that was planned: all of it as data.

Slots are counted from 0. A fault begins and ends in the middle of a slot, far from the next scrape's slot; bands are so wide that a
slot or some requests that this machine spoils do not choose another one.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.lab.plan import Plan

PROVIDER = "sankofa-cloud"
CURRENCY, EXPONENT, CAP_PPM = "USD", 2, 500_000
SLOTS = 12
PROPOSER, APPROVER = "amina", "kofi"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """From the middle of one slot to the middle of a later one."""

    what: str
    down_slot: int
    up_slot: int


@dataclass(frozen=True, kw_only=True)
class Work:
    """Planned work over whole slots, `first` to before `end`; the site is down for less than that."""

    site: str
    what: str
    first: int
    end: int
    notice_slots: int

    @property
    def slots(self) -> range:
        return range(self.first, self.end)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One tenant's agreement: a promise, its price, and how it is broken. A band is (below ppm, credit ppm), mildest first."""

    tier: str
    tenant: str
    slo: str
    site: str
    fault: Fault
    fee_minor: int
    bands: tuple[tuple[int, int], ...]
    counts: str  # `slots`, or `requests`

    @property
    def agreement(self) -> str:
        return f"{self.tenant}-{self.tier}"

    @property
    def fee(self) -> dict[str, int | str]:
        return {"amountMinor": self.fee_minor, "currency": CURRENCY, "exponent": EXPONENT}


CORE = Part(
    tier="core",
    tenant="mahogany",
    slo="availability-core",
    site="core-lab-1",
    fault=Fault(what="the Kubernetes API is not ready", down_slot=1, up_slot=3),
    fee_minor=900_000,
    bands=((999_900, 100_000), (900_000, 250_000), (400_000, 500_000)),
    counts="slots",
)
WORK = Work(site=CORE.site, what="the Kubernetes API is replaced", first=6, end=11, notice_slots=3)
REGIONAL = Part(
    tier="regional",
    tenant="acacia",
    slo="throughput-api",
    site="regional-lab-1",
    fault=Fault(what="requests queue at the gateway", down_slot=2, up_slot=5),
    fee_minor=400_000,
    bands=((999_000, 150_000), (850_000, 300_000), (400_000, 400_000)),
    counts="slots",
)
EDGE = Part(
    tier="edge",
    tenant="baobab",
    slo="latency-edge-user",
    site="edge-lab-1",
    fault=Fault(what="users wait 150 ms for an answer", down_slot=4, up_slot=9),
    fee_minor=125_000,
    bands=((990_000, 100_000), (900_000, 200_000), (300_000, 400_000)),
    counts="requests",
)
CAST = (CORE, REGIONAL, EDGE)

# From this pace on a scrape has so many seconds: a probe has half a second less to answer in.
SCRAPES = ((1.0, 2), (5.0, 3))


def plan_for(pace: float) -> Plan:
    """The lengths of the tour on a machine on which things take `pace` times as long."""
    scrape = next(seconds for least, seconds in reversed(SCRAPES) if max(pace, 1.0) >= least)
    return Plan(scrape_seconds=scrape, slots=SLOTS, down_slot=EDGE.fault.down_slot, up_slot=EDGE.fault.up_slot)
