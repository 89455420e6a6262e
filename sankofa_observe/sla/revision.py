"""How a verdict came to be what it is: each revision with what it was judged from, what it cost, and what changed since the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.slo.verdict import AttainmentRecord
from sankofa_observe.units import Money, rfc3339

MOST_DAYS = 5  # in a line


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One verdict of a promise and period; `changed` says in sentences why it stands in the place of the one before."""

    ref: str
    replaces: str  # the name of the verdict before, or nothing
    record: VerdictRecord
    attained: AttainmentRecord | None
    penalty: Penalty | None  # its price, where it was priced
    changed: tuple[str, ...]

    def __str__(self) -> str:
        one, attained = self.record, self.record.attainment
        counts = f"good {attained.good}, bad {attained.bad}, unknown {attained.unknown}"
        excluded = f", {attained.excluded} of {one.slot_count} slots excluded" if attained.excluded else ""
        told = f"revision {one.revision} {self.ref} at {rfc3339(one.judged_at)}: {one.verdict} ({counts}{excluded})"
        replaced = f", in the place of {self.replaces}" if self.replaces else ""
        price = f"; priced at {_price(self.penalty)}" if self.penalty else ""
        return "\n".join([f"{told}{replaced}{price}", *(f"  because {why}" for why in self.changed)])


def _price(penalty: Penalty) -> Money:
    return Money(amount_minor=penalty.credit_minor, currency=penalty.currency, exponent=penalty.exponent)


def revisions(
    records: Iterable[VerdictRecord], attained: Iterable[AttainmentRecord], penalties: Iterable[Penalty]
) -> tuple[Revision, ...]:
    """The verdicts of one promise and period as a history, oldest first."""
    drawn, prices = {one.revision: one for one in attained}, {one.revision: one for one in penalties}
    ordered = sorted(records, key=lambda one: one.revision)
    changed = {
        0: tuple[str, ...](),
        **{n: tuple(_changes(*both, drawn)) for n, both in enumerate(pairwise(ordered), 1)},
    }
    return tuple(
        Revision(
            ref=one.ref,
            replaces=one.replaces,
            record=one,
            attained=drawn.get(one.attainment_revision),
            penalty=prices.get(one.revision),
            changed=changed[n],
        )
        for n, one in enumerate(ordered)
    )


def _changes(before: VerdictRecord, after: VerdictRecord, drawn: Mapping[int, AttainmentRecord]) -> Iterator[str]:
    one, other = (drawn.get(each.attainment_revision) for each in (before, after))
    if one and other and one.slots_digest != other.slots_digest:
        days = sorted(day for day in {*one.days, *other.days} if one.days.get(day) != other.days.get(day))
        yield f"the slots of {_listed(days)} are others" if days else "what stands beside the period is other"
    if before.spec_digest != after.spec_digest:
        yield f"the spec of {after.slo} is another one: {after.spec_digest}, before {before.spec_digest}"
    if before.agreement_version != after.agreement_version:
        yield f"version {after.agreement_version} of the agreement is in force, before {before.agreement_version}"
    yield from _overlay_changes(before, after)


def _overlay_changes(before: VerdictRecord, after: VerdictRecord) -> Iterator[str]:
    came = Counter(one.exclusion_id for one in set(after.overlay.applied) - set(before.overlay.applied))
    went = Counter(one.exclusion_id for one in set(before.overlay.applied) - set(after.overlay.applied))
    for name, count in sorted(came.items()):
        yield f"exclusion {name[2:18]} was approved, {_stretches(count)} of it in the period"
    for name, count in sorted(went.items()):
        yield f"exclusion {name[2:18]} was withdrawn, {_stretches(count)} of it in the period"
    if before.overlay.since_at != after.overlay.since_at:
        since = rfc3339(after.overlay.since_at) if after.overlay.since_at else "before the period"
        yield f"the fleet file says that the site was deployed {since}"
    if before.overlay.excluded_slots is not after.overlay.excluded_slots:
        yield f"an excluded slot {after.overlay.excluded_slots}, before {before.overlay.excluded_slots}"


def _stretches(count: int) -> str:
    return "1 stretch" if count == 1 else f"{count} stretches"


def _listed(days: list[int]) -> str:
    names = [rfc3339(day)[:10] for day in days[:MOST_DAYS]]
    return ", ".join(names) + (f" and {len(days) - MOST_DAYS} days more" if len(days) > MOST_DAYS else "")
