"""settle: penalties cross the chain exactly once.

At-least-once sending, a contract that refuses the second write, and the chain as the truth. A signed transaction is stored
before it is sent and the same bytes are sent again until their fate is known; while one is open no other nonce is spent.
Kill this at any line and run it again: the end is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import InvariantBroken, Refused, Unavailable
from sankofa_observe.pipeline.asking import Asking, Due
from sankofa_observe.ports import (
    Attempt,
    Attestor,
    Clock,
    EvidenceArchive,
    Ledger,
    OnChainSettlement,
    Proposal,
    Receipt,
    SettlementChain,
    SettlementRecord,
    Signed,
    StateChange,
)
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Evidence, document_hash, parse
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.units import Period, rfc3339

MOST_TOLD = 3  # settlements without evidence in one alarm: a whole archive that is away would make a line without end


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A settlement reached a state."""

    settlement_id: str
    change: StateChange

    def __str__(self) -> str:
        return f"settlement {self.settlement_id}: {self.change.state} ({self.change.detail})"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A settlement, or a transaction, that cannot move yet, and why."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: waiting: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Attested:
    """Who signed a batch that is on its way, and who of the others said what."""

    settlements: int
    signed_by: tuple[str, ...]
    others: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join([f"report of {self.settlements}: signed by {', '.join(self.signed_by)}", *self.others])


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A party has ended an agreement on chain."""

    agreement: str
    ends_at: int

    def __str__(self) -> str:
        return f"agreement {self.agreement}: ended by a party, at {rfc3339(self.ends_at)}: its periods before are settled as ever"


@dataclass(frozen=True, kw_only=True)
class Settle:
    """The use case with its ports; one run moves everything that can move and then returns."""

    ledger: Ledger
    archive: EvidenceArchive
    chain: SettlementChain
    attestors: Sequence[Attestor]
    clock: Clock
    agreements: Sequence[Agreement] = ()  # those that the engine follows on chain
    wait: Callable[[Callable[[], bool]], None] = lambda _: None  # until its argument is so
    proposals: dict[Proposal, int] = field(default_factory=dict)  # what attestors have before them, from turn to turn
    asked_in: dict[str, Period] = field(default_factory=dict)  # in which period each was last asked
    stalled_after_seconds: int = 60  # a head older than this: spend no nonce

    def run(self) -> Iterator[Moved | Waiting | Attested | Ended]:
        head = self.chain.head()
        yield from self._follow_agreements()
        yield from self._close_attempts()
        yield from self._follow()
        if self.ledger.open_attempts():
            return
        if self.clock.now() - head.at > self.stalled_after_seconds:
            yield Waiting(
                what="chain", reason=f"head {head.number} is {self.clock.now() - head.at} s old; sending nothing"
            )
            return
        # First: evidence that is missing for a report holds up no tenant's credit.
        yield from self._finalise(head.most_rows)
        yield from self._report(head.most_rows)

    def _follow_agreements(self) -> Iterator[Ended]:
        """Take over where parties have ended an agreement: asked once a period, for it can end where one begins and nowhere else."""
        now, known = self.clock.now(), self.ledger.ends()
        for one in self.agreements:
            period = one.window.period_at(now)
            if self.asked_in.get(one.key) == period or not one.covers(period.starts_at):
                continue
            found = self.chain.agreement(one.key)
            self.asked_in[one.key] = period
            if found is None or found.end_period >= one.calendar.periods:
                continue
            ends_at = one.calendar.bounds[found.end_period]
            if known.get(one.id) != ends_at:
                self.ledger.end_agreement(agreement_id=one.id, tenant=one.tenant, ends_at=ends_at, at=now)
                yield Ended(agreement=one.name, ends_at=ends_at)

    def _close_attempts(self) -> Iterator[Waiting]:
        """Learn the fate of what was sent; what has none yet is sent again, byte for byte."""
        for attempt in self.ledger.open_attempts():
            used = self.chain.next_nonce()  # read before the receipt, or a block in between would look like a loss
            receipt = self.chain.receipt(attempt)
            if receipt is None and attempt.nonce < used:
                reason = f"nonce {attempt.nonce} was used by another transaction of {attempt.sender}"
                receipt = Receipt(succeeded=False, block_number=0, reason=reason)
            if receipt is None:
                self.chain.send(attempt)
                yield Waiting(
                    what=attempt.transaction, reason=f"{attempt.kind} with nonce {attempt.nonce} is not mined yet"
                )
                continue
            self.ledger.close_attempt(attempt, receipt, self.clock.now())
            if not receipt.succeeded:
                yield Waiting(what=attempt.transaction, reason=f"{attempt.kind} was refused: {receipt.reason}")

    def _follow(self) -> Iterator[Moved]:
        """Take over what the chain says, whoever brought it about."""
        moving = self.ledger.moving(SettlementState.COMPUTED, SettlementState.REPORTED, SettlementState.DISPUTED)
        for record in moving:
            found = self.chain.settlement(record.penalty.key)
            if found is None:
                if record.state is not SettlementState.COMPUTED:
                    raise InvariantBroken(
                        f"settlement {record.penalty.settlement_id} is {record.state} here and unknown to the contract; "
                        "is this the right chain? nothing was sent"
                    )
                continue
            word = found.holding(record.penalty.row)
            if word is None:
                yield from self._other_row(record, found)
            elif word.state is not record.state:
                yield from self._moves(record, word.state, "seen on chain")

    def _other_row(self, record: SettlementRecord, found: OnChainSettlement) -> Iterator[Moved]:
        """The contract holds another row than ours: by a ruling, or nobody here knows why."""
        newest = found.words[-1]
        ruling = self.chain.ruling(record.penalty.key, newest.revision)
        if ruling is not None and ruling.row.commitment == newest.commitment:
            counts = f"{ruling.row.good} good of {ruling.row.valid}"
            yield from self._moves(record, newest.state, f"corrected by ruling {ruling.ruling_hash}: {counts}")
        else:
            detail = f"the chain holds another row in revision {newest.revision}: {newest.commitment}"
            yield self._move(record, SettlementState.HELD, detail)

    def _moves(self, record: SettlementRecord, state: SettlementState, detail: str) -> Iterator[Moved]:
        """To a state that the chain has, by way of REPORTED where that was missed."""
        if record.state is SettlementState.COMPUTED and state is not SettlementState.REPORTED:
            yield self._move(record, SettlementState.REPORTED, "seen on chain")
        yield self._move(record, state, detail)

    def _move(self, record: SettlementRecord, state: SettlementState, detail: str) -> Moved:
        change = StateChange(state=state, at=self.clock.now(), detail=detail)
        self.ledger.add_state(record.penalty.settlement_id, change)
        return Moved(settlement_id=record.penalty.settlement_id, change=change)

    def _report(self, most_rows: int) -> Iterator[Moved | Waiting | Attested]:
        """Have attested what is computed, and report each batch that enough attestors signed."""
        if self.ledger.open_attempts():
            return
        due: dict[str, Due] = {}
        records: dict[str, SettlementRecord] = {}
        unproven = []
        for record in self.ledger.moving(SettlementState.COMPUTED):
            try:
                document = self._document(record)
            except (InvariantBroken, Unavailable) as error:  # told last: it costs this settlement and no other
                unproven.append(str(error))
                continue
            terms_hash = document.identity.agreement.terms_hash
            if not self.chain.holds_terms(record.penalty.agreement_key, record.penalty.period_index, terms_hash):
                reason = (
                    "the contract holds other terms than the specs, or none of this version; have it proposed and accepted (agreements "
                    "propose, agreements accept), or restore the specs that both parties accepted"
                )
                yield Waiting(what=record.penalty.settlement_id, reason=reason)
                continue
            name = record.penalty.document_hash
            due[name] = Due(row=record.penalty.row(), document=document, since_at=record.history[-1].at)
            records[name] = record
        yield from self._attest(due, records, most_rows)
        if unproven:
            rest = len(unproven) - MOST_TOLD
            more = f"; and {rest} more: sankofa-observe evidence check names all" if rest > 0 else ""
            raise InvariantBroken(
                f"{len(unproven)} not reported for want of evidence: {'; '.join(unproven[:MOST_TOLD])}{more}"
            )

    def _attest(
        self, due: Mapping[str, Due], records: Mapping[str, SettlementRecord], most_rows: int
    ) -> Iterator[Moved | Waiting | Attested]:
        asking = Asking(
            attestors=self.attestors,
            members=self.chain.attestor_set(),
            chain=self.chain.identity,
            due=due,
            proposals=self.proposals,
            wait=self.wait,
            now=self.clock.now(),
            most_rows=most_rows,
        )
        ready = asking.propose()
        sent, needed = {name for one in ready for name in one.documents}, asking.members.threshold
        for name, record in records.items():
            if name not in sent:
                agreeing, others = len(asking.agreeing(name)), "; ".join(asking.others(name))
                said = f"{agreeing} of {needed} attestors sign"
                if agreeing >= needed:
                    said += ", and answers on the rest of its batch still come in"
                yield Waiting(what=record.penalty.settlement_id, reason=f"{said}; {others}" if others else said)
        for proposal in ready:
            yield from self._send_reports(proposal, records, asking)
        if asking.broken:  # told last: it costs one signature and no other
            raise asking.broken[0]

    def _document(self, record: SettlementRecord) -> Evidence:
        penalty = record.penalty
        cure = f"write it anew from the slots: sankofa-observe evidence rebuild {penalty.settlement_id}"
        raw = self.archive.get(penalty.document_hash)
        if raw is None:
            raise InvariantBroken(
                f"evidence {penalty.document_hash} of settlement {penalty.settlement_id} is not in the archive; {cure}"
            )
        document = parse(raw)
        if document_hash(document.identity) != penalty.document_hash:
            raise InvariantBroken(
                f"the archive answers document {document_hash(document.identity)} for evidence {penalty.document_hash} "
                f"of settlement {penalty.settlement_id}; {cure}"
            )
        return document

    def _send_reports(
        self, proposal: Proposal, records: Mapping[str, SettlementRecord], asking: Asking
    ) -> Iterator[Moved | Waiting | Attested]:
        """Report a batch, but for rows that the contract would set apart now: they hold up no other."""
        if self.ledger.open_attempts():  # one lane: the next batch goes out once this one is known
            return
        own = [records[name].penalty.settlement_id for name in proposal.documents]
        signatures, needed = asking.signatures(proposal), asking.members.threshold
        if len(signatures) < needed:
            missing = "; ".join(asking.unsigned(proposal, signatures))
            for one in own:
                yield Waiting(what=one, reason=f"{len(signatures)} of {needed} attestors signed its batch; {missing}")
            return
        try:
            signed = self.chain.sign_reports(proposal.rows, list(signatures.values()), self.chain.next_nonce())
        except Refused as error:  # the whole batch, or the sender's signer declines: no nonce is spent
            yield Waiting(what=f"report of {len(own)} settlements", reason=str(error))
            return
        yield from _set_apart("report", own, signed)
        if all(signed.refused):
            return
        said = (
            f"{one}: {told}" for name, one in zip(proposal.documents, own, strict=True) for told in asking.others(name)
        )
        others = (*said, *asking.unsigned(proposal, signatures))
        yield Attested(settlements=len(own), signed_by=asking.names(signatures), others=others)
        yield from self._send(signed.attempt)

    def _finalise(self, most_rows: int) -> Iterator[Moved | Waiting]:
        """What nobody disputed in time, and what nobody ruled on in time."""
        if self.ledger.open_attempts():
            return
        ready = []
        for record in self.ledger.moving(SettlementState.REPORTED, SettlementState.DISPUTED):
            if reason := self.chain.can_finalise(record.penalty.key):
                yield Waiting(what=record.penalty.settlement_id, reason=_in_words(reason))
            else:
                ready.append(record.penalty)
        if ready:
            batch = ready[:most_rows]
            try:
                signed = self.chain.sign_finalise([one.key for one in batch], self.chain.next_nonce())
            except Refused as error:
                yield Waiting(what=f"finalisation of {len(batch)}", reason=str(error))
                return
            yield from _set_apart("finalisation", [one.settlement_id for one in batch], signed)
            if not all(signed.refused):
                yield from self._send(signed.attempt)

    def _send(self, attempt: Attempt) -> Iterator[Moved | Waiting]:
        """Store, then send, then look once: what is not known yet is found by the next run."""
        self.ledger.add_attempt(attempt, self.clock.now())
        self.chain.send(attempt)
        yield from self._close_attempts()
        yield from self._follow()


def _set_apart(what: str, settlement_ids: Sequence[str], signed: Signed) -> Iterator[Waiting]:
    """The rows of a batch that the contract would set apart now; the others go."""
    for settlement_id, reason in zip(settlement_ids, signed.refused, strict=True):
        if reason:
            yield Waiting(what=f"{what} of settlement {settlement_id}", reason=f"the contract sets it apart: {reason}")


def _in_words(reason: str) -> str:
    """What is waited for, of the two waits that are meant."""
    if reason.startswith("SLADisputeWindowOpen"):
        return "its dispute window is open"
    return "its dispute waits for a ruling" if reason.startswith("SLARulingPending") else reason
