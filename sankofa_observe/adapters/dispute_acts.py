"""What parties and the arbiter do about a reported settlement: object, take it back, rule. Administrative, one call at a time.

A settlement is named by its evidence document, which names its row; what the contract holds must commit to that row. What was done
before is done: a command may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sankofa_observe.adapters.agreement_acts import Done
from sankofa_observe.adapters.artefacts import reason_of
from sankofa_observe.adapters.books import Books, Logged
from sankofa_observe.adapters.chain import OF_SETTLEMENT, OUTCOMES, word_of
from sankofa_observe.adapters.contract import as_bytes, key_fields, row_fields
from sankofa_observe.adapters.deployment import Role, must_hold
from sankofa_observe.errors import InvalidInput, Refused
from sankofa_observe.ports import OnChainSettlement, OnChainWord, PartyRole, RulingOutcome, Signer
from sankofa_observe.sla.dispute import Objection, RulingText, digest_of
from sankofa_observe.sla.evidence import Evidence, attested_row
from sankofa_observe.sla.settlement import Row, SettlementKey, SettlementState
from sankofa_observe.units import rfc3339


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """Until when something may be done; it has passed when both its instant and its block have."""

    what: str
    at: int  # in unpaused time
    block: int

    def __str__(self) -> str:
        return f"{self.what} until {rfc3339(self.at)} of unpaused time and block {self.block}"


@dataclass(frozen=True, kw_only=True)
class Disputes:
    """Acts at one pair of books."""

    books: Books
    first_block: int = 0

    def reported(self, document: Evidence) -> tuple[Row, OnChainWord]:
        """The row of a document and the word that commits to it.

        Raises:
            InvalidInput: the document is of another contract, or not what was reported.
        """
        chain, row = attested_row(document)
        if chain.contract.lower() != self.books.settlements.address.lower():
            raise InvalidInput(
                f"the document is of contract {chain.contract}, and this is {self.books.settlements.address.lower()}; nothing was sent"
            )
        found = self.settlement(row.key)
        word = found.holding(lambda revision: replace(row, revision=revision)) if found else None
        if word is None and found is not None:
            word = self._corrected(row, found.standing)
        if word is None:
            held = (
                "nothing"
                if found is None
                else ", ".join(f"{one.commitment} in revision {one.revision}" for one in found.words)
            )
            raise InvalidInput(
                f"settlement {document.identity.settlement_id}: the contract holds {held}, and this document is {row.commitment} in revision "
                "1; nothing was sent. Fetch the document that was reported"
            )
        return replace(row, revision=word.revision), word

    def _corrected(self, row: Row, standing: OnChainWord) -> OnChainWord | None:
        """What stands, where a ruling put it in the place of this row: it is ruled on, and not another report."""
        if standing.state is not SettlementState.FINAL or standing.revision == 1:
            return None
        reported = replace(row, revision=standing.revision - 1)
        names = "SettlementReported", "DisputeResolved"
        said = {
            (one.name, one.values["revision"]): one.values
            for one in self.books.of_settlement(names, row.key, first_block=self.first_block)
        }
        ruling, report = said.get((names[1], standing.revision)), said.get((names[0], reported.revision))
        if ruling is None or report is None or OUTCOMES[ruling["outcome"]] is not RulingOutcome.CORRECTED:
            return None
        was = replace(row, good=report["good"], valid=report["valid"], document_hash=_hex(report["documentHash"]))
        return replace(standing, revision=reported.revision) if was == row else None

    def settlement(self, key: SettlementKey) -> OnChainSettlement | None:
        call = self.books.settlements.functions.getSettlement(key_fields(key))
        standing, pending = self.books.ask("settlement", call)
        word = word_of(standing)
        return None if word is None else OnChainSettlement(standing=word, pending=word_of(pending))

    def open(self, objection: Objection, word: OnChainWord, key: Signer) -> Done:
        """Object to a row; the window must be open, and the key a party's."""
        row = objection.row
        party = self._party(row, key)
        if party in word.disputed_by:
            return Done(
                sent=False,
                said=f"revision {row.revision} is disputed by the {party} already: {self._last('SettlementDisputed', row, party=key.account.lower())}",
            )
        self._must_be(word, row, SettlementState.REPORTED, SettlementState.DISPUTED)
        self._is_open(row, word)
        reason = digest_of(objection.document)
        call = self.books.settlements.functions.disputeSettlement(
            key_fields(row.key), row.revision, as_bytes(reason), as_bytes(objection.root)
        )
        self.books.node.transact(call, key, "dispute")
        return Done(
            sent=True,
            said=f"revision {row.revision} is disputed, for the reason {reason}: the arbiter rules, or the report stands",
        )

    def finalise(self, row: Row, word: OnChainWord, key: Signer) -> Done:
        """Make final what nobody disputed, or ruled on, in time; by any key.

        Raises:
            Refused: a window, or the time to rule, is still open.
        """
        if word.state in {SettlementState.FINAL, SettlementState.VOIDED}:
            return Done(sent=False, said=f"revision {row.revision} is {word.state} already")
        call = self.books.settlements.functions.finalizeSettlements([key_fields(row.key)])
        [reason] = self.books.ask("finality", call, key.account)
        if any(reason):
            raise Refused(f"revision {row.revision}: {reason_of(reason)} Nothing was sent")
        self.books.node.transact(call, key, "finality")
        return Done(sent=True, said=f"revision {row.revision} is final: its credit is booked")

    def deadline(self, key: SettlementKey, word: OnChainWord) -> Deadline | None:
        """Until when a word may be disputed, or ruled on; None where it is settled."""
        if word.state is SettlementState.REPORTED:
            return Deadline(what="disputed", at=word.deadline_at, block=word.deadline_block)
        if word.state is not SettlementState.DISPUTED:
            return None
        functions, named = self.books.agreements.functions, as_bytes(key.agreement_id)
        version = self.books.ask("version", functions.versionAt(named, key.period_index))
        more = self.books.ask("terms", functions.getTerms(named, version)).rulingSeconds
        return Deadline(what="ruled on", at=word.deadline_at + more, block=word.deadline_block)

    def has_passed(self, deadline: Deadline) -> str:
        """What time and block it is, where a deadline has passed; nothing where it has not."""
        now = self.books.ask("clock", self.books.settlements.functions.unpausedTime())
        with self.books.node.asking("newest block"):
            number = self.books.node.web3.eth.block_number
        return f"{rfc3339(now)} and block {number}" if now >= deadline.at and number >= deadline.block else ""

    def _is_open(self, row: Row, word: OnChainWord) -> None:
        deadline = self.deadline(row.key, word)
        if deadline is None or not (now := self.has_passed(deadline)):
            return
        raise InvalidInput(
            f"revision {row.revision} could be {deadline}, and it is {now}; nothing was sent. Anybody makes it final: `disputes finalise`"
        )

    def withdraw(self, row: Row, word: OnChainWord, key: Signer) -> Done:
        """Take an objection back; the window stays as it is: open, or over."""
        self._must_be(word, row, SettlementState.REPORTED, SettlementState.DISPUTED)
        party = self._party(row, key)
        if party not in word.disputed_by:
            return Done(sent=False, said=f"revision {row.revision} is not disputed by the {party}")
        call = self.books.settlements.functions.withdrawDispute(key_fields(row.key), row.revision)
        self.books.node.transact(call, key, "withdrawal of a dispute")
        return Done(sent=True, said=self._withdrawn(row, replace(word, disputed_by=word.disputed_by - {party})))

    def resolve(self, row: Row, word: OnChainWord, ruling: RulingText, key: Signer) -> Done:
        """Rule on a dispute, as the arbiter; `ruling.row` has the counts in force."""
        outcome = RulingOutcome(ruling.outcome)
        if word.state in {SettlementState.FINAL, SettlementState.VOIDED}:
            return Done(
                sent=False,
                said=f"revision {row.revision} is {word.state} already: {self._last('DisputeResolved', row)}",
            )
        self._must_be(word, row, SettlementState.DISPUTED)
        must_hold(self.books, key, Role.ARBITER)
        self._is_open(row, word)
        presented = replace(ruling.row, revision=row.revision)
        call = self.books.settlements.functions.resolveDispute(
            row_fields(presented), OUTCOMES.index(outcome), as_bytes(digest_of(ruling.document))
        )
        self.books.node.transact(call, key, "ruling")
        after = {
            RulingOutcome.UPHELD: "the report stands, and its credit is final",
            RulingOutcome.CORRECTED: f"final with {ruling.row.good} good of {ruling.row.valid}, as revision {row.revision + 1}",
            RulingOutcome.REJECTED: "the report is void",
        }
        return Done(sent=True, said=f"ruled {outcome}: {after[outcome]}")

    def history(self, key: SettlementKey) -> Iterator[str]:
        """What happened to a settlement, oldest first, one line each."""
        found = list(self.books.of_settlement(OF_SETTLEMENT, key, first_block=self.first_block))
        for one in reversed(found):
            with self.books.node.asking(f"block {one.block_number}"):
                block = self.books.node.web3.eth.get_block(one.block_number)
            yield f"{rfc3339(block['timestamp'])}  {_line(one)}"

    def _withdrawn(self, row: Row, left: OnChainWord) -> str:
        window = Deadline(what="disputed", at=left.deadline_at, block=left.deadline_block)
        if left.disputed_by:
            after = "the other party's stands"
        elif self.has_passed(window):
            after = "its window is over, so anybody makes it final: `disputes finalise`"
        else:
            after = f"it may be {window}"
        return f"the objection to revision {row.revision} is withdrawn: {after}"

    def _party(self, row: Row, key: Signer) -> PartyRole:
        call = self.books.agreements.functions.partiesOf(as_bytes(row.key.agreement_id))
        parties = dict(zip(map(str.lower, self.books.ask("parties", call)), PartyRole, strict=True))
        account = key.account.lower()
        if account not in parties:
            raise InvalidInput(
                f"agreement {row.key.agreement_id} is between {' and '.join(parties)}, and this key is of {account}; nothing was sent"
            )
        return parties[account]

    def _last(self, name: str, row: Row, party: str = "") -> str:
        found = self.books.of_settlement((name,), row.key, first_block=self.first_block)
        newest = next((one for one in found if not party or one.values["party"].lower() == party), None)
        return _line(newest) if newest else "by a ruling deadline that passed"

    def _must_be(self, word: OnChainWord, row: Row, *wanted: SettlementState) -> None:
        if word.state not in wanted:
            raise InvalidInput(
                f"revision {row.revision} is {word.state}, expected {' or '.join(wanted)}; nothing was sent. `disputes show` has its history"
            )


