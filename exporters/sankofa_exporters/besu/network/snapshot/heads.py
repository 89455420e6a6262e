"""The heads that a network's witnesses gave in one probe, and which of them are believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_exporters.besu.node.snapshot import Head
from sankofa_exporters.model.failure import Failure


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A witness's head, and the block it was read from."""

    witness: str
    head: Head
    chain_id: int
    block: Any

    @property
    def number(self) -> int:
        return self.head.number

    @property
    def claimed_hash(self) -> str:
        return str(self.block.get("hash"))


@dataclass(frozen=True, kw_only=True)
class Heads:
    """Who was believed, and why the others were not. There is at least one believed witness."""

    believed: tuple[Sighting, ...]
    failures: Mapping[str, Failure]

    @property
    def best(self) -> Sighting:
        """The newest; of equals the first in the configuration."""
        return max(self.believed, key=lambda one: (one.number, one.head.timestamp))

    @property
    def newest_timestamp(self) -> int:
        return max(one.head.timestamp for one in self.believed)

    def age_seconds(self, now: float) -> float:
        return now - self.newest_timestamp
