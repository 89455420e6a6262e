"""The SLA contract as bytes and words: ABI, bytecode, typed data, revert reasons. No I/O beyond the package's own file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from sankofa_observe.ports import AttestorSet
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementState, slo_id
from sankofa_observe.sla.stacking import CreditRules

# The contract's enum, by number; 0 is None.
STATES = (None, SettlementState.REPORTED, SettlementState.DISPUTED, SettlementState.FINAL, SettlementState.VOIDED)

_ROW_FIELDS = {
    "agreementId": "bytes32",
    "period": "uint32",
    "slo": "uint8",
    "revision": "uint8",
    "good": "uint64",
    "valid": "uint64",
    "documentHash": "bytes32",
}


@cache
def artifact() -> dict[str, Any]:
    """The committed compiler output: `abi`, `bytecode`, `compiler`, `sources`."""
    text = resources.files("sankofa_observe.adapters").joinpath("abi/SlaSettlement.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def row_fields(row: Row) -> dict[str, Any]:
    """A row as the contract's struct and as typed data want it."""
    values = (
        bytes.fromhex(row.agreement_id[2:]),
        row.period_index,
        row.slo_index,
        row.revision,
        row.good,
        row.valid,
        bytes.fromhex(row.document_hash[2:]),
    )
    return dict(zip(_ROW_FIELDS, values, strict=True))


def typed_batch(rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> dict[str, Any]:
    """The EIP-712 document an attestor signs: a whole batch, bound to chain, contract and attestor set."""
    domain = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}
    batch = {"epoch": "uint32", "configDigest": "bytes32", "rows": "Row[]"}
    return {
        "types": {"EIP712Domain": _fields(domain), "Batch": _fields(batch), "Row": _fields(_ROW_FIELDS)},
        "primaryType": "Batch",
        "domain": {
            "name": "SankofaSettlementBook",
            "version": "1",
            "chainId": chain.chain_id,
            "verifyingContract": chain.contract,
        },
        "message": {
            "epoch": attestors.epoch,
            "configDigest": bytes.fromhex(attestors.config_digest[2:]),
            "rows": [row_fields(row) for row in rows],
        },
    }


def terms_fields(agreement: Agreement) -> dict[str, Any]:
    """The on-chain terms of an agreement: its promises in the order of their hashed ids.

    Raises:
        ValueError: it has credits that the contract does not compute; specs with such are refused long before.
    """
    if agreement.credit_rules != CreditRules() or any(promise.formula for promise in agreement.promises):
        raise ValueError(f"{agreement.name}: the contract cannot settle all of its credits")
    slos = [
        {
            "sloId": bytes.fromhex(slo_id(promise.label)[2:]),
            "objectivePpm": promise.slo.target_ppm,
            "bands": [{"belowPpm": band.below_ppm, "creditPpm": band.credit_ppm} for band in promise.bands],
        }
        for promise in agreement.promises
    ]
    return {
        "provider": agreement.provider_account,
        "tenant": agreement.tenant_account,
        "termsHash": bytes.fromhex(agreement.terms_hash[2:]),
        "currency": agreement.currency.encode(),
        "exponent": agreement.exponent,
        "feeMinor": agreement.fee_minor,
        "capPpm": agreement.cap_ppm,
        "startsAt": agreement.starts_at,
        "graceSeconds": agreement.grace_seconds,
        "disputeWindowSeconds": agreement.dispute_window_seconds,
        "disputeWindowBlocks": agreement.dispute_window_blocks,
        "slos": sorted(slos, key=lambda slo: slo["sloId"]),
    }


def revert_reason(data: Any) -> str:
    """A custom error in words, `SLADisputeWindowOpen(settlementId=0x…, deadline=…)`; web3 hands over raw hex (#3523)."""
    text = str(data)
    if not text.startswith("0x") or len(text) < len("0x12345678"):
        return text
    raw = bytes.fromhex(text[2:])
    for error in artifact()["abi"]:
        if error["type"] != "error" or _selector(error) != raw[:4]:
            continue
        try:
            values = decode([one["type"] for one in error["inputs"]], raw[4:])
        except DecodingError:
            break
        words = (f"{one['name']}={_word(value)}" for one, value in zip(error["inputs"], values, strict=True))
        return f"{error['name']}({', '.join(words)})"
    return text


def _selector(error: dict[str, Any]) -> bytes:
    types = ",".join(one["type"] for one in error["inputs"])
    return keccak(f"{error['name']}({types})".encode())[:4]


def _word(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def _fields(types: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]
