"""following: what the chain says of settlements is taken over, whoever brought it about.

Read from the contract's log, from where the last turn ended: the cost follows what happened, and not how many settlements there are. Where
the chain was rewritten, all that the ledger has on chain is compared, those at an end as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.pipeline.lane_waits import Cause, LaneWaits, Waiting
from sankofa_observe.ports import (
    ChainHead,
    Clock,
    Ledger,
    OnChainSettlement,
    OnChainWord,
    SettlementChain,
    SettlementRecord,
    StateChange,
)
from sankofa_observe.sla.settlement import ENDS, OPEN, ChainIdentity, SettlementKey, SettlementState

AT_ONCE = 1000  # settlements that are compared in one question
COMPUTED, REPORTED, DISPUTED = SettlementState.COMPUTED, SettlementState.REPORTED, SettlementState.DISPUTED
HELD = SettlementState.HELD


def cursor_of(chain: ChainIdentity) -> str:
    """By which the ledger knows to which block the contract's log is read."""
    return f"settlements of {chain.contract} on chain {chain.chain_id}"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A settlement reached a state."""

    settlement_id: str
    change: StateChange

    def __str__(self) -> str:
        return f"settlement {self.settlement_id}: {self.change.state} ({self.change.detail})"


@dataclass(kw_only=True)
class Following:
    """One turn; `ruling_seconds` are by version of an agreement."""

    ledger: Ledger
    chain: SettlementChain
    clock: Clock
    waits: LaneWaits
    from_block: int
    ruling_seconds: Mapping[str, int]
    problems: list[str] = field(default_factory=list)  # what a person is told once all else has moved
    _has_followed: bool = False

    def follow(self, head: ChainHead, ids: Iterable[str] = ()) -> Iterator[Moved | Waiting]:
        """What was logged since the last turn, and these settlements."""
        cursor, name = self.ledger.cursor(self._name), self._name
        found = cursor and self.chain.block_hash(cursor[0])
        is_behind = cursor is not None and found is None and self._is_behind()
        rewritten = cursor is not None and found != cursor[1] and not is_behind
        first = self.from_block if cursor is None or rewritten else cursor[0] + 1
        touched = self.chain.touched(first, head.number) if head.number >= first else frozenset()
        names = {key.id_on(self.chain.identity): key for key in touched}
        records = {one.penalty.settlement_id: one for one in self.ledger.settlements_of({*names, *ids})}
        yield from self._tell_of_strangers({one: key for one, key in names.items() if one not in records})
        yield from self._take_over(list(records.values()))
        if rewritten:
            yield from self.compare()
        else:
            gone = set(self.waits.waits_for(Cause.GONE)) - set(records)
            yield from self._take_over(self.ledger.settlements_of(gone))
        if cursor != (head.number, head.hash) and not is_behind:
            if cursor is not None and not self._has_followed:
                self.ledger.move_cursor(self._name_before, *cursor)
            self._has_followed = True
            self.ledger.move_cursor(name, head.number, head.hash)

    def compare(self) -> Iterator[Moved | Waiting]:
        """All that was ever seen on chain."""
        after: str | None = None
        while True:
            page = self.ledger.on_chain(limit=AT_ONCE, after=after)
            yield from self._take_over(page.items)
            if (after := page.next) is None:
                return

    def look(self, ids: Sequence[str]) -> Iterator[Moved | Waiting]:
        """At these, whatever was logged: another one may have reported what is to be reported here."""
        for first in range(0, len(ids), AT_ONCE):
            yield from self._take_over(self.ledger.settlements_of(ids[first : first + AT_ONCE]))

    @property
    def _name(self) -> str:
        return cursor_of(self.chain.identity)

    @property
    def _name_before(self) -> str:
        return f"{self._name}, the turn before"

    def _is_behind(self) -> bool:
        """Whether a node that has not the block of the last turn has that of the turn before: then nothing was rewritten that we know."""
        before = self.ledger.cursor(self._name_before)
        return before is not None and self.chain.block_hash(before[0]) == before[1]

    def _tell_of_strangers(self, strangers: Mapping[str, SettlementKey]) -> Iterator[Waiting]:
        """On chain, and not in this ledger: it was restored from before, or another one reports to the same contract.

        What was only named in a call, by anybody, and set apart, is not on chain.
        """
        held = self.chain.settlements(list(strangers.values())) if strangers else []
        strangers = {one: key for (one, key), found in zip(strangers.items(), held, strict=True) if found is not None}
        if strangers:
            yield self.waits.of_lane(
                Cause.STRANGERS,
                f"{len(strangers)} settlements are on the contract and not in this ledger, like {min(strangers)}; take them over from the "
                "archive: sankofa-observe ledger reconcile",
            )

    def _take_over(self, records: Iterable[SettlementRecord]) -> Iterator[Moved | Waiting]:
        some = list(records)
        if not some:
            return
        held = self.chain.settlements([one.penalty.key for one in some])
        for record, found in zip(some, held, strict=True):
            try:
                yield from self._one(record, found)
            except InvariantBroken as error:  # told last: it costs this settlement and no other
                self.problems.append(str(error))
                yield self._waits(record, Cause.HELD, str(error))

    def _one(self, record: SettlementRecord, found: OnChainSettlement | None) -> Iterator[Moved | Waiting]:
        if record.state is HELD:
            return
        if record.state is SettlementState.CLOSED:
            yield from self._closed(record, found)
        elif found is not None:
            yield from self._compared(record, found)
        elif record.state not in OPEN:
            yield self._gone(record, "the contract does not know it")

    def _compared(self, record: SettlementRecord, found: OnChainSettlement) -> Iterator[Moved | Waiting]:
        """What the contract holds beside what we have of it."""
        if record.state is SettlementState.WITHDRAWN:  # anybody may send what attestors signed before
            again = self._move(record, COMPUTED, "reported by another after it was withdrawn", found.words[-1])
            yield again
            record = replace(record, history=(*record.history, again.change))
        word = found.holding(record.penalty.row)
        if word is None:
            if record.state is COMPUTED and found.next_revision - 1 <= record.on_chain:
                return  # a restatement that is yet to be reported
            yield from self._other_row(record, found)
            return
        if record.state in ENDS and word.state not in ENDS:
            yield self._gone(record, f"the contract has it {word.state}")
            return
        self.waits.over(record.penalty.settlement_id, Cause.GONE)
        if record.state in ENDS:
            yield from self._beside(record, found)
        if word.state is not record.state:
            yield from self._moves(record, word, "seen on chain")
        elif word.state is DISPUTED:
            self._waits_for_ruling(record, word)

    def _beside(self, record: SettlementRecord, found: OnChainSettlement) -> Iterator[Waiting]:
        """A restatement that waits beside ours, and that is not ours: it takes its place, unless a person sees to it in time."""
        pending = found.pending
        if pending is None or pending.commitment == record.penalty.row(pending.revision).commitment:
            self.waits.over(record.penalty.settlement_id, Cause.HELD)
            return
        yield self._waits(
            record,
            Cause.HELD,
            f"a restatement that is not of this ledger waits beside it, revision {pending.revision}: {pending.commitment}; dispute it before its "
            "window closes, or take it over once it is final: sankofa-observe settlements adopt",
            due_at=self.clock.now(),
        )

    def _closed(self, record: SettlementRecord, found: OnChainSettlement | None) -> Iterator[Moved | Waiting]:
        """Anybody may send what attestors signed before: then it is settled twice, unless a person sees to it."""
        if found is not None and (newest := found.words[-1]).revision > record.on_chain:
            yield from self._held(
                record,
                newest,
                f"it is {record.history[-1].detail}, and revision {newest.revision} was reported since; dispute that one, or take back what was "
                "granted elsewhere and take it over",
            )

    def _gone(self, record: SettlementRecord, what: str) -> Waiting:
        """Blocks were rewritten, or the node lags: its transaction is sent again by itself, and a person is told where that is no help."""
        return self._waits(
            record,
            Cause.GONE,
            f"it is {record.state} here, and {what}: a node that lags behind, or rewritten blocks; report it again by sankofa-observe "
            "settlements release",
        )

    def _other_row(self, record: SettlementRecord, found: OnChainSettlement) -> Iterator[Moved | Waiting]:
        """The contract holds another row than ours: by a ruling, or nobody here knows why."""
        newest = found.words[-1]
        if newest.revision < record.history[-1].revision:  # what stood before ours: ours is gone, or the node is behind
            yield self._gone(record, f"the contract has revision {newest.revision} of it, which stood before")
            return
        ruling = self.chain.ruling(record.penalty.key, newest.revision)
        if ruling is not None and ruling.row.commitment == newest.commitment:
            if newest.state is not record.state:
                counts = f"{ruling.row.good} good of {ruling.row.valid}"
                yield from self._moves(record, newest, f"corrected by ruling {ruling.ruling_hash}: {counts}")
            return
        detail = f"the chain holds another row in revision {newest.revision}: {newest.commitment}"
        yield from self._held(record, newest, detail)

    def _held(self, record: SettlementRecord, word: OnChainWord, detail: str) -> Iterator[Moved | Waiting]:
        yield self._move(record, HELD, detail, word)
        yield self._waits(
            record,
            Cause.HELD,
            f"{detail}; take it over by sankofa-observe settlements adopt, or report ours again by settlements release",
            due_at=self.clock.now(),
        )

    def _moves(self, record: SettlementRecord, word: OnChainWord, detail: str) -> Iterator[Moved]:
        """To a state that the chain has, by way of REPORTED where that was missed."""
        if record.state is COMPUTED and word.state is not REPORTED:
            yield self._move(record, REPORTED, "seen on chain", word)
        yield self._move(record, word.state, detail, word)
        if word.state is DISPUTED:
            self._waits_for_ruling(record, word)
        else:
            self.waits.over(record.penalty.settlement_id)

    def _waits(self, record: SettlementRecord, cause: Cause, reason: str, *, due_at: int | None = None) -> Waiting:
        return self.waits.of(record.penalty.settlement_id, record.penalty.tenant, cause, reason, due_at=due_at)

    def _waits_for_ruling(self, record: SettlementRecord, word: OnChainWord) -> None:
        self._waits(
            record,
            Cause.RULING,
            "disputed: the arbiter rules, or the report stands when the time to rule is over",
            due_at=word.due_at(self._ruling_seconds(record)),
        )

    def _move(self, record: SettlementRecord, state: SettlementState, detail: str, word: OnChainWord) -> Moved:
        change = StateChange(
            state=state,
            at=self.clock.now(),
            detail=detail,
            revision=word.revision,
            due_at=word.due_at(self._ruling_seconds(record)) if word.state is state else None,
        )
        self.ledger.add_state(record.penalty.settlement_id, change)
        return Moved(settlement_id=record.penalty.settlement_id, change=change)

    def _ruling_seconds(self, record: SettlementRecord) -> int:
        """Of an agreement that is in no spec any more it is asked too early, and the contract says so."""
        return self.ruling_seconds.get(record.penalty.version_id, 0)
