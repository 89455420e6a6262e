"""What a person does about a settlement that goes no further by itself: report it again, take over what the chain holds, or settle it elsewhere.

Each act is one more record with who did it and why; nothing is overwritten, and each may be repeated. A settlement in another state than an
act is for is told with the command that fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import InvalidInput, InvariantBroken, SankofaError, Unavailable
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.following import Following, Moved, cursor_of
from sankofa_observe.pipeline.lane_waits import LANE, SETTLEMENT, Cause, LaneWaits, Waiting
from sankofa_observe.pipeline.persons import person
from sankofa_observe.ports import (
    ChainHead,
    Clock,
    EvidenceArchive,
    Ledger,
    OnChainSettlement,
    OnChainWord,
    SettlementChain,
    SettlementRecord,
    StateChange,
)
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement, version_id
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.evidence import Evidence, attested_row, document_hash, parse
from sankofa_observe.sla.penalty import penalty_of
from sankofa_observe.sla.settlement import ARROWS, MOVING, Row, SettlementKey, SettlementState

_INSTEAD = {
    SettlementState.COMPUTED: "it is to be reported already; what it waits for: sankofa-observe settlements show",
    SettlementState.WITHDRAWN: "its period is no breach any more, so nothing of it is owed; judge it again by sankofa-observe evaluate",
    SettlementState.REPORTED: "the contract holds it as it is here; it is final once its dispute window is over",
    SettlementState.DISPUTED: "the contract holds it as it is here; the arbiter rules: sankofa-observe disputes show",
    SettlementState.FINAL: "the contract holds it as it is here; it is restated by itself when its verdict is revised",
    SettlementState.VOIDED: "the contract holds it as it is here; it is restated by itself when its verdict is revised",
    SettlementState.CLOSED: "it is settled elsewhere already; to report it all the same: sankofa-observe settlements release",
}


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of an act."""

    settlement_id: str
    said: str

    def __str__(self) -> str:
        return f"settlement {self.settlement_id}: {self.said}"


