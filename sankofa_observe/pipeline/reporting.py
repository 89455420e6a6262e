"""reporting: what is computed goes to the contract once enough attestors sign it, and what nobody disputed is made final.

Each settlement stands alone: what it lacks (evidence, terms, signatures, the contract's consent) is its own wait, and costs no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sankofa_observe.errors import InvariantBroken, NotTaken, Refused, Unavailable
from sankofa_observe.pipeline.asking import Asking, Due
from sankofa_observe.pipeline.documents import Documents
from sankofa_observe.pipeline.lane_waits import Cause, LaneWaits, Waiting
from sankofa_observe.pipeline.sending import Sending
from sankofa_observe.ports import (
    Attestor,
    ChainHead,
    Clock,
    EvidenceArchive,
    Ledger,
    Proposal,
    SettlementChain,
    SettlementRecord,
)
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import Row, SettlementState

if TYPE_CHECKING:
    from sankofa_observe.pipeline.settle import LaneMemory

MOST_TOLD = 3  # settlements without evidence in one alarm: a whole archive that is away would make a line without end
MOST_DUE = 10_000  # settlements whose time is over, that are looked at in a turn
_NEVER = ("SLAReportTooLate", "SLARevisionsExhausted", "SLAAmountsExhausted")  # whatever is done meanwhile
_FOR_GOOD = ", for good: what is owed by it is granted elsewhere, and told by sankofa-observe settlements close"
_LATER = ("SLADisputeWindowOpen", "SLARulingPending")  # of a finality that only waits for blocks


@dataclass(frozen=True, kw_only=True)
class Attested:
    """Who signed a batch that is on its way, and who of the others said what."""

    settlements: int
    signed_by: tuple[str, ...]
    others: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join([f"report of {self.settlements}: signed by {', '.join(self.signed_by)}", *self.others])


@dataclass(kw_only=True)
class Reporting:
    """One turn; `agreements` are by version."""

    ledger: Ledger
    archive: EvidenceArchive
    chain: SettlementChain
    attestors: Sequence[Attestor]
    agreements: Mapping[str, Agreement]
    clock: Clock
    wait: Callable[[Callable[[], bool]], None]
    sending: Sending
    waits: LaneWaits
    memory: LaneMemory
    doubtful: list[str] = field(
        default_factory=list
    )  # settlements that the contract has otherwise than the ledger, it seems
    problems: list[str] = field(default_factory=list)  # what a person is told once all else has moved
    _has_learned: bool = False
    _unproven: list[str] = field(default_factory=list)

    # ---------------------------------------------------------------------------------------------------------- finality

    def finalise(self, head: ChainHead) -> Iterator[Waiting]:
        """What nobody disputed in time, and what nobody ruled on in time."""
        patience, most = self.memory.patience, self._most(head)
        gone = self.ledger.settlements_of(self.waits.waits_for(Cause.GONE))
        unknown = {one.penalty.settlement_id for one in gone}
        found = [one for one in self.ledger.due(head.unpaused_at, MOST_DUE) if one.penalty.settlement_id not in unknown]
        # What was final, and is only reported in the blocks that took the place of others, is made final once more.
        found += [one for one in gone if one.state is SettlementState.FINAL]
        found = [one for one in found if patience.allows(*_of(one))]
        due = sorted(found, key=lambda one: one.penalty.settlement_id in self.memory.early)[:most]
        if not due or not self.sending.may_send:
            return
        nonce = self.sending.next_nonce()
        try:
            signed = self.chain.sign_finalise([one.penalty.key for one in due], nonce)
            ready = [one for one, reason in zip(due, signed.refused, strict=True) if not reason]
            for one, reason in zip(due, signed.refused, strict=True):
                if reason:
                    yield from self._not_final(one, reason)
            if ready and len(ready) < len(due):
                signed = self.chain.sign_finalise([one.penalty.key for one in ready], nonce)
        except Refused as error:
            yield self._all_refused(due, f"finality of {len(due)} settlements", error)
            return
        if ready:
            yield from self.sending.send(signed)
            self._learn(len(ready))

    def _not_final(self, record: SettlementRecord, reason: str) -> Iterator[Waiting]:
        if reason.startswith(_LATER):  # for blocks, or a ruling: asked again, after those that were not asked yet
            self.memory.early.add(record.penalty.settlement_id)
            yield Waiting(what=record.penalty.settlement_id, cause=Cause.REFUSED, reason=_in_words(reason))
        elif record.state is SettlementState.FINAL:  # it waits as gone, and goes on doing so
            self.memory.patience.refused(*_of(record))
        else:
            self.doubtful.append(record.penalty.settlement_id)
            yield self._refused(record, f"the contract does not make it final: {reason}")

    # ----------------------------------------------------------------------------------------------------------- reports

    def report(self, head: ChainHead) -> Iterator[Waiting | Attested]:
        """Have attested what is computed, and report each batch that enough attestors signed."""
        ids = self.ledger.computed()
        records = [one for one in self.ledger.settlements_of(ids) if self.memory.patience.allows(*_of(one))]
        documents, due, own = Documents(archive=self.archive), dict[str, Due](), dict[str, SettlementRecord]()
        held = self._rows(records)
        for record, terms_hash in zip(records, self._terms(records), strict=True):
            name = record.penalty.document_hash
            if (waiting := self._lacks(record, terms_hash, documents)) is not None:
                yield waiting
                continue
            due[name] = Due(row=held[record.penalty.settlement_id], since_at=record.history[-1].at)
            own[name] = record
        yield from self._attest(due, documents, own, self._most(head))
        self._tell_of_unproven()

    def _tell_of_unproven(self) -> None:
        if self._unproven:
            rest = len(self._unproven) - MOST_TOLD
            more = f"; and {rest} more: sankofa-observe evidence check names all" if rest > 0 else ""
            told = "; ".join(self._unproven[:MOST_TOLD])
            self.problems.append(f"{len(self._unproven)} not reported for want of evidence: {told}{more}")
            self._unproven.clear()

    def _rows(self, records: Sequence[SettlementRecord]) -> dict[str, Row]:
        """What is to be signed: the next revision, where the contract has one already."""
        again = [one for one in records if one.on_chain]
        found = self.chain.settlements([one.penalty.key for one in again])
        held = {one.penalty.settlement_id: on_chain for one, on_chain in zip(again, found, strict=True) if on_chain}
        rows = {}
        for one in records:
            on_chain = held.get(one.penalty.settlement_id)
            rows[one.penalty.settlement_id] = one.penalty.row(on_chain.next_revision if on_chain else 1)
        return rows

    def _terms(self, records: Sequence[SettlementRecord]) -> list[str | None]:
        """Of each the terms that both parties accepted for its period; asked once for all of one agreement and period."""
        wanted = sorted({(one.penalty.agreement_key, one.penalty.period_index) for one in records})
        found = dict(zip(wanted, self.chain.terms_hashes(wanted), strict=True))
        return [found[one.penalty.agreement_key, one.penalty.period_index] for one in records]

    def _lacks(self, record: SettlementRecord, terms_hash: str | None, documents: Documents) -> Waiting | None:
        """What keeps one from being attested, if anything."""
        penalty = record.penalty
        name = penalty.document_hash
        try:
            if name not in self.memory.whole:
                documents.check(name, penalty.settlement_id)
                self.memory.whole.add(name)
            agreed = self.agreements.get(penalty.version_id)
            own = agreed.terms_hash if agreed else documents[name].identity.agreement.terms_hash
        except (InvariantBroken, Unavailable) as error:
            self._unproven.append(str(error))
            return self._waits(record, Cause.EVIDENCE, str(error))
        if terms_hash == own:
            return None
        reason = (
            "the contract holds other terms than the specs, or none of this version; have it proposed and accepted (agreements "
            "propose, agreements accept), or restore the specs that both parties accepted"
        )
        return self._waits(record, Cause.TERMS, reason)

    def _attest(
        self, due: Mapping[str, Due], documents: Documents, own: Mapping[str, SettlementRecord], most_rows: int
    ) -> Iterator[Waiting | Attested]:
        asking = Asking(
            attestors=self.attestors,
            members=self.chain.attestor_set(),
            chain=self.chain.identity,
            due=due,
            documents=documents.of(due),
            proposals=self.memory.proposals,
            wait=self.wait,
            now=self.clock.now(),
            most_rows=most_rows,
        )
        ready = asking.propose()
        sent, needed = {name for one in ready for name in one.documents}, asking.members.threshold
        for name, record in own.items():
            if name not in sent:
                agreeing, others = len(asking.agreeing(name)), "; ".join(asking.others(name))
                said = f"{agreeing} of {needed} attestors sign"
                if agreeing >= needed:
                    said += ", and answers on the rest of its batch still come in"
                yield self._waits(record, Cause.ATTESTORS, f"{said}; {others}" if others else said)
        for proposal in ready:
            yield from self._send(proposal, own, asking)
            if self._has_learned:  # the node takes no batch of this size, and the next turn tries a smaller one
                break
        if asking.broken:
            self.problems += map(str, asking.broken)
            self.memory.whole.clear()

    def _send(
        self, proposal: Proposal, own: Mapping[str, SettlementRecord], asking: Asking
    ) -> Iterator[Waiting | Attested]:
        """Report a batch, but for rows that the contract would set apart now: they hold up no other."""
        records = [own[name] for name in proposal.documents]
        signatures, needed = asking.signatures(proposal), asking.members.threshold
        if len(signatures) < needed:
            missing = "; ".join(asking.unsigned(proposal, signatures))
            for one in records:
                said = f"{len(signatures)} of {needed} attestors signed its batch; {missing}"
                yield self._waits(one, Cause.ATTESTORS, said)
            return
        if not self.sending.may_send:  # one lane: the next turn finds it
            return
        try:
            signed = self.chain.sign_reports(proposal.rows, list(signatures.values()), self.sending.next_nonce())
        except Refused as error:  # the whole batch, or the sender's signer declines: no nonce is spent
            yield self._all_refused(records, f"report of {len(records)} settlements", error)
            return
        for one, reason in zip(records, signed.refused, strict=True):
            if reason:
                self.doubtful.append(one.penalty.settlement_id)
                way_out = _FOR_GOOD if reason.startswith(_NEVER) else ""
                yield self._refused(one, f"the contract sets its report apart: {reason}{way_out}")
        if all(signed.refused):
            return
        told = (
            f"{one.penalty.settlement_id}: {said}"
            for name, one in zip(proposal.documents, records, strict=True)
            for said in asking.others(name)
        )
        others = (*told, *asking.unsigned(proposal, signatures))
        yield Attested(settlements=len(records), signed_by=asking.names(signatures), others=others)
        priced = {one.penalty.settlement_id: one.penalty.revision for one in records}
        yield from self.sending.send(signed, priced)
        self._learn(len(records))

    # ------------------------------------------------------------------------------------------------------------- waits

    def _learn(self, rows: int) -> None:
        """Half of what the node does not take comes next; what it takes may grow again."""
        if self.sending.refused is not None:
            self._smaller(rows)
        elif self.memory.most_rows is not None:
            self.memory.most_rows = 2 * max(rows, self.memory.most_rows)

    def _smaller(self, rows: int) -> None:
        self.memory.most_rows = max(1, rows // 2)
        self._has_learned = True

    def _most(self, head: ChainHead) -> int:
        """Rows of a batch: as many as a block holds, and half of what the node did not take."""
        return min(head.most_rows, self.memory.most_rows or head.most_rows)

    def _all_refused(self, records: Sequence[SettlementRecord], what: str, error: Refused) -> Waiting:
        """Each waits, and it is told once; what the node does not take is no settlement's affair."""
        if isinstance(error, NotTaken):
            self._smaller(len(records))
            return self.waits.of_lane(Cause.NODE, f"{what}: {error}")
        for one in records:
            self._refused(one, f"{what}: {error}")
        return Waiting(what=what, cause=Cause.REFUSED, reason=str(error))

    def _refused(self, record: SettlementRecord, reason: str, cause: Cause = Cause.REFUSED) -> Waiting:
        """It is asked again later, ever more seldom."""
        self.memory.patience.refused(*_of(record))
        return self._waits(record, cause, reason)

    def _waits(self, record: SettlementRecord, cause: Cause, reason: str) -> Waiting:
        return self.waits.of(record.penalty.settlement_id, record.penalty.tenant, cause, reason)


def _of(record: SettlementRecord) -> tuple[str, object]:
    """A settlement as it stands: anything that is recorded about it makes it another one."""
    return record.penalty.settlement_id, (len(record.history), record.penalty.document_hash)


def _in_words(reason: str) -> str:
    """What is waited for, of the two waits that are meant."""
    if reason.startswith("SLADisputeWindowOpen"):
        return "its dispute window is open"
    return "its dispute waits for a ruling"
