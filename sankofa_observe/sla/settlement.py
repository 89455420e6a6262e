"""The way of a penalty across the chain: its identity, its states, and what is reported.

The identity has no time, caller or nonce in it, so everything off chain may be repeated freely; the contract refuses the
second write. States move only along the arrows below.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import rfc8785
from eth_hash.auto import keccak

from sankofa_observe.units import Period

MAX_BATCH = 100


class SettlementState(StrEnum):
    """What we know of a settlement; time alone moves REPORTED on, everything else needs an act."""

    COMPUTED = "computed"  # the penalty and its evidence are stored
    REPORTED = "reported"  # on chain, its dispute window is open
    DISPUTED = "disputed"  # on chain, waiting for the arbiter
    FINAL = "final"  # on chain, the credit is owed
    VOIDED = "voided"  # the arbiter refused it
    WITHDRAWN = "withdrawn"  # before it was reported: its period is no breach any more
    HELD = "held"  # two truths disagree; a person looks


# From here time or an act leads on; the others are ends.
MOVING = frozenset({SettlementState.COMPUTED, SettlementState.REPORTED, SettlementState.DISPUTED})
# Nothing of it has left the house: another price takes its place.
OPEN = frozenset({SettlementState.COMPUTED, SettlementState.WITHDRAWN})
ARROWS = frozenset(
    {
        (SettlementState.COMPUTED, SettlementState.REPORTED),
        (SettlementState.COMPUTED, SettlementState.WITHDRAWN),
        (SettlementState.WITHDRAWN, SettlementState.COMPUTED),
        (SettlementState.COMPUTED, SettlementState.HELD),
        (SettlementState.REPORTED, SettlementState.DISPUTED),
        (SettlementState.REPORTED, SettlementState.FINAL),
        (SettlementState.REPORTED, SettlementState.VOIDED),
        (SettlementState.REPORTED, SettlementState.HELD),
        (SettlementState.DISPUTED, SettlementState.FINAL),
        (SettlementState.DISPUTED, SettlementState.VOIDED),
    }
)


@dataclass(frozen=True, kw_only=True)
class ChainIdentity:
    """Which contract on which chain; part of every settlement's identity."""

    chain_id: int
    contract: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the attestors sign and the contract prices: counts, never percentages."""

    agreement_id: str  # of the version, on chain
    slo_id: str
    period: Period
    good: int
    valid: int
    evidence_root: str
    leaf_count: int
    document_hash: str


def on_chain_id(agreement_id: str, version: int) -> str:
    """What the contract calls one version of an agreement: terms there never change, so each version is signed under its own id."""
    if version == 1:
        return agreement_id
    named = rfc8785.dumps({"format": "sankofa-agreement-version/1", "id": agreement_id, "version": version})
    return "0x" + hashlib.sha256(named).hexdigest()


def slo_id(label: str) -> str:
    """The contract's id of a promise: keccak-256 of `<slo>/<site>`."""
    return "0x" + keccak(label.encode()).hex()


def settlement_id(chain: ChainIdentity, agreement_id: str, promise_id: str, period: Period) -> str:
    """keccak-256 of `abi.encode(chainId, contract, agreementId, sloId, periodStart, periodEnd)`."""
    words = [
        chain.chain_id.to_bytes(32, "big"),
        bytes.fromhex(chain.contract[2:]).rjust(32, b"\0"),
        bytes.fromhex(agreement_id[2:]),
        bytes.fromhex(promise_id[2:]),
        period.starts_at.to_bytes(32, "big"),
        period.ends_at.to_bytes(32, "big"),
    ]
    return "0x" + keccak(b"".join(words)).hex()
