"""announce: approved exclusions become silences, and a silence without its exclusion ends.

A silence mutes a place only where everything that is promised there is excluded: an outage that costs somebody's money still pages.
Where only some SLOs are excluded, for all who are promised them, alerts of those alone are muted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sankofa_observe.errors import Unavailable, Unusable
from sankofa_observe.ports import Clock, Ledger, Silence, Silences, Wait
from sankofa_observe.scope import EVERYBODY
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.exclusion import ExclusionRecord
from sankofa_observe.units import Period, union

SUBJECT = "silences"  # of what waits while Alertmanager is away
AHEAD_SECONDS = 35 * 86_400  # what begins later is announced later
DUE_SECONDS = 300
MOST_NAMED = 5  # exclusions in a comment
MARK = "sankofa-observe exclusion"  # with which the comment of each silence of ours begins


@dataclass(frozen=True, kw_only=True)
class Silenced:
    silence: Silence

    def __str__(self) -> str:
        return f"silenced {self.silence}"


@dataclass(frozen=True, kw_only=True)
class Ended:
    silence: Silence

    def __str__(self) -> str:
        return f"no longer silenced {self.silence}"


def announce(*, ledger: Ledger, catalog: Catalog, silences: Silences, clock: Clock) -> Iterator[Silenced | Ended]:
    """Make what is lacking and end what no approved exclusion asks for; run again, it changes nothing.

    Raises:
        Unavailable: Alertmanager is away. Approvals stand, what is to be silenced waits, and the next run makes it.
    """
    now = clock.now()
    window = Period(starts_at=now, ends_at=now + AHEAD_SECONDS)
    wanted = wanted_silences(ledger.exclusions_in(window), catalog, window)
    try:
        yield from _changed(wanted, silences, now)
    except Unavailable:
        if wanted:
            wait = Wait(
                subject=SUBJECT,
                subject_id="alertmanager",
                tenant=EVERYBODY,
                reason="Alertmanager does not take silences",
                since_at=now,
                due_at=now + DUE_SECONDS,
            )
            ledger.begin_wait(wait)
        raise
    ledger.end_wait(SUBJECT, "alertmanager", now)


def _changed(wanted: Sequence[Silence], silences: Silences, now: int) -> Iterator[Silenced | Ended]:
    """New ones first: between two that overlap nothing is heard."""
    standing = silences.standing()
    kept: set[str] = set()
    refused: list[str] = []
    for one in wanted:
        found = next((name for name, each in standing.items() if name not in kept and _same(one, each, now)), None)
        if found is not None:
            kept.add(found)
            continue
        try:
            silences.add(one)
        except Unusable as error:  # Alertmanager is there, and does not take this one
            refused.append(f"{one}: {error}")
            continue
        yield Silenced(silence=one)
    for name, each in standing.items():
        if name not in kept:
            silences.expire(name)
            yield Ended(silence=each)
    if refused:
        raise Unavailable(f"{len(refused)} of {len(wanted)} silences were refused, the first {refused[0]}")


def _same(wanted: Silence, standing: Silence, now: int) -> bool:
    """One that has begun began when it was made, and not before."""
    begun = wanted.stretch.starts_at <= now and standing.stretch.starts_at <= now
    starts = begun or wanted.stretch.starts_at == standing.stretch.starts_at
    ends = wanted.stretch.ends_at == standing.stretch.ends_at
    return starts and ends and (wanted.labels, wanted.comment) == (standing.labels, standing.comment)


_Pair = tuple[str, str]  # an agreement's id and the name of an SLO


def wanted_silences(records: Iterable[ExclusionRecord], catalog: Catalog, window: Period) -> list[Silence]:
    """The silences that approved exclusions ask for, of what has not ended and begins in the window; by site, then time."""
    of_site: dict[str, list[ExclusionRecord]] = defaultdict(list)
    for one in records:
        for site in one.exclusion.sites:
            if one.in_force and site in catalog.sites:
                of_site[site].append(one)
    return [
        _silence(catalog.sites[site].region, site, slo, stretch, [one for one in every if _is_of(one, slo, stretch)])
        for site, every in sorted(of_site.items())
        for slo, stretch in _muted(site, every, catalog, window)
    ]


def _muted(
    site: str, records: Sequence[ExclusionRecord], catalog: Catalog, window: Period
) -> Iterator[tuple[str, Period]]:
    """When alerts of an SLO there mean nothing, or of the place as a whole, which is the SLO of no name."""
    holes: dict[_Pair, list[Period]] = defaultdict(list)
    for record in records:
        for slo in record.exclusion.slos:
            holes[record.exclusion.agreement_id, slo] += [one for one in record.in_force if one.overlaps(window)]
    # Nothing here follows from when it is asked: else a long silence would be another one at each turn.
    last_at = max((one.ends_at for several in holes.values() for one in several), default=window.ends_at)
    holds = [
        (
            (one.id, promise.slo.name),
            Period(starts_at=one.starts_at, ends_at=one.ends_at or last_at + 1),
        )
        for one in catalog.agreements.values()
        for promise in one.promises
        if promise.site == site and one.starts_at <= last_at
    ]
    every = [*(each for several in holes.values() for each in several), *(held for _, held in holds)]
    edges = sorted({at for one in every for at in (one.starts_at, one.ends_at)})
    found: dict[str, list[Period]] = defaultdict(list)
    for part, excluded in _excluded_parts(edges, holes):
        live = {pair for pair, held in holds if held.overlaps(part)}
        costs = {slo for _, slo in live - excluded}
        free = {slo for _, slo in live} - costs
        for slo in [""] if free and not costs else free:
            found[slo].append(part)
    for slo, parts in sorted(found.items()):
        yield from ((slo, one) for one in union(parts) if one.overlaps(window))


def _excluded_parts(
    edges: Sequence[int], holes: Mapping[_Pair, Sequence[Period]]
) -> Iterator[tuple[Period, set[_Pair]]]:
    """Between two edges, what is excluded there; only where anything is, for a plan over many tenants has many stretches."""
    place = {at: number for number, at in enumerate(edges)}
    excluded: dict[int, set[_Pair]] = defaultdict(set)
    for pair, several in holes.items():
        for one in several:
            for number in range(place[one.starts_at], place[one.ends_at]):
                excluded[number].add(pair)
    for number in sorted(excluded):
        yield Period(starts_at=edges[number], ends_at=edges[number + 1]), excluded[number]


def _is_of(record: ExclusionRecord, slo: str, stretch: Period) -> bool:
    return slo in {"", *record.exclusion.slos} and any(one.overlaps(stretch) for one in record.in_force)


def _silence(region: str, site: str, slo: str, stretch: Period, of: Sequence[ExclusionRecord]) -> Silence:
    labels = {"region": region, "site": site} | ({"slo": slo} if slo else {})
    reasons = dict.fromkeys(one.exclusion.reason for one in of)
    names = sorted(one.exclusion.ref for one in of)
    if len(names) > MOST_NAMED:  # a plan over many tenants is one act
        names = [f"plan {name}" for name in sorted({one.exclusion.plan for one in of})]
    return Silence(
        labels=tuple(sorted(labels.items())),
        stretch=stretch,
        author=", ".join(sorted({one.approved_by for one in of})),
        comment=f"{MARK} {', '.join(names)}: {'; '.join(reasons)} ({stretch})",
    )