def _line(event: Logged) -> str:
    said = event.values
    match event.name:
        case "SettlementReported":
            counts = f"{said['good']} good of {said['valid']}, {said['creditPpm']} ppm of the fee"
            return f"revision {said['revision']} reported: {counts}; to be disputed until {rfc3339(said['deadline'])} of unpaused time"
        case "SettlementDisputed":
            own = _hex(said["counterEvidenceRoot"]) if any(said["counterEvidenceRoot"]) else "none"
            return f"revision {said['revision']} disputed by {said['party'].lower()}: reason {_hex(said['reasonHash'])}, counter-evidence {own}"
        case "DisputeWithdrawn":
            return f"the objection of {said['party'].lower()} to revision {said['revision']} withdrawn"
        case "DisputeResolved":
            outcome = OUTCOMES[said["outcome"]]
            counts = "" if outcome is RulingOutcome.REJECTED else f": {said['good']} good of {said['valid']}"
            return f"ruled {outcome}, revision {said['revision']}{counts}; ruling {_hex(said['rulingHash'])}"
        case "SettlementFinalized":
            how = ", by default: nobody ruled in time" if said["byDefault"] else ""
            return f"revision {said['revision']} final: credit changed by {said['deltaMinor']} minor units{how}"
        case _:
            return f"a report of it was set apart: {_hex(said['reason'])}"


def _hex(value: Any) -> str:
    return f"0x{bytes(value).hex()}"
