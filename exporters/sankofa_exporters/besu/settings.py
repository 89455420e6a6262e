"""What a Besu module and target hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from sankofa_exporters.settings import CaFile, Endpoint, Module, Strict, Target

ZERO_ADDRESS = "0x" + "0" * 40
MAX_CALL_CHARS = 2 + 2 * 65_536


class Call(Strict):
    """The `eth_call` whose latency is measured; the default is the cheapest a node can answer."""

    to: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")] = ZERO_ADDRESS
    data: Annotated[str, StringConstraints(pattern=r"^0x([0-9a-fA-F]{2})*$", max_length=MAX_CALL_CHARS)] = "0x"


class BesuModule(Module):
    """How a group of nodes is asked and when a head counts as old."""

    calls_per_probe: int = Field(default=1, ge=0, le=100)
    call: Call = Call()
    call_timeout_seconds: float = Field(default=5, gt=0.2, le=60)
    max_head_age_seconds: float = Field(default=60, gt=0, le=86_400)
    max_clock_skew_seconds: float = Field(default=15, ge=0, le=3_600)
    ca_file: CaFile | None = None


class BesuTarget(Target):
    """One node's JSON-RPC address."""

    endpoint: Endpoint
