"""Who observes, and how many of them must say that a slot is bad, or that it is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_observe.slo.slot import SlotState


@dataclass(frozen=True, kw_only=True)
class Quorum:
    """Who observes, and how many of them decide. Without names the installation's one observer does.

    `bad` observers make a slot BAD, `good` make it what is not bad. More than half must be needed for good, so that a tie is never
    good; where both are reached, it is BAD.
    """

    names: tuple[str, ...] = ()
    bad: int = 1
    good: int = 1

    def __post_init__(self) -> None:
        count = len(self)
        if not 1 <= self.bad <= count or not count < 2 * self.good <= 2 * count:
            raise ValueError(f"of {count} observers, {self.bad} for bad and {self.good} for good; {THRESHOLDS}")
        if list(self.names) != sorted(set(self.names)):
            raise ValueError(f"observers {', '.join(self.names)}; expected each once, in order")

    def __len__(self) -> int:
        return len(self.names) or 1

    def __str__(self) -> str:
        if not self.names:
            return ""
        return f"{', '.join(self.names)}: bad where {self.bad} say so, good where {self.good} do"

    @property
    def needed(self) -> int:
        """How many must have observed a period before it is judged: with fewer, one of the two can never be said."""
        return max(self.bad, self.good)


def plain(quorum: Quorum) -> dict[str, Any]:
    """As terms, records and evidence have it."""
    return {"names": list(quorum.names), "bad": quorum.bad, "good": quorum.good}


def quorum_of_plain(told: Mapping[str, Any]) -> Quorum:
    """Raises `LookupError`, `TypeError` or `ValueError` where it is none."""
    return Quorum(names=tuple(told["names"]), bad=told["bad"], good=told["good"])


THRESHOLDS = "expected 1 to all of them for bad, and more than half of them for good"


@dataclass(frozen=True, kw_only=True)
class View:
    """What one observer of several would have said alone."""

    name: str
    good: int
    bad: int
    unknown: int
    samples: int  # raw, that its slots were counted from
    verdict: str

    def beside(self, together: str) -> str:
        """How it stands to the verdict of all: the same, otherwise, or it cannot tell where they can."""
        undetermined = "undetermined"
        if together in {undetermined, self.verdict}:
            return SAME
        return CANNOT_TELL if self.verdict == undetermined else OTHERWISE

    def __str__(self) -> str:
        return f"{self.name} alone: {self.verdict} ({self.good} good, {self.bad} bad, {self.unknown} unknown)"


SAME, OTHERWISE, CANNOT_TELL = "the same", "otherwise", "cannot tell"


def vote(quorum: Quorum, states: Mapping[SlotState, int]) -> SlotState:
    """What a slot is, from how many observers saw which state; who has no slot counts as UNKNOWN or not at all, which is the same."""
    idle = states.get(SlotState.NO_TRAFFIC, 0)
    well = states.get(SlotState.GOOD, 0) + idle
    if states.get(SlotState.BAD, 0) >= quorum.bad:
        return SlotState.BAD
    if well < quorum.good:
        return SlotState.UNKNOWN
    return SlotState.NO_TRAFFIC if 2 * idle >= well else SlotState.GOOD
