"""What is agreed, reported and signed as the contracts' structs and as typed data. Values only: no node is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_hash.auto import keccak
from web3 import Web3

from sankofa_observe.ports import AttestorSet
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.calendar import Calendar, FixedCalendar
from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementKey
from sankofa_observe.sla.stacking import BelowMinimum, Stacking

# The contract's enums, by number.
STACKING = (Stacking.SUM, Stacking.LARGEST)
BELOW_MINIMUM = (BelowMinimum.NOTHING, BelowMinimum.MINIMUM)

_ROW = {
    "agreementId": "bytes32",
    "period": "uint32",
    "slo": "uint8",
    "revision": "uint8",
    "good": "uint64",
    "valid": "uint64",
    "documentHash": "bytes32",
}


def as_bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def row_fields(row: Row) -> dict[str, Any]:
    """A row as the contract's struct and as typed data want it."""
    values = (
        as_bytes(row.agreement_id),
        row.period_index,
        row.slo_index,
        row.revision,
        row.good,
        row.valid,
        as_bytes(row.document_hash),
    )
    return dict(zip(_ROW, values, strict=True))


def key_fields(key: SettlementKey) -> dict[str, Any]:
    """The name of a settlement as the contract's struct."""
    return {"agreementId": as_bytes(key.agreement_id), "period": key.period_index, "slo": key.slo_index}


def typed_batch(rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> dict[str, Any]:
    """The EIP-712 document an attestor signs: a whole batch, bound to chain, contract and attestor set."""
    domain = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}
    batch = {"epoch": "uint32", "configDigest": "bytes32", "rows": "Row[]"}
    return {
        "types": {"EIP712Domain": _fields(domain), "Batch": _fields(batch), "Row": _fields(_ROW)},
        "primaryType": "Batch",
        "domain": {
            "name": "SankofaSettlementBook",
            "version": "1",
            "chainId": chain.chain_id,
            "verifyingContract": chain.contract,
        },
        "message": {
            "epoch": attestors.epoch,
            "configDigest": as_bytes(attestors.config_digest),
            "rows": [row_fields(row) for row in rows],
        },
    }


def terms_fields(agreement: Agreement) -> dict[str, Any]:
    """The on-chain terms of one version of an agreement: its promises in the order of their hashed ids.

    Raises:
        ValueError: it has credits that the contract does not compute; specs with such are refused long before.
    """
    rules = agreement.credit_rules
    if rules.claim or any(promise.formula for promise in agreement.promises):
        raise ValueError(f"{agreement.name}: the contract cannot settle all of its credits")
    return {
        "provider": Web3.to_checksum_address(agreement.provider_account),
        "tenant": Web3.to_checksum_address(agreement.tenant_account),
        "termsHash": as_bytes(agreement.terms_hash),
        "calendar": as_bytes(agreement.calendar.id),
        "firstPeriod": agreement.first_period,
        "yearPeriods": agreement.year_periods,
        "currency": agreement.currency.encode(),
        "exponent": agreement.exponent,
        "feeMinor": agreement.fee_minor,
        "capPpm": agreement.cap_ppm,
        "yearCapMinor": rules.cap_year_minor,
        "minimumMinor": rules.minimum_minor,
        "belowMinimum": BELOW_MINIMUM.index(rules.below_minimum),
        "stacking": STACKING.index(rules.stacking),
        "graceSeconds": agreement.grace_seconds,
        "disputeWindowSeconds": agreement.dispute_window_seconds,
        "disputeWindowBlocks": agreement.dispute_window_blocks,
        "rulingSeconds": agreement.ruling_seconds,
        "reportSeconds": agreement.report_seconds,
        "restateSeconds": agreement.restate_seconds,
        "noticeSeconds": agreement.notice_seconds,
        "slos": sorted(map(_slo, agreement.promises), key=lambda slo: bytes(slo["sloId"])),
    }


def _slo(promise: Any) -> dict[str, Any]:
    bands = [{"belowPpm": band.below_ppm, "creditPpm": band.credit_ppm} for band in promise.bands]
    return {"sloId": keccak(promise.label.encode()), "bands": bands}


def calendar_call(calendar: Calendar) -> tuple[str, tuple[Any, ...]]:
    """The function that puts a calendar on chain, and its arguments."""
    if isinstance(calendar, FixedCalendar):
        return "publishFixedCalendar", (calendar.anchor_at, calendar.seconds, calendar.periods)
    return "publishCalendar", (list(calendar.bounds),)


def _fields(types: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]
