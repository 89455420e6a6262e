"""The row of a settlement, as the contract knows it: its name, and what the contract keeps of one revision."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sankofa_observe.verify.keccak import keccak

TYPE = b"Row(bytes32 agreementId,uint32 period,uint8 slo,uint8 revision,uint64 good,uint64 valid,bytes32 documentHash)"
COMMITMENT_BYTES = 20
REVISIONS = range(1, 32)  # that a settlement may have


@dataclass(frozen=True, kw_only=True)
class Row:
    """One promise in one period; `period` and `slo` are indices into the calendar and the promises of the agreement."""

    agreement: str
    period: int
    slo: int
    good: int
    valid: int
    document_hash: str

    def with_counts(self, good: int, valid: int, document_hash: str) -> Row:
        """Another row of the same settlement."""
        return replace(self, good=good, valid=valid, document_hash=document_hash)

    def commitment(self, revision: int) -> str:
        """The high 20 bytes of the EIP-712 hash of the row in this revision: what the contract keeps."""
        numbers = (self.period, self.slo, revision, self.good, self.valid)
        words = [keccak(TYPE), _bytes(self.agreement), *map(_word, numbers), _bytes(self.document_hash)]
        return "0x" + keccak(b"".join(words))[:COMMITMENT_BYTES].hex()

    def settlement_id(self, chain_id: int, contract: str) -> str:
        """keccak-256 of chain, contract, agreement, period and promise."""
        words = [_word(chain_id), _word(int(contract, 16)), _bytes(self.agreement), _word(self.period), _word(self.slo)]
        return "0x" + keccak(b"".join(words)).hex()


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
