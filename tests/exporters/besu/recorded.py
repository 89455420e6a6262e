"""Recorded payloads, and a Besu source that asks a double."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.system import BesuSource, open_source
from sankofa_exporters.bounds import Bounds
from sankofa_exporters.budget import Budget
from sankofa_exporters.runtime import Report, probe

_HEAD = json.loads((Path(__file__).parent / "payloads" / "head.json").read_text())
HEAD_AT = int(_HEAD["timestamp"], 16)


def recorded_head() -> dict[str, Any]:
    head: dict[str, Any] = copy.deepcopy(_HEAD)
    return head


def fresh_head() -> dict[str, Any]:
    return {**recorded_head(), "timestamp": hex(int(time.time()))}


def healthy() -> dict[str, Any]:
    """What every method of a healthy node answers."""
    return {
        "eth_getBlockByNumber": fresh_head,
        "eth_chainId": "0x7e5",
        "web3_clientVersion": "besu/v26.3.0/linux-x86_64/openjdk-java-21",
        "net_peerCount": "0x3",
        "eth_syncing": False,
        "eth_gasPrice": "0x3e8",
        "eth_call": "0x",
    }


@asynccontextmanager
async def opened(endpoint: str, **module: Any) -> AsyncIterator[BesuSource]:
    source = open_source(BesuModule(**module), BesuTarget(module="m", endpoint=endpoint), Bounds())
    try:
        yield source
    finally:
        await source.close()


async def probed(source: BesuSource, *, seconds: float = 3, now: Callable[[], float] = time.time) -> Report:
    return await probe(source, budget=Budget.of(seconds), bounds=Bounds(), now=now)


def values(report: Report) -> dict[tuple[str, ...], Any]:
    return {(sample.family.name.removeprefix("sankofa_"), *sample.labels): sample.value for sample in report.samples}
