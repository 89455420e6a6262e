"""What the contract calls an agreement and a settlement, and what it keeps of a row: as its own encodings compute them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.adapters.contract import typed_batch
from sankofa_observe.ports import AttestorSet
from sankofa_observe.sla.settlement import ROW_TYPE, Row, agreement_key, settlement_id
from sankofa_observe.verify.row import Row as SecondRow
from tests import builders

ROW = Row(
    agreement_id=builders.digest_of("agreement"),
    period_index=7,
    slo_index=2,
    revision=3,
    good=2**64 - 1,
    valid=2**64 - 1,
    document_hash=builders.digest_of("document"),
)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_a_settlement_id_is_five_words() -> None:
    """keccak-256 of abi.encode of chain, contract, agreement, period and promise; nothing of time, revision or caller is in it."""
    types = ["uint256", "address", "bytes32", "uint32", "uint8"]
    values = [builders.CHAIN.chain_id, builders.CHAIN.contract, _bytes(ROW.agreement_id), 7, 2]
    found = settlement_id(builders.CHAIN, ROW.agreement_id, 7, 2)

    assert "0x" + keccak(encode(types, values)).hex() == found


def test_an_agreement_is_known_on_chain_by_its_provider_and_our_id() -> None:
    """One key for all versions, and another for whoever else proposes under the same id."""
    made = builders.agreement()
    expected = keccak(encode(["address", "bytes32"], [made.provider_account, _bytes(made.id)]))

    assert "0x" + expected.hex() == agreement_key(made.provider_account, made.id) == made.key
    assert replace(made, version=2).key == made.key != replace(made, provider_account="0x" + "12" * 20).key


hashes = st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex())
rows = st.builds(
    Row,
    agreement_id=hashes,
    period_index=st.integers(0, 2**32 - 1),
    slo_index=st.integers(0, 255),
    revision=st.integers(1, 31),
    good=st.integers(0, 2**64 - 1),
    valid=st.integers(0, 2**64 - 1),
    document_hash=hashes,
)


@given(rows)
def test_a_commitment_is_of_the_hash_that_an_attestor_signs(row: Row) -> None:
    """The high 20 bytes of the EIP-712 struct hash, found by another implementation; the verifier finds the same."""
    types = ["bytes32", "bytes32", "uint32", "uint8", "uint8", "uint64", "uint64", "bytes32"]
    numbers = (row.period_index, row.slo_index, row.revision, row.good, row.valid)
    words = [keccak(ROW_TYPE.encode()), _bytes(row.agreement_id), *numbers, _bytes(row.document_hash)]
    second = SecondRow(
        agreement=row.agreement_id,
        period=row.period_index,
        slo=row.slo_index,
        good=row.good,
        valid=row.valid,
        document_hash=row.document_hash,
    )

    assert row.commitment == "0x" + keccak(encode(types, words))[:20].hex() == second.commitment(row.revision)
    assert second.settlement_id(**vars(builders.CHAIN)) == settlement_id(
        builders.CHAIN, row.agreement_id, row.period_index, row.slo_index
    )


def test_a_batch_is_signed_by_the_rows_that_are_committed_to() -> None:
    """The typed data of a batch names the type of which the commitment is made, and one row hashes to it."""
    members = AttestorSet(members=(), threshold=1, epoch=2, config_digest=builders.digest_of("set"))
    document = typed_batch([ROW], members, builders.CHAIN)
    fields = ",".join(f"{one['type']} {one['name']}" for one in document["types"]["Row"])
    types = {name: document["types"][name] for name in ("EIP712Domain", "Row")}
    row = {**document, "types": types, "primaryType": "Row", "message": document["message"]["rows"][0]}
    alone = encode_typed_data(full_message=row)

    assert f"Row({fields})" == ROW_TYPE
    assert ROW.commitment == "0x" + alone.body[:20].hex()


@pytest.mark.parametrize(
    "change", [{"period_index": 8}, {"slo_index": 3}, {"revision": 4}, {"good": 1}, {"document_hash": "0x" + "00" * 32}]
)
def test_a_commitment_is_of_every_field(change: dict[str, object]) -> None:
    assert replace(ROW, **change).commitment != ROW.commitment  # type: ignore[arg-type]
