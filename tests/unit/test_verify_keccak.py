"""The verifier's own keccak-256 is the one that Ethereum has."""

from __future__ import annotations

from eth_hash.auto import keccak as theirs
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.verify.keccak import keccak


def test_keccak_of_nothing_is_the_known_one() -> None:
    """From the Yellow Paper: the hash of no bytes."""
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@given(data=st.binary(max_size=500))
def test_keccak_is_that_of_an_independent_implementation(data: bytes) -> None:
    """Whatever the length: less than a block, exactly one, several."""
    for padded in (data, data + bytes(135 - len(data) % 136), data + bytes(136 - len(data) % 136)):
        assert keccak(padded) == theirs(padded)
