"""`cluster/ha/status/current`: what the HA manager says of its services, and whether its word is fresh.

Manager (CRM) and each node's resource manager (LRM) write a timestamp every few seconds. Proxmox calls one that is older
than 30 s dead and one more than 2 s ahead a drift; we do the same, by the clock of the node that answered. Rows come in
any order, and rows of types we do not know are left out. A row of a known type without its keys makes the answer
unreadable: a service that is missing from a list must not look like a cluster without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.reading.coerce import flag, text

from .rows import rows, timestamp, unreadable

FRESH_SECONDS = 30
DRIFT_SECONDS = 2
# True: the guest runs. False: it does not. Every other word (freeze, ignored, unknown, …) leaves it open.
RUNS = {
    **dict.fromkeys(("started", "migrate"), True),
    **dict.fromkeys(
        ("stopped", "starting", "stopping", "disabled", "error", "clearing error flag", "fence", "recovery"), False
    ),
    **dict.fromkeys(
        ("relocate", "queued", "request_start", "request_start_balance", "request_stop", "deleting", "not found"), False
    ),
}
REQUESTS = {**dict.fromkeys(("started", "enabled"), True), **dict.fromkeys(("stopped", "disabled"), False)}
_IN_BRACKETS = re.compile(r"\(([^,)]*)")  # "pve1 (active, watchdog active, Tue Nov 24 …)": the first word there


@dataclass(frozen=True, kw_only=True)
class Beat:
    """A sign of life of a manager: who, when by its own clock, and the state that Proxmox reads into it."""

    node: str
    timestamp: float | None
    state: str
    fresh: bool


@dataclass(frozen=True, kw_only=True)
class Service:
    """A guest under HA; `requested` is None when HA is told to ignore it."""

    sid: str
    node: str
    state: str
    request: str

    @property
    def requested(self) -> bool | None:
        return REQUESTS.get(self.request)


@dataclass(frozen=True, kw_only=True)
class Ha:
    """The answer of one node, with that node's clock."""

    quorate: bool
    master: Beat | None
    lrms: tuple[Beat, ...]
    services: tuple[Service, ...]
    armed: str | None  # since 9.2: armed, standby, disarming, disarmed
    clock: float

    @property
    def known(self) -> bool:
        """A quorate node repeats a fresh manager; where nothing is managed the manager may sleep."""
        return self.quorate and (not self.services or (self.master is not None and self.master.fresh))

    @property
    def age_seconds(self) -> float:
        """Of the manager's own word, by the clock of the node that answered."""
        if self.master is None or self.master.timestamp is None:
            return 0.0
        return max(0.0, self.clock - self.master.timestamp)

    def lrm_is_fresh(self, node: str) -> bool:
        return any(lrm.fresh for lrm in self.lrms if lrm.node == node)


def parse_ha(data: Any, clock: float) -> Ha:
    found = rows(data, "cluster/ha/status/current")
    quorum, masters = _of_kind(found, "quorum"), _of_kind(found, "master")
    quorate = flag(quorum[0].get("quorate")) if len(quorum) == 1 else None
    if quorate is None or len(masters) > 1:
        raise unreadable(f"cluster/ha/status/current: {len(quorum)} quorum rows and {len(masters)} master rows")
    fencing = _of_kind(found, "fencing")
    return Ha(
        quorate=quorate,
        master=_beat(masters[0], clock) if masters else None,
        lrms=tuple(_beat(row, clock) for row in _of_kind(found, "lrm")),
        services=tuple(_service(row) for row in _of_kind(found, "service")),
        armed=text(fencing[0].get("armed-state")) if fencing else None,
        clock=clock,
    )


def _of_kind(found: list[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [row for row in found if row.get("type") == kind]


def _beat(row: Mapping[str, Any], clock: float) -> Beat:
    node, said = text(row.get("node")), text(row.get("status"))
    if node is None or said is None:
        raise unreadable("cluster/ha/status/current: a manager's row without node or status")
    at = timestamp(row.get("timestamp"))
    words = _IN_BRACKETS.search(said)
    # Two witnesses of freshness, the number and Proxmox' own words about it; one that doubts is enough.
    doubted = "old timestamp" in said or "time drift" in said
    in_time = at is not None and -DRIFT_SECONDS <= clock - at <= FRESH_SECONDS
    return Beat(node=node, timestamp=at, state=words[1].strip() if words else "", fresh=in_time and not doubted)


def _service(row: Mapping[str, Any]) -> Service:
    sid, state = text(row.get("sid")), text(row.get("state"))
    if sid is None or state is None:
        raise unreadable("cluster/ha/status/current: a service row without sid or state")
    return Service(
        sid=sid, state=state, node=text(row.get("node")) or "", request=text(row.get("request_state")) or "ignored"
    )
