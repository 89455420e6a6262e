"""Versions of SLOs and agreements: documents of one name that follow each other, each with the boundary at which it begins.

They stand beside each other, each whole. What holds when is looked at once all documents of a kind are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from sankofa_observe.adapters.spec_faults import Draft, Fault, Place, note_fault, note_path
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.terms import amended
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.window import window_words
from sankofa_observe.units import instant, rfc3339

SETTINGS = {"version", "from"}
YEARS = range(2026, 2101)  # in which agreements and versions begin
UNREADABLE = 0  # a version that nobody can tell
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_BESIDE = "versions count up from 1 by one, and each stays in the specs beside the later ones"


def read_version(place: Place, notes: Mapping[str, str], faults: list[Fault]) -> tuple[int, int | None]:
    """Which version of an SLO its settings say it is, and from when on it holds; what is wrong is in `faults`."""
    if not place.stands(note_path("version")):
        return UNREADABLE, None
    number, since = notes.get("version", "1"), notes.get("from")
    if not _NUMBER.fullmatch(number):
        faults.append(note_fault("version", number, "a whole number from 1 on"))
        return UNREADABLE, None
    version = int(number)
    if version == 1 and since is not None:
        faults.append(note_fault("from", since, "none: the first version has none before it", (note_path("version"),)))
    if version > 1 and since is None:
        problem = f"version {version} does not say from when on it holds"
        faults.append(Fault(note_path("version"), "slo.boundary", problem, f"add {note_path('from')}"))
    if version == 1 or since is None:
        return version, None
    return version, _boundary(since, faults)


def _boundary(since: str, faults: list[Fault]) -> int | None:
    """Where nothing leans on a version, its slots are counted from its boundary on: one of 1970 would be of 500,000 hours."""
    try:
        found = instant(since)
    except ValueError:
        faults.append(note_fault("from", since[:80], "UTC in quotes, like '2027-01-01T00:00:00Z'"))
        return None
    if found.year not in YEARS:
        faults.append(note_fault("from", since, f"a year from {YEARS.start} to {YEARS.stop - 1}"))
        return None
    return int(found.timestamp())


def order_slos(draft: Draft) -> None:
    """Give each version of an SLO its end, which is where the next one begins."""
    for name, places in draft.slo_documents.items():
        sound = _without_holes(name, places, note_path("version"), "slo.version", draft)
        own = [one for one in draft.catalog.slo_versions(name) if one.version in places]
        for before, after in pairwise(own):
            if after.version == before.version + 1:
                sound &= draft.tell(places[after.version], _slo_faults(before, after))
                draft.catalog.slos[before.counted_as] = replace(before, ends_at=after.starts_at)
        if not sound:
            draft.broken_slos.add(name)


def order_agreements(draft: Draft) -> None:
    """The same of agreements; a version of one holds under one version of each of its SLOs."""
    for identity, places in draft.agreement_documents.items():
        own = draft.catalog.agreements_by_id().get(identity, []) if len(places) > 1 else []
        name = own[0].name if own else ""
        if not draft.agreements_unread:
            _without_holes(name, places, "/spec/version", "agreement.version", draft)
        for before, later in pairwise(own):
            after = _amended(own[0], later)
            draft.catalog.agreements[later.version_id] = after
            if after.version == before.version + 1:
                draft.tell(places[after.version], _agreement_faults(before, after, own[0]))
                draft.catalog.agreements[before.version_id] = replace(before, ends_at=after.starts_at)
    for one in draft.catalog.agreements.values():
        places = draft.agreement_documents[one.id]
        unread = draft.agreements_unread or UNREADABLE in places or one.version + 1 in places
        if one.ends_at is None and unread:
            continue  # its next version may stand there, with faults of its own
        draft.tell(places[one.version], _straddles(one))


def _without_holes(name: str, places: Mapping[int, Place], path: str, code: str, draft: Draft) -> bool:
    """Where some document could not be read it may be the version that is missing: then nothing is said."""
    missing = [one for one in sorted(places) if one > 1 and one - 1 not in places]
    if draft.unread or UNREADABLE in places or not missing:
        return True
    for one in missing:
        problem = f"version {one} {f'of {name} ' if name else ''}stands without version {one - 1}"
        draft.tell(places[one], [Fault(path, code, problem, _BESIDE)])
    return False


def _slo_faults(before: Slo, after: Slo) -> Iterator[Fault]:
    at, path = after.starts_at, note_path("from")
    if at is None:
        return
    if before.starts_at is not None and at < before.starts_at:
        problem = f"{rfc3339(at)}; version {before.version} begins at {rfc3339(before.starts_at)}"
        yield Fault(path, "slo.boundary", problem, "a later version begins later")
    for one in (before, after):
        if at % one.slot.seconds:
            problem = f"{rfc3339(at)} is no edge of a slot of {one.slot.seconds} s, which version {one.version} counts"
            yield Fault(path, "slo.boundary", problem, "slots are counted from midnight UTC")
    if before.tier != after.tier:
        problem = f"version {before.version} is for {before.tier} sites, version {after.version} for {after.tier}"
        yield Fault(note_path("tier"), "slo.version", problem, "a promise to another tier is another SLO")


def _amended(first: Agreement, later: Agreement) -> Agreement:
    """A later version counts periods and years from where the first one begins; as it is where it cannot, which is a fault."""
    follows = first.window == later.window and first.starts_at <= later.starts_at < first.calendar.reaches.ends_at
    return amended(later, first.starts_at) if follows else later


def _agreement_faults(before: Agreement, after: Agreement, first: Agreement) -> Iterator[Fault]:
    yield from _boundary_faults(before, after)
    yield from _kept_faults(before, after)
    if before.window == after.window:
        yield from _calendar_faults(before, after, first)


def _calendar_faults(before: Agreement, after: Agreement, first: Agreement) -> Iterator[Fault]:
    """Its calendar is that of the first version, and so are the years in which credits are capped."""
    if after.starts_at >= (ends_at := first.calendar.reaches.ends_at):
        problem = f"{rfc3339(after.starts_at)}; the calendar with which the agreement began ends at {rfc3339(ends_at)}"
        yield Fault("/spec/startsAt", "agreement.calendar", problem, "make another agreement, with another name")
        return
    caps = [one.credit_rules.cap_year_minor for one in (before, after)]
    into = (after.first_period - first.first_period) % first.year_periods if after.began_at is not None else 0
    if caps[0] != caps[1] and into:
        was, is_now = (one or "none" for one in caps)
        problem = f"{is_now}; version {before.version} has {was}, and {into} of {first.year_periods} periods of a year are over then"
        hint = f"begin where a year of the agreement does, or keep {was}"
        yield Fault("/spec/credits/capYearMinor", "agreement.year", problem, hint, ("/spec/startsAt",))


def _boundary_faults(before: Agreement, after: Agreement) -> Iterator[Fault]:
    at = after.starts_at
    if at < before.starts_at:
        problem = f"{rfc3339(at)}; version {before.version} begins at {rfc3339(before.starts_at)}"
        yield Fault("/spec/startsAt", "agreement.boundary", problem, "a later version begins later")


def _kept_faults(before: Agreement, after: Agreement) -> Iterator[Fault]:
    for path, seen, expected in (
        ("/spec/provider/account", after.provider_account, before.provider_account),
        ("/spec/tenant/id", after.tenant, before.tenant),
        ("/spec/tenant/account", after.tenant_account, before.tenant_account),
        ("/spec/promises", window_words(after.window), window_words(before.window)),
        ("/spec/fee/currency", after.currency, before.currency),
        ("/spec/fee/exponent", after.exponent, before.exponent),
    ):
        if seen != expected:
            problem = f"{seen}; version {before.version} has {expected}"
            yield Fault(
                path, "agreement.version", problem, "with another one it is another agreement, with another name"
            )


def _straddles(agreement: Agreement) -> Iterator[Fault]:
    """The rules by which its slots are counted are terms: where they change, a version of the agreement begins."""
    for index, promise in enumerate(agreement.promises):
        slo = promise.slo
        if slo.ends_at is None or (agreement.ends_at is not None and agreement.ends_at <= slo.ends_at):
            continue
        problem = (
            f"version {slo.version + 1} of {slo.name} begins at {rfc3339(slo.ends_at)}, and version {agreement.version} of "
            "this agreement goes on; how slots are counted is agreed by both parties"
        )
        hint = f"write version {agreement.version + 1} of the agreement, with startsAt {_edge(agreement, slo.ends_at)}"
        yield Fault(f"/spec/promises/{index}/slo", "agreement.boundary", problem, hint)


def _edge(agreement: Agreement, at: int) -> str:
    period = agreement.window.period_at(at)
    if period.starts_at == at:
        return rfc3339(at)
    edges = f"{rfc3339(period.starts_at)} or {rfc3339(period.ends_at)}"
    return f"{rfc3339(at)}, which must be an edge of its periods: move the boundary of the SLO to {edges}"
