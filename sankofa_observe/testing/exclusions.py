"""Exclusions in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import ExclusionChange, SettlementRecord
from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionRecord, ExclusionState
from sankofa_observe.sla.settlement import OPEN
from sankofa_observe.units import Period


@dataclass(kw_only=True)
class MemoryExclusions:
    """The part of a ledger in memory that keeps exclusions; who acts is who the act names."""

    records: dict[str, SettlementRecord] = field(default_factory=dict)
    excluded: dict[str, ExclusionRecord] = field(default_factory=dict)
    excluded_acts: list[tuple[str, Act]] = field(default_factory=list)  # in the order in which they were recorded

    def add_exclusions(self, proposed: Sequence[Exclusion]) -> None:
        for one in proposed:
            first = Act(state=ExclusionState.PROPOSED, actor=one.author, at=one.announced_at, reason=one.reason)
            if self.excluded.setdefault(one.id, ExclusionRecord(exclusion=one, acts=(first,))).acts == (first,):
                self.excluded_acts.append((one.id, first))

    def act_on_exclusions(self, records: Sequence[ExclusionRecord], act: Act) -> None:
        if any(self.excluded[one.exclusion.id] != one for one in records):
            raise Unavailable("exclusion: written by another process at the same time")
        for one in records:
            self.excluded[one.exclusion.id] = replace(one, acts=(*one.acts, act))
            self.excluded_acts.append((one.exclusion.id, act))

    def exclusions_named(self, name: str) -> list[ExclusionRecord]:
        of_id = f"0x{name.removeprefix('0x')}"
        found = [
            one
            for one in self.excluded.values()
            if one.exclusion.plan == name or (len(of_id) > 17 and one.exclusion.id.startswith(of_id))  # noqa: PLR2004
        ]
        return sorted(found, key=lambda one: (one.exclusion.agreement_id, one.exclusion.id))

    def exclusions_in(self, period: Period) -> list[ExclusionRecord]:
        return [one for one in self.excluded.values() if one.exclusion.whole.overlaps(period)]

    def exclusion_changes(self, after: int) -> list[ExclusionChange]:
        return [
            ExclusionChange(
                number=number,
                agreement_id=self.excluded[one].exclusion.agreement_id,
                period=self.excluded[one].exclusion.whole,
                at=act.at,
            )
            for number, (one, act) in enumerate(self.excluded_acts, 1)
            if number > after and act.state is not ExclusionState.PROPOSED
        ]

    def sealed(self, agreement_id: str, period: Period) -> list[tuple[str, Period]]:
        return [
            (one.penalty.settlement_id, one.penalty.period)
            for one in self.records.values()
            if one.penalty.agreement_id == agreement_id
            and one.state not in OPEN
            and one.penalty.period.overlaps(period)
        ]
