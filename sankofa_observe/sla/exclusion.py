"""Exclusions: time that is not held against a promise, proposed by one person, approved by another, announced in time.

An exclusion is of *one* agreement: notice and meaning are its terms, its tenant alone sees it, and evidence of it names nobody
else. Planned work is of places, so a *plan* makes one exclusion for each agreement that leans on them, all or none. Nothing is
changed by a proposal. Its identity follows from what it says, who proposed it and when.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import rfc8785

from sankofa_observe.errors import Violation
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.overlay import Applied, Overlay, reach_seconds
from sankofa_observe.sla.recurrence import Schedule, expanded
from sankofa_observe.units import Period, rfc3339

FORMAT = "sankofa-exclusion/1"


class ExclusionState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """What was proposed for one agreement; `announced_at` is when the proposal was recorded, and nothing that anybody claims."""

    plan: str  # what was proposed in one act has one name
    agreement_id: str
    tenant: str
    slos: tuple[str, ...]  # in order, each once
    sites: tuple[str, ...]
    schedule: Schedule
    reason: str
    author: str
    announced_at: int

    @property
    def document(self) -> str:
        """Canonical JSON, from which it is read again."""
        names = ("plan", "agreement_id", "tenant", "reason", "author", "announced_at")
        told: dict[str, Any] = {"format": FORMAT, **{name: getattr(self, name) for name in names}}
        told |= {"slos": list(self.slos), "sites": list(self.sites), "schedule": vars(self.schedule)}
        return rfc8785.dumps(told).decode()

    @cached_property
    def id(self) -> str:
        return "0x" + hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def ref(self) -> str:
        """A name of 16 letters by which people speak of it."""
        return self.id[2:18]

    @cached_property
    def occurrences(self) -> tuple[Period, ...]:
        """In order; none overlaps another one."""
        return tuple(one.period for one in expanded(self.schedule).occurrences)

    @property
    def whole(self) -> Period:
        """From where the first of them begins to where the last one ends."""
        return self.occurrences[0].joined(self.occurrences[-1])

    def covers(self, promise: Promise) -> bool:
        return promise.slo.name in self.slos and promise.site in self.sites


def exclusion_of(document: str) -> Exclusion:
    """The exclusion of a document; raises `ValueError`, `TypeError` or `LookupError` where it is none."""
    told = json.loads(document)
    if told.pop("format") != FORMAT:
        raise ValueError(f"no {FORMAT}")
    slos, sites, schedule = (told.pop(name) for name in ("slos", "sites", "schedule"))
    found = Exclusion(schedule=Schedule(**schedule), slos=tuple(slos), sites=tuple(sites), **told)
    if found.document != document:
        raise ValueError("not in its canonical form")
    return found


@dataclass(frozen=True, kw_only=True)
class Act:
    """What one person did about an exclusion."""

    state: ExclusionState
    actor: str
    at: int
    reason: str
    from_at: int = 0  # of a withdrawal: occurrences that begin before stay as they are


@dataclass(frozen=True, kw_only=True)
class ExclusionRecord:
    """An exclusion with what persons did about it, oldest first; the first act is its proposal."""

    exclusion: Exclusion
    acts: tuple[Act, ...]

    @property
    def state(self) -> ExclusionState:
        return self.acts[-1].state

    @property
    def approved_by(self) -> str:
        """Who approved it, or nobody."""
        return next((one.actor for one in self.acts if one.state is ExclusionState.APPROVED), "")

    @property
    def in_force(self) -> tuple[Period, ...]:
        """Its occurrences that count: all once it is approved, and after a withdrawal those that had begun."""
        if not self.approved_by:
            return ()
        last = self.acts[-1]
        if last.state is not ExclusionState.WITHDRAWN:
            return self.exclusion.occurrences
        return tuple(one for one in self.exclusion.occurrences if one.starts_at < last.from_at)


def overlay_of(
    agreement: Agreement, promise: Promise, period: Period, records: Iterable[ExclusionRecord], since_at: int | None
) -> Overlay:
    """What lies over a promise in a period, of the agreement's exclusions that count and of when its site was deployed."""
    whole = Period(starts_at=period.starts_at - reach_seconds(promise.slo), ends_at=period.ends_at)
    applied = {
        Applied(starts_at=one.starts_at, ends_at=one.ends_at, exclusion_id=record.exclusion.id)
        for record in records
        if record.exclusion.agreement_id == agreement.id and record.exclusion.covers(promise)
        for one in record.in_force
        if one.overlaps(whole)
    }
    since = since_at if since_at is not None and since_at > whole.starts_at else 0
    return Overlay(excluded_slots=agreement.excluded_slots, since_at=since, applied=tuple(sorted(applied)))


def proposal_problems(
    exclusion: Exclusion, agreement: Agreement, sealed: Sequence[tuple[str, Period]]
) -> Iterator[Violation]:
    """Why a version of an agreement does not take this exclusion; `sealed` are the agreement's settlements that are reported or final, by id and period."""
    where = f"agreement {agreement.name}"
    own = (
        one.starts_at for one in exclusion.occurrences if agreement.version == 1 or one.ends_at > agreement.starts_at
    )
    first = next(own, exclusion.occurrences[0].starts_at)
    notice = first - exclusion.announced_at
    if notice < agreement.exclusion_notice_seconds:
        yield Violation(
            code="exclusion.late",
            where=where,
            problem=f"it begins at {rfc3339(first)}, {_after(notice)} it is announced, expected "
            f"{agreement.exclusion_notice_seconds} s after (exclusionNoticeSeconds)",
            hint=f"begin at {rfc3339(exclusion.announced_at + agreement.exclusion_notice_seconds)} or later",
        )
    if exclusion.occurrences[-1].ends_at <= agreement.starts_at:
        yield Violation(
            code="exclusion.before",
            where=where,
            problem=f"it ends before the agreement starts, at {rfc3339(agreement.starts_at)}",
        )
    yield from sealed_problems(exclusion, where, exclusion.occurrences, sealed)


def _after(seconds: int) -> str:
    return f"{seconds} s after" if seconds >= 0 else f"{-seconds} s before"


def sealed_problems(
    exclusion: Exclusion, where: str, occurrences: Collection[Period], sealed: Sequence[tuple[str, Period]]
) -> Iterator[Violation]:
    """The settlements that these occurrences would change, and that nobody changes any more."""
    for settlement_id, period in sealed:
        if any(one.overlaps(period) for one in occurrences):
            yield Violation(
                code="exclusion.sealed",
                where=where,
                problem=f"exclusion {exclusion.ref} reaches into {period}, whose settlement {settlement_id} is reported or final",
                hint="what is settled is restated by both parties, and not by an exclusion",
            )
