"""What a Besu module and target hold. A target is one node, or a network seen through several nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.headers import read_header
from sankofa_exporters.config.settings import (
    PLACEHOLDER,
    Conflict,
    Module,
    Name,
    ReadableFile,
    Strict,
    Target,
    secret_file,
)

from .node.families import CALL_BUCKETS, CALL_OBJECTIVE_SECONDS
from .rpc.client import Access
from .rpc.settings import AddressFile, Header, JwtSecretFile, NodeAddress, NodeUrl, Where

ZERO_ADDRESS = "0x" + "0" * 40
MAX_CALL_CHARS = 2 + 2 * 65_536
EMPTY_PERIODS = 3  # one empty block may be late, and a round may fail
Address = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$", to_lower=True)]
EventSignature = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_]\w{0,63}\([a-z0-9\[\],()]{0,512}\)$", max_length=600)
]
Role = Literal["validator", "replica", "light"]
TokenFile = Annotated[ReadableFile, secret_file(read_header, "one line with a token")]


def _writable(path: Path) -> Path:
    """A file of our own: made when it is not there, so that a folder that cannot be written to is seen before the start."""
    if PLACEHOLDER not in str(path):
        try:
            path.touch(mode=0o600)
            with path.open("a"):
                pass
        except OSError as error:
            raise PydanticCustomError(
                "file", "a file this user may write ({why})", {"why": str(error.strerror)}
            ) from None
    return path


OwnFile = Annotated[Path, AfterValidator(_writable)]


class Call(Strict):
    """The `eth_call` whose latency is measured; the default is the cheapest a node can answer."""

    to: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")] = ZERO_ADDRESS
    data: Annotated[str, StringConstraints(pattern=r"^0x([0-9a-fA-F]{2})*$", max_length=MAX_CALL_CHARS)] = "0x"


class BesuModule(Module):
    """How a group of nodes is asked, when a head counts as old, and what of a network is watched."""

    SKIPPABLE: ClassVar[tuple[str, ...]] = (
        "chain", "peers", "sync", "gas_price", "txpool", "validators", "votes", "validator_peers",
        "waiting", "next_validators", "executions",
    )  # fmt: skip

    bearer_token_file: TokenFile | None = None
    jwt_secret_file: JwtSecretFile | None = None
    header: Header | None = None
    calls_per_probe: int = Field(default=1, ge=0, le=100)
    call: Call = Call()
    call_timeout_seconds: float = Field(default=5, gt=0.2, le=60)
    call_objective_seconds: float = CALL_OBJECTIVE_SECONDS  # the bound that the promise is about
    longest_gap_seconds: float = Field(default=1_800, ge=60, le=86_400)  # the largest `longest-gap` of the SLO specs
    max_head_age_seconds: float = Field(default=60, gt=0, le=86_400)
    empty_block_period_seconds: float = Field(default=0, ge=0, le=86_400)
    max_clock_skew_seconds: float = Field(default=15, ge=0, le=3_600)
    consensus: Literal["auto", "none"] = "auto"
    # Of a network only.
    min_witnesses: int = Field(default=2, ge=1, le=32)
    witness_timeout_seconds: float = Field(default=3, gt=0, le=60)
    window_blocks: int = Field(default=120, ge=8, le=1_000)
    chain_id: int | None = Field(default=None, ge=1)
    logs_range_blocks: int = Field(default=1_000, ge=1, le=5_000)
    permission_contracts: tuple[Address, ...] = Field(default=(), max_length=32)
    sla_contracts: tuple[Address, ...] = Field(default=(), max_length=32)
    sla_events: tuple[EventSignature, ...] = Field(default=(), max_length=64)
    contracts: dict[Name, Address] = Field(default_factory=dict, max_length=32)
    contract_events: tuple[EventSignature, ...] = Field(default=(), max_length=32)
    cursor_file: OwnFile | None = None

    @model_validator(mode="after")
    def _objective_is_measured(self) -> Self:
        if self.call_objective_seconds not in CALL_BUCKETS:
            raise ValueError(f"call_objective_seconds: one of the buckets {', '.join(map(str, CALL_BUCKETS))}")
        if self.call_timeout_seconds <= self.call_objective_seconds:
            raise ValueError("call_timeout_seconds over call_objective_seconds, or no call could be known to be slow")
        return self

    @model_validator(mode="after")
    def _is_one_caller(self) -> Self:
        names = [self.header.name.lower()] if self.header else []
        names += ["authorization"] * ((self.bearer_token_file is not None) + (self.jwt_secret_file is not None))
        if names.count("authorization") > 1:
            raise ValueError("one of bearer_token_file, jwt_secret_file and a header Authorization: a request has one")
        return self

    @model_validator(mode="after")
    def _each_contract_has_one_name(self) -> Self:
        if len(set(self.contracts.values())) != len(self.contracts):
            raise ValueError("contracts: one name for each address")
        return self

    @property
    def oldest_head_seconds(self) -> float:
        """A chain that waits when there is nothing to write has heads as old as its empty-block period."""
        return max(self.max_head_age_seconds, EMPTY_PERIODS * self.empty_block_period_seconds)

    def access(self, where: str | NodeAddress) -> Access:
        """How the node at this address is asked."""
        return Access(
            url=where if isinstance(where, str) else "",
            url_file=where.endpoint_file if isinstance(where, NodeAddress) else None,
            bearer_token_file=self.bearer_token_file,
            jwt_secret_file=self.jwt_secret_file,
            header=self.header,
        )


class BesuTarget(Target):
    """One node's JSON-RPC address, or the addresses of the nodes that witness for a network."""

    endpoint: NodeUrl | None = None
    endpoint_file: AddressFile | None = None
    role: Role = "replica"
    witnesses: dict[Name, Where] = Field(default_factory=dict, max_length=32)

    @property
    def node(self) -> str | NodeAddress | None:
        """Where the node is; None for a network."""
        if self.endpoint_file is not None:
            return NodeAddress(endpoint_file=self.endpoint_file)
        return self.endpoint

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = (self.endpoint is not None) + (self.endpoint_file is not None) + bool(self.witnesses)
        if given != 1:
            raise ValueError(
                "either endpoint or endpoint_file (a node), or witnesses (a network: name and address of each)"
            )
        if self.witnesses and self.role != "replica":
            raise ValueError("a role for a node only; witnesses have none")
        if len(set(self.witnesses.values())) != len(self.witnesses):
            raise ValueError("witnesses at different addresses: one node asked twice proves nothing")
        return self

    def conflicts(self, module: BesuModule) -> Iterator[Conflict]:
        """A network that can never be known."""
        if self.witnesses and module.min_witnesses > len(self.witnesses):
            yield Conflict(
                key="witnesses",
                seen=f"{len(self.witnesses)} of them",
                expected=f"at least min_witnesses of module {self.module!r}, which is {module.min_witnesses}, or nothing "
                "is ever known; name more nodes, or set min_witnesses (1 for a network of one node)",
            )
