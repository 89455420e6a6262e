"""What a Besu module and target hold. A target is one node, or a network seen through several nodes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from sankofa_exporters.besu.node.families import CALL_BUCKETS, CALL_OBJECTIVE_SECONDS
from sankofa_exporters.config.settings import CaFile, Endpoint, Module, Name, Strict, Target

ZERO_ADDRESS = "0x" + "0" * 40
MAX_CALL_CHARS = 2 + 2 * 65_536
EMPTY_PERIODS = 3  # one empty block may be late, and a round may fail
Address = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$", to_lower=True)]
EventSignature = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_]\w{0,63}\([a-z0-9\[\],()]{0,512}\)$", max_length=600)
]
Role = Literal["validator", "replica", "light"]
Skipped = Literal["chain", "peers", "sync", "gas_price", "txpool", "validators", "votes", "validator_peers"]


class Call(Strict):
    """The `eth_call` whose latency is measured; the default is the cheapest a node can answer."""

    to: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")] = ZERO_ADDRESS
    data: Annotated[str, StringConstraints(pattern=r"^0x([0-9a-fA-F]{2})*$", max_length=MAX_CALL_CHARS)] = "0x"


class BesuModule(Module):
    """How a group of nodes is asked, when a head counts as old, and what of a network is watched."""

    SKIPPABLE: ClassVar[tuple[str, ...]] = get_args(Skipped)

    calls_per_probe: int = Field(default=1, ge=0, le=100)
    call: Call = Call()
    call_timeout_seconds: float = Field(default=5, gt=0.2, le=60)
    call_objective_seconds: float = CALL_OBJECTIVE_SECONDS  # the bound that the promise is about
    max_head_age_seconds: float = Field(default=60, gt=0, le=86_400)
    empty_block_period_seconds: float = Field(default=0, ge=0, le=86_400)
    max_clock_skew_seconds: float = Field(default=15, ge=0, le=3_600)
    ca_file: CaFile | None = None
    consensus: Literal["auto", "none"] = "auto"
    skip: tuple[Skipped, ...] = ()  # of a node: what it is known not to answer, so that nobody is told each time
    # Of a network only.
    min_witnesses: int = Field(default=2, ge=1, le=32)
    witness_timeout_seconds: float = Field(default=3, gt=0, le=60)
    window_blocks: int = Field(default=120, ge=8, le=1_000)
    chain_id: int | None = Field(default=None, ge=1)
    logs_range_blocks: int = Field(default=1_000, ge=1, le=5_000)
    permission_contracts: tuple[Address, ...] = Field(default=(), max_length=32)
    sla_contracts: tuple[Address, ...] = Field(default=(), max_length=32)
    sla_events: tuple[EventSignature, ...] = Field(default=(), max_length=64)

    @model_validator(mode="after")
    def _objective_is_measured(self) -> Self:
        if self.call_objective_seconds not in CALL_BUCKETS:
            raise ValueError(f"call_objective_seconds: one of the buckets {', '.join(map(str, CALL_BUCKETS))}")
        if self.call_timeout_seconds <= self.call_objective_seconds:
            raise ValueError("call_timeout_seconds over call_objective_seconds, or no call could be known to be slow")
        return self

    @property
    def oldest_head_seconds(self) -> float:
        """A chain that waits when there is nothing to write has heads as old as its empty-block period."""
        return max(self.max_head_age_seconds, EMPTY_PERIODS * self.empty_block_period_seconds)


class BesuTarget(Target):
    """One node's JSON-RPC address, or the addresses of the nodes that witness for a network."""

    endpoint: Endpoint | None = None
    role: Role = "replica"
    witnesses: dict[Name, Endpoint] = Field(default_factory=dict, max_length=32)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.endpoint is None) == (not self.witnesses):
            raise ValueError("either endpoint (a node) or witnesses (a network: name and address of each)")
        if self.witnesses and self.role != "replica":
            raise ValueError("a role for a node only; witnesses have none")
        if len(set(self.witnesses.values())) != len(self.witnesses):
            raise ValueError("witnesses at different addresses: one node asked twice proves nothing")
        return self
