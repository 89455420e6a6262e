"""The SLA contracts behind the `SettlementChain` port."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.types import Wei

from sankofa_observe.adapters.artefacts import SETTLEMENTS, artefact, reason_of
from sankofa_observe.adapters.books import LOG_PAGE_BLOCKS, Books, Logged
from sankofa_observe.adapters.contract import as_bytes, key_fields, row_fields
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvariantBroken, Unavailable
from sankofa_observe.ports import (
    CHANGES,
    Attempt,
    AttemptKind,
    AttestorSet,
    ChainHead,
    Finalisation,
    OnChainAgreement,
    OnChainSettlement,
    OnChainWord,
    PartyRole,
    Receipt,
    Ruling,
    RulingOutcome,
    Signed,
    Signer,
)
from sankofa_observe.sla.settlement import MAX_BATCH, ChainIdentity, Row, SettlementKey, SettlementState

# The contract's enums, by number. Of a dispute it knows who objects.
STATES = (
    None,
    SettlementState.REPORTED,
    SettlementState.DISPUTED,
    SettlementState.DISPUTED,
    SettlementState.DISPUTED,
    SettlementState.FINAL,
    SettlementState.VOIDED,
)
DISPUTED_BY = {2: frozenset({PartyRole.PROVIDER}), 3: frozenset({PartyRole.TENANT}), 4: frozenset(PartyRole)}
OUTCOMES = tuple(RulingOutcome)

# Gas by formula: QBFT's estimate has been wrong more than once. Generous; what is not used costs nothing.
REPORT_GAS, REPORT_GAS_EACH = 250_000, 90_000
FINALISE_GAS, FINALISE_GAS_EACH = 100_000, 130_000


class ContractChain:
    """Both books at one node; the sender needs no authority: anybody may send what k attestors signed."""

    def __init__(self, node: Node, identity: ChainIdentity, sender: Signer, from_block: int = 0) -> None:
        self._node = node
        self._identity = identity
        self._sender = sender
        self._from_block = from_block
        address = Web3.to_checksum_address(identity.contract)
        self._contract = node.web3.eth.contract(address=address, abi=artefact(SETTLEMENTS)["abi"], decode_tuples=True)

    @property
    def identity(self) -> ChainIdentity:
        return self._identity

    @property
    def account(self) -> str:
        return self._sender.account

    @cached_property
    def _books(self) -> Books:
        return Books.at(self._node, self._identity.contract)

    def head(self) -> ChainHead:
        with self._node.asking("chain head"):
            chain_id = self._node.web3.eth.chain_id
            code = self._node.web3.eth.get_code(self._contract.address)
            block = self._node.web3.eth.get_block("latest")
        if chain_id != self._identity.chain_id:
            raise InvariantBroken(
                f"{self._node.shown} is chain {chain_id}, expected {self._identity.chain_id}; nothing was sent"
            )
        if not code:
            raise InvariantBroken(
                f"no contract at {self._identity.contract} on chain {chain_id}; was the chain wiped? nothing was sent"
            )
        return ChainHead(number=block["number"], at=block["timestamp"], most_rows=_most_rows(block["gasLimit"]))

    def attestor_set(self) -> AttestorSet:
        members, threshold, epoch, config_digest = self._ask("attestors", self._contract.functions.attestors())
        return AttestorSet(
            members=tuple(member.lower() for member in members),
            threshold=threshold,
            epoch=epoch,
            config_digest="0x" + config_digest.hex(),
        )

    def is_paused(self) -> bool:
        return bool(self._ask("paused", self._contract.functions.paused()))

    def changes(self, first_block: int, last_block: int) -> list[str]:
        names = {str(self._contract.events[name].topic): name for name in CHANGES}
        found: list[str] = []
        with self._node.asking("changes of the contract"):
            for start in range(first_block, last_block + 1, LOG_PAGE_BLOCKS):
                asked = {
                    "address": self._contract.address,
                    "fromBlock": start,
                    "toBlock": min(start + LOG_PAGE_BLOCKS - 1, last_block),
                    "topics": [list(names)],
                }
                logs = self._node.web3.eth.get_logs(asked)  # type: ignore[arg-type]  # hex text is accepted
                found += [names["0x" + bytes(log["topics"][0]).hex()] for log in logs]
        return found

    def settlement(self, key: SettlementKey) -> OnChainSettlement | None:
        standing, pending = self._ask("settlement", self._contract.functions.getSettlement(key_fields(key)))
        word = word_of(standing)
        return None if word is None else OnChainSettlement(standing=word, pending=word_of(pending))

    def agreement(self, agreement_id: str) -> OnChainAgreement | None:
        found = self._ask("agreement", self._books.agreements.functions.getAgreement(as_bytes(agreement_id)))
        if found.version == 0:
            return None
        return OnChainAgreement(version=found.version, first_period=found.firstPeriod, end_period=found.endPeriod)

    def holds_terms(self, agreement_id: str, period_index: int, terms_hash: str) -> bool:
        found = self.agreement(agreement_id)
        if found is None or not found.covers(period_index):
            return False
        functions, named = self._books.agreements.functions, as_bytes(agreement_id)
        version = self._ask("version", functions.versionAt(named, period_index))
        return bytes(self._ask("terms", functions.getTerms(named, version)).termsHash) == as_bytes(terms_hash)

    def can_finalise(self, key: SettlementKey) -> str:
        (refused,) = self._ask("finalise", self._contract.functions.finalizeSettlements([key_fields(key)]))
        return reason_of(refused)

    def next_nonce(self) -> int:
        with self._node.asking("nonce"):
            return int(self._node.web3.eth.get_transaction_count(self._sender.account))  # type: ignore[arg-type]  # an address, as text

    def sign_reports(self, rows: Sequence[Row], signatures: Sequence[bytes], nonce: int) -> Signed:
        call = self._contract.functions.submitReports([row_fields(row) for row in rows], list(signatures))
        gas = REPORT_GAS + REPORT_GAS_EACH * len(rows)
        return self._sign(AttemptKind.REPORT, call, [row.key for row in rows], nonce, gas)

    def sign_finalise(self, keys: Sequence[SettlementKey], nonce: int) -> Signed:
        call = self._contract.functions.finalizeSettlements([key_fields(key) for key in keys])
        return self._sign(AttemptKind.FINALISE, call, keys, nonce, FINALISE_GAS + FINALISE_GAS_EACH * len(keys))

    def send(self, attempt: Attempt) -> None:
        self._node.send(attempt.raw)

    def receipt(self, attempt: Attempt) -> Receipt | None:
        found = self._node.receipt(attempt.transaction)
        if found is None:
            return None
        succeeded = found["status"] == 1
        reason = "" if succeeded else self._replay(attempt, found["blockNumber"])
        return Receipt(succeeded=succeeded, block_number=found["blockNumber"], reason=reason)

    def finalisation(self, key: SettlementKey, revision: int) -> Finalisation | None:
        found = self._newest("SettlementFinalized", key, revision)
        if found is None:
            return None
        with self._node.asking(f"block {found.block_number}"):
            block = self._node.web3.eth.get_block(found.block_number)
        return Finalisation(
            revision=revision,
            period_minor=found.values["periodMinor"],
            delta_minor=found.values["deltaMinor"],
            by_default=found.values["byDefault"],
            transaction=found.transaction,
            block_number=found.block_number,
            at=block["timestamp"],
        )

    def ruling(self, key: SettlementKey, revision: int) -> Ruling | None:
        found = self._newest("DisputeResolved", key, revision)
        if found is None:
            return None
        said = found.values
        row = Row(
            agreement_id=key.agreement_id,
            period_index=key.period_index,
            slo_index=key.slo_index,
            revision=revision,
            good=said["good"],
            valid=said["valid"],
            document_hash="0x" + bytes(said["documentHash"]).hex(),
        )
        return Ruling(
            outcome=OUTCOMES[said["outcome"]],
            row=row,
            credit_ppm=said["creditPpm"],
            ruling_hash="0x" + bytes(said["rulingHash"]).hex(),
            transaction=found.transaction,
            block_number=found.block_number,
        )

    def _newest(self, event: str, key: SettlementKey, revision: int) -> Logged | None:
        """The last event of a revision; it is nearly always among the newest blocks."""
        found = self._books.of_settlement((event,), key, first_block=self._from_block)
        return next((one for one in found if one.values["revision"] == revision), None)

    def _ask(self, what: str, call: ContractFunction) -> Any:
        with self._node.asking(what):
            return call.call({"from": self._sender.account})

    def _sign(
        self, kind: AttemptKind, call: ContractFunction, keys: Sequence[SettlementKey], nonce: int, gas: int
    ) -> Signed:
        with self._node.asking(kind.value):
            # With its own gas and price, so that what a node would not take is found out before a nonce is spent.
            refused = call.call({"from": self._sender.account, "gas": gas, "gasPrice": Wei(self._node.gas_price_wei)})
            signed = self._node.sign(call, self._sender, nonce=nonce, gas=gas, chain_id=self._identity.chain_id)
        attempt = Attempt(
            kind=kind,
            settlement_ids=tuple(key.id_on(self._identity) for key in keys),
            sender=self._sender.account.lower(),
            nonce=nonce,
            transaction="0x" + bytes(signed.hash).hex(),
            raw=bytes(signed.raw_transaction),
        )
        return Signed(attempt=attempt, refused=tuple(map(reason_of, refused)))

    def _replay(self, attempt: Attempt, block: int) -> str:
        """Why a mined transaction was refused: the receipt does not say, so the call is repeated on its own block.

        The block itself, not the one before it, because what refuses a second write may be the transaction just ahead.
        """
        try:
            with self._node.asking("replay"):
                sent = self._node.web3.eth.get_transaction(attempt.transaction)  # type: ignore[arg-type]  # hex text is accepted
                again = {"from": sent["from"], "to": sent["to"], "data": sent["input"], "gas": sent["gas"]}
                self._node.web3.eth.call(again, block)  # type: ignore[arg-type]
        except Unavailable as error:
            return str(error)
        return "refused, and the replay succeeds: probably out of gas"


def _most_rows(gas_limit: int) -> int:
    """Of one transaction: a node takes none that asks for more gas than a block holds, and what was stored would be sent for ever."""
    fit = min((gas_limit - REPORT_GAS) // REPORT_GAS_EACH, (gas_limit - FINALISE_GAS) // FINALISE_GAS_EACH)
    return max(1, min(fit, MAX_BATCH))


def word_of(found: Any) -> OnChainWord | None:
    state = STATES[found.state]
    if state is None:
        return None
    return OnChainWord(
        state=state,
        disputed_by=DISPUTED_BY.get(found.state, frozenset()),
        revision=found.revision,
        commitment="0x" + bytes(found.commitment).hex(),
        credit_ppm=found.creditPpm,
        deadline_at=found.deadline,
        deadline_block=found.deadlineBlock,
    )
