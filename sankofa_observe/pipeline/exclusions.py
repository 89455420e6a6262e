"""exclusions: planned work is proposed, approved by somebody else, listed and withdrawn; each act is a record.

A proposal announces and changes nothing. What is approved is laid over slots when a period is judged, again where it was judged
already; a settlement that is on chain, or on the way there, is never touched. Everything that is wrong is told in one run, and
then nothing is written.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import rfc8785

from sankofa_observe.errors import InvalidInput, Violation
from sankofa_observe.pipeline.persons import person
from sankofa_observe.ports import Clock, Ledger
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.exclusion import (
    Act,
    Exclusion,
    ExclusionRecord,
    ExclusionState,
    proposal_problems,
    sealed_problems,
)
from sankofa_observe.sla.recurrence import Expanded, Schedule, drifts, expanded
from sankofa_observe.slo.window import CalendarWindow
from sankofa_observe.units import Period, rfc3339

NOTHING = "nothing was written"
MOST_SHOWN = 5  # occurrences in words; --json has all


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a person plans; no SLOs and no agreements are all that lean on the sites."""

    sites: tuple[str, ...]
    slos: tuple[str, ...]
    agreements: tuple[str, ...]  # by name or id
    schedule: Schedule
    reason: str


@dataclass(frozen=True, kw_only=True)
class Announced:
    """An exclusion as it is told to others: to people, to attestors, and to whatever silences alerts meanwhile.

    `occurrences` are those that count, or would once it is approved; `notes` say by which rule a local time was read.
    """

    id: str
    ref: str
    plan: str
    agreement_id: str
    tenant: str
    state: ExclusionState
    slos: tuple[str, ...]
    sites: tuple[str, ...]
    schedule: Schedule
    reason: str
    author: str
    announced_at: int
    approved_by: str
    occurrences: tuple[Period, ...]
    notes: tuple[str, ...]
    acts: tuple[Act, ...]

    def __str__(self) -> str:
        shown = [f"  {one}" for one in self.occurrences[:MOST_SHOWN]]
        more = len(self.occurrences) - len(shown)
        lines = [
            f"{self.ref} {self.state}: {', '.join(self.slos)} at {', '.join(self.sites)}, agreement {self.agreement_id} of {self.tenant}",
            f"  plan {self.plan}: {self.schedule}: {self.reason}",
            *(f"  {one.state} by {one.actor} at {rfc3339(one.at)}{_why(one, self.reason)}" for one in self.acts),
            *shown,
            *([f"  and {more} more, the last {self.occurrences[-1]}"] if more else []),
            *(f"  {note}" for note in self.notes),
        ]
        return "\n".join(lines)


def _why(act: Act, reason: str) -> str:
    since = f", from {rfc3339(act.from_at)} on" if act.from_at else ""
    return f"{since}: {act.reason}" if act.reason != reason else since


def announced(record: ExclusionRecord) -> Announced:
    one = record.exclusion
    found = expanded(one.schedule).occurrences
    counts = record.in_force if record.state is not ExclusionState.PROPOSED else one.occurrences
    return Announced(
        id=one.id,
        ref=one.ref,
        plan=one.plan,
        agreement_id=one.agreement_id,
        tenant=one.tenant,
        state=record.state,
        slos=one.slos,
        sites=one.sites,
        schedule=one.schedule,
        reason=one.reason,
        author=one.author,
        announced_at=one.announced_at,
        approved_by=record.approved_by,
        occurrences=counts,
        notes=tuple(each.note for each in found if each.note and each.period in counts),
        acts=record.acts,
    )


def propose(proposal: Proposal, *, by: str, catalog: Catalog, ledger: Ledger, clock: Clock) -> list[Announced]:
    """One exclusion for each agreement that leans on the sites; they begin to be announced now.

    Raises:
        InvalidInput: the schedule, a name, the notice, a sealed settlement: everything that is wrong, of every agreement.
    """
    author, found = person(by, proposal.reason, ledger), expanded(proposal.schedule)
    leaning = _leaning(proposal, [one.period for one in found.occurrences], catalog)
    problems = [*found.problems, *_unknown(proposal, catalog, leaning)]
    proposed = [] if problems else _exclusions(proposal, leaning, author, clock.now())
    if not problems:
        problems = list(_refused(proposal, found, leaning, proposed, ledger))
    _refuse(problems, "the exclusion cannot be proposed")
    ledger.acting(author).add_exclusions(proposed)
    return [announced(one) for one in ledger.exclusions_named(proposed[0].plan)]


