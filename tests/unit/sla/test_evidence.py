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
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import Edges
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
        [builders.slot(slots[0].starts_at, good=3, bad=1), *slots[1:]],
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


def test_proofs_are_kept_of_every_slot_that_is_not_good() -> None:
    """GOOD slots speak for themselves; all others carry what their figures follow from."""
    slots = builders.slots_of(bad=2)
    kept = evidence.proofs(slots)

    assert [start for start, _ in kept] == [builders.START, builders.START + 60]
    assert kept[0][1] == [
        ["sankofa-proxmox/pve", [[(builders.START + at) * 1000, int(at > 0)] for at in range(0, 60, 15)]]
    ]


def test_a_row_has_every_figure_of_its_slot() -> None:
    """Twelve values in the order of the format; no figure of a slot is left to a reader's guess."""
    slot = builders.slot(
        builders.START,
        good=1,
        bad=-2,
        hidden=3,
        blind=4,
        over_good=5,
        over_bad=-6,
        over_hidden=7,
        settling=8,
        expected=9,
        seen=2,
    )

    assert evidence.slot_row(slot) == [builders.START, 1, -2, 3, 4, 5, -6, 7, 8, 9, 2, "GOOD"]


def test_edges_have_what_stands_outside_the_period() -> None:
    """What its first and last row hold themselves is not said twice."""
    edges = Edges(over_good=1, over_bad=2, settled=3, after_good=4, after_bad=-5, after_hidden=2**53, settling=7)

    assert evidence.edge_row(edges) == [3, 4, -5, str(2**53)]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, 0),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (1 - 2**53, 1 - 2**53),
        (-(2**53), "-9007199254740992"),
    ],
)
def test_a_count_that_a_reader_would_round_is_text(number: int, written: int | str) -> None:
    """Up to 2^53 - 1 every reader of JSON keeps a whole number; above it a count is written as text, in proofs as well."""
    slot = builders.slot(builders.START, SlotState.BAD, good=abs(number), proof=(("source", ((number, 0),)),))

    assert evidence.exact(number) == written
    assert evidence.proofs([slot]) == [[builders.START, [["source", [[written, 0]]]]]]
    assert evidence.parse(evidence.canonical({"rows": [evidence.slot_row(slot)]}))["rows"][0][1] == evidence.exact(
        abs(number)
    )


def test_a_settlement_never_leaves_an_end() -> None:
    """FINAL, VOIDED and HELD have no arrow out, and nothing comes back to COMPUTED."""
    ends = {SettlementState.FINAL, SettlementState.VOIDED, SettlementState.HELD}

    assert set() == {start for start, _ in ARROWS} & ends
    assert SettlementState.COMPUTED not in {end for _, end in ARROWS}
