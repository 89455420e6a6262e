"""A network's witness that says anything, or changes single bytes: it costs that witness, and makes no up, round or validator."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exporters.mutation import CASES, HOSTILE

from .spoiled_witness import check, network

METHODS = (
    "eth_getBlockByNumber",
    "eth_chainId",
    "eth_getLogs",
    "eth_getTransactionReceipt",
    "eth_getBlockReceipts",
    "txpool_besuStatistics",
    "txpool_status",
    "qbft_getValidatorsByBlockNumber",
)


@settings(max_examples=CASES, deadline=None)
@given(answers=st.dictionaries(st.sampled_from(METHODS), st.sampled_from(HOSTILE), min_size=1), old=st.booleans())
def test_hostile_answers_of_a_witness_cost_that_witness(answers: dict[str, Any], old: bool) -> None:  # noqa: FBT001
    """Any method may answer anything."""
    check("qbft", answers, old=old)


def extra_data(changes: list[tuple[int, int]]) -> dict[str, Any]:
    block = dict(network("qbft").nodes["validator-3"].head.document())
    raw = bytearray.fromhex(block["extraData"][2:])
    for at, value in changes:
        raw[at % len(raw)] = value
    return {**block, "extraData": "0x" + raw.hex()}


@settings(max_examples=CASES, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4), old=st.booleans())
def test_single_bytes_of_extra_data_are_under_hash_or_seal(changes: list[tuple[int, int]], old: bool) -> None:  # noqa: FBT001
    """Whatever byte of round, vote, validators or seals is changed: no round, no validator and no up that is not there."""
    check("qbft", {"eth_getBlockByNumber": extra_data(changes)}, old=old)
