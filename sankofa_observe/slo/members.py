"""Members: how many sites of a region or a fleet are good, slot by slot, against how many there must be.

Roles are counted apart: three active sites and two on standby are not five of any. What is not known is placed both ways. A site
that is not deployed yet is no member: it is not there, and neither bad nor unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sankofa_observe.slo.indicator import Members
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState, in_order, slot_starts
from sankofa_observe.units import Period


def count_members(
    key: SlotKey, period: Period, slots: Mapping[str, Sequence[Slot]], members: Sequence[Members]
) -> list[Slot]:
    """The slots of a place from those of its sites."""
    by_start = {site: {slot.starts_at: slot for slot in own} for site, own in slots.items()}
    return [
        _slot(
            key,
            start,
            {site: by_start.get(site, {}).get(start) for one in members for site in one.there_at(start)},
            members,
        )
        for start in slot_starts(period, key.rule.seconds)
    ]


def _slot(key: SlotKey, start: int, slots: Mapping[str, Slot | None], members: Sequence[Members]) -> Slot:
    states = {site: slot.state if slot else SlotState.UNKNOWN for site, slot in slots.items()}
    good = sum(is_good(one) for one in states.values())
    bad = sum(one is SlotState.BAD for one in states.values())
    state = together([of_role({site: states[site] for site in one.there_at(start)}, one.needed) for one in members])
    return Slot(
        slo=key.slo,
        site=key.site,
        starts_at=start,
        good=good,
        bad=bad,
        hidden=len(states) - good - bad,
        expected=len(states),
        seen=good + bad,
        samples=sum(slot.samples for slot in slots.values() if slot),
        state=state,
        reasons=in_order([f"{site} {one}" for site, one in states.items() if _is_reason(state, one)]),
        proof=() if state is SlotState.GOOD else tuple(_proof(states, one, start) for one in members),
    )


def _proof(states: Mapping[str, SlotState], members: Members, start: int) -> tuple[object, ...]:
    """A role as it was counted here: which sites there were, the fleet file may say otherwise tomorrow."""
    return members.role, members.needed, tuple((site, states[site].value) for site in members.there_at(start))


def is_good(state: SlotState) -> bool:
    return state in {SlotState.GOOD, SlotState.NO_TRAFFIC}


def of_role(states: Mapping[str, SlotState], needed: int) -> SlotState:
    """Whether so many of the sites of a role are good."""
    own = list(states.values())
    good, unknown = sum(map(is_good, own)), own.count(SlotState.UNKNOWN)
    if good >= needed:
        return SlotState.GOOD
    return SlotState.BAD if good + unknown < needed else SlotState.UNKNOWN


def together(states: Sequence[SlotState]) -> SlotState:
    """Of several roles: each must have enough."""
    if SlotState.BAD in states:
        return SlotState.BAD
    return SlotState.UNKNOWN if SlotState.UNKNOWN in states or not states else SlotState.GOOD


def _is_reason(whole: SlotState, member: SlotState) -> bool:
    """A site that is not known, whatever the whole is: it may still change. And one that makes the whole bad."""
    return member is SlotState.UNKNOWN or whole is member is SlotState.BAD