def approve(name: str, *, by: str, reason: str, ledger: Ledger, clock: Clock) -> list[Announced]:
    """Somebody else than the author says yes to a plan, or to one exclusion of it: it counts from now on, in what is judged."""
    actor, records = person(by, reason, ledger), _named(name, ledger)
    _refuse(list(_approval_problems(records, actor, ledger)), f"{name} cannot be approved")
    act = Act(state=ExclusionState.APPROVED, actor=actor, at=clock.now(), reason=reason)
    return _acted(name, records, act, ledger)


def withdraw(
    name: str, *, by: str, reason: str, ledger: Ledger, clock: Clock, from_at: int | None = None
) -> list[Announced]:
    """What begins from an instant on, now if none is given, is excluded no more; what had begun before stays as it is."""
    actor, records, now = person(by, reason, ledger), _named(name, ledger), clock.now()
    since = now if from_at is None else from_at
    _refuse(list(_withdrawal_problems(records, since, ledger)), f"{name} cannot be withdrawn")
    act = Act(state=ExclusionState.WITHDRAWN, actor=actor, at=now, reason=reason, from_at=since)
    return _acted(name, records, act, ledger)


def _acted(name: str, records: Sequence[ExclusionRecord], act: Act, ledger: Ledger) -> list[Announced]:
    ledger.acting(act.actor).act_on_exclusions(records, act)
    return [announced(one) for one in ledger.exclusions_named(name)]


def _named(name: str, ledger: Ledger) -> list[ExclusionRecord]:
    found = ledger.exclusions_named(name)
    if not found:
        raise InvalidInput(
            f"no exclusion or plan {name[:80]!r}; expected 16 digits of a-f and 0-9, as sankofa-observe exclusions list names "
            f"them; {NOTHING}"
        )
    return found


def _refuse(problems: Sequence[Violation], what: str) -> None:
    if problems:
        raise InvalidInput(f"{what}; {NOTHING}", problems)


# ---------------------------------------------------------------------------------------------------------- proposals


def _leaning(proposal: Proposal, occurrences: Sequence[Period], catalog: Catalog) -> list[Agreement]:
    """The agreements that promise any of it then, and are among those that were named, if any were; each version by itself."""
    return [
        one
        for versions in catalog.agreements_by_id().values()
        for one in versions
        if (not proposal.agreements or {one.name, one.id} & set(proposal.agreements))
        and any(_covered(proposal, one))
        and _holds(one, occurrences)
    ]


def _holds(agreement: Agreement, occurrences: Sequence[Period]) -> bool:
    """Whether a version has not ended before the occurrences, and has begun before their end; the first one is never too late."""
    if not occurrences:
        return True
    begun = agreement.version == 1 or agreement.starts_at < occurrences[-1].ends_at
    return begun and (agreement.ends_at is None or occurrences[0].starts_at < agreement.ends_at)


def _covered(proposal: Proposal, agreement: Agreement) -> Iterator[tuple[str, str]]:
    for promise in agreement.promises:
        if promise.site in proposal.sites and (not proposal.slos or promise.slo.name in proposal.slos):
            yield promise.slo.name, promise.site


def _unknown(proposal: Proposal, catalog: Catalog, leaning: Sequence[Agreement]) -> Iterator[Violation]:
    """Names that are of nothing; else those that nothing is promised of. Each would exclude nothing, in silence."""
    agreements = {name for one in catalog.agreements.values() for name in (one.name, one.id)}
    known = (
        ("site", proposal.sites, set(catalog.sites)),
        ("slo", proposal.slos, set(catalog.slo_names())),
        ("agreement", proposal.agreements, agreements),
    )
    strange = [(what, name, names) for what, asked, names in known for name in asked if name not in names]
    for what, name, names in strange:
        yield _name(what, f"no {what} {name[:80]!r} in the specs", _some(names))
    if not proposal.sites:
        yield _name("site", "no site is named", _some(set(catalog.sites)))
    elif not strange:
        yield from _unpromised(proposal, leaning)


