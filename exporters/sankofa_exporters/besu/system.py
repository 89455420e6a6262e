"""Besu as a system of the exporter: a target with an endpoint is a node, one with witnesses is a network."""

from __future__ import annotations

from sankofa_exporters.besu.families import FAMILIES
from sankofa_exporters.besu.network.client.witnesses import Witness
from sankofa_exporters.besu.network.system.source import NetworkSource
from sankofa_exporters.besu.node.system.latency import CallLatency
from sankofa_exporters.besu.node.system.source import BesuSource
from sankofa_exporters.besu.rpc.client import RpcClient
from sankofa_exporters.besu.rpc.settings import NodeAddress
from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.signals import SIGNALS
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.registry import System


def open_source(module: BesuModule, target: BesuTarget, bounds: Bounds) -> BesuSource | NetworkSource:
    if target.node is not None:
        latency = CallLatency.of(module)
        client = _client(target.node, module, bounds)
        return BesuSource(client=client, module=module, role=target.role, latency=latency)
    witnesses = [Witness(name=name, client=_client(where, module, bounds)) for name, where in target.witnesses.items()]
    return NetworkSource.of(witnesses, module)


def _client(where: str | NodeAddress, module: BesuModule, bounds: Bounds) -> RpcClient:
    return RpcClient(http=module.open_client(), access=module.access(where), body_bytes=bounds.body_bytes)


SYSTEM = System(
    name="besu",
    title="Sankofa Besu exporter",
    default_address=":9546",
    module_type=BesuModule,
    target_type=BesuTarget,
    open=open_source,
    families=FAMILIES,
    signals=SIGNALS,
    upstream_job="besu",
)
