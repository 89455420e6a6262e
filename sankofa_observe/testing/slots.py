"""The slot table in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.totals import SiteDay, SiteSpan, site_days, span
from sankofa_observe.slo.votes import PLACE, States
from sankofa_observe.units import Period


@dataclass(kw_only=True)
class MemorySlots:
    """The slot table as a list of revisions."""

    revisions: dict[tuple[str, str, int], list[Slot]] = field(default_factory=lambda: defaultdict(list))
    changed: dict[str, Period] = field(default_factory=dict)  # by SLO, since it was asked last

    def append(self, slots: Iterable[Slot], observed_at: int, *, anyhow: bool = False) -> int:  # noqa: ARG002  the real table stores it
        added, newest = 0, {(one.slo, one.site, one.starts_at): one for one in slots}
        for slot in newest.values():
            standing = self.revisions[slot.slo, slot.site, slot.starts_at]
            if standing and slot.samples < standing[-1].samples and not anyhow:
                continue
            if not standing or standing[-1] != slot:
                own = Period(starts_at=slot.starts_at, ends_at=slot.starts_at + 1)
                self.changed[slot.slo] = own.joined(self.changed.get(slot.slo))
                standing.append(slot)
                added += 1
        return added

    def written(self) -> Mapping[str, Period]:
        found, self.changed = self.changed, {}
        return found

    def amend(self, slots: Iterable[Slot], observed_at: int) -> int:
        return self.append((slot for slot in slots if self._samples_of(slot) == slot.samples), observed_at)

    def _samples_of(self, slot: Slot) -> int | None:
        standing = self.revisions.get((slot.slo, slot.site, slot.starts_at))
        return standing[-1].samples if standing else None

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        found = [
            revisions[-1]
            for (name, site, at), revisions in self.revisions.items()
            if name == slo and site in sites and at in period and revisions
        ]
        return sorted(found, key=lambda slot: (slot.site, slot.starts_at))

    def states(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, States]:
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for slot in self.read(slo, sites, period):
            found[slot.site].append((slot.starts_at, PLACE[slot.state]))
        return {
            site: States(starts_at=np.array([at for at, _ in own]), state=np.array([one for _, one in own], np.int8))
            for site, own in found.items()
        }

    def site_days(self, slo: str, sites: Sequence[str], period: Period) -> list[SiteDay]:
        return site_days(self.read(slo, sites, period))

    def spans(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, SiteSpan]:
        by_site = groupby(self.site_days(slo, sites, period), key=lambda day: day.site)
        return {site: span(list(days)) for site, days in by_site}

    def cut(self, slo: str, sites: Sequence[str], stretches: Sequence[Period]) -> Mapping[tuple[str, Period], SiteSpan]:
        return {
            (site, one): replace(found, lines="")
            for one in stretches
            for site, found in self.spans(slo, sites, one).items()
        }

    def forgotten(self, period: Period) -> bool:  # noqa: ARG002  it keeps all
        return False

    def late(self, slots: Iterable[Slot]) -> Mapping[str, tuple[int, int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for slot in slots:
            if (before := self._samples_of(slot)) is not None and before < slot.samples:
                found[slot.site].append(slot.starts_at)
        return {site: (min(starts), max(starts)) for site, starts in found.items()}

    def samples(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = defaultdict(int)
        for slot in self.read(slo, sites, period):
            found[slot.site, slot.starts_at // 3600 * 3600] += slot.samples
        return found

    def watermarks(self, slo: str) -> Mapping[str, int]:
        marks: dict[str, int] = {}
        for name, site, at in self.revisions:
            if name == slo:
                marks[site] = max(at, marks.get(site, at))
        return marks

    def uncertain(self, slo: str, since_at: int) -> Mapping[str, int]:
        oldest: dict[str, int] = {}
        for (name, site, at), revisions in self.revisions.items():
            if name == slo and at >= since_at and revisions and revisions[-1].reasons:
                oldest[site] = min(at, oldest.get(site, at))
        return oldest
