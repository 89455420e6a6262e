"""`cluster/ha/status/current`: the HA manager's services, and whether the manager is alive.

Manager (CRM) and each node's resource manager (LRM) write a timestamp every few seconds. Proxmox calls one that is older
than 30 s dead and one more than 2 s ahead a drift; we do the same, by the clock of the node that answered. Rows come in
any order, and rows of types we do not know are left out. A row of a known type that cannot be read, or that another one
contradicts, makes the list incomplete: then services are not counted, for one that is missing must not look like none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sankofa_exporters.reading.coerce import flag, text

from .rows import Row, Rows, read_rows, rows, timestamp, unreadable

V = TypeVar("V")
CALL = "cluster/ha/status/current"
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
class Heartbeat:
    """Of a manager: its node, when it was written by the manager's own clock, and the state that Proxmox derives from it."""

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
    """The answer of one node, with that node's clock; `quorate` is None when its rows cannot be read or contradict each other."""

    quorate: bool | None
    master: Heartbeat | None
    lrms: tuple[Heartbeat, ...]
    services: tuple[Service, ...]
    armed: str | None  # since 9.2: armed, standby, disarming, disarmed
    clock: float
    complete: bool = True

    @property
    def known(self) -> bool:
        """A quorate node repeats a fresh manager; where nothing is managed the manager may sleep."""
        if not self.quorate:
            return False
        return self.master.fresh if self.services and self.master is not None else self.complete and not self.services

    @property
    def age_seconds(self) -> float:
        """Since the manager wrote its status, by the clock of the node that answered."""
        if self.master is None or self.master.timestamp is None:
            return 0.0
        return max(0.0, self.clock - self.master.timestamp)

    def lrm_is_fresh(self, node: str) -> bool:
        return any(lrm.fresh for lrm in self.lrms if lrm.node == node)


def parse_ha(data: Any, clock: float) -> Ha:
    """Raises `decode` without a row about quorum; every other row stands for itself."""
    found = rows(data, CALL)
    quorum = _of_kind(found, "quorum", _quorum)
    masters = _of_kind(found, "master", partial(_master, clock=clock))
    lrms = _of_kind(found, "lrm", partial(_lrm, clock=clock))
    services = _of_kind(found, "service", _service)
    fencing = _of_kind(found, "fencing", _armed)
    if not any(isinstance(row, Mapping) and row.get("type") == "quorum" for row in found):
        raise unreadable(f"{CALL}: no row about quorum")
    return Ha(
        quorate=quorum.found.get("quorum"),
        master=masters.found.get("master"),
        lrms=tuple(lrms.found.values()),
        services=tuple(services.found.values()),
        armed=fencing.found.get("fencing"),
        clock=clock,
        complete=services.complete
        and all(isinstance(row, Mapping) and isinstance(row.get("type"), str) for row in found),
    )


def _of_kind(found: list[Any], kind: str, read: Callable[[Row], tuple[str, V] | None]) -> Rows[str, V]:
    return read_rows([row for row in found if isinstance(row, Mapping) and row.get("type") == kind], read)


def _quorum(row: Row) -> tuple[str, bool] | None:
    quorate = flag(row.get("quorate"))
    return None if quorate is None else ("quorum", quorate)


def _armed(row: Row) -> tuple[str, str] | None:
    state = text(row.get("armed-state"))
    return None if state is None else ("fencing", state)


def _master(row: Row, clock: float) -> tuple[str, Heartbeat] | None:
    heartbeat = _heartbeat(row, clock)
    return None if heartbeat is None else ("master", heartbeat)


def _lrm(row: Row, clock: float) -> tuple[str, Heartbeat] | None:
    heartbeat = _heartbeat(row, clock)
    return None if heartbeat is None else (heartbeat.node, heartbeat)


def _heartbeat(row: Row, clock: float) -> Heartbeat | None:
    node, status = text(row.get("node")), text(row.get("status"))
    if node is None or status is None:
        return None
    at = timestamp(row.get("timestamp"))
    words = _IN_BRACKETS.search(status)
    # Two witnesses of freshness, the number and Proxmox' own text about it; one that doubts is enough.
    doubted = "old timestamp" in status or "time drift" in status
    in_time = at is not None and -DRIFT_SECONDS <= clock - at <= FRESH_SECONDS
    return Heartbeat(node=node, timestamp=at, state=words[1].strip() if words else "", fresh=in_time and not doubted)


def _service(row: Row) -> tuple[str, Service] | None:
    sid, state = text(row.get("sid")), text(row.get("state"))
    if sid is None or state is None:
        return None
    request = text(row.get("request_state")) or "ignored"
    return sid, Service(sid=sid, state=state, node=text(row.get("node")) or "", request=request)
