"""Details that cost a call each, one call a probe: disks, certificates, snapshots guest by guest, backups storage by storage.

Kinds take turns, and within a kind what is most overdue is asked. With a thousand guests a round of snapshots takes hours, so
answers are believed for long and their age is published.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Remembered
from sankofa_exporters.proxmox.snapshot.by_node import ByNode

Ask = Callable[[Budget], Awaitable[Any]]
Wanted = Mapping[
    str, Mapping[str, Ask | None]
]  # by kind and key; None for what is there and cannot be asked about just now
AT_ONCE = 2  # calls under way: one that hangs does not stop the rotation, and many cannot pile up


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One kind of detail."""

    name: str
    period_seconds: float
    cap_seconds: float


DISKS = Detail(name="disks", period_seconds=3_600, cap_seconds=4 * 3_600)
CERTIFICATES = Detail(name="certificates", period_seconds=6 * 3_600, cap_seconds=86_400)
SNAPSHOTS = Detail(name="snapshots", period_seconds=3_600, cap_seconds=86_400)
STORED_BACKUPS = Detail(name="stored_backups", period_seconds=1_800, cap_seconds=4 * 3_600)
DETAILS = (CERTIFICATES, DISKS, STORED_BACKUPS, SNAPSHOTS)


@dataclass(kw_only=True)
class Rotation:
    """The answers by kind and key (a node, a guest, a storage of a node)."""

    details: tuple[Detail, ...] = DETAILS
    clock: Callable[[], float] = time.monotonic
    remembered: dict[str, dict[str, Remembered[Any]]] = field(default_factory=dict, repr=False)
    next_kind: int = 0
    empty: set[str] = field(default_factory=set)  # kinds of which there is nothing to ask, by name

    def begin(self, wanted: Wanted) -> Remembered[Any] | None:
        """Begin to ask for one thing; `wanted` is all there is by kind, and what is not in it is forgotten."""
        self._forget_all_but(wanted)
        self.empty = {detail.name for detail in self.details if not wanted.get(detail.name)}
        running = sum(known.is_running for kind in self.remembered.values() for known in kind.values())
        if running >= AT_ONCE:
            return None
        for step in range(len(self.details)):
            detail = self.details[(self.next_kind + step) % len(self.details)]
            key = self._most_overdue(detail, wanted.get(detail.name, {}))
            ask = None if key is None else wanted[detail.name][key]
            if key is not None and ask is not None:
                self.next_kind = (self.next_kind + step + 1) % len(self.details)
                known = self._known(detail, key)
                known.begin(ask)
                return known
        return None

    def recall(self, detail: Detail) -> ByNode[Any]:
        """What is known of this kind; raises a failure, or `stale`, when that is nothing."""
        failure: CollectorError | None = None
        answers, ages = {}, {}
        for key, known in self.remembered.get(detail.name, {}).items():
            try:
                aged = known.recall()
            except CollectorError as error:
                failure = failure or error
            else:
                answers[key], ages[key] = aged.value, aged.age_seconds
        if not answers and detail.name not in self.empty:
            raise failure or CollectorError(
                Kind.STALE, f"{detail.name}: not asked yet; its turn comes within a few probes"
            )
        return ByNode(answers=answers, ages=ages)

    def open_details(self) -> list[Detail]:
        """Those of which something has been asked, and the next one that has not: its first answer may come in this probe."""
        tried = [detail for detail in self.details if self._was_tried(detail)]
        in_order = (*self.details[self.next_kind :], *self.details[: self.next_kind])
        untried = [detail for detail in in_order if detail not in tried and detail.name not in self.empty]
        return [*tried, *untried[:1]] or list(self.details[:1])

    def _was_tried(self, detail: Detail) -> bool:
        return any(known.was_tried for known in self.remembered.get(detail.name, {}).values())

    def cancel(self) -> None:
        self._forget_all_but({})

    def _most_overdue(self, detail: Detail, wanted: Mapping[str, Ask | None]) -> str | None:
        now, found, most = self.clock(), None, 1.0
        for key in [key for key, ask in wanted.items() if ask is not None]:
            known = self.remembered.get(detail.name, {}).get(key)
            overdue = float("inf") if known is None else 0.0 if known.is_running else known.overdue(now)
            if overdue >= most and (found is None or overdue > most):
                found, most = key, overdue
        return found

    def _known(self, detail: Detail, key: str) -> Remembered[Any]:
        return self.remembered.setdefault(detail.name, {}).setdefault(
            key,
            Remembered(
                name=f"{detail.name} of {key}",
                period_seconds=detail.period_seconds,
                cap_seconds=detail.cap_seconds,
                clock=self.clock,
            ),
        )

    def _forget_all_but(self, wanted: Wanted) -> None:
        for name, kind in self.remembered.items():
            for key in [key for key in kind if key not in wanted.get(name, {})]:
                kind.pop(key).cancel()
