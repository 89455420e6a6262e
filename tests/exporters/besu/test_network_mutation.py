"""Spoiled blocks of a network's witness, key by key: no exception leaves the probe, and no false up."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exporters.mutation import CASES, spoiled

from .spoiled_witness import check, network


@settings(max_examples=CASES, deadline=None)
@given(block=spoiled(network("qbft").nodes["validator-3"].head.document()), old=st.booleans())
def test_spoiled_block_of_qbft_is_never_a_false_up(block: Any, old: bool) -> None:  # noqa: FBT001 - drawn
    """Keys dropped, types changed, texts cut: every block that the third witness tells is this one."""
    check("qbft", {"eth_getBlockByNumber": block}, old=old)


@settings(max_examples=CASES, deadline=None)
@given(block=spoiled(network("ibft2").nodes["validator-3"].head.document()), old=st.booleans())
def test_spoiled_block_of_ibft2_is_never_a_false_up(block: Any, old: bool) -> None:  # noqa: FBT001 - drawn
    """The same of the other dialect."""
    check("ibft2", {"eth_getBlockByNumber": block}, old=old)
