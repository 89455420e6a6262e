"""The way of a penalty across the chain: its identity, its states, and what is reported.

The identity has no time, caller or nonce in it, so everything off chain may be repeated freely; the contract refuses the
second write. States move only along the arrows below.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eth_hash.auto import keccak

MAX_BATCH = 100
MAX_REVISION = 31
ROW_TYPE = (
    "Row(bytes32 agreementId,uint32 period,uint8 slo,uint8 revision,uint64 good,uint64 valid,bytes32 documentHash)"
)
COMMITMENT_BYTES = 20


class SettlementState(StrEnum):
    """What we know of a settlement; time alone moves REPORTED on, everything else needs an act."""

    COMPUTED = "computed"  # the penalty and its evidence are stored
    REPORTED = "reported"  # on chain, its dispute window is open
    DISPUTED = "disputed"  # on chain, waiting for the arbiter
    FINAL = "final"  # on chain, the credit is owed
    VOIDED = "voided"  # the arbiter refused it
    WITHDRAWN = "withdrawn"  # before it was reported: its period is no breach any more
    HELD = "held"  # two truths disagree; a person looks
    CLOSED = "closed"  # the contract takes it no more, and a person settled it elsewhere


# From here time or an act leads on; the others are ends.
MOVING = frozenset({SettlementState.COMPUTED, SettlementState.REPORTED, SettlementState.DISPUTED})
# Nothing of it has left the house, but for what it restates.
OPEN = frozenset({SettlementState.COMPUTED, SettlementState.WITHDRAWN})
UNSENT = OPEN | {SettlementState.CLOSED}  # what a transaction carries cannot become so
# Nothing of it is on its way: another price takes its place, of what is at an end as a restatement.
ENDS = frozenset({SettlementState.FINAL, SettlementState.VOIDED})
PRICEABLE = OPEN | ENDS
DONE = ENDS | {SettlementState.WITHDRAWN, SettlementState.CLOSED}  # nothing is to come of it
ARROWS = frozenset(
    {
        (SettlementState.COMPUTED, SettlementState.REPORTED),
        (SettlementState.COMPUTED, SettlementState.WITHDRAWN),
        (SettlementState.WITHDRAWN, SettlementState.COMPUTED),
        (SettlementState.FINAL, SettlementState.COMPUTED),  # restated: its verdict was revised
        (SettlementState.VOIDED, SettlementState.COMPUTED),
        (SettlementState.COMPUTED, SettlementState.HELD),
        (SettlementState.CLOSED, SettlementState.HELD),  # and yet it was reported, by another
        (SettlementState.REPORTED, SettlementState.DISPUTED),
        (SettlementState.REPORTED, SettlementState.FINAL),
        (SettlementState.REPORTED, SettlementState.VOIDED),
        (SettlementState.REPORTED, SettlementState.HELD),
        (SettlementState.DISPUTED, SettlementState.REPORTED),  # whoever objected took it back
        (SettlementState.DISPUTED, SettlementState.FINAL),
        (SettlementState.DISPUTED, SettlementState.VOIDED),
        (SettlementState.DISPUTED, SettlementState.HELD),
        (SettlementState.FINAL, SettlementState.HELD),  # the chain holds another row by now
        (SettlementState.VOIDED, SettlementState.HELD),
        # A person's acts: to settle it elsewhere, to report it again, or to take over what the chain holds.
        (SettlementState.COMPUTED, SettlementState.CLOSED),
        (SettlementState.HELD, SettlementState.CLOSED),
        (SettlementState.CLOSED, SettlementState.COMPUTED),
        (SettlementState.HELD, SettlementState.COMPUTED),
        (SettlementState.REPORTED, SettlementState.COMPUTED),
        (SettlementState.DISPUTED, SettlementState.COMPUTED),
        (SettlementState.HELD, SettlementState.REPORTED),
        (SettlementState.HELD, SettlementState.DISPUTED),
        (SettlementState.HELD, SettlementState.FINAL),
        (SettlementState.HELD, SettlementState.VOIDED),
    }
)


@dataclass(frozen=True, kw_only=True)
class ChainIdentity:
    """Which contract on which chain, that which settles; part of every settlement's identity."""

    chain_id: int
    contract: str


@dataclass(frozen=True, kw_only=True, order=True)
class SettlementKey:
    """The name of a settlement on chain: which agreement there, which period of its calendar, which of its promises."""

    agreement_id: str
    period_index: int
    slo_index: int

    def id_on(self, chain: ChainIdentity) -> str:
        """Its name off chain."""
        return settlement_id(chain, self.agreement_id, self.period_index, self.slo_index)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the attestors sign and the contract prices: counts of one promise in one period, never percentages.

    The period is an index into the agreement's calendar, the promise its place among the promises of the version that holds for it
    (`Agreement.slo_index`). The first report has revision 1; each later one of the same settlement the next.
    """

    agreement_id: str  # on chain: `agreement_key`
    period_index: int
    slo_index: int
    revision: int
    good: int
    valid: int
    document_hash: str

    @property
    def key(self) -> SettlementKey:
        return SettlementKey(agreement_id=self.agreement_id, period_index=self.period_index, slo_index=self.slo_index)

    @property
    def commitment(self) -> str:
        """What the contract keeps of it: the high 20 bytes of its EIP-712 struct hash."""
        numbers = (self.period_index, self.slo_index, self.revision, self.good, self.valid)
        words = [keccak(ROW_TYPE.encode()), _bytes(self.agreement_id), *map(_word, numbers), _bytes(self.document_hash)]
        return "0x" + keccak(b"".join(words))[:COMMITMENT_BYTES].hex()


def agreement_key(provider_account: str, agreement_id: str) -> str:
    """What the contract calls an agreement, all its versions: `keccak256(abi.encode(provider, reference))`.

    The reference is our id; with the provider in it nobody else can take the name first.
    """
    return "0x" + keccak(_bytes(provider_account) + _bytes(agreement_id)).hex()


def slo_id(label: str) -> str:
    """The contract's id of a promise: keccak-256 of `<slo>/<site>`."""
    return "0x" + keccak(label.encode()).hex()


def settlement_id(chain: ChainIdentity, agreement_key: str, period_index: int, slo_index: int) -> str:
    """keccak-256 of `abi.encode(chainId, contract, agreementId, period, slo)`: the name of a settlement off chain."""
    words = [
        _word(chain.chain_id),
        _bytes(chain.contract),
        _bytes(agreement_key),
        _word(period_index),
        _word(slo_index),
    ]
    return "0x" + keccak(b"".join(words)).hex()


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _bytes(text: str) -> bytes:
    """Hex as one word of the ABI; an account stands in its low bytes."""
    return bytes.fromhex(text.removeprefix("0x")).rjust(32, b"\0")
