"""Transactions that wait, as the pools of the witnesses tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sankofa_exporters.besu.node.snapshot import Pool
from sankofa_exporters.probe.remembered import Aged


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The pool that one witness told this probe, None where none did, and those that are remembered, by witness."""

    told: Pool | None
    pools: Mapping[str, Aged[Pool]]
