"""Incidents: what was paged, or drained a promise, from when to when.

An incident is an alert's own, by its fingerprint and its start; that it ended is a later revision. It is no evidence and decides
nothing: which slots it covers is asked when it is read, from the specs of that moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import Site
from sankofa_observe.units import Period, rfc3339

ALL = "all"  # the value of a label that an alert has no own one for


class IncidentState(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"
    REPLACED = "replaced"  # the same alert began anew, and nobody had said that this one ended


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One revision; `labels` and `annotations` are those of the alert, as it was told then."""

    fingerprint: str
    begins: str  # in the words of whoever told it, to the nanosecond: with the fingerprint it is the identity
    started_at: int
    ended_at: int | None
    state: IncidentState
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def id(self) -> str:
        return "0x" + hashlib.sha256(f"{self.fingerprint}\n{self.begins}".encode()).hexdigest()

    @property
    def ref(self) -> str:
        """16 digits, by which people name it."""
        return self.id[2:18]

    @property
    def alert(self) -> str:
        return self.labels["alertname"]

    def label(self, name: str) -> str:
        """A label, or nothing where the alert has none of its own."""
        value = self.labels.get(name, "")
        return "" if value == ALL else value


@dataclass(frozen=True, kw_only=True)
class IncidentRecord:
    """An incident with its revisions, oldest first, and when each was recorded."""

    revisions: tuple[Incident, ...]
    told_at: tuple[int, ...]

    @property
    def now(self) -> Incident:
        return self.revisions[-1]

    def __str__(self) -> str:
        one = self.now
        until = f"{one.state} {rfc3339(one.ended_at)}" if one.ended_at is not None else one.state
        place = " ".join(filter(None, (one.label("tier"), one.label("region"), one.label("site"), one.label("slo"))))
        return (
            f"{one.ref} {one.alert} {place or 'everywhere'}: since {rfc3339(one.started_at)}, {until}: "
            f"{one.annotations.get('summary', 'no summary')}"
        )


def next_of(standing: IncidentRecord | None, told: Incident) -> bool:
    """Whether what was told is a revision: another state, or another end of what ended. The same thing told again is none."""
    if standing is None:
        return True
    return (standing.now.state, standing.now.ended_at) != (told.state, told.ended_at)


def replaced(one: Incident, by: Incident) -> Incident:
    """What nobody ended, and began anew: it ended at the latest when its alert began again."""
    ended_at = max(one.started_at, by.started_at)
    return replace(one, state=IncidentState.REPLACED, ended_at=ended_at)


@dataclass(frozen=True, kw_only=True)
class Covered:
    """The slots of a promise at a site that an incident lies over, in whole or in part."""

    slo: str
    site: str
    stretch: Period
    slots: int

    def __str__(self) -> str:
        return f"{self.slo} at {self.site}: {self.slots} slots, {self.stretch}"


def covered(one: Incident, catalog: Catalog, now: int) -> Iterator[Covered]:
    """By SLO and site, which slots an incident lies over until it ended, or until now; those of every version of an SLO."""
    until = now if one.ended_at is None else one.ended_at
    whole = Period(starts_at=one.started_at, ends_at=max(until, one.started_at + 1))
    for slo in sorted(catalog.slos.values(), key=lambda each: (each.name, each.version)):
        if one.label("slo") not in {"", slo.name} or (held := _held(slo, whole)) is None:
            continue
        size = slo.slot.seconds
        first, last = held.starts_at // size * size, -(-held.ends_at // size) * size
        for site in catalog.sites_of(slo):
            if _lies_at(one, catalog.sites[site]):
                stretch = Period(starts_at=first, ends_at=last)
                yield Covered(slo=slo.name, site=site, stretch=stretch, slots=stretch.seconds // size)


def _held(slo: Slo, whole: Period) -> Period | None:
    """The part of a stretch in which a version of an SLO holds."""
    first = max(whole.starts_at, whole.starts_at if slo.starts_at is None else slo.starts_at)
    last = min(whole.ends_at, whole.ends_at if slo.ends_at is None else slo.ends_at)
    return Period(starts_at=first, ends_at=last) if first < last else None


def _lies_at(one: Incident, site: Site) -> bool:
    """Whether an alert's labels say this site, or something that it is part of; one that names no place at all lies at none."""
    told = {name: one.label(name) for name in ("tier", "region", "site")}
    own = {"tier": site.tier, "region": site.region, "site": site.name}
    return any(told.values()) and all(value in {"", own[name]} for name, value in told.items())