def _unpromised(proposal: Proposal, leaning: Sequence[Agreement]) -> Iterator[Violation]:
    promised = [pair for one in leaning for pair in _covered(proposal, one)]
    slos, sites = ({pair[n] for pair in promised} for n in (0, 1))
    agreements = {name for one in leaning for name in (one.name, one.id)}
    for what, asked, used in (
        ("site", proposal.sites, sites),
        ("slo", proposal.slos, slos),
        ("agreement", proposal.agreements, agreements),
    ):
        for name in asked:
            if name not in used:
                yield _name(what, f"{name} is in no promise that this would exclude", "see sankofa-observe specs check")


def _name(what: str, problem: str, hint: str) -> Violation:
    return Violation(code=f"exclusion.{what}", where=what, problem=problem, hint=hint)


def _some(known: set[str]) -> str:
    names = sorted(name for name in known if not name.startswith("0x"))
    return f"known: {', '.join(names[:10])}{' and more' if len(names) > 10 else ''}" if names else "there is none"  # noqa: PLR2004


def _exclusions(proposal: Proposal, leaning: Sequence[Agreement], author: str, at: int) -> list[Exclusion]:
    whole = {"author": author, "announced_at": at, **vars(replace(proposal, agreements=())), "schedule": vars(proposal.schedule)}  # fmt: skip
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in whole.items()}
    told["agreements"] = sorted({one.id for one in leaning})
    plan = hashlib.sha256(rfc8785.dumps(told)).hexdigest()[:16]
    return [
        Exclusion(
            plan=plan,
            agreement_id=agreement_id,
            tenant=versions[0].tenant,
            slos=tuple(sorted({slo for one in versions for slo, _ in _covered(proposal, one)})),
            sites=tuple(sorted({site for one in versions for _, site in _covered(proposal, one)})),
            schedule=proposal.schedule,
            reason=proposal.reason,
            author=author,
            announced_at=at,
        )
        for agreement_id, versions in sorted(_by_id(leaning).items())
    ]


def _by_id(leaning: Sequence[Agreement]) -> dict[str, list[Agreement]]:
    found: dict[str, list[Agreement]] = defaultdict(list)
    for one in leaning:
        found[one.id].append(one)
    return found


def _refused(
    proposal: Proposal, found: Expanded, leaning: Sequence[Agreement], proposed: Sequence[Exclusion], ledger: Ledger
) -> Iterator[Violation]:
    zones = {one.name: one.window.zone for one in leaning if isinstance(one.window, CalendarWindow)}
    yield from drifts(proposal.schedule, found.occurrences, zones)
    agreements = _by_id(leaning)
    for one in proposed:
        sealed = ledger.sealed(one.agreement_id, _whole(one.occurrences))
        told = (problem for each in agreements[one.agreement_id] for problem in proposal_problems(one, each, sealed))
        yield from dict.fromkeys(told)


# ----------------------------------------------------------------------------------------------------------- what follows


def _approval_problems(records: Sequence[ExclusionRecord], actor: str, ledger: Ledger) -> Iterator[Violation]:
    for record in records:
        one = record.exclusion
        if record.state is not ExclusionState.PROPOSED:
            yield _act_problem(one, f"it is {record.state}", "only what is proposed is approved")
        if one.author.casefold() == actor.casefold():
            yield _act_problem(one, f"{actor} proposed it", "somebody else approves what one proposes: --by")
        yield from _sealed(one, one.occurrences, ledger)


def _withdrawal_problems(records: Sequence[ExclusionRecord], since: int, ledger: Ledger) -> Iterator[Violation]:
    for record in records:
        one = record.exclusion
        ends = [each for each in record.in_force if each.starts_at >= since]
        if record.state is ExclusionState.WITHDRAWN:
            yield _act_problem(one, "it is withdrawn", "nothing is left to withdraw")
        elif record.approved_by and not ends:
            yield _act_problem(
                one, f"nothing of it begins at {rfc3339(since)} or later", "name an earlier instant: --from"
            )
        yield from _sealed(one, ends, ledger)


def _sealed(one: Exclusion, occurrences: Sequence[Period], ledger: Ledger) -> Iterator[Violation]:
    if occurrences:
        sealed = ledger.sealed(one.agreement_id, _whole(occurrences))
        yield from sealed_problems(one, f"agreement {one.agreement_id}", occurrences, sealed)


def _act_problem(one: Exclusion, problem: str, hint: str) -> Violation:
    return Violation(code="exclusion.act", where=f"exclusion {one.ref}", problem=problem, hint=hint)


def _whole(occurrences: Sequence[Period]) -> Period:
    return occurrences[0].joined(occurrences[-1])
