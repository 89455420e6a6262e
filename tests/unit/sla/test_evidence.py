"""Evidence, roots and identities."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785
from eth_abi.abi import encode
from eth_hash.auto import keccak

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.sla import evidence
from sankofa_observe.sla.settlement import ARROWS, SettlementState, settlement_id, slo_id
from tests import builders


def test_a_settlement_id_is_what_the_contract_computes() -> None:
    """keccak-256 of abi.encode of chain, contract, agreement, promise and period; nothing of time or caller is in it."""
    agreement, period = builders.digest_of("agreement"), builders.period()
    types = ["uint256", "address", "bytes32", "bytes32", "uint48", "uint48"]
    promise = slo_id("availability-edge/edge-1")
    values = [
        builders.CHAIN.chain_id,
        builders.CHAIN.contract,
        bytes.fromhex(agreement[2:]),
        keccak(b"availability-edge/edge-1"),
        period.starts_at,
        period.ends_at,
    ]

    assert "0x" + keccak(encode(types, values)).hex() == settlement_id(builders.CHAIN, agreement, promise, period)


def _slow_root(leaves: list[bytes]) -> bytes:
    """The same tree, by recursion over pairs from the left."""
    if len(leaves) == 1:
        return leaves[0]
    pairs = [leaves[n : n + 2] for n in range(0, len(leaves), 2)]
    return _slow_root([keccak(min(p) + max(p)) if len(p) == 2 else p[0] for p in pairs])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 10])
def test_a_root_is_that_of_an_independent_tree(count: int) -> None:
    """For any number of slots the root is that of a second implementation."""
    slots = builders.slots_of(bad=3)[:count]
    leaves = [keccak(keccak(rfc8785.dumps([n, *evidence.slot_row(slot)]))) for n, slot in enumerate(slots)]

    assert "0x" + _slow_root(leaves).hex() == evidence.slot_root(slots)


def test_the_order_and_the_content_of_slots_are_in_the_root() -> None:
    """Another order, one slot less, or one changed count is another root."""
    slots = builders.slots_of(bad=2)
    others = [
        [*slots[1:], slots[0]],
        slots[:-1],
        [builders.slot(slots[0].starts_at, good=3, valid=4), *slots[1:]],
    ]

    assert len(others) + 1 == len({evidence.slot_root(one) for one in [slots, *others]})


def test_a_digest_is_the_sha256_of_the_canonical_bytes() -> None:
    """Any tool that hashes the file finds the digest; keys are in order whatever order they were put in."""
    one, other = {"b": 1, "a": [2, "x"]}, {"a": [2, "x"], "b": 1}

    assert evidence.canonical(one) == b'{"a":[2,"x"],"b":1}'
    assert "0x" + hashlib.sha256(evidence.canonical(other)).hexdigest() == evidence.digest(one)


def test_bytes_that_are_not_canonical_are_refused() -> None:
    """The same document with another spacing is not the archived one."""
    raw = evidence.canonical({"a": 1})

    assert evidence.parse(raw) == {"a": 1}
    with pytest.raises(InvariantBroken, match="canonical"):
        evidence.parse(raw.replace(b":", b": "))


def test_raw_samples_are_kept_of_every_slot_that_is_not_good() -> None:
    """GOOD slots speak for themselves; all others carry what they were counted from."""
    kept = evidence.raw_samples(builders.slots_of(bad=2))

    assert [start for start, _ in kept] == [builders.START, builders.START + 60]


def test_a_settlement_never_leaves_an_end() -> None:
    """FINAL, VOIDED and HELD have no arrow out, and nothing comes back to COMPUTED."""
    ends = {SettlementState.FINAL, SettlementState.VOIDED, SettlementState.HELD}

    assert set() == {start for start, _ in ARROWS} & ends
    assert SettlementState.COMPUTED not in {end for _, end in ARROWS}
