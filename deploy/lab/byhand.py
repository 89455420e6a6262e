"""What must be, worked out from the outage alone: no line of the engine is used here, and no value it counted.

Known are the time before and after each switch was thrown, and when Prometheus looked: the time of each scrape and how long it
took. A look that lies wholly between the switches must have seen the site down; one that ends before the outage, or begins
after it, cannot have. What lies across a switch may have seen either, and nothing is claimed of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SLACK_SECONDS = 0.01  # Prometheus puts a scrape's time on its beat when it is off by so little


@dataclass(frozen=True, kw_only=True)
class Switched:
    """A switch was thrown somewhere between these two times."""

    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class Look:
    """A scrape in which the exporter knew how the site is; what it saw is left out on purpose."""

    at: float
    seconds: float


class Touch(StrEnum):
    """Whether the outage touched a slot, as far as that follows from the times."""

    NO = "no"
    MAYBE = "maybe"
    SURE = "sure"


# What a slot may be called. UNKNOWN is always honest: too few looks were counted in it.
ALLOWED = {
    Touch.NO: frozenset({"GOOD", "UNKNOWN"}),
    Touch.MAYBE: frozenset({"GOOD", "BAD", "UNKNOWN"}),
    Touch.SURE: frozenset({"BAD", "UNKNOWN"}),
}


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """The slots of the period by touch, and the credit that follows; None where the outage leaves more than one possible."""

    touches: Sequence[Touch]
    states: Sequence[str]
    credit_percent: int | None
    credit_minor: int | None

    @property
    def slots(self) -> int:
        return len(self.touches)

    @property
    def surely(self) -> int:
        return self.touches.count(Touch.SURE)

    @property
    def possibly(self) -> int:
        return self.surely + self.touches.count(Touch.MAYBE)

    def wrong(self) -> list[str]:
        """The slots, counted from 1, that are called what they cannot be."""
        called = enumerate(zip(self.touches, self.states, strict=True), 1)
        return [
            f"slot {number} is {state}; touched by the outage: {touch}"
            for number, (touch, state) in called
            if state not in ALLOWED[touch]
        ]


def touch(looks: Sequence[Look], *, down: Switched, up: Switched) -> Touch:
    """What the looks of one slot must and may have seen."""
    if any(
        look.at > down.after + SLACK_SECONDS and look.at + look.seconds < up.before - SLACK_SECONDS for look in looks
    ):
        return Touch.SURE
    if any(
        look.at + look.seconds > down.before - SLACK_SECONDS and look.at < up.after + SLACK_SECONDS for look in looks
    ):
        return Touch.MAYBE
    return Touch.NO


def work_out(
    looks: Sequence[Look],
    states: Sequence[str],
    *,
    down: Switched,
    up: Switched,
    starts_at: int,
    slot_seconds: int,
    fee_minor: int,
    cap_percent: int,
) -> ByHand:
    """Each slot's touch from the looks in it; the credit from the fewest and from the most slots that can be bad.

    `states` says what each slot was called; of these only UNKNOWN enters the sum: such a slot is counted as good.
    """
    starts = [starts_at + number * slot_seconds for number in range(len(states))]
    inside = [[look for look in looks if start <= look.at < start + slot_seconds] for start in starts]
    touches = [touch(one, down=down, up=up) for one in inside]
    known = [one for one, state in zip(touches, states, strict=True) if state != "UNKNOWN"]
    fewest, most = known.count(Touch.SURE), len(known) - known.count(Touch.NO)
    percents = {min(band(len(states), bad), cap_percent) for bad in (fewest, most)}
    percent = percents.pop() if len(percents) == 1 else None
    return ByHand(
        touches=touches,
        states=states,
        credit_percent=percent,
        credit_minor=None if percent is None else fee_minor * percent // 100,
    )


def band(slots: int, bad: int) -> int:
    """The bands of the example agreement, written out: percent of the fee for so many bad slots."""
    up_percent = 100 * (slots - bad) / slots
    if up_percent >= 99.5:  # noqa: PLR2004
        return 0
    if up_percent >= 99:  # noqa: PLR2004
        return 10
    return 25 if up_percent >= 95 else 40  # noqa: PLR2004
