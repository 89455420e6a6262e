"""settle: penalties cross the chain exactly once.

At-least-once sending, a contract that refuses the second write, and the chain as the truth. A signed transaction is stored
before it is sent and the same bytes are sent again until their fate is known; while one is open no other nonce is spent.
Kill this at any line and run it again: the end is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_observe.errors import InvariantBroken, Refused, Unavailable
from sankofa_observe.pipeline.asking import Asking, Row
from sankofa_observe.ports import (
    Attempt,
    Attestor,
    Clock,
    EvidenceArchive,
    Ledger,
    Proposal,
    Receipt,
    SettlementChain,
    SettlementRecord,
    StateChange,
)
from sankofa_observe.sla.evidence import Evidence, document_hash, parse
from sankofa_observe.sla.settlement import MAX_BATCH, SettlementState

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
class Settle:
    """The use case with its ports; one run moves everything that can move and then returns."""

    ledger: Ledger
    archive: EvidenceArchive
    chain: SettlementChain
    attestors: Sequence[Attestor]
    clock: Clock
    stalled_after_seconds: int = 60  # a head older than this: spend no nonce
    wait: Callable[[Callable[[], bool]], None] = lambda _: None  # until its argument is so
    proposals: dict[Proposal, int] = field(default_factory=dict)  # what attestors have before them, from turn to turn

    def run(self) -> Iterator[Moved | Waiting | Attested]:
        head = self.chain.head()
        yield from self._close_attempts()
        yield from self._follow()
        if self.ledger.open_attempts():
            return
        if self.clock.now() - head.at > self.stalled_after_seconds:
            yield Waiting(
                what="chain", reason=f"head {head.number} is {self.clock.now() - head.at} s old; sending nothing"
            )
            return
        yield from self._finalise()  # first: evidence that is missing for a report holds up no tenant's credit
        yield from self._report()

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
            found = self.chain.settlement(record.penalty.settlement_id)
            if found is None:
                if record.state is not SettlementState.COMPUTED:
                    raise InvariantBroken(
                        f"settlement {record.penalty.settlement_id} is {record.state} here and unknown to the contract; "
                        "is this the right chain? nothing was sent"
                    )
                continue
            if found.document_hash != record.penalty.document_hash:
                yield self._move(record, SettlementState.HELD, f"the chain holds document {found.document_hash}")
            elif found.state is not record.state:
                if record.state is SettlementState.COMPUTED and found.state is not SettlementState.REPORTED:
                    yield self._move(record, SettlementState.REPORTED, "seen on chain")
                yield self._move(record, found.state, "seen on chain")

    def _move(self, record: SettlementRecord, state: SettlementState, detail: str) -> Moved:
        change = StateChange(state=state, at=self.clock.now(), detail=detail)
        self.ledger.add_state(record.penalty.settlement_id, change)
        return Moved(settlement_id=record.penalty.settlement_id, change=change)

    def _report(self) -> Iterator[Moved | Waiting | Attested]:
        """Have attested what is computed, and report each batch that enough attestors signed."""
        if self.ledger.open_attempts():
            return
        rows: dict[str, Row] = {}
        records: dict[str, SettlementRecord] = {}
        unproven = []
        for record in self.ledger.moving(SettlementState.COMPUTED):
            try:
                document = self._document(record)
            except (InvariantBroken, Unavailable) as error:  # told last: it costs this settlement and no other
                unproven.append(str(error))
                continue
            if not self.chain.holds_terms(record.penalty.report.agreement_id, document.identity.agreement.terms_hash):
                reason = (
                    "the contract holds other terms than the specs, or none of this version; have it proposed and accepted (chain propose, "
                    "chain accept), or restore the specs that both parties accepted"
                )
                yield Waiting(what=record.penalty.settlement_id, reason=reason)
                continue
            name = record.penalty.document_hash
            rows[name] = Row(report=record.penalty.report, document=document, since_at=record.history[-1].at)
            records[name] = record
        yield from self._attest(rows, records)
        if unproven:
            rest = len(unproven) - MOST_TOLD
            more = f"; and {rest} more: sankofa-observe evidence check names all" if rest > 0 else ""
            raise InvariantBroken(
                f"{len(unproven)} not reported for want of evidence: {'; '.join(unproven[:MOST_TOLD])}{more}"
            )

    def _attest(
        self, rows: Mapping[str, Row], records: Mapping[str, SettlementRecord]
    ) -> Iterator[Moved | Waiting | Attested]:
        asking = Asking(
            attestors=self.attestors,
            members=self.chain.attestor_set(),
            chain=self.chain.identity,
            rows=rows,
            proposals=self.proposals,
            wait=self.wait,
            now=self.clock.now(),
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
        """Report a batch; when the contract refuses it, its halves, so that a row it refuses holds up no other one."""
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
            attempt = self.chain.sign_reports(proposal.reports, list(signatures.values()), self.chain.next_nonce())
        except Refused as error:  # the contract would refuse it now: no nonce is spent
            if len(own) == 1:
                yield Waiting(what=f"report of settlement {own[0]}", reason=str(error))
                return
            for half in asking.halves(proposal):
                yield from self._send_reports(half, records, asking)
            return
        said = (
            f"{one}: {told}" for name, one in zip(proposal.documents, own, strict=True) for told in asking.others(name)
        )
        yield Attested(settlements=len(own), signed_by=asking.names(signatures), others=tuple(said))
        yield from self._send(attempt)

    def _finalise(self) -> Iterator[Moved | Waiting]:
        if self.ledger.open_attempts():
            return
        ready = []
        for record in self.ledger.moving(SettlementState.REPORTED):
            if self.chain.can_finalise(record.penalty.settlement_id):
                ready.append(record.penalty.settlement_id)
            else:
                yield Waiting(what=record.penalty.settlement_id, reason="its dispute window is open")
        if ready:
            batch = ready[:MAX_BATCH]
            try:
                attempt = self.chain.sign_finalise(batch, self.chain.next_nonce())
            except Refused as error:
                yield Waiting(what=f"finalisation of {len(batch)}", reason=str(error))
                return
            yield from self._send(attempt)

    def _send(self, attempt: Attempt) -> Iterator[Moved | Waiting]:
        """Store, then send, then look once: what is not known yet is found by the next run."""
        self.ledger.add_attempt(attempt, self.clock.now())
        self.chain.send(attempt)
        yield from self._close_attempts()
        yield from self._follow()
