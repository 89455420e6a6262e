"""Spells: runs of slots that have one state, so that a month of slots is a few lines that hide none of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.units import Period


@dataclass(frozen=True, kw_only=True)
class Spell:
    """Slots that follow each other and have one state; `good`, `bad` and `hidden` are their counts added up."""

    state: SlotState
    starts_at: int
    ends_at: int
    good: int = 0
    bad: int = 0
    hidden: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def seconds(self) -> int:
        return self.ends_at - self.starts_at


def spells(slots: Iterable[Slot], key: SlotKey, period: Period, counted_until: int) -> list[Spell]:
    """The slots of one site in a period as spells, oldest first.

    A slot before `counted_until` that was never recorded is UNKNOWN; what lies after it is not counted yet and in no spell.
    """
    stored = {slot.starts_at: slot for slot in slots}
    starts = (start for start in slot_starts(period, key.rule.seconds) if start < counted_until)
    every = (stored.get(start) or key.unknown(start) for start in starts)
    return [_spell(state, list(run), key.rule.seconds) for state, run in groupby(every, key=lambda slot: slot.state)]


def _spell(state: SlotState, run: list[Slot], seconds: int) -> Spell:
    return Spell(
        state=state,
        starts_at=run[0].starts_at,
        ends_at=run[-1].starts_at + seconds,
        good=sum(slot.good for slot in run),
        bad=sum(slot.bad for slot in run),
        hidden=sum(slot.hidden for slot in run),
        reasons=in_order([reason for slot in run for reason in slot.reasons]),
    )
