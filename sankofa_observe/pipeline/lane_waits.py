"""What the chain lane waits for: each wait a record with a cause and an age, told by a metric and an alarm, and ended once it is over.

A wait is of a settlement, or of the lane itself. While its cause stays the same it is one record, however its words change; only who has not
signed yet is told anew, because a person acts by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sankofa_observe.ports import Ledger, Wait
from sankofa_observe.scope import EVERYBODY

SETTLEMENT, LANE = "settlement", "lane"  # subjects
DUE_SECONDS = 3600  # a settlement that waits for longer is late
LANE_DUE_SECONDS = 900  # all tenants wait for the lane
MOST_TURNS = 32  # without asking again what was refused


class Cause(StrEnum):
    """Why something waits, in a word; what leads out of each stands in the runbook."""

    ATTESTORS = "attestors"  # fewer than the threshold sign
    TERMS = "terms"  # the contract holds other terms than the specs, or none
    EVIDENCE = "evidence"  # its document is not in the archive, or damaged
    REFUSED = "refused"  # the contract sets it apart
    GONE = "gone"  # recorded as on chain, and not there
    HELD = "held"  # the chain holds another row
    RULING = "ruling"  # disputed
    # Of the lane:
    AWAY = "away"  # no chain node answers
    PAUSED = "paused"
    STALLED = "stalled"  # no new block
    UNMINED = "unmined"  # a transaction has no fate yet
    NODE = "node"  # the node takes no transaction of ours
    NONCE = "nonce"  # the node counts fewer transactions than were mined
    STRANGERS = "strangers"  # settlements on chain that the ledger has not


OF_SETTLEMENT = (
    Cause.ATTESTORS, Cause.TERMS, Cause.EVIDENCE, Cause.REFUSED, Cause.GONE, Cause.HELD, Cause.RULING,
)  # fmt: skip
OF_LANE = tuple(one for one in Cause if one not in OF_SETTLEMENT)


def cause_of(reason: str) -> str:
    """The word that a recorded reason begins with."""
    return reason.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A settlement, or the lane, that cannot move yet, and why."""

    what: str
    cause: Cause
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: waiting: {self.reason}"


@dataclass(kw_only=True)
class LaneWaits:
    """What waits in one turn beside what waited before it; written when the turn is over."""

    ledger: Ledger
    now: int
    _standing: dict[tuple[str, str], Wait] = field(init=False)
    _begun: dict[tuple[str, str], Wait] = field(default_factory=dict)
    _ended: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        found = (one for subject in (SETTLEMENT, LANE) for one in self.ledger.waits(subject))
        self._standing = {(one.subject, one.subject_id): one for one in found}

    def of(self, settlement_id: str, tenant: str, cause: Cause, reason: str, *, due_at: int | None = None) -> Waiting:
        """One settlement waits."""
        standing = self._standing.get((SETTLEMENT, settlement_id))
        due = self.now + DUE_SECONDS if due_at is None else due_at
        if due_at is None and standing and cause_of(standing.reason) != Cause.RULING:
            due = min(due, standing.due_at)  # causes that take turns are one wait all the same
        self._begin(SETTLEMENT, settlement_id, tenant, cause, reason, due)
        return Waiting(what=settlement_id, cause=cause, reason=reason)

    def of_lane(self, cause: Cause, reason: str) -> Waiting:
        """Nothing can be sent, or something has to be looked at, whatever settlements there are."""
        self._begin(LANE, cause.value, EVERYBODY, cause, reason, self.now + LANE_DUE_SECONDS)
        return Waiting(what="lane", cause=cause, reason=reason)

    def over(self, settlement_id: str, *causes: Cause) -> None:
        """It waits no more; with causes, only if it waited for one of them."""
        self._end(SETTLEMENT, settlement_id, causes)

    def lane_over(self, *causes: Cause) -> None:
        for cause in causes:
            self._end(LANE, cause.value, ())

    def waits_for(self, *causes: Cause) -> list[str]:
        """The settlements that wait for one of these causes, or for any, as far as is known by now."""
        found = {**self._standing, **self._begun}
        return [
            one for (subject, one), wait in found.items()
            if subject == SETTLEMENT and (not causes or cause_of(wait.reason) in causes) and (subject, one) not in self._ended
        ]  # fmt: skip

    def write(self) -> None:
        """Only what is new: a turn in which nothing changes writes nothing."""
        if self._begun or self._ended:
            self.ledger.change_waits(list(self._begun.values()), sorted(self._ended), self.now)
            self._begun, self._ended = {}, set()

    def _begin(self, subject: str, subject_id: str, tenant: str, cause: Cause, reason: str, due_at: int) -> None:
        key = subject, subject_id
        self._ended.discard(key)
        standing, told = self._standing.get(key), f"{cause}: {reason}"
        if standing and cause_of(standing.reason) == cause and (cause != Cause.ATTESTORS or standing.reason == told):
            self._begun.pop(key, None)
            return
        self._begun[key] = Wait(
            subject=subject, subject_id=subject_id, tenant=tenant, reason=told, since_at=self.now, due_at=due_at
        )

    def _end(self, subject: str, subject_id: str, causes: tuple[Cause, ...]) -> None:
        key = subject, subject_id
        begun = self._begun.get(key)
        if begun and (not causes or cause_of(begun.reason) in causes):
            del self._begun[key]
        standing = self._standing.get(key)
        if standing and key not in self._begun and (not causes or cause_of(standing.reason) in causes):
            self._ended.add(key)


@dataclass(kw_only=True)
class Patience:
    """What was refused is asked again at the next turn, then ever more seldom; and at once when anything was recorded about it."""

    turn: int = 0
    _later: dict[str, tuple[object, int, int]] = field(
        default_factory=dict
    )  # of which record, from which turn on, after how many

    def allows(self, settlement_id: str, of: object) -> bool:
        found = self._later.get(settlement_id)
        return found is None or found[0] != of or self.turn >= found[1]

    def refused(self, settlement_id: str, of: object) -> None:
        found = self._later.get(settlement_id)
        turns = min(MOST_TURNS, 2 * found[2]) if found and found[0] == of else 1
        self._later[settlement_id] = of, self.turn + turns, turns

    def next_turn(self) -> None:
        """What was not refused for long is forgotten."""
        self.turn += 1
        self._later = {one: found for one, found in self._later.items() if self.turn <= found[1] + MOST_TURNS}
