"""A seed that denies quorum decides alone only when the other seeds had time to answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.proxmox.client import ProxmoxApi, ProxmoxClient, Reply

V = TypeVar("V")
MINORITY = [
    {"type": "cluster", "name": "c", "nodes": 3, "quorate": 0, "version": 1},
    *({"type": "node", "name": f"n{n}", "nodeid": n, "online": int(n == 1), "local": int(n == 1)} for n in (1, 2, 3)),
]


class TwoSeeds(ProxmoxApi):
    """The first is in a minority; the second gives no answer in time, after `blocks` seconds that were our own."""

    blocks: float = 0.0

    async def ask(self, seed: str, path: str, parse: Callable[[Any, float], V], budget: Budget) -> Reply[V]:
        if seed == "https://minority":
            return Reply(value=parse(MINORITY, 0.0), clock=0.0)
        time.sleep(self.blocks)  # noqa: ASYNC251 - the loop stands
        raise CollectorError(Kind.TIMEOUT, "no complete answer in time")


def client(blocks: float) -> ProxmoxClient:
    seeds = TwoSeeds(
        http=None,  # type: ignore[arg-type]
        endpoints=("https://minority", "https://other"),
        token_file=Path("/none"),
        body_bytes=1,
    )
    seeds.blocks = blocks
    return ProxmoxClient(cluster=seeds, nodes=seeds)


async def test_minority_is_not_believed_while_we_left_the_other_seed_no_time() -> None:
    """The wait was our own: the timeout is the failure, and the cluster is unknown instead of down."""
    with pytest.raises(CollectorError, match="timeout"):
        await client(blocks=0.4).cluster_status(Budget.of(5), None)


async def test_minority_is_believed_when_the_other_seed_is_silent() -> None:
    """Without a delay of ours nobody contradicts it: the cluster does not serve."""
    assert (await client(blocks=0).cluster_status(Budget.of(5), None)).serves is False
