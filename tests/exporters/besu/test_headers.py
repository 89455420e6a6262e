"""Headers of foreign chains give their hash, their proposer and their signers; one changed bit and nothing is believed."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.besu.network.snapshot.headers import NO_ADDRESS, parse_header
from sankofa_exporters.besu.rpc.snapshot.dialects import Undecodable, decode_extra
from sankofa_exporters.besu.rpc.snapshot.keys import address_of, keccak256, recover
from sankofa_exporters.model.failure import CollectorError, Kind
from tests.exporters.mutation import HOSTILE

from .vectors import FOREIGN, GENESES, LAB, LAB_KEYS, Foreign, vector


def short(address: bytes) -> str:
    return address.hex()[:8]


@pytest.mark.parametrize("known", FOREIGN, ids=lambda known: known.name)
def test_foreign_block_is_read_as_its_chain_made_it(known: Foreign) -> None:
    """Hash, dialect, round, proposer, validators and committers of a block that we did not make."""
    block = vector(known.name)
    header = parse_header(block)

    assert "0x" + header.hash.hex() == block["hash"]
    assert (header.dialect, header.round, short(header.proposer)) == (known.dialect, known.round, known.proposer)
    assert tuple(map(short, header.validators)) == known.validators
    assert frozenset(map(short, header.committers)) == known.committers
    assert header.signers == header.committers  # no seal is of somebody else


@pytest.mark.parametrize("name", GENESES)
def test_foreign_genesis_hashes_as_it_stands(name: str) -> None:
    """A genesis is hashed without any rule of a dialect, later header fields included, and nobody proposed it."""
    block = vector(name)
    header = parse_header(block)

    assert "0x" + header.hash.hex() == block["hash"]
    assert (header.number, header.proposer, header.signers) == (0, NO_ADDRESS, frozenset())


def test_seals_are_recovered_from_what_was_signed_and_not_from_the_hash() -> None:
    """Whoever recovers from the block's hash finds strangers, as a well-known tutorial does; something else was signed."""
    block = vector(LAB)
    header = parse_header(block)
    seals = decode_extra(bytes.fromhex(block["extraData"][2:])).seals
    from_hash = [recover(seal, header.hash) for seal in seals]

    assert header.committers == {key.address for key in LAB_KEYS[1:]}
    assert not header.committers & set(from_hash)


def test_commit_seal_signs_what_a_light_client_states() -> None:
    """The message that the seals of a QBFT block sign is the one that another project states for it."""
    block = vector("qbft_network_7528")
    extra = decode_extra(bytes.fromhex(block["extraData"][2:]))
    signers = parse_header(block).signers
    message = bytes.fromhex("75ea184f58cd3f0ef89032a069df01f07ec524ef3a85cf6d3e424d62130c0a32")

    assert {recover(seal, message) for seal in extra.seals} == signers


CHANGES: list[tuple[str, Any]] = [
    ("parentHash", "0x" + "11" * 32), ("stateRoot", "0x" + "11" * 32), ("timestamp", "0x1"), ("gasUsed", "0x1"),
    ("miner", "0x" + "11" * 20), ("hash", "0x" + "11" * 32), ("baseFeePerGas", "0x7"), ("withdrawalsRoot", "0x" + "00" * 32),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), CHANGES)
@pytest.mark.parametrize("name", ["qbft_london_58866", LAB, "ibft1_autonity_38", "clique_rinkeby_30000"])
def test_header_that_does_not_hash_to_its_hash_is_not_believed(name: str, field: str, value: Any) -> None:
    """Any field that is under the hash, changed, appended or the hash itself: decode."""
    later = field == "withdrawalsRoot"
    block = {**vector(name), field: value, **({"baseFeePerGas": "0x0"} if later else {})}
    with pytest.raises(CollectorError, match="decode: block") as caught:
        parse_header(block)

    assert caught.value.failure.kind is Kind.DECODE


@pytest.mark.parametrize(
    ("name", "written", "lying"),
    [("qbft_network_7528", "c001f8c9", "c005f8c9"), (LAB, "808400000001f8c9", "808400000007f8c9")],
)
def test_round_that_the_seals_did_not_sign_is_not_believed(name: str, written: str, lying: str) -> None:
    """The round is outside the hash: only the seals prove it, and they are of nobody once it is changed."""
    block = vector(name)
    assert written in block["extraData"]
    with pytest.raises(CollectorError, match="0 of 4 validators can be seen in its seals"):
        parse_header({**block, "extraData": block["extraData"].replace(written, lying)})


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["number", "timestamp", "extraData", "miner", "logsBloom", "hash", "difficulty"])
def test_hostile_field_is_decode_and_nothing_else(field: str, value: Any) -> None:
    """Whatever stands in a field, the header is refused with the one error that means a wrong answer."""
    with pytest.raises(CollectorError) as caught:
        parse_header({**vector("qbft_london_58866"), field: value})

    assert caught.value.failure.kind is Kind.DECODE


@pytest.mark.parametrize(
    "extra",
    [
        b"", bytes(32), bytes(96), bytes(97), b"\xf8" * 96, b"\xc0", b"\x80", b"\xf8\x7e" + bytes(126), b"\xc0" * 40_000,
        b"\xf9\xff\xff", b"\xff" * 1_000, bytes.fromhex("c5") * 2_000, bytes(70_000),
    ],
)  # fmt: skip
def test_extra_data_of_no_dialect_is_undecodable(extra: bytes) -> None:
    """Empty, short, long, nested without end or cut: no dialect, and no other exception."""
    with pytest.raises(Undecodable):
        decode_extra(extra)


def test_node_id_is_the_key_of_an_address() -> None:
    """The address of the key whose private number is 1, known to everybody."""
    key = bytes.fromhex(
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    )

    assert address_of(key).hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"


@pytest.mark.parametrize("seal", [b"", bytes(65), bytes(64) + b"\x05", b"\xff" * 65, bytes(64) + b"\x1b", bytes(66)])
def test_seal_that_is_no_signature_has_no_signer(seal: bytes) -> None:
    """Zeros, numbers out of range, a recovery id that does not exist."""
    assert recover(seal, keccak256(b"")) is None
