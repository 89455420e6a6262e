"""Ethereum's RLP with types: lists and bytes in, bytes out; whatever cannot be read is a ValueError."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rlp  # type: ignore[import-untyped]


def encode(items: Sequence[Any]) -> bytes:
    """A list of bytes and of such lists."""
    return bytes(rlp.encode(items))


def decode(data: bytes) -> Any:
    """The item that these bytes are, all of them."""
    try:
        return rlp.decode(data)
    except (rlp.exceptions.RLPException, RecursionError, TypeError, IndexError) as error:
        raise ValueError(f"not RLP: {type(error).__name__}") from None
