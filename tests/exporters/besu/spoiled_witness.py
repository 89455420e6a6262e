"""A witness whose answers are spoiled, beside honest ones: no exception leaves the probe, no false up, nobody else's families lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from deploy.lab.bft.network import Network
from deploy.lab.bft.rpc import Rpc
from sankofa_exporters.besu.network.client.witnesses import Witness
from sankofa_exporters.besu.network.system.source import NetworkSource
from sankofa_exporters.besu.rpc.client import Access, Call, RpcClient
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.exposition import encode
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget

from .labchain import STARTED
from .recorded import probed, values

SLA = "0x" + "bb" * 20
HONEST = ("validator-1", "validator-2")


@lru_cache(maxsize=2)
def network(dialect: str) -> Network:
    made = Network.of(dialect=dialect, validators=4, backlog=10, clock=lambda: STARTED)
    made.events = [(SLA, "0x" + "01" * 32)]
    made.advance(1)
    made.added_seconds = 0
    return made


class SpoiledClient(RpcClient):
    """A witness without its I/O; what it says to some methods is spoiled."""

    rpc: Rpc
    answers: dict[str, Any]

    async def call(self, method: str, params: list[Any], budget: Budget) -> Any:
        if method in self.answers:
            return self.answers[method]
        document = self.rpc.answer({"id": 1, "method": method, "params": params})
        if "error" in document:
            raise CollectorError(Kind.PERMISSION, method)
        return document["result"]

    async def many(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        found = await asyncio.gather(
            *(self.call(method, params, budget) for method, params in calls), return_exceptions=True
        )
        return [one if not isinstance(one, Exception) or isinstance(one, CollectorError) else None for one in found]


def witness(dialect: str, name: str, answers: dict[str, Any]) -> Witness:
    made = network(dialect)
    client = SpoiledClient(http=None, access=Access(url=name), body_bytes=1)  # type: ignore[arg-type]
    client.rpc, client.answers = Rpc(network=made, node=made.nodes[name]), answers
    return Witness(name=name, client=client)


def check(dialect: str, answers: dict[str, Any], *, old: bool = False) -> None:
    """Two honest witnesses beside the spoiled one; then the spoiled one with one honest, and alone."""
    made = network(dialect)
    now = made.now() + (10_000 if old else 0)
    for honest in (HONEST, HONEST[:1], ()):
        witnesses = [witness(dialect, "validator-3", answers), *(witness(dialect, name, {}) for name in honest)]
        module = BesuModule(window_blocks=8, sla_contracts=(SLA,), contracts={"other": "0x" + "cc" * 20})
        source = NetworkSource.of(witnesses, module)
        object.__setattr__(source, "clock", lambda: now)
        source.contracts.cursor = source.executions.cursor = 5
        report = asyncio.run(probed(source, seconds=60, now=lambda: now))
        found = values(report)
        up, known = found["besu_network_up",], found["besu_network_known",]

        assert (up, known) in {(1, 1), (0, 1), (0, 0)}
        assert not [failure for failure in report.failures.values() if failure.reason.startswith("unexpected")]
        assert list(text_string_to_metric_families(encode(report.samples).body.decode()))
        assert not (known and len(honest) == 0)
        if len(honest) == 2:
            assert (up, known) == ((0, 1) if old else (1, 1))
            assert found["besu_consensus_info", dialect] == 1
            assert found["besu_validators",] == 4
            assert 3 <= found["besu_distinct_committers",] <= 4
            assert not [key for key, value in found.items() if key[0] == "besu_validator_absent" and value]
            assert found["besu_window_rounds",] == 0
