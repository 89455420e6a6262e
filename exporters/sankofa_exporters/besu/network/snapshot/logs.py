"""Logs of contracts: strict, because a log that is left out would be an event that never happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sankofa_exporters.besu.rpc.snapshot.consensus_apis import parse_address
from sankofa_exporters.besu.rpc.snapshot.keys import text_of
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import hex_int, text

MAX_LOGS = 10_000  # of one range


class Log(NamedTuple):
    """What is needed of a log."""

    number: int
    address: str
    topic: str
    transaction: str


def parse_logs(value: Any, low: int, high: int) -> list[Log]:
    """`eth_getLogs` of the blocks from `low` to `high`; raises `CollectorError` for a log that is not one of theirs."""
    if not isinstance(value, list):
        raise CollectorError(Kind.DECODE, "eth_getLogs: no list")
    if len(value) > MAX_LOGS:
        raise CollectorError(Kind.LIMIT, f"eth_getLogs: more than {MAX_LOGS} logs; lower logs_range_blocks")
    found: dict[tuple[int, str, int], Log] = {}
    for item in value:
        if isinstance(item, Mapping) and item.get("removed") is True:
            continue
        index, log = _log(item)
        if not low <= log.number <= high:
            raise CollectorError(Kind.DECODE, "eth_getLogs: a log of another block than those asked for")
        found[log.number, log.transaction, index] = log
    return list(found.values())


def _log(item: Any) -> tuple[int, Log]:
    fields = item if isinstance(item, Mapping) else {}
    number, index = hex_int(fields.get("blockNumber")), hex_int(fields.get("logIndex"))
    topics, transaction = fields.get("topics"), text(fields.get("transactionHash"))
    if number is None or index is None or transaction is None or not isinstance(topics, list):
        raise CollectorError(Kind.DECODE, "eth_getLogs: a log without block, index, transaction or topics")
    topic = topics[0].lower() if topics and isinstance(topics[0], str) else ""
    address = text_of(parse_address(fields.get("address"), "eth_getLogs"))
    return index, Log(number=number, address=address, topic=topic, transaction=transaction)
