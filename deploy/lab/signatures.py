"""Who signed a report, read from the transaction that is on chain: nothing here is known from the lab's settings but names."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from eth_keys.datatypes import Signature
from web3 import Web3

from deploy.lab.stack import Lab
from sankofa_observe.adapters.contract import artifact
from sankofa_observe.adapters.node import Node

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
    with closing(Node(lab.url("chain"))) as node, node.asking("who signed the report"):
        sla = node.web3.eth.contract(address=Web3.to_checksum_address(contract), abi=artifact()["abi"])
        events = sla.events.SettlementReported().get_logs(from_block=0)
        reported = next(
            one for one in events if "0x" + one["args"]["settlementId"].hex().removeprefix("0x") == settlement_id
        )
        sent = node.web3.eth.get_transaction(reported["transactionHash"])
        _, given = sla.decode_function_input(sent["input"])
        digest = bytes(sla.functions.reportDigest(given["reports"]).call())
        members = sla.events.AttestorsSet().get_logs(from_block=0)[-1]["args"]
    return Signed(
        names=sorted(_name(lab, digest, one) for one in given["signatures"]),
        attestors=len(members["attestors"]),
        threshold=members["threshold"],
        disputable_until=reported["args"]["deadline"],
    )


def _name(lab: Lab, digest: bytes, signature: Any) -> str:
    raw = bytes(signature)
    found = Signature(raw[:-1] + bytes([raw[-1] - V_OFFSET])).recover_public_key_from_msg_hash(digest)
    address = found.to_checksum_address()
    return next((role for role, account in lab.accounts.items() if account.address == address), address)
