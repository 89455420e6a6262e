"""Recorded payloads, and a Besu source that asks a double."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deploy.lab.bft.sealing import Key
from sankofa_exporters.besu.node.system.source import BesuSource
from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.system import open_source
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import Report, probe
from sankofa_exporters.probe.source import Source
from tests.pace import limit

_HEAD = json.loads((Path(__file__).parent / "payloads" / "head.json").read_text())
HEAD_AT = int(_HEAD["timestamp"], 16)
KEYS = [Key.of(f"recorded-{number}") for number in range(4)]  # the first is the node's own
VALIDATORS = ["0x" + key.address.hex() for key in KEYS]

# As Besu's BFT options become JSON: camel case, though the genesis file has lower case.
PERIODS = {"epochLength": 30_000, "blockPeriodSeconds": 2, "emptyBlockPeriodSeconds": 30, "requestTimeoutSeconds": 4}


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
        "txpool_besuStatistics": {"maxSize": 4096, "localCount": 1, "remoteCount": 2},
        "qbft_getValidatorsByBlockNumber": VALIDATORS,
        "qbft_getPendingVotes": {VALIDATORS[3]: False},
        "admin_peers": [
            {
                "id": KEYS[1].node_id,
                "name": "besu/v26.3.0/linux-x86_64/openjdk-java-21",
                "enode": f"enode://{KEYS[1].node_id[2:]}@127.0.0.1:30303",
            }
        ],
        "admin_nodeInfo": {
            "id": KEYS[0].node_id[2:],
            "protocols": {"eth": {"config": {"chainId": 2021, "qbft": PERIODS}}},
        },
        "eth_coinbase": VALIDATORS[0],
        "eth_call": "0x",
    }


@asynccontextmanager
async def opened(endpoint: str, *, role: str = "replica", **module: Any) -> AsyncIterator[BesuSource]:
    target = BesuTarget.model_validate({"module": "m", "endpoint": endpoint, "role": role})
    source = open_source(BesuModule(**module), target, Bounds())
    assert isinstance(source, BesuSource)
    try:
        yield source
    finally:
        await source.close()


async def probed(source: Source, *, seconds: float | None = None, now: Callable[[], float] = time.time) -> Report:
    module = getattr(source, "module", None)
    return await probe(
        source,
        budget=Budget.of(limit(3) if seconds is None else seconds),
        bounds=Bounds(),
        now=now,
        skip=module.skip if isinstance(module, BesuModule) else (),
    )


def values(report: Report) -> dict[tuple[str, ...], Any]:
    return {(sample.family.name.removeprefix("sankofa_"), *sample.labels): sample.value for sample in report.samples}
