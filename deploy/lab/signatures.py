"""Who signed a report, read from the transaction that is on chain: nothing here is known from the lab's settings but names."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from eth_keys.datatypes import Signature

from deploy.lab.stack import Lab
from sankofa_observe.adapters.books import Books
from sankofa_observe.adapters.node import Node
from sankofa_observe.sla.settlement import ChainIdentity, SettlementKey

V_OFFSET = 27  # Ethereum writes the recovery number as 27 or 28


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The report of one settlement as the contract took it."""

    names: list[str]  # of the attestors whose signatures it carries
    attestors: int
    threshold: int
    disputable_until: int

    def __str__(self) -> str:
        return (
            f"{len(self.names)} of {self.attestors} attestors signed ({', '.join(self.names)}), {self.threshold} must"
        )


def read(lab: Lab, contract: str, settlement_id: str) -> Signed:
    """The signatures of the settlement's report, and the attestor set that they are checked against."""
    with closing(Node(lab.url("chain"))) as node:
        books = Books.at(node, contract)
        sla, identity = books.settlements, ChainIdentity(chain_id=node.web3.eth.chain_id, contract=contract.lower())
        reports = books.logged(sla, ("SettlementReported",), {}, first_block=0)
        reported = next(one for one in reports if key_of(one.values).id_on(identity) == settlement_id)
        with node.asking("who signed the report"):
            sent = node.web3.eth.get_transaction(reported.transaction)  # type: ignore[arg-type]  # hex text is accepted
            _, given = sla.decode_function_input(sent["input"])
            digest = bytes(sla.functions.batchDigest(given["rows"]).call())
        members = next(books.logged(sla, ("AttestorsSet",), {}, first_block=0)).values
    return Signed(
        names=sorted(_name(lab, digest, one) for one in given["signatures"]),
        attestors=len(members["attestors"]),
        threshold=members["threshold"],
        disputable_until=reported.values["deadline"],
    )


def key_of(said: Mapping[str, Any]) -> SettlementKey:
    named = "0x" + bytes(said["agreementId"]).hex()
    return SettlementKey(agreement_id=named, period_index=said["period"], slo_index=said["slo"])


def _name(lab: Lab, digest: bytes, signature: Any) -> str:
    raw = bytes(signature)
    found = Signature(raw[:-1] + bytes([raw[-1] - V_OFFSET])).recover_public_key_from_msg_hash(digest)
    address = found.to_checksum_address()
    return next((role for role, account in lab.accounts.items() if account.address == address), address)
