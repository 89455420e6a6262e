"""Faults of a system that page by themselves: a chain that stands or forks, lost data, a guest that HA has given up.

What is seen of each is recorded as 0 or 1, and absent while nobody knows. One rule makes pages of that: enough ones of the last 2 minutes
begin a page, only zeros end it, and in doubt it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sankofa_exporters.besu.network import families as network
from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.ceph import families as ceph
from sankofa_exporters.proxmox.families import cluster, ha
from sankofa_observe.telemetry import FAULT_PAGED, FAULT_SEEN, TARGET_EXPECTED

from .chain import by_chain
from .fault_to_page import of_samples
from .pace import EVIDENCE, SURE, Pace
from .rule import FLEET_BOARD, NETWORK_IDENTITY, SITE_BOARD, Alert, Record
from .state import SITE, SYSTEM

HEAD_STALL_SECONDS = 30  # a QBFT block is due every 2 to 5 s; several rounds have failed by then
_TARGET = "job, instance, site"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What pages, by `seen`: 1 while it is there, 0 while it is known not to be, by site or by chain (`of_chain`)."""

    name: str
    system: str
    seen: str
    samples: int
    summary: str
    description: str
    of_chain: bool = False
    after_seconds: int = 0  # that the fact itself must be old

    def record(self) -> Record:
        seen = by_chain(self.seen) if self.of_chain else self.seen
        chain = NETWORK_IDENTITY if self.of_chain else {}
        return Record(record=FAULT_SEEN, expr=seen, labels={**chain, "system": self.system, "fault": self.name})

    def alert(self) -> Alert:
        return Alert(
            name=self.name,
            expr=f'max by ({SITE}) ({FAULT_PAGED}{{fault="{self.name}"}}) == 1',
            severity="page",
            kind="cause",
            scope="system",
            system=self.system,
            dashboard=FLEET_BOARD if self.of_chain else SITE_BOARD,
            summary=self.summary,
            description=self.description,
            evidence=of_samples(self.samples, lost=SURE - EVIDENCE, after_seconds=self.after_seconds),
        )


def _chain_stalled() -> str:
    """The network's own verdict where it is known, for it knows how old a head may be; else the newest head of all nodes."""
    known = f"and on ({_TARGET}) ({network.NETWORK_KNOWN.name} == 1)"
    forked = f"({network.FORK_PROVEN.name} == 1)"  # which has a page of its own
    stands = f"(({network.NETWORK_UP.name} == bool 0) unless on ({_TARGET}) {forked} or 0 * {network.NETWORK_UP.name})"
    head = besu.HEAD_TIMESTAMP.name
    age = f"timestamp({head}) - {head} and on ({_TARGET}) ({besu.KNOWN.name} == 1)"
    return f"(\nmin by (network) ({stands} {known})\nor (min by (network) ({age}) > bool {HEAD_STALL_SECONDS}))"


FAULTS = (
    Fault(
        name="BesuHeadStalled",
        system="besu",
        seen=_chain_stalled(),
        samples=2,
        after_seconds=HEAD_STALL_SECONDS,
        of_chain=True,
        summary="Chain {{ $labels.site }} makes no blocks: nothing can be written or settled",
        description="The newest block that any node of {{ $labels.site }} knows is too old.",
    ),
    Fault(
        name="BesuChainForked",
        system="besu",
        seen=(f"max by (network) ({network.FORK_PROVEN.name} and on ({_TARGET}) ({network.NETWORK_KNOWN.name} == 1))"),
        samples=1,  # two seals of a quorum are proof at once
        of_chain=True,
        summary="Chain {{ $labels.site }} has two histories: stop every settlement now",
        description="Two blocks of one height are each sealed by a quorum of validators of {{ $labels.site }}.",
    ),
    Fault(
        name="CephObjectsUnfound",
        system="ceph",
        seen=f"max by ({SITE}) (({ceph.OBJECTS_UNFOUND.name} > bool 0) and on ({_TARGET}) ({ceph.KNOWN.name} == 1))",
        samples=EVIDENCE,
        summary="{{ $labels.site }}: data has no copy that can be found; do not wipe any disk",
        description="Objects of {{ $labels.site }} are in no OSD that runs; reads of them hang.",
    ),
    Fault(
        name="PveHaServiceFailed",
        system="proxmox",
        seen=(
            f'max by ({SITE}) (({ha.HA_SERVICES.name}{{state="error"}} > bool 0)\n'
            f"and on ({_TARGET}) ({cluster.KNOWN.name} == 1))"
        ),
        samples=EVIDENCE,
        summary="{{ $labels.site }}: HA has given up on a guest it must keep running",
        description="HA services of {{ $labels.site }} are in the state error, which only a person clears.",
    ),
)


def records(faults: Sequence[Fault], pace: Pace) -> tuple[Record, ...]:
    """What is seen of each, and then what pages."""
    return (*(fault.record() for fault in faults), _paged(faults, pace))


def _paged(faults: Sequence[Fault], pace: Pace) -> Record:
    begins = "\nor ".join(
        f'(sum_over_time({FAULT_SEEN}{{fault=~"{_names(faults, samples=samples)}"}}[{pace.sure}]) >= {samples}) ^ 0'
        for samples in sorted({fault.samples for fault in faults})
    )
    over = f"count_over_time({FAULT_SEEN}[{pace.sure}]) >= {EVIDENCE} and sum_over_time({FAULT_SEEN}[{pace.sure}]) == 0"
    # What is no part of the fleet any more pages no more: a site's system by its targets, a chain by its kind.
    of_sites = f"{pace.was(FAULT_PAGED)} and on ({SYSTEM}) {TARGET_EXPECTED}"
    chains = f'{FAULT_PAGED}{{fault=~"{_names(faults, of_chain=True)}"}}'
    of_chains = f"{pace.was(chains)} and on (system) {TARGET_EXPECTED}"
    return Record(
        record=FAULT_PAGED,
        expr=f"{begins}\nor ((({of_sites}) or ({of_chains})) unless ({over}))\nor 0 * {FAULT_SEEN}",
    )


def _names(faults: Sequence[Fault], **having: object) -> str:
    return "|".join(
        fault.name for fault in faults if all(getattr(fault, key) == value for key, value in having.items())
    )
