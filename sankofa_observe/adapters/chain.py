"""The SLA contract behind the `SettlementChain` port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.types import Wei

from sankofa_observe.adapters.contract import STATES, artifact, report_fields
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvariantBroken, Refused, Unavailable
from sankofa_observe.ports import (
    CHANGES,
    Attempt,
    AttemptKind,
    AttestorSet,
    ChainHead,
    Finalisation,
    OnChainSettlement,
    Receipt,
    Signer,
)
from sankofa_observe.sla.settlement import ChainIdentity, Report

LOG_PAGE_BLOCKS = 2_000  # Besu refuses more than 5,000 blocks a query

ACCEPTED = (2, 3)  # the contract's AgreementState: Active, Terminated

# Gas by formula: QBFT's estimate has been wrong more than once. Generous; what is not used costs nothing.
REPORT_GAS, REPORT_GAS_EACH = 250_000, 260_000
FINALISE_GAS, FINALISE_GAS_EACH = 100_000, 120_000


class ContractChain:
    """One contract at one node; the sender holds no authority beyond reporting."""

    def __init__(self, node: Node, identity: ChainIdentity, sender: Signer, from_block: int = 0) -> None:
        self._node = node
        self._identity = identity
        self._sender = sender
        self._from_block = from_block
        address = Web3.to_checksum_address(identity.contract)
        self._contract = node.web3.eth.contract(address=address, abi=artifact()["abi"], decode_tuples=True)

    @property
    def identity(self) -> ChainIdentity:
        return self._identity

    @property
    def account(self) -> str:
        return self._sender.account

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
        return ChainHead(number=block["number"], at=block["timestamp"])

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

    def settlement(self, settlement_id: str) -> OnChainSettlement | None:
        found = self._ask("settlement", self._contract.functions.getSettlement(_bytes(settlement_id)))
        state = STATES[found.state]
        if state is None:
            return None
        return OnChainSettlement(
            state=state,
            document_hash="0x" + found.documentHash.hex(),
            credit_minor=found.creditMinor,
            deadline_at=found.deadline,
        )

    def holds_terms(self, agreement_id: str, terms_hash: str) -> bool:
        state, terms = self._ask("agreement", self._contract.functions.getAgreement(_bytes(agreement_id)))
        return state in ACCEPTED and "0x" + terms.termsHash.hex() == terms_hash

    def can_finalise(self, settlement_id: str) -> bool:
        call = self._contract.functions.finalizeSettlements([_bytes(settlement_id)])
        try:
            self._ask("finalise", call)
        except Refused:
            return False
        return True

    def next_nonce(self) -> int:
        with self._node.asking("nonce"):
            return int(self._node.web3.eth.get_transaction_count(self._sender.account))  # type: ignore[arg-type]  # an address, as text

    def sign_reports(self, reports: Sequence[Report], signatures: Sequence[bytes], nonce: int) -> Attempt:
        call = self._contract.functions.submitReports([report_fields(report) for report in reports], list(signatures))
        ids = [self._settlement_id(report) for report in reports]
        return self._sign(AttemptKind.REPORT, call, ids, nonce, REPORT_GAS + REPORT_GAS_EACH * len(reports))

    def sign_finalise(self, settlement_ids: Sequence[str], nonce: int) -> Attempt:
        call = self._contract.functions.finalizeSettlements([_bytes(one) for one in settlement_ids])
        gas = FINALISE_GAS + FINALISE_GAS_EACH * len(settlement_ids)
        return self._sign(AttemptKind.FINALISE, call, settlement_ids, nonce, gas)

    def send(self, attempt: Attempt) -> None:
        self._node.send(attempt.raw)

    def receipt(self, attempt: Attempt) -> Receipt | None:
        found = self._node.receipt(attempt.transaction)
        if found is None:
            return None
        succeeded = found["status"] == 1
        reason = "" if succeeded else self._replay(attempt, found["blockNumber"])
        return Receipt(succeeded=succeeded, block_number=found["blockNumber"], reason=reason)

    def finalisation(self, settlement_id: str) -> Finalisation | None:
        event = self._contract.events.SettlementFinalized
        with self._node.asking(f"finalisation of {settlement_id}"):
            newest = self._node.web3.eth.block_number
            for end in range(newest, self._from_block - 1, -LOG_PAGE_BLOCKS):  # it is nearly always among the newest
                start = max(end - LOG_PAGE_BLOCKS + 1, self._from_block)
                logs = event.get_logs(
                    from_block=start, to_block=end, argument_filters={"settlementId": _bytes(settlement_id)}
                )
                if logs:
                    return self._finalisation(logs[-1])
        return None

    def _finalisation(self, log: Any) -> Finalisation:
        block = self._node.web3.eth.get_block(log["blockNumber"])
        return Finalisation(
            credit_minor=log["args"]["creditMinor"],
            cut_minor=log["args"]["cutMinor"],
            transaction="0x" + bytes(log["transactionHash"]).hex(),
            block_number=log["blockNumber"],
            at=block["timestamp"],
        )

    def _ask(self, what: str, call: ContractFunction) -> Any:
        with self._node.asking(what):
            return call.call({"from": self._sender.account})

    def _sign(self, kind: AttemptKind, call: ContractFunction, ids: Sequence[str], nonce: int, gas: int) -> Attempt:
        with self._node.asking(kind.value):
            # With its own gas and price, so that what a node would not take is found out before a nonce is spent.
            call.call({"from": self._sender.account, "gas": gas, "gasPrice": Wei(self._node.gas_price_wei)})
            signed = self._node.sign(call, self._sender, nonce=nonce, gas=gas, chain_id=self._identity.chain_id)
        return Attempt(
            kind=kind,
            settlement_ids=tuple(ids),
            sender=self._sender.account.lower(),
            nonce=nonce,
            transaction="0x" + bytes(signed.hash).hex(),
            raw=bytes(signed.raw_transaction),
        )

    def _settlement_id(self, report: Report) -> str:
        call = self._contract.functions.settlementIdOf(
            _bytes(report.agreement_id), _bytes(report.slo_id), report.period.starts_at, report.period.ends_at
        )
        return "0x" + bytes(self._ask("settlement id", call)).hex()

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


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
