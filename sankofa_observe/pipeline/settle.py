"""settle: penalties cross the chain exactly once.

At-least-once sending, a contract that refuses the second write, and the chain as the truth. A signed transaction is stored
before it is sent and the same bytes are sent again until their fate is known; while one is open no other nonce is spent.
Kill this at any line and run it again: the end is the same. What fails one settlement holds up no other, and is told at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.pipeline.following import Following, Moved
from sankofa_observe.pipeline.lane_waits import Cause, LaneWaits, Patience, Waiting
from sankofa_observe.pipeline.reporting import Attested, Reporting
from sankofa_observe.pipeline.sending import Sending
from sankofa_observe.ports import Attestor, ChainHead, Clock, EvidenceArchive, Ledger, Proposal, SettlementChain
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import DONE, ENDS
from sankofa_observe.units import Period, rfc3339


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A party has ended an agreement on chain."""

    agreement: str
    ends_at: int

    def __str__(self) -> str:
        return f"agreement {self.agreement}: ended by a party, at {rfc3339(self.ends_at)}: its periods before are settled as ever"


@dataclass(kw_only=True)
class LaneMemory:
    """What a process need not ask again, from turn to turn; without it everything is asked once more."""

    proposals: dict[Proposal, int] = field(default_factory=dict)  # what attestors have before them
    asked_in: dict[str, Period] = field(default_factory=dict)  # in which period each agreement was last asked
    patience: Patience = field(default_factory=Patience)
    early: set[str] = field(default_factory=set)  # whose time seemed over, and was not
    whole: set[str] = field(default_factory=set)  # documents that were read and are whole
    looked_at: set[str] = field(default_factory=set)  # what is to be reported, and was not on chain yet
    most_rows: int | None = None  # of a batch, once the node took no larger one


@dataclass(frozen=True, kw_only=True)
class Settle:
    """The use case with its ports; one run moves everything that can move and then returns."""

    ledger: Ledger
    archive: EvidenceArchive
    chain: SettlementChain
    attestors: Sequence[Attestor]
    clock: Clock
    agreements: Sequence[Agreement] = ()  # those that the engine follows on chain
    from_block: int = 0  # of the contract's deployment
    wait: Callable[[Callable[[], bool]], None] = lambda _: None  # until its argument is so
    wait_a_while: Callable[[Callable[[], bool]], None] = lambda _: (
        None
    )  # the same, and no longer than a block or two take
    is_ending: Callable[[], bool] = lambda: False  # whether nothing more is to be sent
    memory: LaneMemory = field(default_factory=LaneMemory)
    stalled_after_seconds: int = 60  # a head older than this: spend no nonce

    def run(self) -> Iterator[Moved | Waiting | Attested | Ended]:
        """Raises what a person must see, once everything else has moved."""
        waits = LaneWaits(ledger=self.ledger, now=self.clock.now())
        head = self._head(waits)
        self.memory.patience.next_turn()
        sending = Sending(
            ledger=self.ledger,
            chain=self.chain,
            clock=self.clock,
            waits=waits,
            wait_a_while=self.wait_a_while,
            is_ending=self.is_ending,
        )
        following = Following(
            ledger=self.ledger,
            chain=self.chain,
            clock=self.clock,
            waits=waits,
            from_block=self.from_block,
            ruling_seconds={one.version_id: one.ruling_seconds for one in self.agreements},
        )
        told = set[tuple[str, Cause]]()
        try:
            yield from self._follow_agreements()
            for event in self._steps(following, sending, waits, head):
                if not isinstance(event, Waiting):
                    yield event
                elif (event.what, event.cause) not in told:  # and not again in each round
                    told.add((event.what, event.cause))
                    yield event
        finally:
            waits.write()
        if problems := [*following.problems, *sending.problems]:
            raise InvariantBroken("; ".join(dict.fromkeys(problems)))

    def _head(self, waits: LaneWaits) -> ChainHead:
        """A chain that does not answer is a wait as well, and no work of this turn."""
        try:
            head = self.chain.head()
        except Unavailable as error:
            waits.of_lane(Cause.AWAY, str(error))
            waits.write()
            raise
        waits.lane_over(Cause.AWAY)
        return head

    def _steps(
        self, following: Following, sending: Sending, waits: LaneWaits, head: ChainHead
    ) -> Iterator[Moved | Waiting | Attested]:
        yield from sending.close()
        yield from self._follow(following, sending, head)
        self._end_waits(waits)
        yield from self._move(following, sending, waits, head)

    def _end_waits(self, waits: LaneWaits) -> None:
        """Of what is withdrawn or closed nothing waits: it may have become so while the turn ran that says why it waits."""
        rest = set(waits.waits_for()) - self.memory.looked_at
        for one in self.ledger.settlements_of(rest):
            if one.state in DONE - ENDS:
                waits.over(one.penalty.settlement_id)

    def _follow(self, following: Following, sending: Sending, head: ChainHead) -> Iterator[Moved | Waiting]:
        yield from following.follow(head, sending.settled)
        sending.settled.clear()
        computed = self.ledger.computed()
        yield from following.look([one for one in computed if one not in self.memory.looked_at])
        self.memory.looked_at = set(computed)

    def _move(
        self, following: Following, sending: Sending, waits: LaneWaits, head: ChainHead
    ) -> Iterator[Moved | Waiting | Attested]:
        """Make final and report, until a round sends nothing."""
        reporting = Reporting(
            ledger=self.ledger,
            archive=self.archive,
            chain=self.chain,
            attestors=self.attestors,
            agreements={one.version_id: one for one in self.agreements},
            clock=self.clock,
            wait=self.wait,
            sending=sending,
            waits=waits,
            memory=self.memory,
        )
        if held_up := self._held_up(head, waits):
            yield held_up
            return
        while sending.may_send:
            sent = sending.sent
            # First: evidence that is missing for a report holds up no tenant's credit.
            yield from reporting.finalise(head)
            yield from self._follow(following, sending, head)
            for event in reporting.report(head):
                yield event
                if sending.settled:
                    yield from self._follow(following, sending, self.chain.head())
            yield from following.look(reporting.doubtful)
            reporting.doubtful.clear()
            if sending.sent == sent:
                break
            head = self.chain.head()
        sending.problems += reporting.problems

    def _held_up(self, head: ChainHead, waits: LaneWaits) -> Waiting | None:
        """What keeps all of them: asked once, and not of each."""
        age = self.clock.now() - head.at
        if age > self.stalled_after_seconds:
            return waits.of_lane(Cause.STALLED, f"head {head.number} is {age} s old; sending nothing")
        waits.lane_over(Cause.STALLED)
        if head.paused:
            return waits.of_lane(
                Cause.PAUSED,
                "the contract is paused: no window runs out, and it takes nothing until its admin resumes it",
            )
        waits.lane_over(Cause.PAUSED)
        return None

    def _follow_agreements(self) -> Iterator[Ended]:
        """Take over where parties have ended an agreement: asked once a period, for it can end where one begins and nowhere else."""
        now, known = self.clock.now(), self.ledger.ends()
        for one in self.agreements:
            period = one.window.period_at(now)
            if self.memory.asked_in.get(one.key) == period or not one.covers(period.starts_at):
                continue
            found = self.chain.agreement(one.key)
            self.memory.asked_in[one.key] = period
            if found is None or found.end_period >= one.calendar.periods:
                continue
            ends_at = one.calendar.bounds[found.end_period]
            if known.get(one.id) != ends_at:
                self.ledger.end_agreement(agreement_id=one.id, tenant=one.tenant, ends_at=ends_at, at=now)
                yield Ended(agreement=one.name, ends_at=ends_at)
