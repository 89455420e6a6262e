"""Agreements as they were used: every version is on record before anything is judged by it, and no record is ever changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sankofa_observe.errors import InvariantBroken, Violation
from sankofa_observe.ports import Ledger
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog, version_at
from sankofa_observe.sla.terms import changes
from sankofa_observe.units import rfc3339

MOST_TOLD = 5  # changes in a line


def record_agreements(catalog: Catalog, ledger: Ledger, at: int) -> None:
    """Keep every version ever used, once all of them agree with what stands.

    Raises:
        InvariantBroken: terms that stand are others now, a version that stands is in no spec, or a boundary is before what was judged by an
            older version: of every agreement at once, and nothing was written.
    """
    agreements = catalog.agreements_by_id().values()
    problems = [one for versions in agreements for one in _problems(versions, ledger)]
    if problems:
        told = "\n".join(f"  {one}" for one in problems)
        raise InvariantBroken(f"the agreements are not those that were recorded; nothing was written\n{told}")
    for agreement in (one for versions in agreements for one in versions):
        ledger.add_agreement(
            agreement_id=agreement.id,
            version=agreement.version,
            tenant=agreement.tenant,
            terms_hash=agreement.terms_hash,
            document=agreement.terms_document,
            at=at,
        )


def ended(agreements: Iterable[Agreement], ends: Mapping[str, int]) -> Iterator[Agreement]:
    """Agreements as long as they last: a version that would begin after the end is none."""
    for one in agreements:
        end = ends.get(one.id)
        if end is None or end >= one.holds_until:
            yield one
        elif one.starts_at < end:
            yield replace(one, ends_at=end)


def _problems(versions: Sequence[Agreement], ledger: Ledger) -> Iterator[Violation]:
    first, by_number = versions[0], {one.version: one for one in versions}
    recorded = ledger.versions(first.id)
    for number in recorded:
        if number not in by_number:
            problem = f"version {number} is recorded, and in no spec"
            yield _violation(
                first, "missing", problem, "restore its document: each version stays beside the later ones"
            )
        elif (changed := _changed(by_number[number], ledger)) is not None:
            following = max(*recorded, *by_number) + 1
            problem = f"version {number} was recorded with other terms{changed}"
            hint = (
                f"restore what it was, its SLOs too, and write the change as version {following} with a boundary: startsAt, where a "
                "period begins that was not judged yet"
            )
            yield _violation(first, "edited", problem, hint)
    judged = ledger.newest_judged(first.id)
    if judged is None or judged.agreement_version not in by_number:
        return
    holds = version_at(list(versions), judged.period.starts_at)
    if holds and holds.version != judged.agreement_version:
        problem = (
            f"version {holds.version} begins at {rfc3339(holds.starts_at)}, and {judged.period} was judged by version "
            f"{judged.agreement_version}"
        )
        yield _violation(first, "judged", problem, f"begin at {rfc3339(judged.period.ends_at)} or later")


def _changed(agreement: Agreement, ledger: Ledger) -> str | None:
    """How the terms of a version differ from what was recorded, or None."""
    standing = ledger.read(OPERATOR).agreement(agreement.id, agreement.version)
    if standing is None or (standing.terms_hash, standing.tenant) == (agreement.terms_hash, agreement.tenant):
        return None
    told = list(changes(standing.document, agreement.terms_document))
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f": {'; '.join(told[:MOST_TOLD])}{more}" if told else ""


def _violation(agreement: Agreement, code: str, problem: str, hint: str) -> Violation:
    return Violation(code=f"agreement.{code}", where=f"agreement {agreement.name}", problem=problem, hint=hint)
