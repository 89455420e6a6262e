"""The lab's chain writes headers as foreign chains and documents do: built anew from their parts, they are the same bytes.

The lab and the exporter share no line, and each is held against blocks that neither of them made.
"""

from __future__ import annotations

from typing import Any

import pytest

from deploy.lab.bft.sealing import Block, Key, rlp
from sankofa_exporters.besu.network.snapshot.headers import parse_header
from sankofa_exporters.besu.rpc.snapshot.dialects import decode_extra

from .vectors import FOREIGN, vector

OURS = [known.name for known in FOREIGN if known.dialect == "qbft"]


def rebuilt(block: dict[str, Any]) -> Block:
    """The lab's block out of a foreign block's parts; only `extraData` is taken apart with the exporter's reader."""
    words = {
        name: bytes.fromhex(text[2:]) for name, text in block.items() if isinstance(text, str) and len(text) % 2 == 0
    }
    extra = decode_extra(words["extraData"])
    return Block(
        dialect=extra.dialect,
        number=int(block["number"], 16),
        parent_hash=words["parentHash"],
        timestamp=int(block["timestamp"], 16),
        proposer=words["miner"],
        validators=extra.validators,
        vote=None,
        round=extra.round or 0,
        seals=extra.seals,
        gas_used=int(block["gasUsed"], 16),
        gas_limit=int(block["gasLimit"], 16),
        state_root=words["stateRoot"],
        base_fee=int(block["baseFeePerGas"], 16) if "baseFeePerGas" in block else None,
        roots=(words["transactionsRoot"], words["receiptsRoot"]),
        bloom=words["logsBloom"],
    )


@pytest.mark.parametrize("name", OURS)
def test_lab_writes_a_foreign_block_as_its_chain_did(name: str) -> None:
    """The same hash and the same extraData, byte for byte."""
    block = vector(name)
    found = rebuilt(block)

    assert ("0x" + found.hash.hex(), "0x" + found.extra_data.hex()) == (block["hash"], block["extraData"])


def test_lab_signs_the_message_that_a_light_client_states() -> None:
    """What a commit seal of the lab signs is what another project states for a QBFT block of round 1."""
    message = rebuilt(vector("qbft_network_7528")).commit_message

    assert message.hex() == "75ea184f58cd3f0ef89032a069df01f07ec524ef3a85cf6d3e424d62130c0a32"


VOTE_AND_SEALS = (
    "f8f0a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20ea940000000000000000"
    "000000000000000000000001940000000000000000000000000000000000000002d7940000000000000000"
    "00000000000000000000000181ff83fedcbaf886b841000000000000000000000000000000000000000000"
    "0000000000000000000001000000000000000000000000000000000000000000000000000000000000000a"
    "00b841000000000000000000000000000000000000000000000000000000000000000a0000000000000000"
    "00000000000000000000000000000000000000000000000100"
)


def test_extra_data_of_besus_own_test_is_read() -> None:
    """Besu's published vector of QBFT with a vote to add, a round and two seals (QbftExtraDataCodecTest)."""
    extra = decode_extra(bytes.fromhex(VOTE_AND_SEALS))
    one, two = (number.to_bytes(20, "big") for number in (1, 2))

    assert (extra.dialect, extra.validators, extra.round) == ("qbft", (one, two), 0xFEDCBA)
    assert extra.vote == (one, True)
    assert [int.from_bytes(seal[:32], "big") for seal in extra.seals] == [1, 10]


DOCUMENTED_IBFT2 = (
    "f83ea00000000000000000000000000000000000000000000000000000000000000000"
    "d594c2ab482b506de561668e07f04547232a72897daf808400000000c0"
)


def test_extra_data_of_besus_documentation_is_read_and_written() -> None:
    """IBFT2, by the genesis in "Configure IBFT 2.0 consensus": one validator, no vote, round 0 in four bytes, no seals."""
    written = bytes.fromhex(DOCUMENTED_IBFT2)
    extra = decode_extra(written)
    genesis = Block(
        dialect="ibft2", number=0, parent_hash=bytes(32), timestamp=0, proposer=bytes(20), validators=extra.validators
    )

    assert (extra.dialect, extra.round, extra.vote, extra.seals) == ("ibft2", 0, None, ())
    assert [one.hex() for one in extra.validators] == ["c2ab482b506de561668e07f04547232a72897daf"]
    assert genesis.extra_data == written


@pytest.mark.parametrize("dialect", ["qbft", "ibft2"])
@pytest.mark.parametrize("vote", [None, (b"\x07" * 20, True), (b"\x07" * 20, False)])
@pytest.mark.parametrize("number", [0, 1, 127, 128, 300])
def test_exporter_reads_what_the_lab_signs(dialect: str, vote: tuple[bytes, bool] | None, number: int) -> None:
    """Votes, rounds and signers come back as they were written, for both dialects."""
    keys = [Key.of(f"key-{at}") for at in range(5)]
    block = Block(
        dialect=dialect,
        number=9,
        parent_hash=b"\x01" * 32,
        timestamp=1_700_000_000,
        proposer=keys[2].address,
        validators=tuple(sorted(key.address for key in keys)),
        vote=vote,
        round=number,
    ).sealed(keys[:4])
    header = parse_header(block.document())

    assert (header.dialect, header.round, header.vote) == (dialect, number, vote)
    assert header.committers == {key.address for key in keys[:4]}


@pytest.mark.parametrize(
    ("item", "written"),
    [(b"", "80"), (b"\x7f", "7f"), (b"\x80", "8180"), (b"dog", "83646f67"), ([], "c0"), ([b"cat", [b""]], "c68363617 4c180"),
     (b"a" * 56, "b838" + "61" * 56), ([b"a" * 60], "f83eb83c" + "61" * 60)],
)  # fmt: skip
def test_lab_writes_rlp_as_specified(item: Any, written: str) -> None:
    """The examples of the specification, and the border at 55 bytes."""
    assert rlp(item).hex() == written.replace(" ", "")