@dataclass(kw_only=True)
class LaneActs:
    """One person's acts; `agreements` are all versions, by their `version_id`."""

    ledger: Ledger
    archive: EvidenceArchive
    chain: SettlementChain
    clock: Clock
    agreements: Mapping[str, Agreement]
    by: str
    reason: str
    _actor: str = field(init=False)

    def __post_init__(self) -> None:
        self._actor = person(self.by, self.reason, self.ledger)
        self.ledger = self.ledger.acting(self._actor)

    def release(self, settlement_id: str) -> Done:
        """Have it reported again: where the contract holds another row, as a restatement of that one.

        Raises:
            InvalidInput: it is not known, or in a state from which another way leads on: that one is named.
            Unavailable: the node lags behind, or it has moved meanwhile.
        """
        record = self._record(settlement_id)
        found, ours = self._on_chain(record)
        if record.state in {SettlementState.COMPUTED, SettlementState.WITHDRAWN} or (
            ours is not None and ours.state is record.state
        ):
            raise self._wrong(record)
        if ours is not None:
            raise self._same_row(record, ours)
        if found is None and record.on_chain:
            self._refuse_a_node_that_lags()
        change = StateChange(
            state=SettlementState.COMPUTED,
            at=self.clock.now(),
            detail=f"released by {self._actor}: {self.reason}",
            revision=max((one.revision for one in found.words), default=0) if found else 0,
        )
        self._move(settlement_id, change)
        how = f"as revision {found.next_revision}, a restatement" if found else "anew"
        return Done(settlement_id=settlement_id, said=f"released: it is reported {how} in the next turns")

    def close(self, settlement_id: str, reference: str) -> Done:
        """Report it no more: what is owed by it is granted elsewhere, under a reference, like the number of a credit note.

        Raises:
            InvalidInput: it is not known, or in a state from which another way leads on, or the contract pays it, or will once a row of it is
                final: what to do is named.
            Unavailable: a transaction carries it, it has moved meanwhile, or the chain does not answer.
        """
        if not reference.strip():
            raise InvalidInput(
                "a settlement is closed with the reference of what was done elsewhere, like a credit note's number"
            )
        person(self.by, self.reason, self.ledger, reference)
        record = self._record(settlement_id)
        if record.state is SettlementState.CLOSED:
            return Done(settlement_id=settlement_id, said=f"closed already: {record.history[-1].detail}")
        if (record.state, SettlementState.CLOSED) not in ARROWS:
            raise self._wrong(record)
        found, ours = self._on_chain(record)
        if ours is not None and ours.state is not SettlementState.VOIDED:  # it would be paid twice
            raise self._same_row(record, ours)
        words = found.words if found else ()
        self._refuse_what_pays(record, words)
        change = StateChange(
            state=SettlementState.CLOSED,
            at=self.clock.now(),
            detail=f"settled elsewhere under {reference} by {self._actor}: {self.reason}",
            revision=max((record.on_chain, *(one.revision for one in words))),
        )
        self._move(settlement_id, change)
        return Done(
            settlement_id=settlement_id, said=f"closed: it is not reported any more, and settled under {reference}"
        )

    def _refuse_what_pays(self, record: SettlementRecord, words: Sequence[OnChainWord]) -> None:
        """What is granted here by a word is known to be paid; what any other word pays would be paid twice."""
        granted = self.ledger.granted([record.penalty.settlement_id]).get(record.penalty.settlement_id, ())
        pays = {*MOVING, SettlementState.FINAL}
        if found := next((one for one in words if one.state in pays and one.revision not in granted), None):
            raise InvalidInput(
                f"settlement {record.penalty.settlement_id} is {record.state} here, and the contract has revision {found.revision} of it "
                f"{found.state}: it pays by that; nothing was written. Take it over (sankofa-observe settlements adopt), or dispute it while "
                "that is possible: sankofa-observe disputes"
            )

    def adopt(self, settlement_id: str, document: Evidence | None = None) -> Done:
        """Take over what the contract holds, with the document that it was reported with: from the archive, or as given.

        Raises:
            InvalidInput: the contract holds nothing, or the document is not there, or another one than was reported.
        """
        record = next(iter(self.ledger.settlements_of({settlement_id})), None)
        key = record.penalty.key if record else self._key(settlement_id, document)
        [found] = self.chain.settlements([key])
        if record and document and document_hash(document.identity) == record.penalty.document_hash:
            self.archive.put(document)
            ours = found.holding(record.penalty.row) if found else None
            if found is None or (ours and ours.state is record.state):
                return Done(
                    settlement_id=settlement_id, said="its evidence is in the archive, byte for byte as it was priced"
                )
        if found is None:
            raise InvalidInput(
                f"the contract holds nothing of settlement {settlement_id}; nothing was written. Where it is known here, it is reported by "
                "sankofa-observe settlements release"
            )
        rows = self.chain.rows(frozenset({key})).get(key, {})
        return self._adopt(settlement_id, record, found, rows, document)

    def reconcile(self, first_block: int) -> Iterator[Done | Moved | Waiting | ServiceCredit | SankofaError]:
        """Compare all that was ever on the contract, and take over what is not in this ledger; what cannot be is an error that names it."""
        head = self.chain.head()
        waits = LaneWaits(ledger=self.ledger, now=self.clock.now())
        following = Following(
            ledger=self.ledger,
            chain=self.chain,
            clock=self.clock,
            waits=waits,
            from_block=first_block,
            ruling_seconds={name: one.ruling_seconds for name, one in self.agreements.items()},
        )
        yield from self._take_over_strangers(first_block, head)
        yield from following.compare()
        yield from following.look(self.ledger.computed())
        waits.write()
        yield from map(InvariantBroken, following.problems)
        yield from credit(ledger=self.ledger, chain=self.chain, clock=self.clock)
        yield from self._uncredited()

    def _uncredited(self) -> Iterator[InvariantBroken]:
        """What is final and of which the node tells no credit: its log is cut, or it lags."""
        for one in self.ledger.uncredited():
            yield InvariantBroken(
                f"settlement {one.penalty.settlement_id} is final, and the node has no log of its credit; ask a node that keeps logs from the "
                "deployment block on"
            )

    def _take_over_strangers(self, first_block: int, head: ChainHead) -> Iterator[Done | SankofaError]:
        keys = {key.id_on(self.chain.identity): key for key in self.chain.touched(first_block, head.number)}
        known = {one.penalty.settlement_id for one in self.ledger.settlements_of(keys)}
        missing = {one: key for one, key in sorted(keys.items()) if one not in known}
        if missing:
            held = self.chain.settlements(list(missing.values()))
            rows = self.chain.rows(frozenset(missing.values()))
            for (settlement_id, key), found in zip(missing.items(), held, strict=True):
                if found is None:  # named in a call by anybody, and set apart: it is not on the contract
                    known.add(settlement_id)
                    continue
                try:
                    yield self._adopt(settlement_id, None, found, rows.get(key, {}), None)
                    known.add(settlement_id)
                except SankofaError as error:  # it costs this settlement and no other
                    yield error
        if set(missing) <= known:
            self.ledger.end_wait(LANE, Cause.STRANGERS.value, self.clock.now())

    def _adopt(
        self,
        settlement_id: str,
        record: SettlementRecord | None,
        found: OnChainSettlement,
        rows: Mapping[int, Row],
        document: Evidence | None,
    ) -> Done:
        # What is void beside what stands is no word of it.
        words = [one for one in found.words if one.state is not SettlementState.VOIDED] or [found.standing]
        word = words[-1] if record is None or record.state is not SettlementState.FINAL else found.standing
        if record and (ours := found.holding(record.penalty.row)) and ours.state is record.state:
            raise self._wrong(record)
        reported = rows.get(word.revision)
        if reported is None or reported.commitment != word.commitment:
            raise InvariantBroken(
                f"settlement {settlement_id}: the contract holds {word.commitment} in revision {word.revision}, and its log has no such row; "
                "ask a node that keeps logs from the deployment block on"
            )
        whole = document or self._document(settlement_id, reported.document_hash)
        _, row = attested_row(whole, word.revision)
        if row != reported:
            raise InvalidInput(
                f"settlement {settlement_id}: the document is {document_hash(whole.identity)} with {row.good} good of {row.valid}, and reported "
                f"was {reported.document_hash} with {reported.good} of {reported.valid}; nothing was written. Fetch the one that was reported"
            )
        self.archive.put(whole)
        agreement = self._agreement(whole)
        standing = [
            one.revision
            for one in self.ledger.standing(agreement.id, whole.identity.period)
            if (one.slo, one.site) == (whole.identity.slo.name, whole.identity.slo.site)
        ]
        revision = record.penalty.revision if record else max(standing, default=1)
        at = self.clock.now()
        change = StateChange(
            state=word.state,
            at=at,
            detail=f"taken over by {self._actor}: {self.reason}",
            revision=word.revision,
            due_at=word.due_at(agreement.ruling_seconds),
        )
        self.ledger.adopt(penalty_of(whole, agreement, revision=revision, at=at), change)
        self.ledger.end_wait(SETTLEMENT, settlement_id, at)
        return Done(
            settlement_id=settlement_id,
            said=f"taken over as the contract has it: {word.state}, revision {word.revision}",
        )

    def _refuse_a_node_that_lags(self) -> None:
        """What it does not know may stand in blocks that were read already, at which no turn looks again."""
        cursor = self.ledger.cursor(cursor_of(self.chain.identity))
        if cursor and self.chain.block_hash(cursor[0]) is None:
            raise Unavailable(
                f"the node does not know block {cursor[0]}, to which the lane has read; whether the contract holds it, this node cannot say: "
                "nothing was written. Try again once it has that block"
            )

    def _move(self, settlement_id: str, change: StateChange) -> None:
        """A ledger takes a move that it knows and that no arrow allows now for one that was made before: of an act that would be no truth."""
        if not self.ledger.add_state(settlement_id, change):
            raise Unavailable(
                f"settlement {settlement_id} has moved meanwhile, and cannot become {change.state}; nothing was written: see settlements show"
            )
        self.ledger.end_wait(SETTLEMENT, settlement_id, self.clock.now())

    def _record(self, settlement_id: str) -> SettlementRecord:
        found = self.ledger.read(OPERATOR).settlement(settlement_id)
        if found is None:
            raise InvalidInput(
                f"no settlement {settlement_id!r} in the ledger; nothing was written. One that is on the contract alone is taken over by "
                "sankofa-observe settlements adopt, all of them by sankofa-observe ledger reconcile"
            )
        return found

    def _on_chain(self, record: SettlementRecord) -> tuple[OnChainSettlement | None, OnChainWord | None]:
        """What the contract holds of it, and which word of that is of our row."""
        [found] = self.chain.settlements([record.penalty.key])
        return found, found.holding(record.penalty.row) if found else None

    def _same_row(self, record: SettlementRecord, ours: OnChainWord) -> InvalidInput:
        return InvalidInput(
            f"settlement {record.penalty.settlement_id} is {record.state} here, and {ours.state} on the contract with the same row; nothing was "
            "written. Take that over: sankofa-observe settlements adopt"
        )

    def _wrong(self, record: SettlementRecord) -> InvalidInput:
        return InvalidInput(
            f"settlement {record.penalty.settlement_id} is {record.state}; nothing was written: {_INSTEAD.get(record.state, 'see settlements show')}"
        )

    def _key(self, settlement_id: str, document: Evidence | None) -> SettlementKey:
        """Of one that is not in the ledger: from its document, or from the contract's log."""
        if document is not None:
            chain, row = attested_row(document)
            if document.identity.settlement_id != settlement_id or chain != self.chain.identity:
                raise InvalidInput(
                    f"the document is of settlement {document.identity.settlement_id} on contract {chain.contract}, expected {settlement_id} on "
                    f"{self.chain.identity.contract}; nothing was written"
                )
            return row.key
        raise InvalidInput(
            f"no settlement {settlement_id!r} in the ledger; nothing was written. Give its document by --document, or take over all that is on "
            "the contract: sankofa-observe ledger reconcile"
        )

    def _document(self, settlement_id: str, name: str) -> Evidence:
        raw = self.archive.get(name)
        if raw is None:
            raise InvalidInput(
                f"settlement {settlement_id}: evidence {name}, with which it was reported, is not in the archive; nothing was written. Ask the "
                "tenant or an attestor for it, and give it by settlements adopt --document"
            )
        return parse(raw)

    def _agreement(self, document: Evidence) -> Agreement:
        identity = document.identity
        found = self.agreements.get(version_id(identity.row.agreement_id, identity.agreement.version))
        if found is None or found.terms_hash != identity.agreement.terms_hash:
            raise InvalidInput(
                f"settlement {identity.settlement_id}: version {identity.agreement.version} of agreement {identity.row.agreement_id} is not in "
                "the specs with the terms of its document; nothing was written. Restore the specs that both parties accepted"
            )
        return found
