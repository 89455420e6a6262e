"""A head without number and time is no head; every quantity is a hex string and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.besu.node.snapshot import Head, parse_head, parse_quantity, parse_sync
from sankofa_exporters.besu.node.verdict import head_verdict
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.source import Verdict
from sankofa_exporters.reading.coerce import hex_int

from .recorded import HEAD_AT, recorded_head


def test_head_reads_what_the_verdict_needs() -> None:
    """The recorded block becomes four values."""
    assert parse_head(recorded_head()) == Head(number=87, timestamp=HEAD_AT, transactions=2, gas_used_ratio=0.5)


@pytest.mark.parametrize(
    "block",
    [None, [], "0x1", {}, {"number": "0x1"}, {"timestamp": "0x1"}, {"number": 1, "timestamp": "0x1"},
     {"number": "0x1", "timestamp": "0xffffffffffff"}, {"number": None, "timestamp": "0x1"}],
)  # fmt: skip
def test_head_refuses_a_block_without_number_or_time(block: Any) -> None:
    """Pending, absent and absurd blocks are unreadable."""
    with pytest.raises(CollectorError) as caught:
        parse_head(block)

    assert caught.value.failure.kind is Kind.DECODE


@pytest.mark.parametrize("changes", [{"transactions": None}, {"gasLimit": "0x0"}, {"gasUsed": "much"}])
def test_head_may_lack_what_only_describes(changes: dict[str, Any]) -> None:
    """Missing transactions or gas leave the head readable."""
    head = parse_head({**recorded_head(), **changes})

    assert head.number == 87
    assert None in {head.transactions, head.gas_used_ratio}


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (0, Verdict.UP),
        (60, Verdict.UP),
        (60.5, Verdict.DOWN),
        (1e9, Verdict.DOWN),
        (-15, Verdict.UP),
        (-16, Verdict.UNKNOWN),
    ],
)
def test_verdict_is_the_age_of_the_head(age: float, verdict: Verdict) -> None:
    """Young is up, old is down, from the future is unknown: two clocks disagree."""
    head = Head(number=1, timestamp=1_000_000, transactions=0, gas_used_ratio=0)

    assert head_verdict(head, now=1_000_000 + age, max_age_seconds=60, max_skew_seconds=15) is verdict


def test_verdict_without_a_head_is_unknown() -> None:
    """No head is never down."""
    assert head_verdict(None, now=0, max_age_seconds=60, max_skew_seconds=15) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("value", "syncing"),
    [
        (False, False),
        ({"currentBlock": "0x1", "highestBlock": "0x2"}, True),
        ({"currentBlock": "0x2", "highestBlock": "0x2"}, False),
    ],
)
def test_syncing_means_blocks_are_missing(*, value: Any, syncing: bool) -> None:
    """An object that Besu left behind with current == highest is not syncing."""
    assert parse_sync(value).syncing is syncing


@pytest.mark.parametrize("value", [True, None, "false", {}, {"currentBlock": "0x1"}])
def test_syncing_refuses_what_it_does_not_know(value: Any) -> None:
    """Neither false nor a whole object is no answer."""
    with pytest.raises(CollectorError):
        parse_sync(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [("0x0", 0), ("0xff", 255), ("0xFF", 255), ("0x", None), ("0x1_0", None), ("0x-1", None), ("12", None), (12, None),
     ("0x" + "f" * 64, 2**256 - 1), ("0x" + "f" * 65, None), ("0x 1", None), (None, None)],
)  # fmt: skip
def test_quantity_is_a_hex_string_of_at_most_256_bits(value: Any, number: int | None) -> None:
    """Decimal, signed, underscored and oversized numbers are not quantities."""
    assert hex_int(value) == number


def test_quantity_names_its_method_when_it_is_none() -> None:
    """The reason names the method whose answer could not be read."""
    with pytest.raises(CollectorError, match="eth_gasPrice: not a quantity"):
        parse_quantity("many", "eth_gasPrice")
